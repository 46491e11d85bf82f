// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/source.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "compiler/atc/text.h"
#include "core/caffe/caffe.h"
#include "core/mindir/mindir.h"
#include "core/onnx/onnx.h"
#include "core/tensorflow/tensorflow.h"

namespace npu::atc {
namespace {


std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::map<std::string, Dims, std::less<>> dims_of(std::span<const InputShape> shapes) {
  std::map<std::string, Dims, std::less<>> all;
  for (const InputShape& shape : shapes) {
    Dims dims;
    for (const DimRange& range : shape.dims) dims.push_back(range.is_open() ? Dim() : Dim(range.low));
    all.emplace(shape.name, std::move(dims));
  }
  return all;
}

AtcError cannot_load(std::string_view code, const std::string& path, const Error& error) {
  return {code, fmt::format("'{}' cannot be loaded: {}", path, text_of(error))};
}

AtcResult<Graph> load_onnx_model(const ModelSource& source) {
  if (auto there = check_file(source.files, source.model); !there) return std::unexpected(there.error());
  auto graph = load_onnx_file(source.model, UINT64_MAX, source.files);
  if (graph) return std::move(*graph);
  const bool structure = graph.error().kind == ErrorKind::InvalidModel;
  return std::unexpected(cannot_load(structure ? "E16001" : as_atc_error(graph.error()).code, source.model, graph.error()));
}

AtcResult<Graph> load_caffe_model(const ModelSource& source) {
  auto text = read(source.files, source.model);
  if (!text) return std::unexpected(text.error());
  auto weights = read(source.files, source.weight);
  if (!weights) return std::unexpected(weights.error());
  const CaffeLoadOptions options{.name = file_name(source.model), .weights_name = file_name(source.weight), .input_shapes = dims_of(source.input_shapes)};
  auto graph = load_caffe({reinterpret_cast<const char*>((*text)->data()), (*text)->size()}, **weights, *weights, options);
  if (graph) return std::move(*graph);
  const Error& error = graph.error();
  if (error.kind == ErrorKind::UnsupportedModel) return std::unexpected(cannot_load("E11009", source.model, error));
  if (error.kind != ErrorKind::InvalidModel) return std::unexpected(as_atc_error(error));
  const bool of_weights = error.where.starts_with("'" + options.weights_name + "'");
  return std::unexpected(cannot_load(of_weights ? "E11033" : "E11001", of_weights ? source.weight : source.model, error));
}

AtcResult<Graph> load_tensorflow_model(const ModelSource& source) {
  auto bytes = read(source.files, source.model);
  if (!bytes) return std::unexpected(bytes.error());
  TensorFlowLoadOptions options{.name = file_name(source.model), .input_shapes = dims_of(source.input_shapes), .outputs = {}};
  for (const std::string_view node : split(source.out_nodes, ';')) options.outputs.emplace_back(node);
  auto graph = load_tensorflow(**bytes, *bytes, options);
  if (graph) return std::move(*graph);
  const Error& error = graph.error();
  if (error.kind == ErrorKind::InvalidModel) return std::unexpected(cannot_load("E12009", source.model, error));
  if (error.where == "--out_nodes") return refuse("E10016", fmt::format("The value '{}' of --out_nodes is not valid: {}.", source.out_nodes, error.what));
  return std::unexpected(error.kind == ErrorKind::UnsupportedModel ? cannot_load("E10501", source.model, error) : as_atc_error(error));
}

AtcResult<Graph> load_mindir_model(const ModelSource& source) {
  auto bytes = read(source.files, source.model);
  if (!bytes) return std::unexpected(bytes.error());
  const MindirLoadOptions options{.name = file_name(source.model), .input_shapes = dims_of(source.input_shapes)};
  auto graph = load_mindir(**bytes, *bytes, options);
  if (graph) return std::move(*graph);
  const Error& error = graph.error();
  if (error.kind == ErrorKind::InvalidModel) return std::unexpected(cannot_load("E13005", source.model, error));
  return std::unexpected(error.kind == ErrorKind::UnsupportedModel ? cannot_load("E10501", source.model, error) : as_atc_error(error));
}

struct FrameworkRow {
  Framework framework;
  std::string_view number, name;  // "5", "ONNX"
  std::string_view ending;        // of the files it writes
  std::string_view input_format;  // where --input_format is not given
  AtcResult<Graph> (*load)(const ModelSource&);
};
constexpr FrameworkRow kFrameworks[] = {
    {Framework::Caffe, "0", "Caffe", ".prototxt", "NCHW", load_caffe_model},
    {Framework::MindSpore, "1", "MindSpore", ".mindir", "NCHW", load_mindir_model},
    {Framework::TensorFlow, "3", "TensorFlow", ".pb", "NHWC", load_tensorflow_model},
    {Framework::Onnx, "5", "ONNX", ".onnx", "NCHW", load_onnx_model},
};

const FrameworkRow& row_of(Framework framework) { return *std::ranges::find(kFrameworks, framework, &FrameworkRow::framework); }

}  // namespace

std::string_view framework_name(Framework framework) { return row_of(framework).name; }
std::string_view default_input_format(Framework framework) { return row_of(framework).input_format; }

AtcResult<Framework> find_framework(std::string_view given, const std::string& model, const std::string& weight) {
  const auto* row = std::ranges::find_if(kFrameworks, [&](const FrameworkRow& r) { return given.empty() ? model.ends_with(r.ending) : given == r.number; });
  std::string choices;
  for (const FrameworkRow& r : kFrameworks) choices += fmt::format("{}{} ({}, {})", choices.empty() ? "" : ", ", r.number, r.name, r.ending);
  if (row == std::end(kFrameworks) && given.empty())
    return refuse("E10007", fmt::format("The framework of '{}' cannot be told from its name.\n"
                                        "        Solution: Give --framework: {}.",
                                        model, choices));
  if (row == std::end(kFrameworks)) return refuse("E10007", fmt::format("The value '{}' of --framework is not offered; offered: {}.", given, choices));
  if (row->framework == Framework::Caffe && weight.empty()) return refuse("E10008", fmt::format("The option --weight is missing: the Caffe model '{}' has its weights in a .caffemodel.", model));
  if (row->framework != Framework::Caffe && !weight.empty()) return refuse("E10001", fmt::format("The value '{}' of --weight is not valid: only Caffe models (--framework=0) have a file of weights.", weight));
  return row->framework;
}

AtcResult<Graph> load_source(const ModelSource& source) { return row_of(source.framework).load(source); }

std::string text_of(const Error& error) {
  return error.where.empty() ? error.what : fmt::format("{}: {}", error.where, error.what);
}

// Error classes of the vendor's codes: E10xxx arguments, E105xx operators, E13xxx files, E14xxx compilation, E16xxx
// ONNX.
AtcError as_atc_error(const Error& error) {
  std::string_view code = "E19999";
  switch (error.kind) {
    case ErrorKind::InvalidModel:
      code = "E16002";
      break;
    case ErrorKind::UnsupportedModel:
      code = "E10501";
      break;
    case ErrorKind::CompileLimit:
      code = "E14001";
      break;
    case ErrorKind::InvalidArgument:
      code = "E10001";
      break;
    default:
      break;
  }
  const bool about_shape =
      error.what.find("--input_shape") != std::string::npos || error.where.find("--input_shape") != std::string::npos;
  if (error.kind == ErrorKind::InvalidArgument && about_shape) code = "E10002";
  return {code, text_of(error)};
}

AtcResult<void> check_file(FileSystem& files, const std::string& path) {
  if (files.is_file(path)) return {};
  return refuse("E13000", fmt::format("There is no file '{}'.", path));
}

AtcResult<SharedBytes> read(FileSystem& files, const std::string& path) {
  if (auto there = check_file(files, path); !there) return std::unexpected(there.error());
  auto bytes = files.read(path);
  if (!bytes) return refuse("E13001", fmt::format("The file '{}' {}", path, bytes.error().what));
  return std::move(*bytes);
}

AtcResult<std::string> read_text(FileSystem& files, const std::string& path) {
  auto bytes = read(files, path);
  if (!bytes) return std::unexpected(bytes.error());
  return std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size());
}

}  // namespace npu::atc
