// SPDX-License-Identifier: Apache-2.0
// The rewrites of the canonicalise pass: one row an operator, in several files by theme.
#pragma once

#include "compiler/passes/rewrite.h"

namespace npu::pass {

struct Canonical {
  Graph& graph;
  Names names;
};

// What a rule did with the node: nothing, changed it in place, or removed it.
enum class Rewritten { No, Yes };
using CanonicalRule = Rewritten (*)(Canonical&, NodeId);

// canonicalise_shapes.cpp
Rewritten to_reshape(Canonical&, NodeId);  // Reshape, Flatten, Squeeze, Unsqueeze
Rewritten spell_transpose(Canonical&, NodeId);
Rewritten spell_auto_pad(Canonical&, NodeId);       // Conv, MaxPool, AveragePool
Rewritten global_average_pool(Canonical&, NodeId);  // AveragePool over the whole image
Rewritten reduce_to_global_pool(Canonical&, NodeId);

// canonicalise_gemm.cpp
Rewritten normalise_gemm(Canonical&, NodeId);

}  // namespace npu::pass
