// Exact Winograd convolution on an instruction set V, which has Floats, Ints and Words (kernels/avx2.h, avx512.h), dot,
// sixfold (of words), store_levels of a pixel, store_two pixels of plain output, the tile of its product, kRows tiles x
// kVectors vectors of output channels, and kMakesPoints: whether products make points of columns of taps as they go.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/unroll.h"
#include "kernels/winograd/winograd.h"

namespace octavo {
namespace {

// A point of three taps.
template <class V, int kPoint, class Words>
[[gnu::always_inline]] inline Words point_of_taps(Words first, Words middle, Words last) {
  if constexpr (kPoint == 0) return V::sixfold(first);
  if constexpr (kPoint == 1) return (first + last + middle) << 2;
  if constexpr (kPoint == 2) return V::sixfold(last) << 1;
  if constexpr (kPoint == 3) return (first + last - middle) << 2;
  if constexpr (kPoint == 4) return first + (last << 2) + (middle << 1);
  if constexpr (kPoint == 5) return first + (last << 2) - (middle << 1);
}

// The points of a window of kSize + 2 elements.
template <int kSize, class Words>
[[gnu::always_inline]] inline void to_points(const Words (&d)[kWinogradPoints], Words (&v)[kWinogradPoints]) {
  if constexpr (kSize == 1) {
    v[0] = (d[0] - d[1]) << 2;
    v[1] = (d[1] << 3) - (d[1] << 1);
    v[2] = d[2] - d[1];
  } else if constexpr (kSize == 2) {
    const Words sum = d[1] + d[2], difference = d[1] - d[2];
    v[0] = (d[0] - d[2]) << 2;
    v[1] = (sum << 2) - sum;
    v[2] = d[3] - d[1];
    v[3] = difference - (difference << 2);
  } else if constexpr (kSize == 3) {
    const Words rise = d[3] - d[1], twice = d[2] << 1;
    const Words once = d[1] + d[2] - rise;
    v[0] = (rise + (d[0] << 1) - twice) << 1;
    v[1] = (once << 1) + once;
    v[2] = d[4] - d[2] - (rise << 1);
    v[3] = (twice + d[2]) - (d[3] + (d[1] << 1));
    v[4] = rise << 2;
  } else {
    const Words even = d[4] - d[2], rise = (d[3] - d[1]) << 1;
    const Words a = (d[2] << 2) - d[4], b = (d[1] << 2) - d[3];
    v[0] = ((d[0] - d[2]) << 2) + even;
    v[1] = a + b;
    v[2] = (d[5] - d[3]) - (rise << 1);
    v[3] = a - b;
    v[4] = even + rise;
    v[5] = even - rise;
  }
}

// The kSize outputs of the points.
template <int kSize, class Ints>
[[gnu::always_inline]] inline void from_points(const Ints (&m)[kWinogradPoints], Ints (&y)[kWinogradMost]) {
  if constexpr (kSize == 1) {
    y[0] = m[0] + m[1] + (m[2] << 1);
  } else {
    const Ints sum = m[1] + m[3], difference = m[1] - m[3];
    if constexpr (kSize == 2) {
      y[0] = m[0] + sum;
      y[1] = difference + (m[2] << 1);
    } else if constexpr (kSize == 3) {
      y[0] = m[0] + sum + m[4];
      y[1] = difference + (m[4] << 1);
      y[2] = sum + (m[4] << 2) + (m[2] << 1);
    } else {
      const Ints far = m[4] + m[5], apart = (m[4] - m[5]) << 1;
      y[0] = m[0] + sum + far;
      y[1] = difference + apart;
      y[2] = sum + (far << 2);
      y[3] = difference + (apart << 2) + (m[2] << 1);
    }
  }
}

// Calls f with one of Index<1> to Index<4>.
template <class F>
[[gnu::always_inline]] inline void with_size(int size, const F& f) {
  switch (size) {
    case 1:
      return f(Index<1>{});
    case 2:
      return f(Index<2>{});
    case 3:
      return f(Index<3>{});
    default:
      return f(Index<4>{});
  }
}

template <class V>
struct Winograd {
  using Words = typename V::Words;
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;
  static constexpr int kPoints = kWinogradPoints, kTaps = 3, kChannels = kWinogradChannels, kLine = 2 * kChannels;
  static constexpr int kLanes = V::kLanes, kAcross = kChannels / kLanes;  // vectors of 32 bits in a panel

