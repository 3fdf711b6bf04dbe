// How attention lies in memory, and the step that computes it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/operator.h"
#include "engine/operators/value_panels.h"
#include "kernels/attention/attention.h"
#include "kernels/elementwise.h"

namespace octavo {

// What an attention operator is, whatever the shapes.
struct AttentionLayer {
  ProductKernels kernels;
  AttentionKernel weigh = nullptr;
  void (*quantize)(float inv, const Requantize& y, const Block& block) = nullptr;
  int64_t heads = 0, kv_heads = 0;
  bool causal = false;
  ValueType q, k, v;
  float key_factor = 1.0f, value_factor = 1.0f;  // what the scales of k's rows and of v's columns are multiplied by
  std::optional<Requantize> y;                   // of an 8-bit output
};

// Sizes, and how the step uses its scratch memory: all keys and values packed, then slots, one a thread.
struct AttentionPlan {
  AttentionPlan(const AttentionLayer& layer, std::span<const Shape> inputs);

  int64_t n, t, s, d, e;
  int64_t tiles;  // blocks of queries of a head
  LevelSource queries;
  PackedValue keys, values;
  int64_t logits_stride;                               // floats
  int64_t weight_bytes;                                // of a row of p
  int64_t values_at, slots_at, logits_at, weights_at;  // bytes; the last two from a slot's start, where rows of q are
  int64_t slots, slot_bytes;
  int64_t bytes;
};

// Threads first share the packing of k and v, panel by panel, then blocks of queries of each head: both products of a
// block and what is between them stay in the cache. 12 heads of 64 and 128 tokens on one core of Zen 4: 0.27 ms, of
// which the products take 53 % (QK at 165, PV at 188 GMAC/s), the weights 25 %, quantizing and packing 19 %.
class AttentionStep final : public Step {
 public:
  // inputs: q, k, v and perhaps a mask; outputs: y and scratch memory.
  AttentionStep(const AttentionLayer& layer, std::span<const Tensor> inputs, std::span<const Tensor> outputs);

  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override;

 private:
  struct Queries {  // a block of them
    int64_t batch, head, first, count;
  };
  void pack(int64_t item) const noexcept;
  void attend(const Queries& block, uint8_t* slot, ThreadRegisters& registers) const noexcept;
  void weigh(const Queries& block, int64_t keys, float* logits, uint8_t* p, RowQParams* qparams) const noexcept;
  void mix(const Queries& block, int64_t keys, const RowLinearRows& weights) const noexcept;
  uint8_t* packed_keys(int64_t batch, int64_t head) const noexcept;
  uint8_t* packed_values(int64_t batch, int64_t head) const noexcept;

  const AttentionLayer& layer_;
  std::span<const Tensor> inputs_, outputs_;
  AttentionPlan plan_;
};

}  // namespace octavo
