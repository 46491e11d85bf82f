// SPDX-License-Identifier: Apache-2.0
#include "core/caffe/weights.h"

namespace npu::caffe {
namespace {

using protozero::data_view;
using protozero::pbf_tag_type;

// Field numbers of caffe.proto (the public interface definition of Caffe 1.0).
enum class NetField : pbf_tag_type { Name = 1, OldLayers = 2, Layer = 100 };
enum class LayerField : pbf_tag_type { Name = 1, Blobs = 7 };
enum class OldLayerField : pbf_tag_type { Name = 4, Blobs = 6 };
enum class BlobField : pbf_tag_type { Num = 1, Channels = 2, Height = 3, Width = 4, Data = 5, Shape = 7, DoubleData = 8 };
enum class ShapeField : pbf_tag_type { Dim = 1 };

struct LayerBlobs {
  std::string name;
  std::vector<data_view> blobs;
};

template <class Field>
LayerBlobs read_layer(data_view view) {
  LayerBlobs layer;
  PbMessage<Field> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(Field::Name): layer.name = message.get_string(); break;
      case pb_length(Field::Blobs): layer.blobs.push_back(message.get_view()); break;
      default: message.skip();
    }
  }
  return layer;
}

}  // namespace

Result<Weights> Weights::read(Bytes bytes, std::shared_ptr<const void> owner) {
  Weights weights;
  weights.owner_ = std::move(owner);
  const auto keep = [&](LayerBlobs layer) {
    if (auto& blobs = weights.layers_[layer.name]; blobs.empty()) blobs = std::move(layer.blobs);
  };
  try {
    PbMessage<NetField> message(bytes);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case pb_length(NetField::Layer): keep(read_layer<LayerField>(message.get_view())); break;
        case pb_length(NetField::OldLayers): keep(read_layer<OldLayerField>(message.get_view())); break;
        default: message.skip();
      }
    }
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, "", weights.layers_.empty() ? "is no .caffemodel" : pb_damage(error));
  }
  if (weights.layers_.empty()) return fail(ErrorKind::InvalidModel, "", "is no .caffemodel: it holds no layers");
  return weights;
}

size_t Weights::blob_count(std::string_view layer) const {
  const auto found = layers_.find(layer);
  return found == layers_.end() ? 0 : found->second.size();
}

Blob Weights::blob(std::string_view layer, size_t index) const {
  Blob blob;
  Shape old = {1, 1, 1, 1};
  bool is_old = false;
  PbMessage<BlobField> message(layers_.find(layer)->second[index]);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(BlobField::Num):
      case pb_varint(BlobField::Channels):
      case pb_varint(BlobField::Height):
      case pb_varint(BlobField::Width):
        is_old = true;
        old[static_cast<size_t>(message.tag()) - 1] = message.get_int64();
        break;
      case pb_length(BlobField::Shape): blob.shape = pb_read_varints(message.get_view(), ShapeField::Dim); break;
      case pb_length(BlobField::Data): blob.data = message.get_view(); break;
      case pb_fixed32(BlobField::Data): blob.values.push_back(message.get_float()); break;
      case pb_length(BlobField::DoubleData):
        for (const double value : message.get_packed_double()) blob.values.push_back(static_cast<float>(value));
        break;
      case pb_fixed64(BlobField::DoubleData): blob.values.push_back(static_cast<float>(message.get_double())); break;
      default: message.skip();
    }
  }
  if (is_old && blob.shape.empty()) blob.shape = old;
  return blob;
}

Tensor Weights::tensor(Blob blob, Shape shape) const {
  if (!blob.data) return Tensor::from<float>(DType::Float32, std::move(shape), blob.values);
  const Bytes bytes{reinterpret_cast<const std::byte*>(blob.data->data()), blob.data->size() / sizeof(float) * sizeof(float)};
  if (owner_ && reinterpret_cast<uintptr_t>(bytes.data()) % alignof(float) == 0) return Tensor::view(DType::Float32, std::move(shape), bytes, owner_);
  return Tensor::from<std::byte>(DType::Float32, std::move(shape), bytes);
}

}  // namespace npu::caffe
