// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"
#include "core/ops/detail/collect.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// Opset 8 has a batch: its first input is the lengths of the sequences, and every other has the batch as first axis.
constexpr AttrDef kAttrs[] = {
    {"body", AttrKind::Graph, "required"},          {"directions", AttrKind::Ints, ""},       {"num_scan_inputs", AttrKind::Int, "required"},
    {"scan_input_axes", AttrKind::Ints, ""},        {"scan_input_directions", AttrKind::Ints, ""},
    {"scan_output_axes", AttrKind::Ints, ""},       {"scan_output_directions", AttrKind::Ints, ""},
};

struct Layout {
  size_t first;    // input that is the first state
  size_t states, scans, outputs;  // outputs that are collected
  bool batched() const { return first == 1; }
};

template <class Context>
Result<Layout> layout_of(const Context& ctx, const Graph& body) {
  const size_t first = ctx.opset() < 9 ? 1 : 0;
  const auto scans = ctx.node().int_attr("num_scan_inputs", 0);
  const auto given = static_cast<int64_t>(ctx.input_count() - body.captures - first);
  if (scans < 1 || scans > given || static_cast<int64_t>(body.inputs.size() - body.captures) != given || static_cast<int64_t>(body.outputs.size()) < given - scans)
    return ctx.error(fmt::format("{} inputs, {} of them scanned, for a body of {} inputs and {} outputs", given, scans, body.inputs.size() - body.captures, body.outputs.size()));
  const auto states = static_cast<size_t>(given - scans);
  const Layout layout{first, states, static_cast<size_t>(scans), body.outputs.size() - states};
  if (ctx.output_count() > layout.states + layout.outputs) return ctx.error(fmt::format("has {} outputs, the body makes {}", ctx.output_count(), body.outputs.size()));
  for (const auto& [name, count] : {std::pair{"scan_input_axes", layout.scans}, std::pair{"scan_input_directions", layout.scans}, std::pair{"directions", layout.scans},
                                    std::pair{"scan_output_axes", layout.outputs}, std::pair{"scan_output_directions", layout.outputs}})
    if (ctx.node().find_attr(name) && ctx.node().ints_attr(name).size() != count) return ctx.error(fmt::format("{} has {} values, needs {}", name, ctx.node().ints_attr(name).size(), count));
  for (size_t i = first; i < layout.first + layout.states + layout.scans; ++i)
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
  return layout;
}

int64_t value_at(const Node& node, std::string_view attr, size_t i) {
  const auto values = node.ints_attr(attr);
  return i < values.size() ? values[i] : 0;
}
bool is_reversed(const DatumContext& ctx, const Layout& layout, size_t i) {
  return value_at(ctx.node(), layout.batched() ? "directions" : "scan_input_directions", i) == 1;
}

TensorType without_axis(TensorType type, size_t axis) {
  if (type.has_rank) type.dims.erase(type.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  return type;
}

TypesResult infer(const InferContext& ctx) {
  const Graph& body = *ctx.node().graph_attr("body");
  NPU_TRY(const Layout layout, layout_of(ctx, body));
  std::vector<TensorType> inputs;
  Dim length, batch;
  for (size_t i = 0; i < layout.states + layout.scans; ++i) {
    TensorType type = ctx.input(layout.first + i);
    if (!type.is_tensor()) return ctx.error(fmt::format("input {} is {}, needs a tensor", layout.first + i, to_string(type)));
    if (layout.batched() && type.has_rank) {
      NPU_CHECK(rank_of(ctx, layout.first + i, i < layout.states ? 1 : 2));
      NPU_TRY(batch, unify(ctx, batch, type.dims[0], "batch"));
      type = without_axis(type, 0);
    }
    if (i >= layout.states && type.has_rank) {
      NPU_TRY(const size_t axis, normalize_axis(ctx, layout.batched() ? 0 : value_at(ctx.node(), "scan_input_axes", i - layout.states), type.dims.size()));
      NPU_TRY(length, unify(ctx, length, type.dims[axis], "lengths of the scanned inputs"));
      type = without_axis(type, axis);
    }
    inputs.push_back(std::move(type));
  }
  const auto captured = captured_types(ctx, body);
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  NPU_TRY(auto types, infer_body(ctx, body, inputs));
  for (size_t i = 0; i < types.size(); ++i) {
    if (i < layout.states) {
      const auto common = common_type(inputs[i], types[i]);
      if (!common) return ctx.error(fmt::format("state {} goes in as {} and out as {}", i, to_string(inputs[i]), to_string(types[i])));
      types[i] = *common;
    } else if (types[i].has_rank) {
      NPU_TRY(const size_t axis, normalize_axis(ctx, layout.batched() ? 0 : value_at(ctx.node(), "scan_output_axes", i - layout.states), types[i].dims.size() + 1));
      types[i].dims.insert(types[i].dims.begin() + static_cast<std::ptrdiff_t>(axis), length);
    }
    if (layout.batched() && types[i].has_rank) types[i].dims.insert(types[i].dims.begin(), batch);
  }
  return types;
}

// Without a batch: states and scanned inputs to states and collected outputs.
Result<std::vector<Tensor>> scan(const DatumContext& ctx, const Layout& layout, std::vector<Tensor> inputs, int64_t steps) {
  const Graph& body = *ctx.node().graph_attr("body");
  const auto captured = captured_values(ctx, body);
  std::vector<Tensor> states(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(layout.states));
  std::vector<std::vector<Tensor>> parts(layout.outputs);
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<Datum> values(states.begin(), states.end());
    for (size_t i = 0; i < layout.scans; ++i) {
      const Tensor& whole = inputs[layout.states + i];
      NPU_TRY(const size_t axis, normalize_axis(ctx, layout.batched() ? 0 : value_at(ctx.node(), "scan_input_axes", i), whole.shape().size()));
      NPU_TRY(values.emplace_back(), slice_at(ctx, whole, axis, is_reversed(ctx, layout, i) ? steps - 1 - step : step));
    }
    values.insert(values.end(), captured.begin(), captured.end());
    NPU_TRY(const auto results, run_body(ctx, body, values));
    for (size_t i = 0; i < layout.states; ++i) states[i] = results[i].tensor();
    for (size_t i = 0; i < layout.outputs; ++i) parts[i].push_back(results[layout.states + i].tensor());
  }
  for (size_t i = 0; i < layout.outputs; ++i) {
    if (layout.states + i >= ctx.output_count()) break;
    const bool reversed = value_at(ctx.node(), "scan_output_directions", i) == 1;
    if (reversed) std::ranges::reverse(parts[i]);
    NPU_TRY(states.emplace_back(), collected(ctx, parts[i], ctx.output_type(layout.states + i), layout.batched() ? 0 : value_at(ctx.node(), "scan_output_axes", i)));
  }
  return states;
}

