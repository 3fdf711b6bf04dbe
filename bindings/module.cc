// The extension module octavo._core. Bindings validate and convert; they do no arithmetic.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "engine/isa.h"

namespace nb = nanobind;

void bind_network(nb::module_& module);
void bind_kernels(nb::module_& module);
void bind_peak(nb::module_& module);

NB_MODULE(_core, module) {
  // Networks that caches of the package still hold when the interpreter ends are no leaks.
  nb::set_leak_warnings(false);
  module.def(
      "supported_isas",
      [] {
        std::vector<std::string> names;
        for (const octavo::Isa isa : octavo::kIsas)
          if (octavo::is_supported(isa)) names.emplace_back(octavo::name_of(isa));
        return names;
      },
      "List the instruction sets that this machine runs, from the plainest up.");
  bind_network(module);
  bind_kernels(module);
  bind_peak(module);
}
