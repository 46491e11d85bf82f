// SPDX-License-Identifier: Apache-2.0
// One lowering a family: fills Task::blocks and Task::macs. Preconditions: the family's reject() said nullopt.
#pragma once

#include "compiler/lower/cube.h"
#include "compiler/lower/rule.h"

namespace npu {

CubeProblem conv_problem(const Graph& graph, const Node& node);
std::optional<std::string> reject_conv(const Graph&, const Node&, const Soc&);
// Why a convolution that the AI core runs cannot read its input as NC1HWC0_C04, or nullopt.
std::optional<std::string> reject_small_channels(const Graph&, const Node&, const Soc&);
Status lower_conv(LowerContext&, const TaskSpec&, Task&);

Layout aipp_layout(const Graph&, const Node&);
std::optional<std::string> reject_aipp(const Graph&, const Node&, const Soc&);
// Why the convolution cannot be part of the task that loads its image, or nullopt.
std::optional<std::string> reject_image_conv(const Graph&, const Node&, const Soc&);
Status lower_aipp(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_matmul(const Graph&, const Node&, const Soc&);
Status lower_matmul(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_attention(const Graph&, const Node&, const Soc&);
Status lower_attention(LowerContext&, const TaskSpec&, Task&);

Layout elementwise_layout(const Graph&, const Node&);
std::optional<std::string> reject_vector(const Graph&, const Node&, const Soc&);
Status lower_elementwise(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_pool(const Graph&, const Node&, const Soc&);
Status lower_pool(LowerContext&, const TaskSpec&, Task&);

Layout reduce_layout(const Graph&, const Node&);
std::optional<std::string> reject_reduce(const Graph&, const Node&, const Soc&);
Status lower_reduce(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_softmax(const Graph&, const Node&, const Soc&);
Status lower_softmax(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_layer_norm(const Graph&, const Node&, const Soc&);
Status lower_layer_norm(LowerContext&, const TaskSpec&, Task&);

Layout move_layout(const Graph&, const Node&);
std::optional<std::string> reject_move(const Graph&, const Node&, const Soc&);
Status lower_move(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_trans_data(const Graph&, const Node&, const Soc&);
Status lower_trans_data(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_qconv(const Graph&, const Node&, const Soc&);
Status lower_qconv(LowerContext&, const TaskSpec&, Task&);
// Why the sum `next` cannot be part of the convolution's task, or nullopt.
std::optional<std::string> reject_conv_residual(const Graph&, const Soc&, const TaskSpec&, const Node& next);
std::optional<std::string> reject_qgemm(const Graph&, const Node&, const Soc&);
Status lower_qgemm(LowerContext&, const TaskSpec&, Task&);

Layout quantized_layout(const Graph&, const Node&);
// Why a QuantizeLinear's bytes cannot become the image in its task, or nullopt.
std::optional<std::string> reject_quantized_image(const Graph&, const Soc&, const TaskSpec&, const Node& trans_data);
Status lower_quantized_image(LowerContext&, const TaskSpec&, Task&);
std::optional<std::string> reject_quantized(const Graph&, const Node&, const Soc&);
Status lower_quantized(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_select(const Graph&, const Node&, const Soc&);
Status lower_select(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_gather(const Graph&, const Node&, const Soc&);
Status lower_gather(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_recurrent(const Graph&, const Node&, const Soc&);
Status lower_recurrent(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_arg(const Graph&, const Node&, const Soc&);
Status lower_arg(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_top_k(const Graph&, const Node&, const Soc&);
Status lower_top_k(LowerContext&, const TaskSpec&, Task&);

std::optional<std::string> reject_rotary(const Graph&, const Node&, const Soc&);
// Why tables of these shapes cannot turn the rows of x as one task, or nullopt.
std::optional<std::string> reject_rotary_shapes(const Soc&, const Shape& x, const Shape& cos, const Shape& sin);
Status lower_rotary(LowerContext&, const TaskSpec&, Task&);

Layout view_layout(const Graph&, const Node&);
std::optional<std::string> reject_view(const Graph&, const Node&, const Soc&);

}  // namespace npu
