// SPDX-License-Identifier: Apache-2.0
// y = scale[c] * x + shift[c], and moving it into the weights of the layer that produces x.
#pragma once

#include "compiler/passes/rewrite.h"

namespace npu::pass {

struct Affine {
  std::vector<double> scale, shift;  // one for each channel; scale empty: all 1
};

// A constant that has one value for each of `channels` along axis 1 (or one for all), as operand i of the node.
std::optional<std::vector<double>> per_channel(const Graph& graph, const Node& node, size_t i, int64_t channels);

// The layers that can take an affine function of their output: Conv, ConvTranspose, canonical Gemm, MatMul of matrices.
bool is_linear(const Node& node);
// Why the layer cannot, or empty.
std::string reject_affine(const Graph& graph, const Node& layer);
// Precondition: reject_affine is empty. New constants replace the layer's weights and bias; a MatMul becomes a Gemm.
void apply_affine(Graph& graph, NodeId layer, const Affine& affine, Names& names);

}  // namespace npu::pass
