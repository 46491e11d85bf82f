// SPDX-License-Identifier: Apache-2.0
// What the compiler makes and the runtime runs: tasks with instruction streams, weights and a memory plan.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/isa/program.h"

namespace npu {

inline constexpr int64_t kTensorAlign = 512;  // offsets of weights and activations
// Room after each tensor, so that reads of whole 32-byte blocks stay inside (vendor: size + 32 rounded to 32).
inline constexpr int64_t kTensorSlack = 32;

struct TensorDesc {
  std::string name;
  DType dtype = DType::Undefined;
  Shape shape;                   // logical
  Format format = Format::ND;
  int64_t address = 0;           // device address
  int64_t bytes = 0;             // of the physical layout, without slack
};

struct Task {
  std::string name;              // of the last node, as the vendor's op_summary shows it
  std::string op_type;           // "Conv2D", "Add", ...; fused: the anchor's, with the followers in `fused`
  std::vector<std::string> fused;  // operator types in order, the anchor first
  Engine engine = Engine::AiCore;
  bool vector_task = false;      // no cube instructions (runs on the vector cores of split chips)
  std::vector<NodeId> nodes;     // of CompiledModel::graph
  std::vector<TensorDesc> inputs;
  std::vector<TensorDesc> outputs;
  std::vector<Program> blocks;   // AI core: one stream for each block; AI CPU: empty
  int64_t workspace_address = 0;
  int64_t workspace_bytes = 0;
  int64_t macs = 0;              // multiply-accumulates of the model's mathematics, without padding
};

// Where a buffer lives in the arena and from which task to which (inclusive): the memory map over time.
struct BufferLife {
  std::string name;
  int64_t offset = 0;            // in the arena
  int64_t bytes = 0;
  int32_t first_task = 0;
  int32_t last_task = 0;

  int64_t room() const { return (bytes + kTensorSlack + kTensorAlign - 1) / kTensorAlign * kTensorAlign; }  // that it takes
};

// The most room that buffers take at one time: no placement needs less.
int64_t peak_live_bytes(std::span<const BufferLife> lives);

// A compiled model's graph keeps the values of constants up to this many elements: the tasks read them from the weights.
inline constexpr int64_t kMaxStoredConstant = 1024;

struct CompiledModel {
  std::string name;
  std::string soc;               // Soc::name
  std::string framework = "ONNX";
  std::string command_line;      // of atc
  Graph graph;                   // after all passes, without the elements of large constants
  std::shared_ptr<const std::vector<std::byte>> weights;
  int64_t arena_bytes = 0;
  std::vector<TensorDesc> inputs;
  std::vector<TensorDesc> outputs;
  std::vector<Task> tasks;       // in execution order
  std::vector<BufferLife> lives;
};

}  // namespace npu
