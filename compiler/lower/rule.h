// SPDX-License-Identifier: Apache-2.0
// How operators run on the chip, as a table: one row an operator (lower.def), one file a family.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower/schedule.h"
#include "compiler/lower/weight_store.h"
#include "core/graph/graph.h"
#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu {

enum class Family : uint8_t {
  Conv,         // cube: convolutions, grouped and depthwise ones included
  MatMul,       // cube: MatMul, Gemm
  Attention,    // cube and vector: scores, softmax, context
  Elementwise,  // vector chain in UB; may follow a cube anchor or stand alone
  Pool,         // vector: MaxPool, AveragePool
  Reduce,       // vector: GlobalAveragePool, ReduceMean, ...
  Softmax,      // vector: rows
  LayerNorm,    // vector: rows
  Move,         // data movement by MTE: Concat, Slice, Pad, Transpose, ...
  TransData,    // format conversion
  QuantConv,    // cube: QLinearConv
  QuantMatMul,  // cube: QGemm
  Quantized,    // vector: quantise, dequantise and what is between 8-bit tensors
  Select,       // vector: comparisons, logic, Where
  Gather,       // data movement to places that data names
  Recurrent,    // cube and vector: DynamicLSTM, DynamicGRU
  Arg,          // vector: ArgMax, ArgMin
  TopK,         // vector: by sorting
  Rotary,       // vector: rows turned by tables of cosines and sines
  Aipp,         // an image on its way into L1, for the convolution behind it
  View,         // no task: the output shares the input's bytes (Reshape, Flatten, Squeeze, Identity ...)
};

// The layout a node wants for its activations.
enum class Layout : uint8_t {
  Any,    // layout-agnostic: same format on all activations, whichever it is
  Image,  // NC1HWC0
  Plain,  // ND / NCHW row-major
  Blocks, // reads row-major, leaves NC1HWC0
};

struct LowerRule {
  std::string_view op;
  Family family;
  // The layout this very node wants (it may depend on shapes and attributes).
  Layout (*layout)(const Graph&, const Node&);
  // Why the AI core cannot run this node, or nullopt when it can: reported by the engine pass, the node then goes to
  // the AI CPU. Called when all types are static and floats are float16.
  std::optional<std::string> (*reject)(const Graph&, const Node&, const Soc&);
};

std::span<const LowerRule> all_lower_rules();
const LowerRule* find_lower_rule(std::string_view op);  // nullptr: AI CPU only

// One task before lowering: nodes in order; the first is the anchor, the rest an elementwise chain in which each
// node reads its predecessor's output (operand 0 or 1) plus values from outside. In front of a convolution there may be the
// Aipp that makes its feature map.
struct TaskSpec {
  std::vector<NodeId> nodes;
  std::vector<ValueId> inputs;   // activations and constants read from outside the task, each once
  std::vector<ValueId> outputs;  // values read outside the task
};

// Whether `next` may join a task that ends in `last` (already decided: next reads last's output and is its only
// consumer). nullopt: yes; else the reason, kept for the user ("UB budget", "broadcast over channels", ...).
std::optional<std::string> reject_fusion(const Graph& graph, const Soc& soc, const TaskSpec& task, const Node& next);

// Device addresses and prepared constants while tasks are lowered.
class LowerContext {
 public:
  LowerContext(const Graph& of_graph, const Soc& for_soc, WeightStore& to)
      : graph(of_graph), soc(for_soc), address_(of_graph.value_count(), -1), weights_(to) {}

  const Graph& graph;
  const Soc& soc;

  int64_t address(ValueId id) const { return address_[static_cast<size_t>(id)]; }
  void set_address(ValueId id, int64_t device_address) { address_[static_cast<size_t>(id)] = device_address; }
  // Appends bytes to the weights (512-aligned) and returns their device address; equal bytes are stored once.
  int64_t add_weights(Bytes bytes) { return weights_.add(bytes); }
  // The same for bytes that `write` makes in place, from zeros.
  int64_t add_weights(size_t size, const std::function<void(std::span<std::byte>)>& write) { return weights_.add(size, write); }

  // Decisions of the task that is lowered: kept when somebody listens. A task that is lowered in several parts, each with
  // decisions of its own, has none to offer.
  void listen(std::optional<ScheduleSite>* site) { site_ = site; }
  bool wants_site() const { return site_ != nullptr; }
  void offer(ScheduleSite site) {
    if (site_ == nullptr) return;
    if (*site_) site_->reset(), site_ = nullptr;
    else *site_ = std::move(site);
  }

 private:
  std::vector<int64_t> address_;
  WeightStore& weights_;
  std::optional<ScheduleSite>* site_ = nullptr;
};

// Fills task.blocks (AI-core instruction streams, flags included), op_type, fused, macs, vector_task.
// CompileLimit when no tiling fits the chip.
Status lower_task(LowerContext& context, const TaskSpec& spec, Task& task);

// Bytes of scratch in the arena that the task needs besides inputs and outputs (asked before memory is planned).
int64_t workspace_bytes(const Graph& graph, const Soc& soc, const TaskSpec& spec);

}  // namespace npu
