// SPDX-License-Identifier: Apache-2.0
// Calibration data in files.
#pragma once

#include <string>
#include <vector>

#include "compiler/quantize/quantize.h"
#include "core/base/file_system.h"

namespace npu::quantize {

// What one input of a batch looks like; -1: open. A .bin file needs all but the first dimension.
struct BatchInput {
  std::string name;
  DType dtype = DType::Float32;
  Shape shape;
};
std::vector<BatchInput> batch_inputs(const Graph& graph);

// path: a folder (its .npy and .bin files by name) or a file. A .bin file holds elements of the input's dtype without a header.
// A file with several batches' elements is several batches. InvalidArgument names file, sizes and shapes.
Result<std::vector<Tensor>> load_batches(const std::string& path, const BatchInput& input, FileSystem& files = disk());

// One path for each input, separated by ';' or ','; each gives as many batches. At most `limit` are loaded, 0: all.
Result<std::vector<Batch>> load_calibration(const std::string& paths, std::span<const BatchInput> inputs, size_t limit = 0, FileSystem& files = disk());

}  // namespace npu::quantize
