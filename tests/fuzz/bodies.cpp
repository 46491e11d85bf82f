// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/bodies.h"

#include <algorithm>
#include <stdexcept>

#include "core/caffe/caffe.h"
#include "core/mindir/mindir.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "core/tensor/npy.h"
#include "core/tensorflow/tensorflow.h"

namespace npu::fuzz {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// Of a reader that makes its own graphs.
void check_made(const Result<Graph>& graph) {
  if (!graph) return require(!graph.error().what.empty(), "an error without text");
  require(verify(*graph).has_value(), "a graph that does not verify");
  const auto saved = save_onnx(*graph);
  require(saved && load_onnx(*saved, nullptr).has_value(), "a loaded model cannot be saved");
}

}  // namespace

void onnx(Bytes bytes) {
  const auto graph = load_onnx(bytes, nullptr);
  if (!graph) return require(!graph.error().what.empty(), "an error without text");
  (void)verify(*graph);
  const std::string text = print_graph(*graph);
  const auto saved = save_onnx(*graph);
  require(saved.has_value(), "a loaded model cannot be saved");
  const auto again = load_onnx(*saved, nullptr);
  require(again && print_graph(*again) == text, "a saved model loads as another one");
}

void tensor_proto(Bytes bytes) {
  if (const auto tensor = load_tensor_proto(bytes))
    require(tensor->byte_size() == static_cast<size_t>(tensor->elements()) * dtype_size(tensor->dtype()),
            "size and shape differ");
}

void graph_text(Bytes bytes) {
  const auto graph = parse_graph({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!graph) return;
  (void)verify(*graph);
  const std::string text = print_graph(*graph);
  const auto again = parse_graph(text, &*graph);
  require(again.has_value(), "printed text does not parse");
  require(print_graph(*again) == text, "printed text is no fixed point");
}

void shape_inference(Bytes bytes) {
  auto graph = parse_graph({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!graph || !verify(*graph)) return;
  if (const Status inferred = infer_shapes(*graph); !inferred) return require(!inferred.error().what.empty(), "an error without text");
  const std::string text = print_graph(*graph);
  require(infer_shapes(*graph).has_value(), "shapes are inferred once only");
  require(print_graph(*graph) == text, "shapes change when they are inferred again");
}

void caffe(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t end = std::min(text.find('\0'), text.size());
  const auto graph = load_caffe(text.substr(0, end), bytes.subspan(std::min(end + 1, bytes.size())), nullptr, {.max_bytes = 1 << 24});
  check_made(graph);
}

void tensorflow(Bytes bytes) { check_made(load_tensorflow(bytes, nullptr, {.max_bytes = 1 << 24})); }

void mindir(Bytes bytes) { check_made(load_mindir(bytes, nullptr, {.max_bytes = 1 << 24})); }

void npy(Bytes bytes) {
  if (const auto tensor = load_npy(bytes))
    require(load_npy(save_npy(*tensor)).has_value(), "a saved array does not load");
}

void om(Bytes bytes) {
  if (const auto info = inspect_om(bytes)) (void)to_text(*info);
  const auto package = load_package(std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end()));
  if (!package) return require(!package.error().what.empty(), "an error without text");
  if (package->open) (void)print_graph(package->open->graph);
  for (const Gear& gear : package->gears) {
    (void)print_graph(gear.program->graph);
    (void)verify(gear.program->graph);
    require(gear.program->weights == package->first().weights, "weights are not shared");
  }
  const auto saved = save_om(*package);
  require(saved.has_value(), "a loaded model cannot be saved");
  const auto again = load_package(std::make_shared<const std::vector<std::byte>>(*saved));
  require(again.has_value() && again->gears.size() == package->gears.size(), "a saved model does not load");
}

}  // namespace npu::fuzz
