// One lane of float_math.h, in plain C++.
#pragma once

#include <bit>
#include <cmath>

#include "kernels/float_math.h"

namespace octavo {
namespace {

struct Float {
  float v;
  Float() = default;
  explicit Float(float value) : v(value) {}
};
struct Int {
  int32_t v;
  explicit Int(int32_t value) : v(value) {}
};

inline Float operator+(Float a, Float b) { return Float(a.v + b.v); }
inline Float operator-(Float a, Float b) { return Float(a.v - b.v); }
inline Float operator*(Float a, Float b) { return Float(a.v * b.v); }
inline Float operator/(Float a, Float b) { return Float(a.v / b.v); }
// Modulo 2^32, as vector lanes do: what NaN gives is not used.
inline uint32_t word(Int a) { return static_cast<uint32_t>(a.v); }
inline Int operator+(Int a, Int b) { return Int(static_cast<int32_t>(word(a) + word(b))); }
inline Int operator-(Int a, Int b) { return Int(static_cast<int32_t>(word(a) - word(b))); }
inline Int operator>>(Int a, int n) { return Int(a.v >> n); }
inline Int operator<<(Int a, int n) { return Int(static_cast<int32_t>(word(a) << n)); }
inline Float min(Float a, Float b) { return a.v < b.v ? a : b; }
inline Float max(Float a, Float b) { return a.v > b.v ? a : b; }
inline bool less(Float a, Float b) { return a.v < b.v; }
inline bool is_nan(Float a) { return a.v != a.v; }
inline Float select(bool mask, Float a, Float b) { return mask ? a : b; }
inline Int bits(Float a) { return Int(std::bit_cast<int32_t>(a.v)); }
inline Float from_bits(Int a) { return Float(std::bit_cast<float>(a.v)); }
inline Float to_float(Int a) { return Float(static_cast<float>(a.v)); }
inline Float look_up(const float (&table)[16], Int at) { return Float(table[word(at) & 15]); }
inline Float absolute(Float a) { return Float(std::fabs(a.v)); }
inline Float negated(Float a) { return Float(-a.v); }
inline Float copy_sign(Float magnitude, Float sign) { return Float(std::copysign(magnitude.v, sign.v)); }
inline Float square_root(Float a) { return Float(std::sqrt(a.v)); }

}  // namespace
}  // namespace octavo
