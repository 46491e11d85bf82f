// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/ops/detail/strings.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"case_change_action", AttrKind::String, "NONE"}, {"is_case_sensitive", AttrKind::Int, "0"},
                              {"locale", AttrKind::String, ""}, {"stopwords", AttrKind::Strings, ""}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_strings(ctx, 0));
  const std::string action = ctx.node().string_attr("case_change_action", "NONE");
  if (action != "NONE" && action != "LOWER" && action != "UPPER") return ctx.error(fmt::format("case_change_action '{}' is not known", action));
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{unranked(DType::String)};
  const bool fits = x.dims.size() == 1 || (x.dims.size() == 2 && (!x.dims[0].known() || x.dims[0].value() == 1));
  if (!fits) return ctx.error(fmt::format("input 0 is of shape {}, needs a vector or one row", to_string(x.dims)));
  Dims dims(x.dims.size());
  if (dims.size() == 2) dims[0] = Dim(1);
  return std::vector{TensorType::of(DType::String, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const bool sensitive = ctx.node().int_attr("is_case_sensitive", 0) != 0;
  const std::string action = ctx.node().string_attr("case_change_action", "NONE");
  std::vector<std::string> stopwords;
  if (const Attr* given = ctx.node().find_attr("stopwords")) stopwords = std::get<std::vector<std::string>>(*given);
  const auto compared = [&](const std::string& text) { return sensitive ? text : lower_case(text); };
  std::set<std::string> stops;
  for (const std::string& word : stopwords) stops.insert(compared(word));
  std::vector<std::string> texts;
  for (const std::string& text : ctx.input(0).strings())
    if (!stops.contains(compared(text))) texts.push_back(action == "LOWER" ? lower_case(text) : action == "UPPER" ? upper_case(text) : text);
  if (texts.empty()) texts.emplace_back();
  npu::Shape shape(ctx.input(0).shape().size(), 1);
  shape.back() = static_cast<int64_t>(texts.size());
  return std::vector{Tensor::of_strings(shape, std::move(texts))};
}

}  // namespace

extern constinit const OpDef StringNormalizer{
    .name = "StringNormalizer",
    .since = 10,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The strings without the stopwords, in lower or upper case if asked for (ASCII letters); one empty string when none is left",
    .arrive = Arrive::AsTheyAre,
    .from_values = true,
};

}  // namespace npu::op