Result<int64_t> steps_of(const DatumContext& ctx, const Layout& layout, const std::vector<Tensor>& inputs) {
  int64_t steps = -1;
  for (size_t i = 0; i < layout.scans; ++i) {
    const npu::Shape& shape = inputs[layout.states + i].shape();
    NPU_TRY(const size_t axis, normalize_axis(ctx, layout.batched() ? 0 : value_at(ctx.node(), "scan_input_axes", i), shape.size()));
    if (steps >= 0 && shape[axis] != steps) return ctx.error(fmt::format("scanned inputs of lengths {} and {}", steps, shape[axis]));
    steps = shape[axis];
  }
  return steps;
}

// Every entry of the batch on its own; behind a shorter sequence the collected outputs are zeros.
DatumsResult scan_batch(const DatumContext& ctx, const Layout& layout) {
  const Tensor& first = ctx.input(1).tensor();
  const int64_t batch = first.shape().empty() ? 0 : first.shape()[0];
  if (batch == 0) return ctx.error("the batch is empty");
  std::vector<std::vector<Tensor>> entries;  // of each output
  for (int64_t b = 0; b < batch; ++b) {
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < layout.states + layout.scans; ++i) {
      NPU_TRY(inputs.emplace_back(), slice_at(ctx, ctx.input(1 + i).tensor(), 0, b));
    }
    NPU_TRY(const int64_t whole, steps_of(ctx, layout, inputs));
    int64_t steps = whole;
    if (ctx.has_input(0)) {
      const auto lengths = ctx.input(0).tensor().to_ints();
      if (static_cast<int64_t>(lengths.size()) != batch || lengths[static_cast<size_t>(b)] < 0 || lengths[static_cast<size_t>(b)] > whole)
        return ctx.error(fmt::format("sequence_lens does not fit a batch of {} with {} steps", batch, whole));
      steps = lengths[static_cast<size_t>(b)];
    }
    NPU_TRY(auto results, scan(ctx, layout, std::move(inputs), steps));
    for (size_t i = layout.states; i < results.size() && steps < whole; ++i) {
      npu::Shape rest = results[i].shape();
      rest[0] = whole - steps;
      const Tensor parts[] = {results[i], Tensor(results[i].dtype(), rest)};
      NPU_TRY(results[i], concatenated(ctx, parts, 0));
    }
    entries.resize(results.size());
    for (size_t i = 0; i < results.size(); ++i) entries[i].push_back(std::move(results[i]));
  }
  std::vector<Datum> outputs;
  for (const auto& parts : entries) {
    NPU_TRY(outputs.emplace_back(), stacked(ctx, parts, 0));
  }
  return outputs;
}

DatumsResult evaluate(const DatumContext& ctx) {
  NPU_TRY(const Layout layout, layout_of(ctx, *ctx.node().graph_attr("body")));
  if (layout.batched()) return scan_batch(ctx, layout);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < layout.states + layout.scans; ++i) inputs.push_back(ctx.input(i).tensor());
  NPU_TRY(const int64_t steps, steps_of(ctx, layout, inputs));
  NPU_TRY(const auto results, scan(ctx, layout, std::move(inputs), steps));
  return std::vector<Datum>(results.begin(), results.end());
}

}  // namespace

extern constinit const OpDef Scan{
    .name = "Scan",
    .since = 8,
    .min_inputs = 0,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "A sub-graph run once for each slice of the scanned inputs, with states carried along and outputs collected",
    .evaluate = evaluate,
};

}  // namespace npu::op
