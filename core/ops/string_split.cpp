// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/strings.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"delimiter", AttrKind::String, ""}, {"maxsplit", AttrKind::Int, ""}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_strings(ctx, 0));
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{unranked(DType::String), unranked(DType::Int64)};
  Dims dims = x.dims;
  dims.push_back(Dim());
  return std::vector{TensorType::of(DType::String, std::move(dims)), TensorType::of(DType::Int64, x.dims)};
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Runs of white space separate; those at the ends count for nothing.
std::vector<std::string> split_at_spaces(std::string_view text, size_t most) {
  std::vector<std::string> parts;
  const auto skip = [&] {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  };
  for (skip(); !text.empty(); skip()) {
    if (parts.size() == most) {
      parts.emplace_back(text);
      break;
    }
    const auto length = static_cast<size_t>(std::ranges::find_if(text, is_space) - text.begin());
    parts.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return parts;
}

std::vector<std::string> split_at(std::string_view text, std::string_view delimiter, size_t most) {
  std::vector<std::string> parts;
  for (size_t at; parts.size() < most && (at = text.find(delimiter)) != text.npos;) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + delimiter.size());
  }
  parts.emplace_back(text);
  return parts;
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const std::string delimiter = ctx.node().string_attr("delimiter", "");
  const int64_t given = ctx.node().int_attr("maxsplit", -1);
  const size_t most = given < 0 ? static_cast<size_t>(-1) : static_cast<size_t>(given);
  std::vector<std::vector<std::string>> parts;
  Tensor counts(DType::Int64, x.shape());
  size_t width = 0;
  for (const std::string& text : x.strings()) {
    parts.push_back(delimiter.empty() ? split_at_spaces(text, most) : split_at(text, delimiter, most));
    counts.mutable_data<int64_t>()[parts.size() - 1] = static_cast<int64_t>(parts.back().size());
    width = std::max(width, parts.back().size());
  }
  if (parts.size() * std::max<size_t>(width, 1) > (size_t{1} << 26)) return ctx.error(fmt::format("{} strings of up to {} parts", parts.size(), width));
  std::vector<std::string> texts;
  for (auto& list : parts) {
    list.resize(width);
    texts.insert(texts.end(), list.begin(), list.end());
  }
  npu::Shape shape = x.shape();
  shape.push_back(static_cast<int64_t>(width));
  return std::vector{Tensor::of_strings(shape, std::move(texts)), std::move(counts)};
}

}  // namespace

extern constinit const OpDef StringSplit{
    .name = "StringSplit",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 2,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Each string split at the delimiter, or at white space, filled up with empty strings; and how many parts there are",
    .arrive = Arrive::AsTheyAre,
    .from_values = true,
};

}  // namespace npu::op
