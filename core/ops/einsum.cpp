// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/position.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"equation", AttrKind::String, "required"}};

// Letters, and for the axes of an ellipsis numbers below zero: -1 is the last of them.
using Labels = std::vector<int>;

struct Equation {
  std::vector<Labels> terms;
  Labels output;
};

template <class Context>
Result<Labels> labels_of(const Context& ctx, std::string_view term, size_t rank, bool is_output) {
  const size_t dots = term.find("...");
  Labels labels;
  size_t letters = 0;
  for (const char c : term) letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const size_t hidden = dots == term.npos ? 0 : is_output ? rank : rank - std::min(rank, letters);
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (size_t k = hidden; k > 0; --k) labels.push_back(-static_cast<int>(k));
      i += 2;
    } else if ((term[i] >= 'a' && term[i] <= 'z') || (term[i] >= 'A' && term[i] <= 'Z')) {
      labels.push_back(term[i]);
    } else {
      return ctx.error(fmt::format("'{}' in the equation's term '{}'", term[i], term));
    }
  }
  if (!is_output && labels.size() != rank) return ctx.error(fmt::format("the term '{}' for an input of rank {}", term, rank));
  return labels;
}

// Without an arrow the output has the axes of the ellipses and every letter that occurs once, in alphabetical order.
Labels implicit_output(const Equation& equation, size_t hidden) {
  Labels output;
  for (size_t k = hidden; k > 0; --k) output.push_back(-static_cast<int>(k));
  std::map<int, int> counts;
  for (const Labels& term : equation.terms)
    for (const int label : term) ++counts[label];
  for (const auto& [label, count] : counts)
    if (label > 0 && count == 1) output.push_back(label);
  return output;
}

template <class Context>
Result<Equation> parse(const Context& ctx, std::span<const size_t> ranks) {
  std::string text = ctx.node().string_attr("equation", "");
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);
  Equation equation;
  size_t hidden = 0;
  for (size_t i = 0;; ++i) {
    const size_t comma = left.find(',');
    if (i >= ranks.size()) return ctx.error(fmt::format("the equation '{}' has more terms than the {} inputs", text, ranks.size()));
    NPU_TRY(equation.terms.emplace_back(), labels_of(ctx, left.substr(0, comma), ranks[i], false));
    hidden = std::max(hidden, static_cast<size_t>(std::ranges::count_if(equation.terms.back(), [](int label) { return label < 0; })));
    if (comma == left.npos) break;
    left.remove_prefix(comma + 1);
  }
  if (equation.terms.size() != ranks.size()) return ctx.error(fmt::format("the equation '{}' has {} terms for {} inputs", text, equation.terms.size(), ranks.size()));
  if (arrow == text.npos) {
    equation.output = implicit_output(equation, hidden);
  } else {
    NPU_TRY(equation.output, labels_of(ctx, std::string_view(text).substr(arrow + 2), hidden, true));
  }
  for (const int label : equation.output) {
    const bool known = std::ranges::any_of(equation.terms, [&](const Labels& term) { return std::ranges::count(term, label) > 0; });
    if (!known || std::ranges::count(equation.output, label) > 1) return ctx.error(fmt::format("the output of the equation '{}' has an axis that the inputs have not, or twice", text));
  }
  return equation;
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  std::vector<size_t> ranks;
  for (size_t i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
    NPU_CHECK(require_same_dtype(ctx, i));
    if (!ctx.input(i).has_rank) return std::vector{unranked(ctx.input(0).dtype)};
    ranks.push_back(ctx.input(i).dims.size());
  }
  NPU_TRY(const Equation equation, parse(ctx, ranks));
  std::map<int, Dim> sizes;
  for (size_t i = 0; i < equation.terms.size(); ++i)
    for (size_t axis = 0; axis < ranks[i]; ++axis) {
      const Dim& dim = ctx.input(i).dims[axis];
      const auto [found, is_new] = sizes.try_emplace(equation.terms[i][axis], dim);
      if (!is_new && !broadcast_dim(found->second, dim))
        return ctx.error(fmt::format("axis {} of input {} is {}, elsewhere its letter is {}", axis, i, dim.value(), found->second.value()));
    }
  Dims dims;
  for (const int label : equation.output) dims.push_back(sizes[label]);
  return std::vector{TensorType::of(ctx.input(0).dtype, std::move(dims))};
}

// A tensor whose axes have labels, each once after the first contraction.
template <class T>
struct Operand {
  std::vector<T> values;
  npu::Shape shape;
  Labels labels;

  // The step of a label: the sum over the axes that have it, without those that are broadcast.
  int64_t stride_of(int label) const {
    const npu::Shape strides = row_major_strides(shape);
    int64_t sum = 0;
    for (size_t i = 0; i < labels.size(); ++i)
      if (labels[i] == label && shape[i] != 1) sum += strides[i];
    return sum;
  }
};