  // Calls f(pair, lane, tap) for every vector of a panel's weights, tap(y, x) being what it has of one; and a share of
  // the next panel's weights from memory.
  template <int kShare, int kShares, class F>
  [[gnu::always_inline]] static void for_each_vector(const WinogradWeights& weights, const F& f) {
    constexpr int kAll = kTaps * kTaps;
    const int8_t* w = weights.w;
    const int64_t pairs = weights.pairs, ahead = pairs * kAll * kLine;
    for (int64_t pair = 0; pair < pairs; ++pair, w += kAll * kLine) {
      for (int tap = kAll * kShare / kShares; tap < kAll * (kShare + 1) / kShares; ++tap)
        __builtin_prefetch(w + ahead + tap * kLine, 0, 2);
      for (int lane = 0; lane < kLine; lane += 2 * kLanes)
        f(pair, lane, [&](int y, int x) { return Words::load_signed(w + (y * kTaps + x) * kLine + lane); });
    }
  }

  // One row of points. Of the six points of a column of taps all but one are dropped, and with them what they alone
  // needed.
  template <int kRow>
  static void row_to_points(const WinogradWeights& weights) {
    int16_t* u = weights.u;
    const int64_t next = weights.next;
    for_each_vector<kRow, kPoints>(weights, [u, next](int64_t pair, int lane, const auto& tap) [[gnu::always_inline]] {
      Words row[kTaps];
      unroll<kTaps>([&](auto x)
                        [[gnu::always_inline]] { row[x] = point_of_taps<V, kRow>(tap(0, x), tap(1, x), tap(2, x)); });
      unroll<kPoints>([&](auto q) [[gnu::always_inline]] {
        store(u + q * next + pair * kLine + lane, point_of_taps<V, q>(row[0], row[1], row[2]));
      });
    });
  }

  // Some rows of points by columns of taps.
  template <int kFirst>
  static void rows_to_columns(const WinogradWeights& weights) {
    constexpr int kShare = kFirst / kWinogradRows, kShares = kPoints / kWinogradRows;
    int16_t* u = weights.u;
    const int64_t next = weights.next;
    for_each_vector<kShare, kShares>(weights, [u, next](int64_t pair, int lane,
                                                        const auto& tap) [[gnu::always_inline]] {
      unroll<kTaps>([&](auto x) [[gnu::always_inline]] {
        const Words first = tap(0, x), middle = tap(1, x), last = tap(2, x);
        unroll<kWinogradRows>([&](auto p) [[gnu::always_inline]] {
          store(u + p * next + (pair * kTaps + x) * kLine + lane, point_of_taps<V, kFirst + p>(first, middle, last));
        });
      });
    });
  }

  static void weights_to_points(const WinogradWeights& weights) {
    constexpr void (*kRowOf[])(const WinogradWeights&) = {row_to_points<0>, row_to_points<1>, row_to_points<2>,
                                                          row_to_points<3>, row_to_points<4>, row_to_points<5>};
    kRowOf[weights.p](weights);
  }

  static void weights_to_columns(const WinogradWeights& weights) {
    static_assert(kPoints == 3 * kWinogradRows);
    constexpr void (*kRowsFrom[])(const WinogradWeights&) = {rows_to_columns<0>, rows_to_columns<kWinogradRows>,
                                                             rows_to_columns<2 * kWinogradRows>};
    kRowsFrom[weights.p / kWinogradRows](weights);
  }

  // One vector of channels: each row of the window along the columns, then each column of the result along the rows.
  template <int kColumns>
  [[gnu::always_inline]] static void rows_to_points(const WinogradInput& in, const uint8_t* x,
                                                    Words (&half)[kPoints][kPoints]) {
    for (int i = 0; i < in.rows + 2; ++i, x += in.row) {
      Words d[kPoints], v[kPoints];
      unroll<kColumns + 2>([&](auto j)
                               [[gnu::always_inline]] { d[j] = Words::load_levels(x + j * in.column, in.flip); });
      to_points<kColumns>(d, v);
      unroll<kColumns + 2>([&](auto q) [[gnu::always_inline]] { half[i][q] = v[q]; });
    }
  }
  template <int kRows>
  [[gnu::always_inline]] static void columns_to_points(const WinogradInput& in, int64_t at,
                                                       const Words (&half)[kPoints][kPoints]) {
    for (int q = 0; q < in.columns + 2; ++q) {
      Words d[kPoints], v[kPoints];
      unroll<kRows + 2>([&](auto i) [[gnu::always_inline]] { d[i] = half[i][q]; });
      to_points<kRows>(d, v);
      int16_t* to = in.v[q] + at;
      unroll<kRows + 2>([&](auto p) [[gnu::always_inline]] { store(to + p * in.v_point, v[p]); });
    }
  }

