// SPDX-License-Identifier: Apache-2.0
// What the vector unit does with rows, for other axes than the last: the axes are moved to the end, and back.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {

std::optional<Left> axis_to_last(Decompose& d) {
  const size_t rank = d.input_shape(0).size();
  const auto axis = axis_of(d.node(), -1, rank);
  const auto last = static_cast<int64_t>(rank) - 1;
  if (!axis || *axis == last) return Left{};
  // Exchanging the two axes is its own inverse.
  std::vector<int64_t> perm = identity_perm(rank);
  std::swap(perm[static_cast<size_t>(*axis)], perm.back());
  const ValueId turned = d.transpose(d.node().inputs[0], perm);
  d.become_transpose(d.add(d.node().op, {turned}, {{"axis", last}}), perm);
  return std::nullopt;
}

std::optional<Left> reduced_axes_to_last(Decompose& d) {
  const Shape x = d.input_shape(0);
  const Node node = d.node();
  if (node.find_attr("axes")) return Left{};
  if (input_of(node, 1) != kNone && d.constant(1) == nullptr) return Left{"axes computed at run time"};
  std::vector<int64_t> given = d.constant(1) ? d.constant(1)->to_ints() : std::vector<int64_t>{};
  if (given.empty() && node.int_attr("noop_with_empty_axes", 0) != 0) return Left{};
  const bool all = given.empty();
  if (all) given = identity_perm(x.size());
  const auto axes = normalise_axes(given, static_cast<int64_t>(x.size()));
  if (!axes || axes->empty()) return Left{};
  const int64_t first = static_cast<int64_t>(x.size() - axes->size());
  const bool trailing = axes->front() == first;
  const bool pixels = x.size() == 4 && *axes == std::vector<int64_t>{2, 3};
  if (!all && (trailing || pixels)) return Left{};
  std::vector<int64_t> perm;
  for (int64_t axis = 0; axis < static_cast<int64_t>(x.size()); ++axis)
    if (!std::ranges::binary_search(*axes, axis)) perm.push_back(axis);
  perm.insert(perm.end(), axes->begin(), axes->end());
  const ValueId turned = d.transpose(node.inputs[0], perm);
  std::vector<int64_t> last(axes->size());
  std::iota(last.begin(), last.end(), first);
  d.become_reshape(d.add(node.op, {turned, d.ints("axes", last)}, {{"keepdims", int64_t{0}}}));
  return std::nullopt;
}

std::optional<Left> arg_axis_to_last(Decompose& d) {
  const Node node = d.node();
  const size_t rank = d.input_shape(0).size();
  const auto axis = axis_of(node, 0, rank);
  const auto last = static_cast<int64_t>(rank) - 1;
  if (!axis || *axis == last) return Left{};
  std::vector<int64_t> perm = identity_perm(rank);
  perm.erase(perm.begin() + *axis);
  perm.push_back(*axis);
  const ValueId turned = d.transpose(node.inputs[0], perm);
  d.become_reshape(d.add(node.op, {turned}, {{"axis", last}, {"keepdims", int64_t{0}}, {"select_last_index", node.int_attr("select_last_index", 0)}}));
  return std::nullopt;
}

}  // namespace npu::pass
