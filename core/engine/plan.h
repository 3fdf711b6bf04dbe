// A network laid out in memory for one set of shapes, ready to run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/planner.h"
#include "threads/section.h"

namespace octavo {

// One run at a time: concurrent runs take plans of their own.
class Plan {
 public:
  Plan(const Graph& graph, const Blueprint& blueprint);
  ~Plan();

  // inputs, outputs: memory of the network's inputs and outputs, in order, dense as the blueprint says. `nanoseconds`,
  // unless null, receives the time of each step (until the last of its threads is done) added to what it holds.
  // Returns the error of the first step that has one, or null: the outputs of a run with an error mean nothing.
  std::exception_ptr run(const void* const* inputs, void* const* outputs, int threads, int64_t* nanoseconds = nullptr);

  int64_t arena_bytes() const { return arena_bytes_; }
  // What each step does, by operator: "conv", "copy", "fill_halo", and the operator's name.
  struct StepInfo {
    std::string kind, name;
  };
  std::vector<StepInfo> steps() const;

 private:
  struct BoundStep {
    std::unique_ptr<Step> step;
    bool barrier;
    StepInfo info;
    std::vector<Tensor> inputs, outputs;
  };
  struct Patch {  // a tensor that lies in the caller's memory
    Tensor* tensor;
    int external;
    bool is_input;
    int64_t offset;
  };

  // Steps that no barrier parts: a stage of a run. Of a run whose steps are timed each is one.
  struct Stage {
    size_t first, last;  // steps [first, last)
    bool meets;          // whether threads meet in one of them
  };
  class Run;
  class TimedRun;

  void place(const Blueprint& blueprint, int index, Tensor* tensor);
  std::vector<Stage> stages(bool each_step) const;

  struct FreeArena {
    void operator()(uint8_t* arena) const;
  };
  std::unique_ptr<uint8_t[], FreeArena> arena_;
  int64_t arena_bytes_ = 0;
  int64_t own_bytes_ = 0;
  std::vector<BoundStep> steps_;
  std::vector<Patch> patches_;
  std::unique_ptr<Run> run_;
};

}  // namespace octavo
