// SPDX-License-Identifier: Apache-2.0
// The OPEN_MODEL partition: the graph as ONNX bytes without its large constants, which lie in the weights partition.
#pragma once

#include "core/base/file.h"
#include "core/om/container.h"
#include "core/om/package.h"

namespace npu::om {

struct SavedOpenModel {
  std::string description;
  std::vector<std::byte> weights;
};
Result<SavedOpenModel> write_open_model(const OpenModel& model);

// All but the name, chip and command line. Constants view the file, which they keep alive. Throws protozero::exception on
// damaged data.
Result<OpenModel> read_open_model(Bytes description, Bytes weights, const SharedBytes& file);

}  // namespace npu::om
