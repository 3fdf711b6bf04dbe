// The pooling kernels of every vector instruction set V (kernels/vector.h). Channels across lanes, one V::Bytes at a
// time; means sum 16-bit levels, up to 256 taps between widenings to 32 bits.
#pragma once

#include "kernels/pool/pool.h"
#include "kernels/vector.h"

namespace octavo {
namespace {

constexpr int64_t kTapsPerFlush = 256;  // 256 * 255 fits 16 bits
constexpr int64_t kMaxColumns = 128;

template <class V>
constexpr int64_t kChannels = 4 * V::kLanes;

template <class V, class Max>
void max_pool_bytes(const PoolRow& row, uint8_t lowest, Max max) {
  using Bytes = typename V::Bytes;
  for (int64_t p = 0; p < row.width; ++p) {
    const PoolWindow columns = row.columns[p];
    for (int64_t c = 0; c < row.channels; c += kChannels<V>) {
      Bytes largest(lowest);
      for_each_tap(row, columns, c, [&](const uint8_t* tap) { largest = max(largest, Bytes::load(tap)); });
      store(row.y + p * row.y_pixel + c, row.channels - c, largest);
    }
  }
}

template <class V>
void max_pool_u8(const PoolRow& row) {
  max_pool_bytes<V>(row, 0, [](auto a, auto b) { return max_unsigned(a, b); });
}

template <class V>
void max_pool_s8(const PoolRow& row) {
  max_pool_bytes<V>(row, 0x80, [](auto a, auto b) { return max_signed(a, b); });
}

template <class V>
void max_pool_float(const PoolRow& row) {
  using Floats = typename V::Floats;
  for (int64_t p = 0; p < row.width; ++p)
    for (int64_t c = 0; c < row.channels; c += V::kLanes) {
      Floats largest(-__builtin_inff());
      for_each_tap(row, row.columns[p], 4 * c, [&](const uint8_t* tap) {
        const Floats x = Floats::load(floats(tap), row.channels - c);
        largest = select(less(largest, x) | is_nan(x), x, largest);
      });
      store(floats(row.y + p * row.y_pixel) + c, row.channels - c, largest);
    }
}

// Sums of kChannels channels in 16 bits: exact for up to kTapsPerFlush taps.
template <class V>
struct WordSums {
  using Bytes = typename V::Bytes;
  using Words = typename V::Words;
  Words half[2] = {Words(0), Words(0)};

  void add(const uint8_t* tap, Bytes flip) {
    const Bytes levels = Bytes::load(tap) ^ flip;
    for (int i = 0; i < 2; ++i) half[i] = half[i] + widened(levels, i);
  }
  // Of the kLanes channels from kLanes * i on.
  typename V::Ints part(int64_t i) const { return widened(half[i / 2], i % 2); }
};

// Sums of kChannels channels in 32 bits.
template <class V>
class Sums {
 public:
  using Ints = typename V::Ints;
  explicit Sums(typename V::Bytes flip) : flip_(flip) {}

  void add(const uint8_t* tap) {
    if (pending_ == kTapsPerFlush) flush();
    ++pending_;
    words_.add(tap, flip_);
  }
  void flush() {
    for (int64_t i = 0; i < 4; ++i) total_[i] = total_[i] + words_.part(i);
    words_ = {};
    pending_ = 0;
  }
  Ints part(int64_t i) const { return total_[i]; }  // flushed

 private:
  typename V::Bytes flip_;
  WordSums<V> words_;
  Ints total_[4] = {Ints(0), Ints(0), Ints(0), Ints(0)};
  int pending_ = 0;
};

// Turns the sums of a pixel's window into its output.
template <class V>
class Mean {
 public:
  Mean(const AvgPoolParams& params, const PoolRow& row, const PoolWindow& columns)
      : params_(params), row_(row), column_taps_(column_taps(row)) {
    set(columns);
  }

  // Neighbouring windows mostly have as many elements: then nothing is computed anew.
  void use(const PoolWindow& columns) {
    if (columns.count != count_ || columns.end - columns.first != span_) set(columns);
  }

