// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/gear_options.h"
#include "compiler/open_model.h"
#include "core/base/path.h"
#include "core/model_file/model_file.h"
#include "core/onnx/onnx.h"
#include "runtime/npu/commands.h"

namespace npu {
namespace {

Result<Graph> load_graph(const ModelToCompile& model, std::span<const InputShape> shapes, FileSystem& files) {
  NPU_TRY(const SharedBytes bytes, files.read(model.path));
  // Its weights may lie in files beside it.
  if (kind_of_model(*bytes) == ModelKind::Onnx && model.weights.empty()) return load_onnx_file(model.path, UINT64_MAX, files);
  ModelFileOptions options;
  for (const InputShape& shape : shapes)
    for (const DimRange& range : shape.dims) options.input_shapes[shape.name].push_back(range.is_open() ? Dim() : Dim(range.low));
  const ModelFile file{base_name(model.path), *bytes, bytes};
  if (model.weights.empty()) return load_model_file(file, nullptr, options);
  NPU_TRY(const SharedBytes weights, files.read(model.weights));
  const ModelFile second{base_name(model.weights), *weights, weights};
  return load_model_file(file, &second, options);
}

}  // namespace

Result<ModelPackage> compile_file(const ModelToCompile& model, const ProgramHost& host) {
  const auto shapes = atc::parse_input_shapes("input-shape", model.input_shape);
  if (!shapes) return fail(ErrorKind::InvalidArgument, "--input-shape", shapes.error().text);
  NPU_TRY(Graph graph, load_graph(model, *shapes, host.files));
  CompileOptions how{.soc = model.soc};
  if (is_open_model(graph, *shapes, how)) {
    NPU_TRY(OpenModel open, make_open_model(std::move(graph), *shapes, how));
    return package_of(std::move(open));
  }
  how.passes.input_shapes = atc::fixed_shapes(*shapes);
  NPU_TRY(CompiledModel compiled, compile(std::move(graph), how, cancel_observer(host)));
  return package_of(std::make_shared<const CompiledModel>(std::move(compiled)));
}

}  // namespace npu
