// The machine's int8 multiply peak, for benchmarks.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "engine/isa.h"
#include "kernels/peak/peak.h"

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

}  // namespace

void bind_peak(nb::module_& module);

void bind_peak(nb::module_& module) {
  module.def("peak_macs", &peak_macs, nb::arg("isa"), nb::arg("iterations"),
             "Run a register-only loop of int8 multiply-accumulates and return how many there were.");
}
