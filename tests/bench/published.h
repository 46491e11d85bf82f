// SPDX-License-Identifier: Apache-2.0
// The published latencies (shared data, `published/*.csv`) and the models they belong to.
#pragma once

#include <string>
#include <vector>

#include "core/om/model.h"
#include "core/soc/soc.h"
#include "runtime/profile/profile.h"

namespace npu {

struct PublishedRow {
  std::string model;
  std::string precision = "fp16";
  int batch = 1;
  double ms = 0;  // of the whole batch
};

// The rows of one chip; empty when the folder has none.
std::vector<PublishedRow> read_published(const std::string& folder, const std::string& soc);
// The ONNX file of a row below `folder` ("resnet18.onnx", "resnet18/model.onnx"); empty when there is none.
std::string find_model(const std::string& folder, const PublishedRow& row);
// As atc compiles it; `on`: passes that run beside those it runs by itself.
Result<CompiledModel> compile_model(const std::string& path, const PublishedRow& row, const std::string& soc, const std::vector<std::string>& on = {});

}  // namespace npu
