// SPDX-License-Identifier: Apache-2.0
// npu run of models that are told with each inference what their images are.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/aipp/parameters.h"
#include "core/tensor/npy.h"
#include "runtime/npu/dynamic_aipp.h"

namespace npu {
namespace {

std::unexpected<Error> at_line(const std::string& path, const Error& error) { return fail(error.kind, path + ": " + error.where, error.what); }

// Which of them a message of the file is about.
Result<size_t> find_told(const CompiledModel& model, std::span<const DynamicAipp> dynamic, const AippOp& op) {
  const auto image = op.related_input_name.empty() ? static_cast<size_t>(op.related_input_rank)
                                                   : static_cast<size_t>(std::ranges::find(model.inputs, op.related_input_name, &TensorDesc::name) - model.inputs.begin());
  const auto found = std::ranges::find(dynamic, image, &DynamicAipp::image);
  if (found != dynamic.end()) return static_cast<size_t>(found - dynamic.begin());
  const std::string named = op.related_input_name.empty() ? fmt::format("related_input_rank {}", op.related_input_rank) : fmt::format("'{}'", op.related_input_name);
  return fail(ErrorKind::InvalidArgument, fmt::format("line {}", op.line), fmt::format("the model's input of {} has no dynamic AIPP", named));
}

// The rest of the input stays zero.
Tensor at_the_beginning(Bytes bytes, const TensorDesc& desc) {
  Tensor tensor(desc.dtype, desc.shape);
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return tensor;
}

}  // namespace

Result<std::vector<AippParameters>> read_dynamic_aipp(FileSystem& files, const CompiledModel& model, std::span<const DynamicAipp> dynamic, const std::string& path) {
  std::vector<AippParameters> told(dynamic.size());
  if (path.empty()) return told;
  if (dynamic.empty()) return fail(ErrorKind::InvalidArgument, "--dynamic_aipp " + path, "the model has no input of dynamic AIPP");
  NPU_TRY(const SharedBytes file, files.read(path));
  const auto ops = parse_aipp_config({reinterpret_cast<const char*>(file->data()), file->size()});
  if (!ops) return at_line(path, ops.error());
  for (const AippOp& op : *ops) {
    const auto index = find_told(model, dynamic, op);
    if (!index) return at_line(path, index.error());
    if (told[*index].format) return fail(ErrorKind::InvalidArgument, fmt::format("{}: line {}", path, op.line), "the input has an aipp_op already");
    auto parameters = aipp_parameters(op, dynamic[*index].target);
    if (!parameters) return at_line(path, parameters.error());
    if (const Status fits = parameters->check(dynamic[*index].target); !fits) return fail(fits.error().kind, fmt::format("{}: line {}", path, op.line), fits.error().what);
    told[*index] = std::move(*parameters);
  }
  return told;
}

Result<Tensor> dynamic_image(const Image& image, const AippParameters& told, const DynamicAipp& input, const TensorDesc& desc, const ImageInputOptions& options) {
  const bool grey = told.format && told.format->name == "YUV400_U8";
  if (!told.format || (!grey && told.format->name != "RGB888_U8"))
    return fail(ErrorKind::InvalidArgument, "input '" + desc.name + "'", fmt::format("photographs become RGB888_U8 or YUV400_U8, not {}: give the bytes", told.format ? told.format->name : "an unknown format"));
  ImageInputOptions bytes = options;
  bytes.layout = "NHWC";
  if (grey) bytes.color = "GRAY";
  NPU_TRY(const Tensor pixels, image_tensor(image, DType::UInt8, {input.target.batch, told.src_h, told.src_w, grey ? 1 : 3}, bytes));
  return at_the_beginning(pixels.bytes(), desc);
}

Result<Tensor> dynamic_image_bytes(Bytes bytes, const TensorDesc& desc, const std::string& path) {
  if (static_cast<int64_t>(bytes.size()) > element_count(desc.shape))
    return fail(ErrorKind::InvalidArgument, path, fmt::format("holds {} bytes, input '{}' takes up to {} (max_src_image_size)", bytes.size(), desc.name, element_count(desc.shape)));
  return at_the_beginning(bytes, desc);
}

}  // namespace npu
