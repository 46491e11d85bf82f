// SPDX-License-Identifier: Apache-2.0
#include "samples/zoo/net_builder.h"

#include <cmath>
#include <utility>

#include "core/base/math.h"

namespace npu {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014), started from the seed and the tensor's name: a tensor's numbers do not
// depend on those built before it. Only exact arithmetic and sqrt, so all targets build the same bits.
class Random {
 public:
  Random(uint64_t seed, std::string_view name) : state_(seed) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Mean 0, variance 1, within +-3.47: the sum of four 16-bit uniform numbers.
  double normal() {
    const uint64_t bits = next();
    const auto sum = (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
    return (static_cast<double>(sum) - 131070.0) * (1.7320508075688772 / 65536.0);
  }

  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// How much of the second moment Relu lets through: half of a symmetric distribution; 0.82 of a normal one that is
// shifted by half its deviation.
double after_relu(const Feature& x) { return x.second_moment * (x.shifted ? 0.82 : 0.5); }

int64_t pooled(int64_t size, int64_t kernel, int64_t stride, int64_t pad, Rounding rounding) {
  const int64_t room = size + 2 * pad - kernel;
  return (rounding == Rounding::Ceil ? ceil_div(room, stride) : room / stride) + 1;
}

Node make_node(std::string op, std::string name, std::vector<ValueId> inputs = {}) {
  Node node;
  node.op = std::move(op);
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  return node;
}

std::vector<int64_t> all_sides(int64_t value, size_t count) { return std::vector<int64_t>(count, value); }

}  // namespace

NetBuilder::NetBuilder(std::string name, uint64_t seed, int64_t channels, int64_t side) : seed_(seed) {
  graph_.name = std::move(name);
  graph_.opset = 13;
  const ValueId id =
      graph_.add_value("actual_input", TensorType::of(DType::Float32, Dims{Dim("batch"), channels, side, side}));
  graph_.inputs = {id};
  input_ = {id, channels, side, side};
}

template <class Draw>
ValueId NetBuilder::fill(const std::string& name, Shape shape, Draw&& draw) {
  Tensor tensor(DType::Float32, std::move(shape));
  Random random(seed_, name);
  for (float& value : tensor.mutable_data<float>()) value = static_cast<float>(draw(random));
  return graph_.add_constant(name, std::move(tensor));
}

ValueId NetBuilder::normal(const std::string& name, Shape shape, double mean, double deviation) {
  return fill(name, std::move(shape), [=](Random& random) { return mean + deviation * random.normal(); });
}

ValueId NetBuilder::uniform(const std::string& name, Shape shape, double low, double high) {
  return fill(name, std::move(shape), [=](Random& random) { return low + (high - low) * random.uniform(); });
}

Feature NetBuilder::emit(Node node, Feature out) {
  out.id = graph_.add_value(node.name + ".output", TensorType::of(DType::Float32, Dims{Dim("batch"), out.channels, out.height, out.width}));
  node.outputs = {out.id};
  graph_.append(std::move(node));
  return out;
}

Feature NetBuilder::conv(const Feature& x, const ConvSpec& spec, const std::string& name) {
  const int64_t group_channels = x.channels / spec.groups;
  const auto fan_in = static_cast<double>(group_channels * spec.kernel * spec.kernel);
  Node node = make_node("Conv", name);
  // He's initialisation: the second moment of the sum is twice that of the input, and Relu halves it again.
  node.inputs = {x.id, normal(name + ".weight", {spec.channels, group_channels, spec.kernel, spec.kernel}, 0.0, std::sqrt(2.0 / fan_in))};
  if (spec.bias) node.inputs.push_back(normal(name + ".bias", {spec.channels}, 0.0, 0.1));
  node.attrs = {{"kernel_shape", all_sides(spec.kernel, 2)}, {"strides", all_sides(spec.stride, 2)},
                {"pads", all_sides(spec.pad, 4)}, {"dilations", all_sides(1, 2)}, {"group", spec.groups}};
  const auto side = [&](int64_t size) { return pooled(size, spec.kernel, spec.stride, spec.pad, Rounding::Floor); };
  return emit(std::move(node), {kNone, spec.channels, side(x.height), side(x.width), 2 * x.second_moment, false});
}

Feature NetBuilder::batch_norm(const Feature& x, const std::string& name, double strength) {
  const Shape shape{x.channels};
  const double variance = x.second_moment;
  Node node = make_node("BatchNormalization", name);
  // Gamma within 0.5 .. 1.5, beta about 0.5 +- 0.3: Relu behind it passes more than half, as in trained networks.
  node.inputs = {x.id, uniform(name + ".weight", shape, 0.5 * strength, 1.5 * strength),
                 normal(name + ".bias", shape, 0.5 * strength, 0.3 * strength),
                 normal(name + ".running_mean", shape, 0.0, 0.1 * std::sqrt(variance)),
                 uniform(name + ".running_var", shape, 0.8 * variance, 1.25 * variance)};
  node.attrs = {{"epsilon", 1e-5f}};
  Feature out = x;
  out.second_moment = (1.083 + 0.25 + 0.09) * strength * strength;
  out.shifted = true;
  return emit(std::move(node), out);
}

Feature NetBuilder::relu(const Feature& x, const std::string& name) {
  Feature out = x;
  out.second_moment = after_relu(x);
  out.shifted = true;
  return emit(make_node("Relu", name, {x.id}), out);
}

Feature NetBuilder::relu6(const Feature& x, const std::string& name) {
  const float bounds[] = {0.0f, 6.0f};
  Feature out = x;
  out.second_moment = after_relu(x);
  out.shifted = true;
  const ValueId low = graph_.add_constant(name + ".min", Tensor::from<float>(DType::Float32, {}, std::span(bounds, 1)));
  const ValueId high = graph_.add_constant(name + ".max", Tensor::from<float>(DType::Float32, {}, std::span(bounds + 1, 1)));
  return emit(make_node("Clip", name, {x.id, low, high}), out);
}

Feature NetBuilder::add(const Feature& a, const Feature& b, const std::string& name) {
  Feature out = a;
  out.second_moment = a.second_moment + b.second_moment;
  return emit(make_node("Add", name, {a.id, b.id}), out);
}

Feature NetBuilder::concat(const Feature& a, const Feature& b, const std::string& name) {
  Feature out = a;
  out.channels = a.channels + b.channels;
  out.second_moment = (a.second_moment + b.second_moment) / 2;
  Node node = make_node("Concat", name, {a.id, b.id});
  node.attrs = {{"axis", int64_t{1}}};
  return emit(std::move(node), out);
}

Feature NetBuilder::max_pool(const Feature& x, int64_t kernel, int64_t stride, int64_t pad, Rounding rounding,
                             const std::string& name) {
  Node node = make_node("MaxPool", name, {x.id});
  node.attrs = {{"kernel_shape", all_sides(kernel, 2)}, {"strides", all_sides(stride, 2)}, {"pads", all_sides(pad, 4)},
                {"ceil_mode", int64_t{rounding == Rounding::Ceil}}};
  const auto side = [&](int64_t size) { return pooled(size, kernel, stride, pad, rounding); };
  // The largest of neighbours that are much alike.
  return emit(std::move(node), {kNone, x.channels, side(x.height), side(x.width), 1.5 * x.second_moment, true});
}

Feature NetBuilder::global_average_pool(const Feature& x, const std::string& name) {
  return emit(make_node("GlobalAveragePool", name, {x.id}), {kNone, x.channels, 1, 1, x.second_moment, true});
}

Graph NetBuilder::finish(const Feature& x, int64_t classes, const std::string& name) && {
  const int64_t features = x.channels * x.height * x.width;
  const auto flat_type = TensorType::of(DType::Float32, Dims{Dim("batch"), features});
  const ValueId flat = graph_.add_value(classes > 0 ? "flatten.output" : "output", flat_type);
  Node flatten = make_node("Flatten", "flatten", {x.id});
  flatten.outputs = {flat};
  flatten.attrs = {{"axis", int64_t{1}}};
  graph_.append(std::move(flatten));
  graph_.outputs = {flat};
  if (classes > 0) {
    const ValueId out = graph_.add_value("output", TensorType::of(DType::Float32, Dims{Dim("batch"), classes}));
    const double deviation = std::sqrt(2.0 / static_cast<double>(features));
    Node gemm = make_node("Gemm", name, {flat, normal(name + ".weight", {classes, features}, 0.0, deviation),
                                         normal(name + ".bias", {classes}, 0.0, 0.1)});
    gemm.outputs = {out};
    gemm.attrs = {{"alpha", 1.0f}, {"beta", 1.0f}, {"transB", int64_t{1}}};
    graph_.append(std::move(gemm));
    graph_.outputs = {out};
  }
  return std::move(graph_);
}

}  // namespace npu
