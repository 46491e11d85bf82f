// SPDX-License-Identifier: Apache-2.0
// Models whose programs are made when they run.
#pragma once

#include <span>

#include "compiler/compile.h"

namespace npu {

// Whether one program cannot do: a dimension of `given` is open, or shapes depend on data, or a node needs what compiled models do
// not hold (sub-graphs, sequences, strings) while every input's shape is known and the passes do not fold it away. What is wrong
// with the model is left to compile().
bool is_open_model(const Graph& graph, std::span<const InputShape> given, const CompileOptions& options);

// given: shapes of some inputs; the others must be fixed by the model. InvalidArgument where they contradict each other, and
// errors of inference as far as the shapes are known.
Result<OpenModel> make_open_model(Graph graph, std::span<const InputShape> given, const CompileOptions& options);

}  // namespace npu