  template <class Sum>
  void store_row(uint8_t* y, int64_t channels, const Sum& sum) const {
    const auto levels = [&](int64_t i) { return round_clamped(to_float(sum.part(i) - zero_) * m_, params_.y); };
    if (channels >= kChannels<V>)
      store(y, kChannels<V>, pack_levels(levels(0), levels(1), levels(2), levels(3), params_.y));
    else
      for (int64_t i = 0; i * V::kLanes < channels; ++i)
        store_levels(y + i * V::kLanes, channels - i * V::kLanes, levels(i), params_.y);
  }

 private:
  void set(const PoolWindow& columns) {
    count_ = columns.count;
    span_ = columns.end - columns.first;
    m_ = typename V::Floats(avg_multiplier(params_, avg_count(params_.divisor, row_, columns)));
    zero_ = typename V::Ints(static_cast<int32_t>(column_taps_ * tap_count(columns) * params_.x.zero_point));
  }

  const AvgPoolParams params_;
  const PoolRow& row_;
  int64_t column_taps_, count_, span_;
  typename V::Floats m_;
  typename V::Ints zero_;
};

// Whether the windows of a row overlap, so that the sum of each input column is worth keeping for all of them.
inline bool shares_columns(const PoolRow& row) {
  const int64_t first = row.columns[0].first, end = row.columns[row.width - 1].end;
  int64_t taps = 0, most = 0;
  for (int64_t p = 0; p < row.width; ++p) {
    const int64_t columns = tap_count(row.columns[p]);
    taps += columns;
    most = columns > most ? columns : most;
  }
  return row.columns[0].step == 1 && taps > end - first && end - first <= kMaxColumns &&
         most * column_taps(row) <= kTapsPerFlush;
}

template <class V>
void avg_pool_by_columns(const AvgPoolParams& params, const PoolRow& row) {
  const typename V::Bytes flip(static_cast<uint8_t>(params.x.flip));
  const int64_t first = row.columns[0].first, end = row.columns[row.width - 1].end;
  Mean<V> mean(params, row, row.columns[0]);
  for (int64_t c = 0; c < row.channels; c += kChannels<V>) {
    typename V::Words column[kMaxColumns][2];
    for (int64_t w = first; w < end; ++w) {
      WordSums<V> sum;
      for_each_tap(row, {.first = w, .end = w + 1}, c, [&](const uint8_t* tap) { sum.add(tap, flip); });
      for (int i = 0; i < 2; ++i) column[w - first][i] = sum.half[i];
    }
    for (int64_t p = 0; p < row.width; ++p) {
      const PoolWindow& columns = row.columns[p];
      WordSums<V> sum;
      for (int64_t w = columns.first; w < columns.end; ++w)
        for (int i = 0; i < 2; ++i) sum.half[i] = sum.half[i] + column[w - first][i];
      mean.use(columns);
      mean.store_row(row.y + p * row.y_pixel + c, row.channels - c, sum);
    }
  }
}

template <class V>
void avg_pool(const AvgPoolParams& params, const PoolRow& row) {
  if (shares_columns(row)) return avg_pool_by_columns<V>(params, row);
  Mean<V> mean(params, row, row.columns[0]);
  for (int64_t p = 0; p < row.width; ++p) {
    mean.use(row.columns[p]);
    for (int64_t c = 0; c < row.channels; c += kChannels<V>) {
      Sums<V> sums(typename V::Bytes(static_cast<uint8_t>(params.x.flip)));
      for_each_tap(row, row.columns[p], c, [&](const uint8_t* tap) { sums.add(tap); });
      sums.flush();
      mean.store_row(row.y + p * row.y_pixel + c, row.channels - c, sums);
    }
  }
}

template <class V>
void avg_pool_float(int64_t divisor, const PoolRow& row) {
  using Floats = typename V::Floats;
  for (int64_t p = 0; p < row.width; ++p) {
    const Floats count(static_cast<float>(avg_count(divisor, row, row.columns[p])));
    for (int64_t c = 0; c < row.channels; c += V::kLanes) {
      Floats sum(0.0f);
      for_each_tap(row, row.columns[p], 4 * c,
                   [&](const uint8_t* tap) { sum = sum + Floats::load(floats(tap), row.channels - c); });
      store(floats(row.y + p * row.y_pixel) + c, row.channels - c, sum / count);
    }
  }
}

}  // namespace
}  // namespace octavo
