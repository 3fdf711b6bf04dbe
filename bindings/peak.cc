// The machine's int8 multiply peak and what its threads cost, for benchmarks.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/isa.h"
#include "kernels/peak/peak.h"
#include "threads/overhead.h"

namespace nb = nanobind;

namespace {

int64_t peak_macs(const std::string& isa, int64_t iterations) {
  const auto named = octavo::isa_named(isa);
  if (!named || !octavo::is_supported(*named))
    throw std::invalid_argument("isa: got '" + isa + "', expected one of supported_isas()");
  if (iterations < 1 || iterations > int64_t{1} << 40) throw std::invalid_argument("iterations must be from 1 to 2^40");
  const nb::gil_scoped_release release;
  return octavo::kPeakKernels[*named](iterations);
}

std::vector<int64_t> empty_sections(int threads, int stages, bool meet, int rounds) {
  if (threads < 2 || threads > 1024) throw std::invalid_argument("threads must be from 2 to 1024");
  if (stages < 1 || rounds < 1) throw std::invalid_argument("stages and rounds must be at least 1");
  const nb::gil_scoped_release release;
  return octavo::time_empty_sections(threads, stages, meet, rounds);
}

std::vector<int64_t> round_trips(int rounds) {
  if (rounds < 1) throw std::invalid_argument("rounds must be at least 1");
  const nb::gil_scoped_release release;
  return octavo::time_round_trips(rounds);
}

}  // namespace

void bind_peak(nb::module_& module);

void bind_peak(nb::module_& module) {
  module.def("peak_macs", &peak_macs, nb::arg("isa"), nb::arg("iterations"),
             "Run a register-only loop of int8 multiply-accumulates and return how many there were.");
  module.def("empty_sections", &empty_sections, nb::arg("threads"), nb::arg("stages"), nb::arg("meet"),
             nb::arg("rounds"), "Time sections without work, in nanoseconds: see core/threads/overhead.h.");
  module.def("round_trips", &round_trips, nb::arg("rounds"),
             "Time a line of the cache from one thread to another and back: see core/threads/overhead.h.");
}
