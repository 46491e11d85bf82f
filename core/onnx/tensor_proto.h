// SPDX-License-Identifier: Apache-2.0
// onnx.TensorProto to Tensor and back.
#pragma once

#include <map>
#include <string>

#include "core/base/protobuf.h"
#include "core/onnx/fields.h"
#include "core/onnx/onnx.h"

namespace npu::onnx {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// Decodes the tensors of one model.
class TensorDecoder {
 public:
  TensorDecoder(std::shared_ptr<const void> owner, const OnnxLoadOptions& options)
      : owner_(std::move(owner)), options_(options) {}

  // `where` names what the tensor belongs to; the tensor's own name is added to it. Throws protozero::exception.
  Result<NamedTensor> decode(protozero::data_view message, const std::string& where);
  // What the tensor's elements take outside of the model file, as it says; 0 when they are in it. Throws.
  static uint64_t external_size(protozero::data_view message);
  // Of all tensors, for the error that names a file which was not given.
  void set_external_total(uint64_t bytes) { external_total_ = bytes; }

 private:
  Status account(DType dtype, int64_t count, const std::vector<std::string>& strings, const std::string& where);
  Result<OwnedBytes> external_bytes(const std::map<std::string, std::string, std::less<>>& entries, uint64_t wanted,
                                    const std::string& where);

  std::shared_ptr<const void> owner_;
  const OnnxLoadOptions& options_;
  uint64_t external_total_ = 0;
  uint64_t total_ = 0;  // bytes of what was decoded, at most options_.max_bytes
  std::map<std::string, OwnedBytes, std::less<>> files_;
};

// "float8e4m3fn (17)" for codes that DType lacks.
std::string element_type_name(int64_t code);

void write_tensor(protozero::pbf_writer& parent, protozero::pbf_tag_type tag, const std::string& name,
                  const Tensor& tensor);

}  // namespace npu::onnx
