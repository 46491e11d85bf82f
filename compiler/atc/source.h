// SPDX-License-Identifier: Apache-2.0
// The file a model comes from: which framework made it, and the reader for it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/atc/options.h"
#include "core/base/file_system.h"
#include "core/graph/graph.h"

namespace npu::atc {

std::string_view framework_name(Framework framework);        // "ONNX"
std::string_view default_input_format(Framework framework);  // "NCHW", "NHWC"

// What --framework says, or the file's name when it says nothing (E10007); E10008 for a Caffe model without --weight.
AtcResult<Framework> find_framework(std::string_view given, const std::string& model, const std::string& weight);

struct ModelSource {
  FileSystem& files;
  std::string model, weight;
  Framework framework = Framework::Onnx;
  std::span<const InputShape> input_shapes;
  std::string out_nodes;  // of TensorFlow, where only what they need is read
};
// The model as a graph. E13000 for files that are not there; else the framework's classes: E110xx Caffe, E12009 TensorFlow,
// E13005 MindSpore, E16001 ONNX, E11009 and E10501 for layers and operators that are not offered.
AtcResult<Graph> load_source(const ModelSource& source);

// The vendor's class for an error of a library.
AtcError as_atc_error(const Error& error);
std::string text_of(const Error& error);

AtcResult<void> check_file(FileSystem& files, const std::string& path);  // E13000 where there is none
AtcResult<SharedBytes> read(FileSystem& files, const std::string& path);
AtcResult<std::string> read_text(FileSystem& files, const std::string& path);

}  // namespace npu::atc
