// SPDX-License-Identifier: Apache-2.0
// Reductions over the pixels of NC1HWC0 (global pooling, ReduceMean/Sum/Max over H and W): halving, in fp32 for sums.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/emitter.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

bool over_pixels(const Graph& graph, const Node& node) {
  if (node.op.starts_with("Global")) return true;
  std::vector<int64_t> axes = node.ints_attr("axes");
  if (node.inputs.size() > 1 && node.inputs[1] != kNone && graph.value(node.inputs[1]).constant) axes = graph.value(node.inputs[1]).constant->to_ints();
  for (int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
  std::ranges::sort(axes);
  return axes == std::vector<int64_t>{2, 3};
}

class ReduceBlock {
 public:
  ReduceBlock(const Soc& soc, int64_t pixels, bool maximum, float scale, int64_t src, int64_t dst)
      : soc_(soc), pixels_(pixels), maximum_(maximum), scale_(scale), src_(src), dst_(dst), e_(soc),
        chunk_(std::min(pixels, (soc.ub - 8192) / (2 * 32 + 64))), in_(e_, Buffer::UB, chunk_ * 32, 2, "the input tile"),
        wide_(e_, Buffer::UB, chunk_ * 64 + 64, 1, "fp32 values"), out_(e_, Buffer::UB, 32, 2, "the result") {}

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t plane = from; plane < to; ++plane) maximum_ ? reduce_max(plane) : reduce_sum(plane);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  // Folds the upper half onto the lower until one pixel is left; an odd one out is added to the first.
  void halve(Opcode op, VecType type, int64_t base, int64_t count) {
    const int64_t pixel = 16 * vec_type_size(type);
    while (count > 1) {
      const int64_t half = count / 2;
      e_.binary(op, type, base, {base}, {base + half * pixel}, half * 16);
      if (count % 2 != 0) e_.binary(op, type, base, {base}, {base + (count - 1) * pixel}, 16);
      count = half;
    }
  }

  int64_t load(int64_t plane, int64_t at, int64_t count) {
    const int64_t in = in_.next();
    e_.gm_to_ub(in, src_ + (plane * pixels_ + at) * 32, {.blocks = count});
    return in;
  }

  void reduce_max(int64_t plane) {
    const int64_t out = out_.next();
    for (int64_t at = 0; at < pixels_; at += chunk_) {
      const int64_t count = std::min(chunk_, pixels_ - at), in = load(plane, at, count);
      halve(Opcode::Vmax, VecType::F16, in, count);
      e_.binary(Opcode::Vmax, VecType::F16, out, {at == 0 ? in : out}, {in}, 16);
    }
    e_.ub_to_gm(dst_ + plane * 32, out, {.blocks = 1});
  }

  void reduce_sum(int64_t plane) {
    const int64_t out = out_.next(), wide = wide_.next(), sum = wide + chunk_ * 64;
    for (int64_t at = 0; at < pixels_; at += chunk_) {
      const int64_t count = std::min(chunk_, pixels_ - at), in = load(plane, at, count);
      e_.convert(VecType::F32, VecType::F16, wide, in, count * 16);
      halve(Opcode::Vadd, VecType::F32, wide, count);
      if (at == 0) e_.scalar(Opcode::Vmuls, VecType::F32, sum, wide, scale_, 16);
      else e_.scalar(Opcode::Vaxpy, VecType::F32, sum, wide, scale_, 16);
    }
    e_.convert(VecType::F16, VecType::F32, out, sum, 16);
    e_.ub_to_gm(dst_ + plane * 32, out, {.blocks = 1});
  }

  const Soc& soc_;
  int64_t pixels_;
  bool maximum_;
  float scale_;
  int64_t src_, dst_;
  Emitter e_;
  int64_t chunk_;
  Ring in_, wide_, out_;
};

}  // namespace

Layout reduce_layout(const Graph&, const Node&) { return Layout::Image; }

std::optional<std::string> reject_reduce(const Graph& graph, const Node& node, const Soc&) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dims.size() != 4) return fmt::format("reduction of a {}-D tensor", x.dims.size());
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  if (!over_pixels(graph, node)) return "reduction over other axes than H and W";
  if (!node.op.starts_with("Global") && node.int_attr("keepdims", 1) == 0) return "keepdims is 0";
  return std::nullopt;
}

Status lower_reduce(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t planes = x[0] * ceil_div(x[1], 16), pixels = x[2] * x[3];
  const bool maximum = node.op == "GlobalMaxPool" || node.op == "ReduceMax";
  const bool mean = node.op == "GlobalAveragePool" || node.op == "ReduceMean";
  const int64_t parts = std::min<int64_t>(context.soc.cores_for(true), planes);
  for (int64_t i = 0; i < parts; ++i) {
    ReduceBlock block(context.soc, pixels, maximum, mean ? 1.0f / static_cast<float>(pixels) : 1.0f, context.address(node.inputs[0]),
                      context.address(node.outputs[0]));
    NPU_TRY(Program program, block.run(planes * i / parts, planes * (i + 1) / parts));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
