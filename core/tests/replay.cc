// Runs recorded programs on every instruction set of this machine and compares each output byte with the recorded one.
//
//   replay FILE [ISA...]     default: all that the machine runs
//
// tests/runtime/recording.py writes the file: programs of the tests' catalogue as the engine is told of them, their
// inputs, and the outputs of the NumPy reference. So an engine that was compiled for another processor is held to the
// same bits where there is no Python: under an emulator, or on a board.
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/isa.h"
#include "engine/network.h"

namespace octavo {
namespace {

using Bytes = std::vector<uint8_t>;

// Little-endian integers and doubles of 8 bytes; strings and arrays follow their length.
class Reader {
 public:
  explicit Reader(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(std::string("cannot open '") + path + "'");
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }

  int64_t integer() { return number<int64_t>(); }
  double real() { return number<double>(); }
  std::string text() {
    const Bytes bytes = block();
    return std::string(bytes.begin(), bytes.end());
  }
  Bytes block() {
    const int64_t size = integer();
    const uint8_t* from = take(size);
    return Bytes(from, from + size);
  }
  template <class Read>
  auto list(Read read) {
    std::vector<decltype(read())> items;
    for (int64_t left = integer(); left > 0; --left) items.push_back(read());
    return items;
  }
  template <class Value, class Read>
  void map(std::map<std::string, Value>& items, Read read) {
    for (int64_t left = integer(); left > 0; --left) {
      const std::string key = text();
      items[key] = read();
    }
  }

 private:
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  const uint8_t* take(int64_t size) {
    if (size < 0 || size > static_cast<int64_t>(bytes_.size()) - at_) throw std::runtime_error("the file is cut short");
    at_ += size;
    return bytes_.data() + at_ - size;
  }

