// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/caffe/caffe.h"
#include "core/caffe/layer.h"

namespace npu {
namespace {

using namespace caffe;

constexpr std::string_view kNetFields[] = {"debug_info", "force_backward", "input", "input_dim", "input_shape", "layer", "layers", "name", "state"};
// Of a layer, beside the field of its parameters: what says where it stands, and what only training reads.
constexpr std::string_view kLayerFields[] = {"blobs_lr", "bottom", "dropout_param", "exclude", "include", "loss_weight", "name", "param", "phase", "propagate_down", "top", "type", "weight_decay"};

std::vector<std::string> texts(const ProtoMessage& message, std::string_view name) {
  std::vector<std::string> values;
  for (const ProtoField& field : message.fields)
    if (field.name == name) values.push_back(field.value);
  return values;
}

std::string text(const ProtoMessage& message, std::string_view name) {
  const auto values = texts(message, name);
  return values.empty() ? "" : values.back();
}

// Would the rule hold in the test phase, with no stages and level 0?
bool holds_in_test(const ProtoMessage& rule) {
  for (const ProtoField& field : rule.fields) {
    if (field.name == "phase" && field.value != "TEST" && field.value != "1") return false;
    if (field.name == "stage" || (field.name == "min_level" && parse_integer(field).value_or(0) > 0)) return false;
    if (field.name == "max_level" && parse_integer(field).value_or(0) < 0) return false;
  }
  return true;
}

bool is_of_test(const ProtoMessage& layer) {
  bool has_include = false, included = false;
  for (const ProtoField& field : layer.fields) {
    if (field.name == "phase" && field.value != "TEST" && field.value != "1") return false;
    for (const ProtoMessage& rule : field.message) {
      if (field.name == "exclude" && holds_in_test(rule)) return false;
      has_include |= field.name == "include";
      included |= field.name == "include" && holds_in_test(rule);
    }
  }
  return !has_include || included;
}

class Loader {
 public:
  Loader(const Weights& weights, const CaffeLoadOptions& options, std::string name)
      : weights_(weights), options_(options), file_("'" + options.name + "'"), graph_(std::move(name), options.max_bytes) {}

  Result<Graph> load(const ProtoMessage& net) {
    try {
      NPU_CHECK(read_net(net));
    } catch (const protozero::exception& error) {
      return fail(ErrorKind::InvalidModel, "'" + options_.weights_name + "'", pb_damage(error));
    }
    std::vector<ValueId> outputs;
    std::vector<std::string> names;
    for (const std::string& name : order_)
      if (const Blob& blob = blobs_.at(name); !blob.read && std::ranges::find(names, name) == names.end()) outputs.push_back(blob.value), names.push_back(name);
    if (outputs.empty()) return fail(ErrorKind::InvalidModel, file_, "has no layers");
    return graph_.take(outputs, names);
  }

 private:
  struct Blob {
    ValueId value = kNone;
    bool read = false;
  };

  Status read_net(const ProtoMessage& net) {
    for (const ProtoField& field : net.fields)
      if (std::ranges::find(kNetFields, field.name) == std::end(kNetFields))
        return fail(ErrorKind::InvalidModel, place(field.line), fmt::format("'{}' is no field of a network (layer, input, input_shape ...)", field.name));
    NPU_CHECK(read_inputs(net));
    for (const ProtoField& field : net.fields) {
      if (field.name != "layer" && field.name != "layers") continue;
      if (field.message.empty()) return fail(ErrorKind::InvalidModel, place(field.line), "a layer is a message in braces");
      if (is_of_test(field.message[0])) NPU_CHECK(read_layer(field.message[0], field.name == "layers", field.line));
    }
    return graph_.status();
  }

  std::string place(int line) const { return fmt::format("{} line {}", file_, line); }

  // `input` with a shape each: as messages `input_shape`, or as four numbers `input_dim`.
  Status read_inputs(const ProtoMessage& net) {
    const std::vector<std::string> names = texts(net, "input");
    std::vector<std::vector<int64_t>> shapes(1);
    for (const ProtoField& field : net.fields) {
      if (field.name == "input_dim") {
        const auto dim = parse_integer(field);
        if (!dim) return fail(ErrorKind::InvalidModel, place(field.line), fmt::format("input_dim is '{}'", field.value));
        if (shapes.back().size() == 4) shapes.emplace_back();
        shapes.back().push_back(*dim);
      }
    }
    if (shapes[0].empty()) shapes.clear();
    NPU_CHECK(append_shapes(net, "input_shape", shapes));
    return add_inputs(names, shapes, "the network");
  }

  Status append_shapes(const ProtoMessage& message, std::string_view name, std::vector<std::vector<int64_t>>& shapes) const {
    for (const ProtoField& field : message.fields) {
      if (field.name != name || field.message.empty()) continue;
      ProtoMessage single;
      single.fields.push_back(field);
      ProtoMessage outer;
      outer.fields.push_back({"shapes", field.line, "", false, {single}});
      Params params(outer, "shapes");
      shapes.push_back(params.message_integers(name, "dim"));
      if (Status read = params.check(); !read) return fail(read.error().kind, file_ + " " + read.error().where, read.error().what);
    }
    return {};
  }

  Status add_inputs(const std::vector<std::string>& names, const std::vector<std::vector<int64_t>>& shapes, const std::string& whose) {
    if (!names.empty() && shapes.size() != names.size() && shapes.size() != 1)
      return fail(ErrorKind::InvalidModel, file_, fmt::format("{} has {} inputs and {} shapes", whose, names.size(), shapes.size()));
    for (size_t i = 0; i < names.size(); ++i) NPU_CHECK(add_input(names[i], shapes[shapes.size() == 1 ? 0 : i]));
    return {};
  }

