// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/om/model.h"

namespace npu::test {

// One of everything a compiled model has: an AI-core task of two blocks and a task for the AI CPU.
inline CompiledModel sample_model() {
  CompiledModel model;
  model.name = "sample";
  model.soc = "Ascend310";
  model.command_line = "atc --model=sample.onnx --framework=5";
  model.graph = *parse_graph(R"(graph "sample graph" opset 13
input %x : float16[1,16,4,4]
const %w : float16[1,2] @FRACTAL_Z = [1.0, -2.0]
%x5 : float16[1,16,4,4] @NC1HWC0 = TransData(%x) {dst_format="NC1HWC0", src_format="NCHW"} "to_5hd" engine=AI_CORE task=0 from=[]
%c : float16[1,16,4,4] @NC1HWC0 = Conv(%x5, %w, _) {alpha=0.5, empty=ints[], names=["a", "b"], pads=[1, 1, 1, 1], scales=[0.5, 2.0], table=int64[3] [7, 8, 9]} "same name" engine=AI_CORE task=0 from=["conv", "bn"]
%r : float16[1,16,4,4] @NC1HWC0 = Relu(%c) "same name" engine=AI_CORE task=0
%y : float32[1,16,8,8], _ = Resize(%r, _, _) {mode="nearest"} engine=AI_CPU task=1
output %y
output %x
)");
  // An id that is not a place in the order: nodes come and go during passes.
  Node extra;
  extra.op = "Relu";
  model.graph.erase(model.graph.insert_before(model.graph.order()[0], extra));

  Task conv;
  conv.name = "same name";
  conv.op_type = "Conv2D";
  conv.fused = {"TransData", "Conv2D", "Relu"};
  conv.vector_task = true;
  conv.nodes = {model.graph.order()[0], model.graph.order()[1], model.graph.order()[2]};
  conv.inputs = {{"x", DType::Float16, {1, 16, 4, 4}, Format::ND, kArenaBase, 512},
                 {"w", DType::Float16, {1, 2}, Format::FRACTAL_Z, 0, 512}};
  conv.outputs = {{"r", DType::Float16, {1, 16, 4, 4}, Format::NC1HWC0, kArenaBase + 1024, 512}};
  const Instr mask = make_instr(Opcode::SetVectorMask, {-1, 255});
  const Instr barrier = make_instr(Opcode::PipeBarrier, {kPipeAll});
  conv.blocks = {{mask, barrier, mask}, {barrier}};
  conv.workspace_address = kArenaBase + 4096;
  conv.workspace_bytes = 64;
  conv.macs = 123456789012345;
  Task resize;
  resize.name = "y";
  resize.op_type = "Resize";
  resize.engine = Engine::AiCpu;
  resize.nodes = {model.graph.order()[3]};
  resize.inputs = {conv.outputs[0], {}};
  resize.outputs = {{"y", DType::Float32, {1, 16, 8, 8}, Format::ND, kArenaBase + 2048, 4096}};
  model.tasks = {conv, resize};
  model.inputs = {conv.inputs[0]};
  model.outputs = {resize.outputs[0], conv.inputs[0]};
  model.weights = std::make_shared<const std::vector<std::byte>>(1024, std::byte{7});
  model.arena_bytes = 8192;
  model.lives = {{"x", 0, 512, 0, 1}, {"r", 1024, 512, 0, 1}};
  return model;
}

}  // namespace npu::test
