// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"max_gram_length", AttrKind::Int, "required"}, {"max_skip_count", AttrKind::Int, "required"}, {"min_gram_length", AttrKind::Int, "required"},
    {"mode", AttrKind::String, "required"},         {"ngram_counts", AttrKind::Ints, "required"},  {"ngram_indexes", AttrKind::Ints, "required"},
    {"pool_int64s", AttrKind::Ints, ""},            {"pool_strings", AttrKind::Strings, ""},       {"weights", AttrKind::Floats, ""},
};

constexpr int64_t kMaxOutputs = int64_t{1} << 26;

template <class Context>
Result<int64_t> output_count(const Context& ctx) {
  int64_t largest = -1;
  for (const int64_t index : ctx.node().ints_attr("ngram_indexes")) {
    if (index < 0 || index >= kMaxOutputs) return ctx.error(fmt::format("ngram_indexes holds {}", index));
    largest = std::max(largest, index);
  }
  return largest + 1;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!is_string(x.dtype)) NPU_CHECK(require_index_type(ctx, 0));
  const std::string mode = ctx.node().string_attr("mode", "");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return ctx.error(fmt::format("mode '{}' is not known", mode));
  const int64_t least = ctx.node().int_attr("min_gram_length", 1), most = ctx.node().int_attr("max_gram_length", 1), skips = ctx.node().int_attr("max_skip_count", 0);
  if (least < 1 || most < least || most > 1000 || skips < 0 || skips > 100000)
    return ctx.error(fmt::format("grams of {} to {} with {} skips", least, most, skips));
  if (ctx.node().find_attr(is_string(x.dtype) ? "pool_strings" : "pool_int64s") == nullptr) return ctx.error(fmt::format("there is no pool for {}", to_string(x.dtype)));
  NPU_TRY(const int64_t outputs, output_count(ctx));
  if (!x.has_rank) return std::vector{unranked(DType::Float32)};
  if (x.dims.empty() || x.dims.size() > 2) return ctx.error(fmt::format("input 0 is of shape {}, needs rank 1 or 2", to_string(x.dims)));
  Dims dims{Dim(outputs)};
  if (x.dims.size() == 2) dims.insert(dims.begin(), x.dims[0]);
  return std::vector{TensorType::of(DType::Float32, std::move(dims))};
}

// From each n-gram of the pool to its number.
template <class T>
Result<std::map<std::vector<T>, size_t>> grams_of(const EvalContext& ctx, const std::vector<T>& pool) {
  const auto starts = ctx.node().ints_attr("ngram_counts");
  std::map<std::vector<T>, size_t> grams;
  size_t number = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    const int64_t end = n < starts.size() ? starts[n] : static_cast<int64_t>(pool.size());
    if (starts[n - 1] < 0 || starts[n - 1] > end || end > static_cast<int64_t>(pool.size()) || (end - starts[n - 1]) % static_cast<int64_t>(n) != 0)
      return ctx.error(fmt::format("the {}-grams lie in [{}, {}) of a pool of {}", n, starts[n - 1], end, pool.size()));
    for (int64_t at = starts[n - 1]; at < end; at += static_cast<int64_t>(n))
      grams.emplace(std::vector<T>(pool.begin() + at, pool.begin() + at + static_cast<int64_t>(n)), number++);
  }
  if (number != ctx.node().ints_attr("ngram_indexes").size())
    return ctx.error(fmt::format("{} grams and {} ngram_indexes", number, ctx.node().ints_attr("ngram_indexes").size()));
  return grams;
}

// Counts of the grams among the items: n of them, up to max_skip_count others between two.
template <class T>
void count_grams(const EvalContext& ctx, std::span<const T> items, const std::map<std::vector<T>, size_t>& grams, std::span<float> counts) {
  const auto indexes = ctx.node().ints_attr("ngram_indexes");
  const auto least = static_cast<size_t>(ctx.node().int_attr("min_gram_length", 1)), most = static_cast<size_t>(ctx.node().int_attr("max_gram_length", 1));
  const auto skips = static_cast<size_t>(ctx.node().int_attr("max_skip_count", 0));
  for (size_t n = least; n <= most; ++n)
    for (size_t step = 1; step <= (n == 1 ? 1 : skips + 1); ++step)
      for (size_t start = 0; start + (n - 1) * step < items.size(); ++start) {
        std::vector<T> gram;
        for (size_t i = 0; i < n; ++i) gram.push_back(items[start + i * step]);
        if (const auto found = grams.find(gram); found != grams.end()) counts[static_cast<size_t>(indexes[found->second])] += 1;
      }
}

template <class T>
TensorsResult vectorize(const EvalContext& ctx, std::span<const T> items, const std::vector<T>& pool) {
  NPU_TRY(const auto grams, grams_of(ctx, pool));
  Tensor y(DType::Float32, ctx.output_shape(0));
  const auto out = y.mutable_data<float>();
  const auto width = static_cast<size_t>(y.shape().back());
  const size_t rows = y.shape().size() == 2 ? static_cast<size_t>(y.shape()[0]) : 1, columns = rows == 0 ? 0 : items.size() / rows;
  const std::string mode = ctx.node().string_attr("mode", "");
  const auto weights = ctx.node().floats_attr("weights");
  for (size_t row = 0; row < rows; ++row) count_grams(ctx, items.subspan(row * columns, columns), grams, out.subspan(row * width, width));
  for (size_t i = 0; i < out.size() && mode != "TF"; ++i) {
    const float weight = i % width < weights.size() ? weights[i % width] : 1.0f;
    out[i] = mode == "IDF" ? (out[i] > 0 ? weight : 0.0f) : out[i] * weight;
  }
  return std::vector{std::move(y)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  if (is_string(x.dtype())) return vectorize<std::string>(ctx, x.strings(), std::get<std::vector<std::string>>(*ctx.node().find_attr("pool_strings")));
  return vectorize<int64_t>(ctx, x.to_ints(), ctx.node().ints_attr("pool_int64s"));
}

}  // namespace

extern constinit const OpDef TfIdfVectorizer{
    .name = "TfIdfVectorizer",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "How often the n-grams of a pool occur in each row, skips allowed; as a count, as a weight, or as their product",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
