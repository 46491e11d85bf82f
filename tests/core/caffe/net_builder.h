// SPDX-License-Identifier: Apache-2.0
// Writes .caffemodel files by the published field numbers of caffe.proto, independent of the code under test.
#pragma once

#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

namespace npu::test {

struct BlobSpec {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

// BlobProto; old: with num, channels, height and width, and values that are not packed.
inline std::string blob(const BlobSpec& spec, bool old = false) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  if (old) {
    for (size_t i = 0; i < 4; ++i) writer.add_int32(static_cast<uint32_t>(i + 1), static_cast<int32_t>(i + spec.shape.size() < 4 ? 1 : spec.shape[i + spec.shape.size() - 4]));
    for (const float value : spec.values) writer.add_float(5, value);
    return bytes;
  }
  std::string shape;
  protozero::pbf_writer(shape).add_packed_int64(1, spec.shape.begin(), spec.shape.end());
  writer.add_message(7, shape);
  writer.add_packed_float(5, spec.values.begin(), spec.values.end());
  return bytes;
}

struct LayerSpec {
  std::string name;
  std::vector<BlobSpec> blobs;
};

inline std::string caffemodel(const std::vector<LayerSpec>& layers, bool old = false) {
  std::string bytes;
  protozero::pbf_writer net(bytes);
  for (const LayerSpec& spec : layers) {
    std::string layer;
    protozero::pbf_writer writer(layer);
    writer.add_string(old ? 4 : 1, spec.name);
    for (const BlobSpec& b : spec.blobs) writer.add_message(old ? 6 : 7, blob(b, old));
    net.add_message(old ? 2 : 100, layer);
  }
  return bytes;
}

}  // namespace npu::test
