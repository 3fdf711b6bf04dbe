// Kernels that Python calls by themselves: what an observer does with every activation.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>

#include "engine/isa.h"
#include "kernels/histogram/histogram.h"

namespace nb = nanobind;

namespace {

using octavo::Isa;
using octavo::kHistogramMaxBins;

using Values = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// The machine's best where no name is given: the results are the same on each.
const octavo::HistogramKernel& kernel_for(const std::string& isa) {
  if (isa.empty()) {
    Isa best = Isa::reference;
    for (const Isa isa : octavo::kIsas)
      if (octavo::is_supported(isa)) best = isa;
    return *octavo::kHistogramKernels[best];
  }
  const auto named = octavo::isa_named(isa);
  if (!named || !octavo::is_supported(*named))
    throw std::invalid_argument("isa: got '" + isa + "', expected one of supported_isas()");
  return *octavo::kHistogramKernels[*named];
}

int64_t elements(const Values& x) {
  if (x.size() == 0) throw std::invalid_argument("x has no elements, expected at least one");
  return static_cast<int64_t>(x.size());
}

std::tuple<float, float, bool> min_max(const Values& x, const std::string& isa) {
  const auto& kernel = kernel_for(isa);
  const int64_t n = elements(x);
  float min = 0.0f, max = 0.0f;
  bool finite = false;
  {
    const nb::gil_scoped_release release;
    finite = kernel.min_max(x.data(), n, &min, &max);
  }
  return {min, max, finite};
}

std::tuple<float, float, bool, bool> histogram(const Values& x, float inv_width, int64_t first, const Counts& counts,
                                               const std::string& isa) {
  const auto& kernel = kernel_for(isa);
  const int64_t n = elements(x);
  const int64_t bins = static_cast<int64_t>(counts.size());
  const std::string limit = std::to_string(kHistogramMaxBins);
  if (bins < 1 || bins > kHistogramMaxBins)
    throw std::invalid_argument("counts has " + std::to_string(bins) + " entries, expected 1 to " + limit);
  if (first < -kHistogramMaxBins || first > kHistogramMaxBins - bins)
    throw std::invalid_argument("first is " + std::to_string(first) + ", expected bins within -" + limit + " and " +
                                limit);
  int exponent;
  if (!std::isnormal(inv_width) || std::frexp(inv_width, &exponent) != 0.5f)
    throw std::invalid_argument("inv_width is " + std::to_string(inv_width) + ", expected a power of two");
  octavo::HistogramResult result;
  {
    const nb::gil_scoped_release release;
    result = octavo::count_histogram(kernel, x.data(), n, inv_width, static_cast<int32_t>(first), counts.data(), bins);
  }
  return {result.min, result.max, result.finite, result.counted};
}

}  // namespace

void bind_kernels(nb::module_& module);

void bind_kernels(nb::module_& module) {
  module.def("min_max", &min_max, nb::arg("x").noconvert(), nb::arg("isa") = "",
             "Find the least and the greatest of the float32 array x, and whether all of it is finite.");
  module.def(
      "histogram", &histogram, nb::arg("x").noconvert(), nb::arg("inv_width"), nb::arg("first"),
      nb::arg("counts").noconvert(), nb::arg("isa") = "",
      "Add the float32 array x to counts (int64): the bin of x is floor(x * inv_width) - first.\n\n"
      "Returns (min, max, finite, counted): nothing is counted unless all of x is finite and inside of the bins.");
}
