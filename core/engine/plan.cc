#include "engine/plan.h"

#include <chrono>
#include <cstring>
#include <new>

#include "engine/copy.h"
#include "threads/pool.h"

namespace octavo {

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
  stages_ = stages(false);
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

std::vector<Plan::Stage> Plan::stages(bool each_step) const {
  std::vector<Stage> stages;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (i == 0 || each_step || steps_[i - 1].barrier) stages.push_back({i, i, false});
    stages.back().last = i + 1;
    stages.back().meets |= steps_[i].step->meets();
  }
  return stages;
}

// One run as a section of the pool; `nanoseconds` as in `Plan::run`.
class Plan::Run final : public Section {
 public:
  using Clock = std::chrono::steady_clock;

  Run(const Plan& plan, int64_t* nanoseconds) : plan_(plan), nanoseconds_(nanoseconds) {
    if (nanoseconds == nullptr) return;
    each_step_ = plan.stages(true);
    before_ = Clock::now();
  }

  int stages() const override { return static_cast<int>(list().size()); }
  bool meets(int stage) const override { return list()[static_cast<size_t>(stage)].meets; }

  void run(int stage, int share, int shares, Barrier& barrier) noexcept override {
    const Stage& steps = list()[static_cast<size_t>(stage)];
    for (size_t i = steps.first; i < steps.last; ++i) plan_.steps_[i].step->run_together(share, shares, barrier);
  }

  void finish(int stage) noexcept override {
    if (nanoseconds_ == nullptr) return;
    const Clock::time_point now = Clock::now();
    nanoseconds_[stage] += std::chrono::duration_cast<std::chrono::nanoseconds>(now - before_).count();
    before_ = now;
  }

 private:
  const std::vector<Stage>& list() const { return nanoseconds_ == nullptr ? plan_.stages_ : each_step_; }

  const Plan& plan_;
  int64_t* nanoseconds_;
  std::vector<Stage> each_step_;
  Clock::time_point before_;
};

std::exception_ptr Plan::run(const void* const* inputs, void* const* outputs, int threads, int64_t* nanoseconds) {
  for (const Patch& patch : patches_) {
    const void* base = patch.is_input ? inputs[patch.external] : outputs[patch.external];
    patch.tensor->data = static_cast<uint8_t*>(const_cast<void*>(base)) + patch.offset;
  }
  Run run(*this, nanoseconds);
  threads > 1 ? Pool::instance().run(threads, run) : Pool::run_alone(run);
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
