// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/calibration_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/tensor/npy.h"

namespace npu::quantize {
namespace {

std::unexpected<Error> refuse(const std::string& path, std::string what) { return fail(ErrorKind::InvalidArgument, path, std::move(what)); }

// Elements of all dimensions but the first; 0 when one is open.
int64_t row_elements(const Shape& shape) {
  int64_t count = 1;
  for (size_t i = 1; i < shape.size(); ++i) count = shape[i] < 0 ? 0 : count * shape[i];
  return count;
}

Result<Tensor> read_bin(const std::string& path, Bytes bytes, const BatchInput& input) {
  const auto row = static_cast<size_t>(row_elements(input.shape)) * dtype_size(input.dtype);
  if (row == 0 || input.shape.empty()) return refuse(path, fmt::format("a .bin file tells no shape, and input '{}' is {}: give a .npy file", input.name, npu::to_string(input.shape)));
  if (bytes.empty() || bytes.size() % row != 0) return refuse(path, fmt::format("{} bytes are no multiple of {}, which input '{}' ({} {}) takes", bytes.size(), row, input.name, to_string(input.dtype), npu::to_string(input.shape)));
  Shape shape = input.shape;
  shape[0] = static_cast<int64_t>(bytes.size() / row);
  Tensor tensor(input.dtype, shape);
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return tensor;
}

Result<Tensor> read_tensor(const std::string& path, const BatchInput& input, FileSystem& files) {
  NPU_TRY(const SharedBytes file, files.read(path));
  if (!path.ends_with(".npy")) return read_bin(path, *file, input);
  auto tensor = load_npy(*file);
  if (!tensor) return refuse(path, tensor.error().message());
  bool fits = tensor->shape().size() == input.shape.size();
  for (size_t i = 1; fits && i < input.shape.size(); ++i) fits = input.shape[i] < 0 || input.shape[i] == tensor->shape()[i];
  // One picture without the leading 1.
  if (!fits && !input.shape.empty() && row_elements(input.shape) > 0 && tensor->elements() == row_elements(input.shape)) {
    Shape shape = input.shape;
    shape[0] = 1;
    tensor = tensor->reshaped(shape), fits = true;
  }
  if (!fits || tensor->elements() == 0) return refuse(path, fmt::format("holds {}, input '{}' takes {}", npu::to_string(tensor->shape()), input.name, npu::to_string(input.shape)));
  if (!is_float(input.dtype) && is_float(tensor->dtype())) return refuse(path, fmt::format("holds {}, input '{}' takes {}", to_string(tensor->dtype()), input.name, to_string(input.dtype)));
  return tensor->cast(input.dtype);
}

// Rows begin .. begin + count.
Tensor rows_of(const Tensor& tensor, int64_t begin, int64_t count) {
  Shape shape = tensor.shape();
  const size_t row = tensor.byte_size() / static_cast<size_t>(shape[0]);
  shape[0] = count;
  Tensor part(tensor.dtype(), shape);
  std::ranges::copy(tensor.bytes().subspan(static_cast<size_t>(begin) * row, static_cast<size_t>(count) * row), part.mutable_bytes().begin());
  return part;
}

Status split(const std::string& path, const Tensor& tensor, const BatchInput& input, std::vector<Tensor>& batches) {
  const int64_t batch = input.shape.empty() ? -1 : input.shape[0];
  if (batch < 0 || tensor.shape()[0] == batch) return batches.push_back(tensor), Status{};
  if (batch == 0 || tensor.shape()[0] % batch != 0) return refuse(path, fmt::format("holds {}, no multiple of the batch {} of input '{}'", npu::to_string(tensor.shape()), batch, input.name));
  for (int64_t at = 0; at < tensor.shape()[0]; at += batch) batches.push_back(rows_of(tensor, at, batch));
  return {};
}

Result<std::vector<std::string>> files_of(const std::string& path, FileSystem& files) {
  if (files.is_file(path)) return std::vector{path};
  const auto entries = files.list(path);
  if (!entries) return refuse(path, entries.error().what);
  std::vector<std::string> paths;
  for (const FolderEntry& entry : *entries)
    if (entry.name.ends_with(".npy") || entry.name.ends_with(".bin")) paths.push_back(path.ends_with('/') ? path + entry.name : path + "/" + entry.name);
  if (paths.empty()) return refuse(path, "there is no .npy or .bin file in this folder");
  return paths;
}

}  // namespace

std::vector<BatchInput> batch_inputs(const Graph& graph) {
  std::vector<BatchInput> inputs;
  for (ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    BatchInput& input = inputs.emplace_back(BatchInput{value.name, value.type.dtype, {}});
    for (const Dim& dim : value.type.dims) input.shape.push_back(dim.value());
  }
  return inputs;
}

Result<std::vector<Tensor>> load_batches(const std::string& path, const BatchInput& input, FileSystem& files) {
  NPU_TRY(const std::vector<std::string> paths, files_of(path, files));
  std::vector<Tensor> batches;
  for (const std::string& file : paths) {
    NPU_TRY(const Tensor tensor, read_tensor(file, input, files));
    NPU_CHECK(split(file, tensor, input, batches));
  }
  return batches;
}

Result<std::vector<Batch>> load_calibration(const std::string& paths, std::span<const BatchInput> inputs, size_t limit, FileSystem& files) {
  std::vector<std::string> each;
  for (size_t begin = 0; begin <= paths.size();) {
    const size_t end = std::min(paths.find_first_of(";,", begin), paths.size());
    if (end > begin) each.push_back(paths.substr(begin, end - begin));
    begin = end + 1;
  }
  if (each.size() != inputs.size()) return refuse(paths, fmt::format("names {} paths, the model has {} inputs", each.size(), inputs.size()));
  std::vector<Batch> batches;
  for (size_t i = 0; i < inputs.size(); ++i) {
    NPU_TRY(auto tensors, load_batches(each[i], inputs[i], files));
    if (i == 0) batches.resize(limit > 0 ? std::min(limit, tensors.size()) : tensors.size());
    if (tensors.size() < batches.size() || (limit == 0 && tensors.size() != batches.size()))
      return refuse(each[i], fmt::format("{} batches of input '{}', {} of '{}'", tensors.size(), inputs[i].name, batches.size(), inputs[0].name));
    for (size_t b = 0; b < batches.size(); ++b) batches[b].push_back(std::move(tensors[b]));
  }
  return batches;
}

}  // namespace npu::quantize