  static void transform_input(const WinogradInput& in) {
    Words half[kPoints][kPoints];
    for (int64_t chunk = 0; chunk < in.chunks; ++chunk) {
      for (int c = 0; c < kChannels; c += 2 * kLanes) {
        const uint8_t* x = in.x + chunk * kChannels + c;
        with_size(in.columns, [&](auto size) [[gnu::always_inline]] { rows_to_points<size>(in, x, half); });
        const int64_t at = chunk * in.v_chunk + c;
        with_size(in.rows, [&](auto size) [[gnu::always_inline]] { columns_to_points<size>(in, at, half); });
      }
    }
  }

  // The weights of a point that lie in memory. The first tiles call those of the next point, which lie behind them,
  // from there: where tiles are few, reading weights is most of the time.
  struct Points {
    const int16_t* u;
    int64_t ahead;

    [[gnu::always_inline]] Words next(int lane) const {
      __builtin_prefetch(u + ahead + 2 * lane, 0, 2);
      return Words::load(u + 2 * lane);
    }
    [[gnu::always_inline]] void step() { u += kLine; }
    void again() { ahead = 0; }
  };

  // The weights of point kPoint of a row, made of the columns of taps wherever they are read: a core has units to spare
  // beside those of the products, but to write points and read them again takes time.
  template <int kPoint>
  struct Columns {
    const int16_t* columns;

    [[gnu::always_inline]] Words next(int lane) const {
      const auto tap = [&](int x) { return Words::load(columns + x * kLine + 2 * lane); };
      return point_of_taps<V, kPoint>(tap(0), tap(1), tap(2));
    }
    [[gnu::always_inline]] void step() { columns += kTaps * kLine; }
    void again() {}
  };

  // kRows tiles from `tile` on, for kVectors vectors of output channels from `lane` on.
  template <int kRows, class Weights>
  [[gnu::noinline]] static void multiply_tile(const WinogradProduct& product, int64_t tile, int lane, Weights weights) {
    constexpr int kVectors = V::kVectors;
    Ints acc[kRows][kVectors];
    unroll<kVectors>([&](auto j) [[gnu::always_inline]] {
      const Ints start = Ints::load(product.start + lane + j * kLanes);
      unroll<kRows>([&](auto i) [[gnu::always_inline]] { acc[i][j] = start; });
    });
    const int16_t* chunk = product.v + tile * kChannels;
    for (int64_t left = product.pairs; left > 0; left -= kChannels / 2, chunk += product.v_chunk) {
      const int16_t* end = chunk + 2 * (left < kChannels / 2 ? left : kChannels / 2);
      for (const int16_t* v = chunk; v != end; v += 2, weights.step()) {
        Words weight[kVectors];
        unroll<kVectors>([&](auto j) [[gnu::always_inline]] { weight[j] = weights.next(lane + j * kLanes); });
        unroll<kRows>([&](auto i) [[gnu::always_inline]] {
          int32_t pair;
          std::memcpy(&pair, v + i * kChannels, sizeof pair);
          const Ints both(pair);
          unroll<kVectors>([&](auto j) [[gnu::always_inline]] { acc[i][j] = V::dot(acc[i][j], both, weight[j]); });
        });
      }
    }
    int32_t* m = product.m + tile * kChannels + lane;
    unroll<kRows>([&](auto i) [[gnu::always_inline]] {
      unroll<kVectors>([&](auto j) [[gnu::always_inline]] { store(m + i * kChannels + j * kLanes, acc[i][j]); });
    });
  }

  template <int kRows, class Weights>
  static void multiply_rows(const WinogradProduct& product, int64_t tile, int64_t rows, const Weights& weights) {
    if constexpr (kRows > 0) {
      if (rows != kRows) return multiply_rows<kRows - 1>(product, tile, rows, weights);
      for (int lane = 0; lane < kChannels; lane += V::kVectors * kLanes)
        multiply_tile<kRows>(product, tile, lane, weights);
    }
  }

  template <class Weights>
  static void multiply_with(const WinogradProduct& product, Weights weights) {
    const int64_t parts = (product.tiles + V::kRows - 1) / V::kRows;  // of nearly equal height
    for (int64_t part = 0; part < parts; ++part, weights.again()) {
      const int64_t first = product.tiles * part / parts, last = product.tiles * (part + 1) / parts;
      multiply_rows<V::kRows>(product, first, last - first, weights);
    }
  }

  template <int kPoint>
  static void multiply_columns(const WinogradProduct& product) {
    multiply_with(product, Columns<kPoint>{product.columns});
  }

  static void multiply(const WinogradProduct& product) {
    if constexpr (V::kMakesPoints) {
      constexpr void (*kColumns[])(const WinogradProduct&) = {multiply_columns<0>, multiply_columns<1>,
                                                              multiply_columns<2>, multiply_columns<3>,
                                                              multiply_columns<4>, multiply_columns<5>};
      if (product.columns != nullptr) return kColumns[product.q](product);
    }
    multiply_with(product, Points{product.u, product.pairs * kLine});
  }

