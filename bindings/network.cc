// Networks and their plans.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>

#include "engine/isa.h"
#include "engine/network.h"

namespace nb = nanobind;

namespace {

using octavo::DType;
using octavo::Order;
using octavo::Shape;

using ConstArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using OutArray = nb::ndarray<nb::c_contig, nb::device::cpu>;

DType dtype_named(const std::string& name) {
  if (name == "uint8") return DType::u8;
  if (name == "int8") return DType::s8;
  if (name == "int32") return DType::s32;
  if (name == "int64") return DType::s64;
  if (name == "float32") return DType::f32;
  throw std::invalid_argument("dtype '" + name + "': the engine knows uint8, int8, int32, int64 and float32");
}

bool has_dtype(nb::dlpack::dtype given, DType dtype) {
  switch (dtype) {
    case DType::u8:
      return given == nb::dtype<uint8_t>();
    case DType::s8:
      return given == nb::dtype<int8_t>();
    case DType::s32:
      return given == nb::dtype<int32_t>();
    case DType::s64:
      return given == nb::dtype<int64_t>();
    case DType::f32:
      return given == nb::dtype<float>();
  }
  return false;
}

DType dtype_of(nb::dlpack::dtype given) {
  for (const DType dtype : {DType::u8, DType::s8, DType::s32, DType::s64, DType::f32})
    if (has_dtype(given, dtype)) return dtype;
  throw std::invalid_argument("a constant is of a dtype that the engine does not know");
}

Shape to_shape(const std::vector<int64_t>& dims) {
  if (dims.size() > octavo::kMaxRank) throw std::invalid_argument("a value has more than 6 axes");
  Shape shape;
  shape.rank = static_cast<int>(dims.size());
  int64_t elements = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < 1 || __builtin_mul_overflow(elements, dims[i], &elements) || elements > int64_t{1} << 40)
      throw std::invalid_argument("a value is empty or has more than 2^40 elements");
    shape.dim[i] = dims[i];
  }
  return shape;
}

// (type, name, inputs, outputs, ints, floats, strings, constants, variant, likely shape of input 0)
using NodeTuple = std::tuple<std::string, std::string, std::vector<int>, std::vector<int>,
                             std::map<std::string, std::vector<int64_t>>, std::map<std::string, double>,
                             std::map<std::string, std::string>, std::map<std::string, ConstArray>, std::string,
                             std::vector<int64_t>>;

octavo::NodeSpec to_spec(const NodeTuple& node) {
  octavo::NodeSpec spec;
  std::map<std::string, ConstArray> constants;
  std::vector<int64_t> likely;
  std::tie(spec.op.type, spec.op.name, spec.inputs, spec.outputs, spec.op.ints, spec.op.floats, spec.op.strings,
           constants, spec.op.variant, likely) = node;
  spec.op.likely = to_shape(likely);
  for (const auto& [role, array] : constants) {
    std::vector<int64_t> dims;
    for (size_t i = 0; i < array.ndim(); ++i) dims.push_back(static_cast<int64_t>(array.shape(i)));
    spec.op.constants[role] = {dtype_of(array.dtype()), to_shape(dims), array.data()};
  }
  return spec;
}

// Operators are added one by one, so that the caller can let go of each one's constants before the next.
class NetworkBuilder {
 public:
  NetworkBuilder(const std::vector<std::tuple<std::string, double, int>>& values, const std::vector<int>& inputs,
                 const std::string& isa) {
    const auto chosen = octavo::isa_named(isa);
    if (!chosen || !octavo::is_supported(*chosen))
      throw std::invalid_argument("instruction set '" + isa + "' is not one that this machine runs");
    std::vector<octavo::ValueType> types;
    for (const auto& [dtype, scale, zero_point] : values)
      types.push_back({dtype_named(dtype), static_cast<float>(scale), zero_point});
    builder_.emplace(std::move(types), inputs, *chosen);
  }

  void add(const NodeTuple& node) {
    octavo::NodeSpec spec = to_spec(node);
    const nb::gil_scoped_release release;
    open().add(std::move(spec));
  }

  std::shared_ptr<octavo::Graph> finish(const std::vector<int>& outputs) {
    std::shared_ptr<octavo::Graph> graph = open().finish(outputs);
    builder_.reset();
    return graph;
  }

 private:
  octavo::GraphBuilder& open() {
    if (!builder_) throw std::invalid_argument("the network is finished");
    return *builder_;
  }

  std::optional<octavo::GraphBuilder> builder_;
};

// The array's axes are those of memory: of a channels_last value, [n, ..., c].
template <class Array>
void require(const Array& array, const octavo::PlanSet& plans, int value, Order order, const char* what) {
  const Shape& shape = plans.shapes()[value];
  const auto axis = [&](int i) { return order == Order::row_major || i == 0 ? i : i == shape.rank - 1 ? 1 : i + 1; };
  bool fits =
      has_dtype(array.dtype(), plans.graph().values[value].dtype) && static_cast<int>(array.ndim()) == shape.rank;
  for (int i = 0; fits && i < shape.rank; ++i) fits = static_cast<int64_t>(array.shape(i)) == shape.dim[axis(i)];
  if (!fits) throw std::invalid_argument(std::string(what) + " does not have the dtype and shape that were planned");
}