  Bytes bytes_;
  int64_t at_ = 0;
};

struct Constant {
  std::string role;
  DType dtype;
  Shape shape;
  Bytes data;
};

struct Node {
  NodeSpec spec;  // without constants
  std::vector<Constant> constants;
};

struct Case {
  std::string name;
  std::vector<ValueType> values;
  std::vector<Shape> shapes;
  std::vector<Node> nodes;
  std::vector<int> inputs, outputs;
  std::vector<Bytes> given, expected;
};

DType read_dtype(Reader& file) {
  const int64_t code = file.integer();
  if (code < 0 || code > static_cast<int64_t>(DType::f32)) throw std::runtime_error("a dtype is none");
  return static_cast<DType>(code);
}

Shape read_shape(Reader& file) {
  Shape shape;
  for (const int64_t size : file.list([&] { return file.integer(); })) {
    if (shape.rank == kMaxRank) throw std::runtime_error("a shape has more than 6 axes");
    shape.dim[shape.rank++] = size;
  }
  return shape;
}

std::vector<int> read_places(Reader& file) {
  return file.list([&] { return static_cast<int>(file.integer()); });
}

Node read_node(Reader& file) {
  Node node;
  OperatorSpec& op = node.spec.op;
  op.type = file.text();
  op.name = file.text();
  node.spec.inputs = read_places(file);
  node.spec.outputs = read_places(file);
  file.map(op.ints, [&] { return file.list([&] { return file.integer(); }); });
  file.map(op.floats, [&] { return file.real(); });
  file.map(op.strings, [&] { return file.text(); });
  node.constants = file.list([&] {
    return Constant{.role = file.text(), .dtype = read_dtype(file), .shape = read_shape(file), .data = file.block()};
  });
  return node;
}

Case read_case(Reader& file) {
  Case one;
  one.name = file.text();
  for (int64_t left = file.integer(); left > 0; --left) {
    const DType dtype = read_dtype(file);
    const auto scale = static_cast<float>(file.real());
    one.values.push_back({dtype, scale, static_cast<int32_t>(file.integer())});
    one.shapes.push_back(read_shape(file));
  }
  one.nodes = file.list([&] { return read_node(file); });
  one.inputs = read_places(file);
  one.given = file.list([&] { return file.block(); });
  one.outputs = read_places(file);
  one.expected = file.list([&] { return file.block(); });
  return one;
}

std::shared_ptr<Graph> build(const Case& one, Isa isa) {
  GraphBuilder builder(one.values, one.inputs, isa);
  for (const Node& node : one.nodes) {
    NodeSpec spec = node.spec;
    for (const Constant& constant : node.constants)
      spec.op.constants[constant.role] = {constant.dtype, constant.shape, constant.data.data()};
    builder.add(std::move(spec));
  }
  return builder.finish(one.outputs);
}

bool is_nan_at(const Bytes& bytes, size_t at) {
  float value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value != value;
}

// Where two outputs begin to differ, or their size. One NaN is as good as another: processors choose their sign and
// payload.
size_t first_difference(const Bytes& got, const Bytes& expected, DType dtype) {
  for (size_t i = 0; i < got.size(); ++i)
    if (got[i] != expected[i] &&
        !(dtype == DType::f32 && is_nan_at(got, i & ~size_t{3}) && is_nan_at(expected, i & ~size_t{3})))
      return i;
  return got.size();
}

// Prints each output that differs; returns how many did.
int compare(const Case& one, const std::vector<Bytes>& got, Isa isa, int threads) {
  int wrong = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const DType dtype = one.values[static_cast<size_t>(one.outputs[i])].dtype;
    const size_t byte = first_difference(got[i], one.expected[i], dtype);
    if (byte == got[i].size()) continue;
    std::printf("%s, %s, %d threads: output %zu differs from byte %zu of %zu on: got 0x%02x, expected 0x%02x\n",
                one.name.c_str(), name_of(isa), threads, i, byte, got[i].size(), got[i][byte], one.expected[i][byte]);
    ++wrong;
  }
  return wrong;
}

int replay(const Case& one, Isa isa) {
  PlanSet plans(build(one, isa), one.shapes);
  std::vector<const void*> inputs;
  for (const Bytes& bytes : one.given) inputs.push_back(bytes.data());
  int wrong = 0;
  for (const int threads : {1, 2}) {
    std::vector<Bytes> got;
    std::vector<void*> outputs;
    for (const Bytes& bytes : one.expected) got.emplace_back(bytes.size(), uint8_t{0xa5});
    for (Bytes& bytes : got) outputs.push_back(bytes.data());
    plans.run(inputs.data(), outputs.data(), threads);
    wrong += compare(one, got, isa, threads);
  }
  return wrong;
}

std::vector<Isa> chosen(int count, char** names) {
  std::vector<Isa> isas;
  for (int i = 0; i < count; ++i) {
    const auto isa = isa_named(names[i]);
    if (!isa || !is_supported(*isa)) throw std::runtime_error(std::string("this machine does not run ") + names[i]);
    isas.push_back(*isa);
  }
  if (isas.empty())
    for (const Isa isa : kIsas)
      if (is_supported(isa)) isas.push_back(isa);
  return isas;
}

int run(int count, char** arguments) {
  if (count < 2) throw std::runtime_error("usage: replay FILE [ISA...]");
  const std::vector<Isa> isas = chosen(count - 2, arguments + 2);
  Reader file(arguments[1]);
  if (file.text() != "octavo recording 1") throw std::runtime_error("not a recording of this version");
  const int64_t cases = file.integer();
  int wrong = 0;
  for (int64_t i = 0; i < cases; ++i) {
    const Case one = read_case(file);
    for (const Isa isa : isas) wrong += replay(one, isa);
  }
  std::printf("%lld programs, 1 and 2 threads,", static_cast<long long>(cases));
  for (const Isa isa : isas) std::printf(" %s", name_of(isa));
  std::printf(": %d outputs differ\n", wrong);
  return wrong == 0 && cases > 0 ? 0 : 1;
}

}  // namespace
}  // namespace octavo

int main(int count, char** arguments) {
  try {
    return octavo::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    return 2;
  }
}
