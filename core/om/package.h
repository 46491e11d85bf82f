// SPDX-License-Identifier: Apache-2.0
// What one .om holds: a program for each gear, or a model with open shapes. Gears are the sizes that a model was compiled for;
// which one runs follows from the shapes of the inputs, or is set by its values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/om/model.h"

namespace npu {

struct Soc;

// A dimension that is known only when the inputs come: from low to high, both possible.
inline constexpr int64_t kNoLimit = INT64_MAX;
struct DimRange {
  int64_t low = 1;
  int64_t high = kNoLimit;

  bool is_open() const { return low != high; }
  friend bool operator==(const DimRange&, const DimRange&) = default;
};
std::string to_string(const DimRange& range);  // "-1", "1~8", "4~-1", "3"

struct InputShape {
  std::string name;
  std::vector<DimRange> dims;
};

// A model whose shapes are known only when it runs: its programs are made then.
struct OpenModel {
  std::string name, soc, command_line;
  Graph graph;                     // as loaded, with all its constants
  std::vector<InputShape> inputs;  // in the graph's order
  std::vector<std::string> disabled_passes;
  bool disable_memory_reuse = false;
};

// Whether inputs may come like this: InvalidArgument names the input, the dimension, its range and what came.
Status check_inputs(const OpenModel& model, std::span<const Tensor> inputs);

// Compiles a graph whose inputs have fixed shapes. All results of one Specialise share one weights object, which grows with each
// (equal constants are stored once): views of it made before are no longer valid.
using Specialise = std::function<Result<CompiledModel>(Graph)>;
// Makes one with no weights yet; programs that run open models have a compiler and give this.
using SpecialiseFactory = std::function<Specialise(const OpenModel&)>;

// CompileLimit with both values when weights and arena do not fit the chip's memory, or the caller's limit when that is less.
Status check_device_memory(const Soc& soc, const std::string& model, int64_t weights, int64_t arena, int64_t limit);

// Which dimensions the gears set, with the name that --dynamic_... gives them.
enum class Dynamic : uint8_t { None, Batch, Image, AnyDims };
std::string_view to_string(Dynamic dynamic);  // "none", "batch", "image", "dims"

inline constexpr size_t kMinGears = 2, kMaxGears = 100;

struct Gear {
  std::vector<int64_t> values;  // none: fixed shapes; {batch}; {height, width}; of AnyDims one for each open dimension, input after input
  std::shared_ptr<const CompiledModel> program;
};

// "x -1,3,1~640,640; y scalar".
std::string inputs_text(std::span<const InputShape> inputs);

// Invariants: open, or at least one gear, exactly one when dynamic is None; all programs have the same name, chip, inputs and outputs
// (shapes aside) and the same weights object. Programs run one at a time, so they share one arena, as large as the largest.
struct ModelPackage {
  Dynamic dynamic = Dynamic::None;
  std::vector<Gear> gears;
  std::shared_ptr<const OpenModel> open;

  // Precondition: not open.
  const CompiledModel& first() const { return *gears.front().program; }
  int64_t arena_bytes() const;
};

ModelPackage package_of(std::shared_ptr<const CompiledModel> program);
ModelPackage package_of(OpenModel model);

// "batch 1, 2, 4", "image 416x416, 832x832", "dims 1,128; 8,256".
std::string gears_text(Dynamic dynamic, std::span<const std::vector<int64_t>> gears);
std::string gears_text(const ModelPackage& package);

// The gear whose inputs have these shapes (one for each input), or whose values are these. InvalidArgument names the gears
// and what was given.
Result<size_t> find_gear(const ModelPackage& package, std::span<const Shape> input_shapes);
Result<size_t> find_gear_by_values(const ModelPackage& package, std::span<const int64_t> values);

// Whether the task writes its result where one of its inputs lay.
bool writes_in_place(const Task& task);

}  // namespace npu