struct Memory {
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
};

Memory memory_of(const octavo::PlanSet& plans, const std::vector<ConstArray>& inputs, std::vector<OutArray>& outputs) {
  const octavo::Graph& graph = plans.graph();
  if (inputs.size() != graph.inputs.size() || outputs.size() != graph.outputs.size())
    throw std::invalid_argument("the number of inputs or outputs is not the network's");
  Memory memory;
  for (size_t i = 0; i < inputs.size(); ++i) {
    require(inputs[i], plans, graph.inputs[i], plans.inputs()[i], "an input");
    memory.inputs.push_back(inputs[i].data());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    require(outputs[i], plans, graph.outputs[i], plans.outputs()[i], "an output");
    memory.outputs.push_back(outputs[i].data());
  }
  return memory;
}

int checked_threads(int threads) {
  if (threads < 1 || threads > 1024) throw std::invalid_argument("threads must be from 1 to 1024");
  return threads;
}

}  // namespace

void bind_network(nb::module_& module) {
  nb::class_<octavo::Graph>(module, "Network");

  nb::class_<NetworkBuilder>(module, "NetworkBuilder")
      .def(nb::init<const std::vector<std::tuple<std::string, double, int>>&, const std::vector<int>&,
                    const std::string&>(),
           nb::arg("values"), nb::arg("inputs"), nb::arg("isa"))
      .def("add", &NetworkBuilder::add)
      .def("finish", &NetworkBuilder::finish);

  nb::class_<octavo::PlanSet>(module, "Plan")
      .def(
          "__init__",
          [](octavo::PlanSet* self, std::shared_ptr<octavo::Graph> graph,
             const std::vector<std::vector<int64_t>>& shapes, const std::vector<std::pair<bool, bool>>& inputs,
             bool free_outputs) {
            std::vector<Shape> list;
            for (const auto& dims : shapes) list.push_back(to_shape(dims));
            octavo::Boundary boundary{.free_outputs = free_outputs};
            for (const auto& [channels_last, has_slack] : inputs)
              boundary.inputs.push_back({channels_last ? Order::channels_last : Order::row_major, has_slack});
            new (self) octavo::PlanSet(std::move(graph), list, boundary);
          },
          nb::arg("network"), nb::arg("shapes"), nb::arg("inputs") = std::vector<std::pair<bool, bool>>{},
          nb::arg("free_outputs") = false)
      .def_prop_ro("outputs_channels_last",
                   [](const octavo::PlanSet& self) {
                     std::vector<bool> last;
                     for (const Order order : self.outputs()) last.push_back(order == Order::channels_last);
                     return last;
                   })
      .def(
          "run",
          [](octavo::PlanSet& self, const std::vector<ConstArray>& inputs, std::vector<OutArray> outputs, int threads) {
            const Memory memory = memory_of(self, inputs, outputs);
            checked_threads(threads);
            const nb::gil_scoped_release release;
            self.run(memory.inputs.data(), memory.outputs.data(), threads);
          })
      // Memory at these addresses, which the caller vouches for: as planned, and alive until this returns.
      .def("run_at",
           [](octavo::PlanSet& self, const std::vector<uintptr_t>& inputs, const std::vector<uintptr_t>& outputs,
              int threads) {
             if (inputs.size() != self.inputs().size() || outputs.size() != self.outputs().size())
               throw std::invalid_argument("the number of inputs or outputs is not the network's");
             checked_threads(threads);
             std::vector<const void*> from;
             std::vector<void*> to;
             for (const uintptr_t address : inputs) from.push_back(reinterpret_cast<const void*>(address));
             for (const uintptr_t address : outputs) to.push_back(reinterpret_cast<void*>(address));
             const nb::gil_scoped_release release;
             self.run(from.data(), to.data(), threads);
           })
      .def("profile",
           [](octavo::PlanSet& self, const std::vector<ConstArray>& inputs, std::vector<OutArray> outputs, int threads,
              int rounds) {
             const Memory memory = memory_of(self, inputs, outputs);
             checked_threads(threads);
             if (rounds < 1) throw std::invalid_argument("rounds must be at least 1");
             std::vector<std::tuple<std::string, std::string, double>> rows;
             for (const auto& [info, nanoseconds] :
                  self.profile(memory.inputs.data(), memory.outputs.data(), threads, rounds))
               rows.emplace_back(info.kind, info.name, nanoseconds);
             return rows;
           })
      .def("variants", [](const octavo::PlanSet& self, int threads) { return self.variants(checked_threads(threads)); })
      .def_prop_ro("live_bytes", &octavo::PlanSet::live_bytes)
      .def_prop_ro("arena_bytes", &octavo::PlanSet::arena_bytes);
}
