#include "engine/plan.h"

#include <chrono>
#include <cstring>
#include <new>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/copy.h"
#include "threads/pool.h"

namespace octavo {
namespace {

// Rounding half to even and gradual underflow, whatever the caller has set on its thread (torch.set_flush_denormal,
// say): the same bits on every thread.
class DefaultFloatMode {
 public:
#if defined(__x86_64__)
  DefaultFloatMode() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatMode() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#else
  DefaultFloatMode() {}
#endif
};

}  // namespace

void Plan::FreeArena::operator()(uint8_t* arena) const { ::operator delete[](arena, std::align_val_t{64}); }

Plan::Plan(const Graph& graph, const Blueprint& blueprint) : arena_bytes_(blueprint.arena_bytes + 2 * kSlackBytes) {
  arena_.reset(static_cast<uint8_t*>(::operator new[](arena_bytes_, std::align_val_t{64})));
  std::memset(arena_.get(), 0, arena_bytes_);
  steps_.resize(blueprint.steps.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const PlannedStep& planned = blueprint.steps[i];
    BoundStep& bound = steps_[i];
    bound.barrier = planned.barrier;
    bound.inputs.resize(planned.inputs.size());
    bound.outputs.resize(planned.outputs.size());
    for (size_t k = 0; k < planned.inputs.size(); ++k) place(blueprint, planned.inputs[k], &bound.inputs[k]);
    for (size_t k = 0; k < planned.outputs.size(); ++k) place(blueprint, planned.outputs[k], &bound.outputs[k]);
    bound.info.name = planned.node < 0 ? "output" : graph.nodes[planned.node].name;
    switch (planned.kind) {
      case PlannedStep::Kind::op:
        bound.info.kind = graph.nodes[planned.node].type;
        bound.step = planned.op->bind(bound.inputs, bound.outputs);
        break;
      case PlannedStep::Kind::copy:
        bound.info.kind = "copy";
        bound.step = make_copy(bound.inputs[0], bound.outputs[0]);
        break;
      case PlannedStep::Kind::fill_halo:
        bound.info.kind = "fill_halo";
        bound.step = make_fill_halo(bound.outputs[0], blueprint.places[planned.outputs[0]].halo);
        break;
    }
  }
}

void Plan::place(const Blueprint& blueprint, int index, Tensor* tensor) {
  const Place& place = blueprint.places[index];
  const Storage& storage = blueprint.storages[place.storage];
  *tensor = place.tensor;
  if (storage.owner == Storage::Owner::arena) {
    tensor->data = arena_.get() + kSlackBytes + storage.lifetime.offset + place.offset;
  } else {
    patches_.push_back({tensor, storage.external, storage.owner == Storage::Owner::input, place.offset});
  }
}

std::exception_ptr Plan::run(const void* const* inputs, void* const* outputs, int threads, int64_t* nanoseconds) {
  for (const Patch& patch : patches_) {
    const void* base = patch.is_input ? inputs[patch.external] : outputs[patch.external];
    patch.tensor->data = static_cast<uint8_t*>(const_cast<void*>(base)) + patch.offset;
  }
  using Clock = std::chrono::steady_clock;
  Pool::instance().run(threads, [&](int thread, int count, Barrier& barrier) {
    const DefaultFloatMode mode;
    Clock::time_point before = nanoseconds ? Clock::now() : Clock::time_point{};
    for (size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].step->run_phases(thread, count, barrier);
      if (steps_[i].barrier) barrier.wait();
      if (nanoseconds && thread == 0) {
        const Clock::time_point now = Clock::now();
        nanoseconds[i] += std::chrono::duration_cast<std::chrono::nanoseconds>(now - before).count();
        before = now;
      }
    }
  });
  std::exception_ptr first;
  for (const BoundStep& bound : steps_)
    if (std::exception_ptr error = bound.step->take_error(); error && !first) first = error;
  return first;
}

std::vector<Plan::StepInfo> Plan::steps() const {
  std::vector<StepInfo> infos;
  for (const BoundStep& step : steps_) infos.push_back(step.info);
  return infos;
}

}  // namespace octavo
