// SPDX-License-Identifier: Apache-2.0
// The weights of a .caffemodel: NetParameter in binary form, of which layer names and blobs count.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/protobuf.h"
#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace npu::caffe {

// A BlobProto, not decoded yet.
struct Blob {
  Shape shape;                              // as the file says; four dimensions in old files
  std::optional<protozero::data_view> data;  // fp32, packed
  std::vector<float> values;                // where they are not packed, or fp64
  uint64_t count() const { return data ? data->size() / sizeof(float) : values.size(); }
};

class Weights {
 public:
  // InvalidModel for what is no .caffemodel. Blobs are read when they are asked for.
  static Result<Weights> read(Bytes bytes, std::shared_ptr<const void> owner);

  size_t blob_count(std::string_view layer) const;
  // Throws protozero::exception on damaged data. Precondition: index < blob_count(layer).
  Blob blob(std::string_view layer, size_t index) const;
  // Precondition: the shape has blob.count() elements.
  Tensor tensor(Blob blob, Shape shape) const;

 private:
  std::map<std::string, std::vector<protozero::data_view>, std::less<>> layers_;
  std::shared_ptr<const void> owner_;
};

}  // namespace npu::caffe
