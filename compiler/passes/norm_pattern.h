// SPDX-License-Identifier: Apache-2.0
// What normalisations over trailing axes have in common where they are written out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/passes/rewrite.h"

namespace npu::pass {

// scale * normal(x) + shift
struct NormMatch {
  ValueId x = kNone;
  size_t axis = 0;            // the first normalised one
  double epsilon = 0;
  std::vector<NodeId> nodes;  // what gives normal(x), then Mul and Add as far as they are there; the last one gives the result
  ValueId scale = kNone, shift = kNone;
};

// A mean over all axes from some axis on, which are kept as ones.
std::optional<size_t> mean_from_axis(const Graph& graph, const Node& node);

// sqrt(ReduceMean(v * v) + epsilon): v, where the mean begins, and epsilon.
struct RootMeanSquare {
  ValueId v = kNone;
  size_t axis = 0;
  double epsilon = 0;
};
std::optional<RootMeanSquare> match_root_mean_square(const Graph& graph, ValueId root);

// The constant operand of `op` behind the match, when it is one value for each normalised element; its node joins the match.
ValueId take_parameter(const Graph& graph, NormMatch& match, std::string_view op);

// The last node of the match becomes `op` of x, scale (ones where there is none) and, if there is one, shift.
void replace_by_norm(Graph& graph, const NormMatch& match, std::string op, Names& names);

}  // namespace npu::pass