// The product of both, summed over the labels that `kept` does not hold.
template <class T>
Operand<T> contract(const Operand<T>& a, const Operand<T>& b, const Labels& kept, const std::map<int, int64_t>& sizes) {
  Operand<T> result;
  Labels summed;
  for (const Operand<T>* operand : {&a, &b})
    for (const int label : operand->labels) {
      Labels& list = std::ranges::count(kept, label) > 0 ? result.labels : summed;
      if (std::ranges::count(list, label) == 0) list.push_back(label);
    }
  const auto plan = [&](const Labels& labels, npu::Shape& shape, npu::Shape& a_strides, npu::Shape& b_strides) {
    for (const int label : labels) {
      // A label that only has axes of extent 1 in these operands counts once; a later operand broadcasts it.
      const int64_t a_stride = a.stride_of(label), b_stride = b.stride_of(label);
      const bool present = a_stride != 0 || b_stride != 0;
      shape.push_back(present ? sizes.at(label) : 1), a_strides.push_back(a_stride), b_strides.push_back(b_stride);
    }
  };
  npu::Shape inner, a_outer, b_outer, a_inner, b_inner;
  plan(result.labels, result.shape, a_outer, b_outer);
  plan(summed, inner, a_inner, b_inner);
  result.values.assign(static_cast<size_t>(element_count(result.shape)), T{});
  const int64_t count = element_count(inner);
  Position at(result.shape);
  for (T& value : result.values) {
    Position step(inner);
    T sum{};
    for (int64_t i = 0; i < count; ++i, step.next())
      sum += a.values[static_cast<size_t>(at.offset(a_outer) + step.offset(a_inner))] * b.values[static_cast<size_t>(at.offset(b_outer) + step.offset(b_inner))];
    value = sum;
    at.next();
  }
  return result;
}

template <class T, class Read>
Result<Operand<T>> evaluate(const EvalContext& ctx, const Equation& equation, Read read) {
  std::map<int, int64_t> sizes;
  for (size_t i = 0; i < equation.terms.size(); ++i)
    for (size_t axis = 0; axis < equation.terms[i].size(); ++axis) {
      int64_t& size = sizes.try_emplace(equation.terms[i][axis], 1).first->second;
      if (ctx.input(i).shape()[axis] != 1) size = ctx.input(i).shape()[axis];
    }
  Operand<T> result{{T{1}}, {}, {}};
  for (size_t i = 0; i < equation.terms.size(); ++i) {
    Labels kept = equation.output;
    for (size_t later = i + 1; later < equation.terms.size(); ++later) kept.insert(kept.end(), equation.terms[later].begin(), equation.terms[later].end());
    const Operand<T> next{read(ctx.input(i)), ctx.input(i).shape(), equation.terms[i]};
    double steps = 1;
    Labels all = result.labels;
    all.insert(all.end(), next.labels.begin(), next.labels.end());
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    for (const int label : all) steps *= static_cast<double>(sizes[label]);
    if (steps > 0x1.0p40) return ctx.error(fmt::format("needs {} multiplications at input {}", steps, i));
    result = contract(result, next, kept, sizes);
  }
  return result;
}

// The result's axes in the order of the output.
template <class T>
Tensor ordered(const Operand<T>& result, const Labels& output, DType dtype) {
  npu::Shape shape, strides;
  for (const int label : output) {
    const auto at = static_cast<size_t>(std::ranges::find(result.labels, label) - result.labels.begin());
    shape.push_back(result.shape[at]), strides.push_back(row_major_strides(result.shape)[at]);
  }
  Tensor y(dtype, shape);
  Position position(shape);
  for (T& value : y.mutable_data<T>()) {
    value = result.values[static_cast<size_t>(position.offset(strides))];
    position.next();
  }
  return y;
}

TensorsResult reference(const EvalContext& ctx) {
  std::vector<size_t> ranks;
  for (size_t i = 0; i < ctx.input_count(); ++i) ranks.push_back(ctx.input(i).shape().size());
  NPU_TRY(const Equation equation, parse(ctx, ranks));
  for (size_t i = 0; i < ctx.input_count(); ++i)
    if (ctx.input(i).elements() == 0) return std::vector{Tensor(ctx.output_dtype(0), ctx.output_shape(0))};
  if (is_float(ctx.input(0).dtype())) {
    NPU_TRY(const auto result, evaluate<double>(ctx, equation, [](const Tensor& t) { return t.to_doubles(); }));
    return std::vector{ordered(result, equation.output, DType::Float64).cast(ctx.output_dtype(0))};
  }
  NPU_TRY(const auto result, evaluate<uint64_t>(ctx, equation, [](const Tensor& t) {
    const auto values = t.to_ints();
    return std::vector<uint64_t>(values.begin(), values.end());
  }));
  return std::vector{ordered(result, equation.output, DType::UInt64).cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef Einsum{
    .name = "Einsum",
    .since = 12,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Sums of products as the equation says: each letter an axis, letters that the output lacks are summed over",
};

}  // namespace npu::op
