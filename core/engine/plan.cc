#include "engine/plan.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <new>

#include "engine/copy.h"
#include "threads/pool.h"

namespace octavo {

void Plan::FreeArena::operator()(uint8_t* arena) const { ::operator delete[](arena, std::align_val_t{64}); }

Plan::Plan(const Graph& graph, const Blueprint& blueprint)
    : arena_bytes_(blueprint.arena_bytes + 2 * kSlackBytes), own_bytes_(blueprint.own_bytes) {
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
  run_ = std::make_unique<Run>(*this);
}

Plan::~Plan() = default;

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

// A run as a section of the pool. It lies in the plan, where the threads that take part have it in their caches.
class Plan::Run : public Section {
 public:
  explicit Run(const Plan& plan, bool each_step = false) : plan_(plan), list_(plan.stages(each_step)) {}

  int stages() const final { return static_cast<int>(list_.size()); }
  int64_t own_bytes() const final { return plan_.own_bytes_; }
  bool meets(int stage) const final { return list_[static_cast<size_t>(stage)].meets; }

  void run(int stage, int share, int shares, Barrier& barrier) noexcept override {
    const Stage& steps = list_[static_cast<size_t>(stage)];
    for (size_t i = steps.first; i < steps.last; ++i) plan_.steps_[i].step->run_together(share, shares, barrier);
  }

 private:
  const Plan& plan_;
  std::vector<Stage> list_;
};

// The same, each step a stage, whose latest share to end says when.
class Plan::TimedRun final : public Run {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TimedRun(const Plan& plan) : Run(plan, true), ends_(plan.steps_.size()) {}

  void run(int stage, int share, int shares, Barrier& barrier) noexcept override {
    Run::run(stage, share, shares, barrier);
    const int64_t now = elapsed();
    std::atomic<int64_t>& end = ends_[static_cast<size_t>(stage)];
    for (int64_t latest = end.load(std::memory_order_relaxed);
         latest < now && !end.compare_exchange_weak(latest, now, std::memory_order_relaxed);) {}
  }

  void add_to(int64_t* nanoseconds) const {
    int64_t before = 0;
    for (size_t step = 0; step < ends_.size(); ++step) {
      nanoseconds[step] += ends_[step] - before;
      before = ends_[step];
    }
  }

 private:
  int64_t elapsed() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin_).count();
  }

  std::vector<std::atomic<int64_t>> ends_;  // nanoseconds since the run began
  Clock::time_point begin_ = Clock::now();
};

std::exception_ptr Plan::run(const void* const* inputs, void* const* outputs, int threads, int64_t* nanoseconds) {
  for (const Patch& patch : patches_) {
    const void* base = patch.is_input ? inputs[patch.external] : outputs[patch.external];
    patch.tensor->data = static_cast<uint8_t*>(const_cast<void*>(base)) + patch.offset;
  }
  const auto do_it = [&](Section& section) {
    threads > 1 ? Pool::instance().run(threads, section) : Pool::run_alone(section);
  };
  if (nanoseconds == nullptr) {
    do_it(*run_);
  } else {
    TimedRun timed(*this);
    do_it(timed);
    timed.add_to(nanoseconds);
  }
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
