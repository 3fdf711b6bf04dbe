#include "engine/operators/attention_step.h"

#include <algorithm>

#include "engine/scoped_registers.h"

namespace octavo {
namespace {

// How many threads can attend at once; each has scratch memory of its own.
constexpr int64_t kMostSlots = 64;

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

AttentionPlan plan_of(const AttentionLayer& layer, std::span<const Tensor> inputs) {
  const Shape shapes[] = {inputs[0].shape, inputs[1].shape, inputs[2].shape};
  return AttentionPlan(layer, shapes);
}

}  // namespace

AttentionPlan::AttentionPlan(const AttentionLayer& layer, std::span<const Shape> inputs)
    : n(inputs[0].dim[0]),
      t(inputs[0].dim[1]),
      s(inputs[1].dim[1]),
      d(inputs[0].dim[2] / layer.heads),
      e(inputs[2].dim[2] / layer.kv_heads),
      tiles((t + layer.kernels.row_linear->mr - 1) / layer.kernels.row_linear->mr),
      queries(layer.kernels, layer.q, layer.k, d),
      keys(layer.kernels, layer.k, layer.key_factor, s, d),
      values(layer.kernels, layer.v, layer.value_factor, e, s),
      logits_stride(round_up(s, 16)),
      weight_bytes(quantized_row_bytes(s)) {
  const int64_t rows = layer.kernels.row_linear->mr;
  values_at = n * layer.kv_heads * keys.bytes();
  slots_at = values_at + n * layer.kv_heads * values.bytes();
  logits_at = rows * queries.row_bytes();
  weights_at = logits_at + rows * logits_stride * item_size(DType::f32);
  slot_bytes = round_up(weights_at + rows * weight_bytes, 64);
  slots = std::min(n * layer.heads * tiles, kMostSlots);
  bytes = slots_at + slots * slot_bytes;
}

AttentionStep::AttentionStep(const AttentionLayer& layer, std::span<const Tensor> inputs,
                             std::span<const Tensor> outputs)
    : layer_(layer), inputs_(inputs), outputs_(outputs), plan_(plan_of(layer, inputs)) {}

void AttentionStep::run_together(int thread, int threads, Barrier& barrier) noexcept {
  const int64_t matrices = plan_.n * layer_.kv_heads;
  const Range packed = share(matrices * (plan_.keys.panels() + plan_.values.panels()), thread, threads);
  for (int64_t i = packed.first; i < packed.last; ++i) pack(i);
  barrier.wait();
  const int workers = static_cast<int>(std::min<int64_t>(threads, plan_.slots));
  if (thread >= workers) return;
  uint8_t* slot = outputs_[1].data + plan_.slots_at + thread * plan_.slot_bytes;
  ScopedRegisters registers;
  const Range blocks = share(plan_.n * layer_.heads * plan_.tiles, thread, workers);
  for (int64_t i = blocks.first; i < blocks.last; ++i) {
    const int64_t head = i / plan_.tiles;
    const Range rows = piece(plan_.t, i % plan_.tiles, plan_.tiles);
    attend({head / layer_.heads, head % layer_.heads, rows.first, rows.last - rows.first}, slot, registers);
  }
}

uint8_t* AttentionStep::packed_keys(int64_t batch, int64_t head) const noexcept {
  return outputs_[1].data + (batch * layer_.kv_heads + head) * plan_.keys.bytes();
}

uint8_t* AttentionStep::packed_values(int64_t batch, int64_t head) const noexcept {
  return outputs_[1].data + plan_.values_at + (batch * layer_.kv_heads + head) * plan_.values.bytes();
}

void AttentionStep::pack(int64_t item) const noexcept {
  const int64_t panels = plan_.keys.panels() + plan_.values.panels(), panel = item % panels;
  const int64_t batch = item / panels / layer_.kv_heads, head = item / panels % layer_.kv_heads;
  const Tensor &k = inputs_[1], &v = inputs_[2];
  if (panel < plan_.keys.panels()) {
    const int64_t size = item_size(k.type.dtype);
    plan_.keys.pack({k.data + batch * k.stride[0] + head * plan_.d * size, k.stride[1], size}, panel,
                    packed_keys(batch, head));
  } else {
    const int64_t size = item_size(v.type.dtype);
    plan_.values.pack({v.data + batch * v.stride[0] + head * plan_.e * size, size, v.stride[1]},
                      panel - plan_.keys.panels(), packed_values(batch, head));
  }
}

void AttentionStep::attend(const Queries& block, uint8_t* slot, ThreadRegisters& registers) const noexcept {
  const Tensor& q = inputs_[0];
  RowQParams qparams[kRowLinearMaxRows];
  auto* logits = reinterpret_cast<float*>(slot + plan_.logits_at);
  uint8_t* p = slot + plan_.weights_at;
  plan_.queries.make(
      q.data + block.batch * q.stride[0] + block.first * q.stride[1] + block.head * plan_.d * item_size(q.type.dtype),
      q.stride[1], block.count, slot, qparams);
  // No query of the block sees more keys.
  const bool cut = layer_.causal && !layer_.kernels.row_linear->takes_all;
  const int64_t keys = cut ? std::min(plan_.s, block.first + block.count) : plan_.s;
  const int64_t kv_head = block.head / (layer_.heads / layer_.kv_heads);
  const RowLinearPanels packed = plan_.keys.at(packed_keys(block.batch, kv_head));
  const RowLinearRows rows{.m = block.count,
                           .q = slot,
                           .q_stride = plan_.queries.row_bytes(),
                           .qparams = qparams,
                           .y = logits,
                           .y_stride = plan_.logits_stride,
                           .registers = &registers};
  for (int64_t panel = 0; panel * packed.kernels->nr < keys; ++panel)
    packed.kernels->run[block.count](tile_of(packed, rows, panel, 0));
  weigh(block, keys, logits, p, qparams);
  mix(block, keys,
      {.m = block.count, .q = p, .q_stride = plan_.weight_bytes, .qparams = qparams, .registers = &registers});
}

void AttentionStep::weigh(const Queries& block, int64_t keys, float* logits, uint8_t* p,
                          RowQParams* qparams) const noexcept {
  AttentionRows rows{.logits = logits,
                     .logits_stride = plan_.logits_stride,
                     .rows = block.count,
                     .keys = keys,
                     .seen = layer_.causal ? block.first + 1 : keys,
                     .seen_step = layer_.causal ? 1 : 0,
                     .other_zero_point = packed_zero_point(layer_.v),
                     .p = p,
                     .p_stride = plan_.weight_bytes,
                     .qparams = qparams};
  if (inputs_.size() > 3) {
    const Tensor& mask = inputs_[3];
    const auto step = [&](int axis) { return mask.shape.dim[axis] == 1 ? 0 : mask.stride[axis]; };
    rows.mask = reinterpret_cast<const float*>(mask.data + block.batch * step(0) + block.head * step(1) +
                                               block.first * step(2));
    rows.mask_stride = step(2) / item_size(DType::f32);
  }
  layer_.weigh(rows);
}

void AttentionStep::mix(const Queries& block, int64_t keys, const RowLinearRows& weights) const noexcept {
  const Tensor& y = outputs_[0];
  RowLinearPanels packed = plan_.values.at(packed_values(block.batch, block.head / (layer_.heads / layer_.kv_heads)));
  packed.k = keys;
  const int64_t nr = packed.kernels->nr, size = item_size(y.type.dtype);
  uint8_t* to = y.data + block.batch * y.stride[0] + block.first * y.stride[1] + block.head * plan_.e * size;
  alignas(64) float made[kRowLinearMaxRows * kRowLinearMaxOutputs];
  RowLinearRows rows = weights;
  rows.y = layer_.y ? made : reinterpret_cast<float*>(to);
  rows.y_stride = layer_.y ? nr : y.stride[1] / size;
  for (int64_t panel = 0; panel < packed.panels; ++panel) {
    RowLinearTile tile = tile_of(packed, rows, panel, 0);
    if (layer_.y) tile.y = made;
    packed.kernels->run[block.count](tile);
    if (!layer_.y) continue;
    layer_.quantize(1.0f, *layer_.y,
                    {.rows = block.count,
                     .count = tile.columns,
                     .data = {to + panel * nr, reinterpret_cast<uint8_t*>(made)},
                     .row_stride = {y.stride[1], nr * 4},
                     .stride = {1, 4}});
  }
}

}  // namespace octavo
