// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/model_file/model_file.h"
#include "ui/studio/studio.h"

namespace npu::ui {

struct LoadedSource {
  Source source;                                   // without its bytes
  Graph graph;                                     // empty when the file is compiled already
  ModelKind kind = ModelKind::Onnx;
  std::optional<ModelPackage> package;             // of an .om
  std::shared_ptr<const ModelInfo> info;
  std::shared_ptr<const SampleInfo> sample;        // empty: the user's own file
  Preprocess preprocess;                           // the sample's, or a guess from the first input
};

Result<LoadedSource> load_source(const Source& source, const SampleReader& read);

}  // namespace npu::ui
