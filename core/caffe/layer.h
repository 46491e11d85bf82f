// SPDX-License-Identifier: Apache-2.0
// What a layer's rule sees: the layer as the network says, its inputs, weights and the graph being made.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/caffe/params.h"
#include "core/caffe/weights.h"
#include "core/ops/graph_builder.h"

namespace npu::caffe {

class Layer {
 public:
  std::string name, type;
  std::vector<ValueId> bottoms;
  std::vector<std::string> tops;
  Params params;
  GraphBuilder& graph;

  Layer(std::string layer_name, std::string layer_type, Params layer_params, GraphBuilder& builder, const Weights& weights, std::string weights_where)
      : name(std::move(layer_name)), type(std::move(layer_type)), params(std::move(layer_params)), graph(builder), weights_(weights), weights_where_(std::move(weights_where)) {}

  ValueId bottom() const { return bottoms[0]; }
  TensorType bottom_type(size_t i = 0) const { return graph.type(bottoms[i]); }
  size_t rank(size_t i = 0) const { return graph.type(bottoms[i]).dims.size(); }
  // A dimension that must be known; 1 after an error.
  int64_t dim(size_t axis, size_t bottom = 0);
  // A field that counts axes, from the end when negative; `end` is allowed too where the axis is one to stop before. 0 after an error.
  size_t axis(std::string_view field, int64_t fallback, bool may_end = false);

  size_t blob_count() const { return weights_.blob_count(name); }
  // The weights as a tensor of this shape, which must be that of the file but for ones. Zeros after an error.
  Tensor blob(size_t index, const Shape& shape);

  void invalid(std::string what) { graph.fail(ErrorKind::InvalidModel, std::move(what)); }
  void unsupported(std::string what) { graph.fail(ErrorKind::UnsupportedModel, std::move(what)); }
  bool ok() const { return graph.ok(); }

 private:
  void bad_weights(std::string what) { graph.fail(ErrorKind::InvalidModel, std::move(what), weights_where_); }

  const Weights& weights_;
  std::string weights_where_;
};

// Adds the nodes of the layer and returns its results, one a top. Errors are in layer.graph and layer.params.
using LayerRule = std::vector<ValueId> (*)(Layer& layer);

struct LayerRow {
  std::string_view type, old_type;  // of `layer`, and of the older `layers` ("" where it has none)
  std::string_view params;          // the field with the layer's parameters
  size_t min_bottoms, max_bottoms;
  LayerRule rule;
};

std::span<const LayerRow> layer_rows();

#define NPU_CAFFE_LAYER(type, old_type, params, min_bottoms, max_bottoms, rule) std::vector<ValueId> rule(Layer& layer);
#include "core/caffe/caffe_layers.def"
#undef NPU_CAFFE_LAYER

}  // namespace npu::caffe
