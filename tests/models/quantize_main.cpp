// SPDX-License-Identifier: Apache-2.0
// npu-quantize-model MODEL.onnx OUT.onnx [IMAGES]: an 8-bit model in QDQ form for tests and benches, from the smallest and largest
// values on a few images of noise.
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "compiler/compile.h"
#include "compiler/quantize/quantize.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "runtime/session/graph_runner.h"

namespace npu {
namespace {

// Noise in [-2, 2): roughly what normalised pictures hold.
std::vector<quantize::Batch> noise(const Graph& model, int images) {
  uint32_t state = 1;
  std::vector<quantize::Batch> batches(static_cast<size_t>(images));
  for (quantize::Batch& batch : batches)
    for (ValueId input : model.inputs) {
      Shape shape;
      for (const Dim& dim : model.value(input).type.dims) shape.push_back(dim.known() ? dim.value() : 1);
      Tensor& tensor = batch.emplace_back(DType::Float32, shape);
      for (float& v : tensor.mutable_data<float>()) {
        state = state * 1664525u + 1013904223u;
        v = static_cast<float>(state >> 8) / 4194304.0f - 2.0f;
      }
    }
  return batches;
}

Status quantize_file(const std::string& from, const std::string& to, int images) {
  NPU_TRY(const Graph model, load_onnx_file(from));
  quantize::QuantizeOptions options;
  options.common.activation.method = quantize::RangeMethod::MinMax;
  NPU_TRY(const auto made, quantize::quantize(model, noise(model, images), options, emulated_runner(specialise_factory(), options.soc, 1)));
  NPU_TRY(const auto bytes, save_onnx(made.graph));
  return write_file(to, bytes);
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  int images = 1;
  if (argc == 4) {
    const std::string_view text = argv[3];
    std::from_chars(text.data(), text.data() + text.size(), images);
  }
  if (argc < 3 || argc > 4 || images < 1) {
    fmt::print(stderr, "usage: npu-quantize-model MODEL.onnx OUT.onnx [IMAGES]\n");
    return 2;
  }
  const npu::Status status = npu::quantize_file(argv[1], argv[2], images);
  if (!status) fmt::print(stderr, "npu-quantize-model: {}\n", status.error().message());
  return status ? 0 : 1;
}
