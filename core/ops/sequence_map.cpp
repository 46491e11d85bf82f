// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// The first input is a sequence; others are sequences of the same length, or tensors that every run gets.
constexpr AttrDef kAttrs[] = {{"body", AttrKind::Graph, "required"}};

TypesResult infer(const InferContext& ctx) {
  const Graph& body = *ctx.node().graph_attr("body");
  NPU_CHECK(require_sequence(ctx, 0));
  std::vector<TensorType> inputs;
  for (size_t i = 0; i + body.captures < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
    inputs.push_back(element_of(ctx.input(i)));
  }
  const auto captured = captured_types(ctx, body);
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  NPU_TRY(auto types, infer_body(ctx, body, inputs));
  for (TensorType& type : types) {
    if (!type.is_tensor()) return ctx.error(fmt::format("the body gives {}, needs tensors", to_string(type)));
    type = sequence_of(type);
  }
  return types;
}

DatumsResult evaluate(const DatumContext& ctx) {
  const Graph& body = *ctx.node().graph_attr("body");
  const size_t count = ctx.input(0).items().size();
  const auto captured = captured_values(ctx, body);
  std::vector<std::vector<Tensor>> results(ctx.output_count());
  for (size_t n = 0; n < count; ++n) {
    std::vector<Datum> inputs;
    for (size_t i = 0; i + body.captures < ctx.input_count(); ++i) {
      const Datum& input = ctx.input(i);
      if (input.is_sequence() && input.items().size() != count) return ctx.error(fmt::format("sequences of {} and {} elements", count, input.items().size()));
      inputs.push_back(input.is_sequence() ? Datum(input.items()[n]) : input);
    }
    inputs.insert(inputs.end(), captured.begin(), captured.end());
    NPU_TRY(const auto outputs, run_body(ctx, body, inputs));
    for (size_t i = 0; i < results.size() && i < outputs.size(); ++i) results[i].push_back(outputs[i].tensor());
  }
  std::vector<Datum> sequences;
  for (size_t i = 0; i < results.size(); ++i) sequences.push_back(Datum::sequence(ctx.output_type(i).dtype, std::move(results[i])));
  return sequences;
}

}  // namespace

extern constinit const OpDef SequenceMap{
    .name = "SequenceMap",
    .since = 17,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "A sub-graph run for every element of a sequence",
    .evaluate = evaluate,
};

}  // namespace npu::op
