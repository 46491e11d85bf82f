// SPDX-License-Identifier: Apache-2.0
// Einsum of two operands as a stack of matrix products: [shared and kept..., left's own, summed] x [shared and kept..., summed, right's own].
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

struct Equation {
  std::string left, right, result;  // a letter an axis
};

bool has_twice(std::string letters) {
  std::ranges::sort(letters);
  return std::ranges::adjacent_find(letters) != letters.end();
}

// Two operands and a result that is written out, each letter once in each.
std::optional<Equation> read_equation(std::string text) {
  std::erase(text, ' ');
  const size_t comma = text.find(','), arrow = text.find("->");
  if (comma == text.npos || arrow == text.npos || comma > arrow || text.find(',', comma + 1) != text.npos || text.find('.') != text.npos) return std::nullopt;
  Equation e{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
  if (has_twice(e.left) || has_twice(e.right) || has_twice(e.result)) return std::nullopt;
  return e;
}

// The letters of `from` for which `wanted` holds, in their order.
template <class F>
std::string letters_of(const std::string& from, F&& wanted) {
  std::string found;
  std::ranges::copy_if(from, std::back_inserter(found), wanted);
  return found;
}

std::vector<int64_t> places(const std::string& order, const std::string& in) {
  std::vector<int64_t> perm;
  for (const char letter : order) perm.push_back(static_cast<int64_t>(in.find(letter)));
  return perm;
}

}  // namespace

std::optional<Left> einsum_to_product(Decompose& d) {
  const std::string text = d.node().string_attr("equation", "");
  const auto e = read_equation(text);
  if (!e || d.node().inputs.size() != 2 || d.input_shape(0).size() != e->left.size() || d.input_shape(1).size() != e->right.size())
    return Left{fmt::format("equation '{}'", text)};
  const auto in = [](const std::string& letters) { return [&letters](char c) { return letters.find(c) != letters.npos; }; };
  const auto in_left = in(e->left), in_right = in(e->right), in_result = in(e->result);
  const std::string batch = letters_of(e->left, [&](char c) { return in_right(c) && in_result(c); }), own_left = letters_of(e->left, [&](char c) { return !in_right(c); }),
                    own_right = letters_of(e->right, [&](char c) { return !in_left(c); }), summed = letters_of(e->left, [&](char c) { return in_right(c) && !in_result(c); });
  const std::string product = batch + own_left + own_right;
  if (product.size() != e->result.size() || !std::ranges::all_of(product, in_result)) return Left{fmt::format("equation '{}' sums over one operand", text)};

  const Shape x = d.input_shape(0), y = d.input_shape(1);
  const auto size = [&](char c) { return in_left(c) ? x[e->left.find(c)] : y[e->right.find(c)]; };
  for (const char c : batch + summed)
    if (x[e->left.find(c)] != y[e->right.find(c)]) return Left{fmt::format("equation '{}' broadcasts '{}'", text, c)};
  const auto sizes = [&](const std::string& letters) {
    Shape shape;
    for (const char c : letters) shape.push_back(size(c));
    return shape;
  };
  const auto matrices = [&](const std::string& rows, const std::string& columns) {
    Shape shape = sizes(batch);
    shape.push_back(element_count(sizes(rows)));
    shape.push_back(element_count(sizes(columns)));
    return shape;
  };
  const std::vector<ValueId> inputs = d.node().inputs;
  const ValueId a = d.reshape(d.transpose(inputs[0], places(batch + own_left + summed, e->left)), matrices(own_left, summed));
  const ValueId b = d.reshape(d.transpose(inputs[1], places(batch + summed + own_right, e->right)), matrices(summed, own_right));
  d.become_transpose(d.reshape(d.add("MatMul", {a, b}), sizes(product)), places(e->result, product));
  return std::nullopt;
}

}  // namespace npu::pass