  Status add_input(const std::string& name, const std::vector<int64_t>& shape) {
    Dims dims;
    for (const int64_t dim : shape) dims.push_back(dim > 0 ? Dim(dim) : Dim());
    if (const auto given = options_.input_shapes.find(name); given != options_.input_shapes.end()) {
      if (given->second.size() != dims.size())
        return fail(ErrorKind::InvalidArgument, fmt::format("--input_shape of '{}'", name), fmt::format("{} has {} dimensions, the network's {} has {}", to_string(given->second), given->second.size(), to_string(dims), dims.size()));
      dims = given->second;
    }
    graph_.begin(name, fmt::format("{} input '{}'", file_, name));
    blobs_[name] = {graph_.input(name, TensorType::of(DType::Float32, std::move(dims))), true};  // no output, even if nobody reads it
    return graph_.status();
  }

  void define(const std::string& name, ValueId value) {
    blobs_[name] = {value, false};
    order_.push_back(name);
  }

  Status read_layer(const ProtoMessage& message, bool is_old, int line) {
    const std::string name = text(message, "name"), type = text(message, "type"), where = fmt::format("{} {} '{}'", file_, type, name);
    const std::vector<std::string> tops = texts(message, "top");
    if (type == "Input") return read_input_layer(message, tops, where);
    const auto row = std::ranges::find(layer_rows(), type, is_old ? &LayerRow::old_type : &LayerRow::type);
    if (type.empty() || row == layer_rows().end()) return not_offered(type, name, line, is_old);
    for (const ProtoField& field : message.fields)
      if (field.name != row->params && std::ranges::find(kLayerFields, field.name) == std::end(kLayerFields))
        return fail(ErrorKind::UnsupportedModel, where, fmt::format("the field '{}' (line {}) is not offered", field.name, field.line));
    graph_.begin(name.empty() ? type : name, where);
    Layer layer(name, type, Params(message, row->params), graph_, weights_, fmt::format("'{}' {} '{}'", options_.weights_name, type, name));
    NPU_CHECK(read_bottoms(message, *row, where, layer));
    layer.tops = tops;
    if (tops.empty() && row->rule != silence) return fail(ErrorKind::InvalidModel, where, "has no top");
    return add_layer(*row, layer, where);
  }

  Status read_bottoms(const ProtoMessage& message, const LayerRow& row, const std::string& where, Layer& layer) {
    for (const std::string& bottom : texts(message, "bottom")) {
      const auto found = blobs_.find(bottom);
      if (found == blobs_.end()) return fail(ErrorKind::InvalidModel, where, fmt::format("its bottom '{}' is the top of no layer before it", bottom));
      found->second.read = true;
      layer.bottoms.push_back(found->second.value);
    }
    if (layer.bottoms.size() < row.min_bottoms || layer.bottoms.size() > row.max_bottoms)
      return fail(ErrorKind::InvalidModel, where, fmt::format("has {} bottoms, {} to {} are possible", layer.bottoms.size(), row.min_bottoms, row.max_bottoms));
    return {};
  }

  Status add_layer(const LayerRow& row, Layer& layer, const std::string& where) {
    const std::vector<ValueId> results = row.rule(layer);
    NPU_CHECK(graph_.status());
    if (Status fields = layer.params.check(); !fields) return fail(fields.error().kind, where, fmt::format("{}: {}", fields.error().where, fields.error().what));
    if (results.size() != layer.tops.size()) return fail(ErrorKind::InvalidModel, where, fmt::format("has {} tops, this layer makes {}", layer.tops.size(), results.size()));
    graph_.finish(results, layer.tops);
    for (size_t i = 0; i < results.size(); ++i) define(layer.tops[i], results[i]);
    return {};
  }

  Status not_offered(const std::string& type, const std::string& name, int line, bool is_old) const {
    std::vector<std::string_view> offered;
    for (const LayerRow& row : layer_rows())
      if (const std::string_view known = is_old ? row.old_type : row.type; !known.empty()) offered.push_back(known);
    return fail(ErrorKind::UnsupportedModel, place(line), fmt::format("layer type '{}' of '{}' is not offered; offered: Input, {}", type, name, fmt::join(offered, ", ")));
  }

  Status read_input_layer(const ProtoMessage& message, const std::vector<std::string>& tops, const std::string& where) {
    std::vector<std::vector<int64_t>> shapes;
    for (const ProtoField& field : message.fields)
      if (field.name == "input_param")
        for (const ProtoMessage& inner : field.message) NPU_CHECK(append_shapes(inner, "shape", shapes));
    if (shapes.empty() || tops.empty()) return fail(ErrorKind::InvalidModel, where, "has no shape or no top");
    return add_inputs(tops, shapes, "the layer");
  }

  const Weights& weights_;
  const CaffeLoadOptions& options_;
  std::string file_;
  GraphBuilder graph_;
  std::map<std::string, Blob, std::less<>> blobs_;  // what each name means after the layers so far
  std::vector<std::string> order_;
};

}  // namespace

Result<Graph> load_caffe(std::string_view prototxt, Bytes bytes, std::shared_ptr<const void> owner, const CaffeLoadOptions& options) {
  auto net = parse_prototxt(prototxt);
  if (!net) return fail(ErrorKind::InvalidModel, fmt::format("'{}' {}", options.name, net.error().where), net.error().what);
  auto weights = Weights::read(bytes, std::move(owner));
  if (!weights) return fail(ErrorKind::InvalidModel, fmt::format("'{}'", options.weights_name), weights.error().what);
  const std::string name = text(*net, "name");
  return Loader(*weights, options, name.empty() ? options.name : name).load(*net);
}

}  // namespace npu