  // half[i][q][j]: row i of the outputs, point q of the columns, vector j of the channels.
  using Half = Ints[kWinogradMost][kPoints][kAcross];
  template <int kRows>
  [[gnu::always_inline]] static void points_to_rows(const WinogradOutput& o, Half& half) {
    for (int q = 0; q < o.columns + 2; ++q) {
      unroll<kAcross>([&](auto j) [[gnu::always_inline]] {
        Ints m[kPoints], y[kWinogradMost];
        unroll<kRows + 2>([&](auto p)
                              [[gnu::always_inline]] { m[p] = Ints::load(o.m[q] + p * o.m_point + j * kLanes); });
        from_points<kRows>(m, y);
        unroll<kRows>([&](auto i) [[gnu::always_inline]] { half[i][q][j] = y[i]; });
      });
    }
  }

  template <int kColumns>
  [[gnu::always_inline]] static void points_to_pixels(const WinogradOutput& o, const Half& half) {
    for (int row = 0; row < o.rows; ++row) {
      Floats value[kColumns][kAcross];
      unroll<kAcross>([&](auto j) [[gnu::always_inline]] {
        Ints m[kPoints], y[kWinogradMost];
        unroll<kColumns + 2>([&](auto q) [[gnu::always_inline]] { m[q] = half[row][q][j]; });
        from_points<kColumns>(m, y);
        const Floats multiplier = Floats::load(o.multiplier + j * kLanes);
        const Ints inverse(static_cast<int32_t>(kInverseOf9));
        unroll<kColumns>([&](auto i) [[gnu::always_inline]] { value[i][j] = to_float(y[i] * inverse) * multiplier; });
      });
      uint8_t* y = o.y + row * o.y_row;
      if (o.out->is_float) {
        for (int i = 0; i < kColumns; ++i) store_floats(value[i], y + i * o.y_column, o.channels);
        continue;
      }
      if (o.residual != nullptr)
        unroll<kColumns>([&](auto i) [[gnu::always_inline]] {
          add_residual(*o.out, o.residual + row * o.residual_row + i * o.residual_column, value[i]);
        });
      if (o.out->is_plain && o.channels == kChannels) {
        unroll<kColumns / 2>([&](auto i) [[gnu::always_inline]] {
          V::store_two(*o.out, value[2 * i], value[2 * i + 1], y + 2 * i * o.y_column, o.y_column);
        });
        if constexpr (kColumns % 2 != 0)
          store_pixel(*o.out, value[kColumns - 1], y + (kColumns - 1) * o.y_column, o.channels);
      } else {
        for (int i = 0; i < kColumns; ++i) store_pixel(*o.out, value[i], y + i * o.y_column, o.channels);
      }
    }
  }

  [[gnu::always_inline]] static void store_floats(const Floats (&value)[kAcross], uint8_t* y, int64_t channels) {
    for (int j = 0; j < kAcross && j * kLanes < channels; ++j)
      store(reinterpret_cast<float*>(y) + j * kLanes, channels - j * kLanes, value[j]);
  }

  [[gnu::always_inline]] static void add_residual(const ConvOutput& out, const uint8_t* r, Floats (&value)[kAcross]) {
    const Floats multiplier = Floats::load(out.residual_multiplier);
    const Ints zero_point(out.residual_zero_point[0]);
    unroll<kAcross>([&](auto j) [[gnu::always_inline]] {
      const Ints level = Ints::load_levels(r + j * kLanes, static_cast<uint32_t>(out.residual_flip[0]));
      value[j] = value[j] + to_float(level - zero_point) * multiplier;
    });
  }

  // What is below -2^31 becomes the smallest integer by itself; what is above 2^31 would as well, hence the limit.
  [[gnu::always_inline]] static void store_pixel(const ConvOutput& out, const Floats (&value)[kAcross], uint8_t* y,
                                                 int64_t channels) {
    const Floats limit(kConvLimit);
    Ints level[kAcross];
    unroll<kAcross>([&](auto j) [[gnu::always_inline]] { level[j] = rounded(min(value[j], limit)); });
    V::store_levels(out, level, y, channels);
  }

  static void transform_output(const WinogradOutput& o) {
    Half half;
    with_size(o.rows, [&](auto size) [[gnu::always_inline]] { points_to_rows<size>(o, half); });
    with_size(o.columns, [&](auto size) [[gnu::always_inline]] { points_to_pixels<size>(o, half); });
  }
};

template <class V>
constexpr WinogradKernel kWinograd = {
    Winograd<V>::weights_to_points, V::kMakesPoints ? Winograd<V>::weights_to_columns : nullptr,
    Winograd<V>::transform_input, Winograd<V>::multiply, Winograd<V>::transform_output};

}  // namespace
}  // namespace octavo
