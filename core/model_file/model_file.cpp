// SPDX-License-Identifier: Apache-2.0
#include "core/model_file/model_file.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

#include "core/caffe/caffe.h"
#include "core/mindir/mindir.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "core/tensorflow/tensorflow.h"

namespace npu {
namespace {

using protozero::pbf_wire_type;

// How often each outermost field occurs. A field whose content is cut off counts: broken files should be told apart too.
class Fields {
 public:
  explicit Fields(Bytes bytes) {
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    protozero::pbf_reader reader(begin, bytes.size());
    try {
      while (reader.next()) {
        ++count_[{reader.tag(), reader.wire_type()}];
        reader.skip();
      }
    } catch (const protozero::exception&) {
      // what came before it is known
    }
  }

  int messages(uint32_t field) const { return count({field, pbf_wire_type::length_delimited}); }
  int numbers(uint32_t field) const { return count({field, pbf_wire_type::varint}); }

 private:
  using Key = std::pair<uint32_t, pbf_wire_type>;
  int count(const Key& key) const {
    const auto found = count_.find(key);
    return found == count_.end() ? 0 : found->second;
  }
  std::map<Key, int> count_;
};

ModelKind kind_of_message(const Fields& f) {
  // ModelProto: ir_version 1 a number (ONNX) or text (MindIR), graph 7. ge.proto.ModelDef: version 2 a number, graphs 7.
  if (f.messages(7) > 0) return f.numbers(1) > 0 ? ModelKind::Onnx : f.numbers(2) > 0 ? ModelKind::Air : f.messages(1) == 1 ? ModelKind::MindIr : ModelKind::Onnx;
  if (f.numbers(1) > 0) return f.messages(2) > 0 && f.messages(8) == 0 && f.messages(3) == 0 ? ModelKind::SavedModel : ModelKind::Onnx;
  // NetParameter: layer 100, or layers 2 under one name; GraphDef: nodes 1, a library 2, a version 3 or 4.
  if (f.messages(100) > 0) return ModelKind::CaffeWeights;
  const bool has_version = f.messages(4) > 0 || f.numbers(3) > 0;
  if (f.messages(2) > 0 && f.messages(1) <= 1 && !has_version) return ModelKind::CaffeWeights;
  if (f.messages(1) > 0) return ModelKind::TensorFlow;
  return ModelKind::Unknown;
}

// Text with something in braces, as every network has it.
bool is_network_text(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto is_text = [](char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t'; };
  if (!std::ranges::all_of(text, is_text)) return false;
  return text.find("layer") != std::string_view::npos && text.find('{') != std::string_view::npos;
}

Error of_nothing(const ModelFile& file) {
  return {ErrorKind::InvalidModel, file.name, "is no model that opens here: an ONNX model (.onnx), a frozen TensorFlow graph (.pb), a Caffe network (.prototxt with its .caffemodel), a MindIR model (.mindir), or an .om"};
}

Result<Graph> load_onnx_kind(const ModelFile& model, const ModelFile*, const ModelFileOptions& options) {
  return load_onnx(model.bytes, model.owner, {.name = model.name, .external = {}, .max_bytes = options.max_bytes});
}

Result<Graph> load_caffe_kind(const ModelFile& model, const ModelFile* weights, const ModelFileOptions& options) {
  if (weights == nullptr)
    return fail(ErrorKind::InvalidArgument, model.name, "is a Caffe network without its weights: the .caffemodel is missing. Open both files");
  const CaffeLoadOptions how{.name = model.name, .weights_name = weights->name, .input_shapes = options.input_shapes, .max_bytes = options.max_bytes};
  return load_caffe({reinterpret_cast<const char*>(model.bytes.data()), model.bytes.size()}, weights->bytes, weights->owner, how);
}

Result<Graph> load_tensorflow_kind(const ModelFile& model, const ModelFile*, const ModelFileOptions& options) {
  return load_tensorflow(model.bytes, model.owner, {.name = model.name, .input_shapes = options.input_shapes, .outputs = {}, .max_bytes = options.max_bytes});
}

Result<Graph> load_mindir_kind(const ModelFile& model, const ModelFile*, const ModelFileOptions& options) {
  return load_mindir(model.bytes, model.owner, {.name = model.name, .input_shapes = options.input_shapes, .max_bytes = options.max_bytes});
}

struct KindRow {
  ModelKind kind;
  std::string_view text, framework;
  Result<Graph> (*load)(const ModelFile&, const ModelFile*, const ModelFileOptions&);
  ErrorKind refusal;        // of a kind without a loader
  std::string_view reason;
};
constexpr KindRow kKinds[] = {
    {ModelKind::Om, "compiled model", "", nullptr, ErrorKind::InvalidArgument, "is compiled already"},
    {ModelKind::Onnx, "ONNX", "ONNX", load_onnx_kind, {}, ""},
    {ModelKind::TensorFlow, "TensorFlow", "TensorFlow", load_tensorflow_kind, {}, ""},
    {ModelKind::SavedModel, "TensorFlow SavedModel", "", nullptr, ErrorKind::UnsupportedModel, "is a TensorFlow SavedModel, whose variables are in other files: freeze it into one graph (.pb)"},
    {ModelKind::MindIr, "MindIR", "MindSpore", load_mindir_kind, {}, ""},
    {ModelKind::Air, "AIR", "", nullptr, ErrorKind::UnsupportedModel, "is an AIR model, a format that MindSpore gives up and that is not offered: export with file_format MINDIR or ONNX"},
    {ModelKind::CaffeNetwork, "Caffe", "Caffe", load_caffe_kind, {}, ""},
    {ModelKind::CaffeWeights, "weights of a Caffe network", "", nullptr, ErrorKind::InvalidArgument, "holds the weights of a Caffe network, the network itself is missing: open it with its .prototxt"},
};

const KindRow* row_of(ModelKind kind) {
  const auto* row = std::ranges::find(kKinds, kind, &KindRow::kind);
  return row == std::end(kKinds) ? nullptr : row;
}

}  // namespace

ModelKind kind_of_model(Bytes bytes) {
  if (is_om(bytes)) return ModelKind::Om;
  if (is_network_text(bytes)) return ModelKind::CaffeNetwork;
  return kind_of_message(Fields(bytes));
}

std::string_view to_string(ModelKind kind) {
  const KindRow* row = row_of(kind);
  return row == nullptr ? "unknown" : row->text;
}

std::string_view framework_of(ModelKind kind) {
  const KindRow* row = row_of(kind);
  return row == nullptr ? "" : row->framework;
}

Result<Graph> load_model_file(const ModelFile& model, const ModelFile* weights, const ModelFileOptions& options) {
  const ModelKind kind = kind_of_model(model.bytes);
  const KindRow* row = row_of(kind);
  if (row == nullptr) return std::unexpected(of_nothing(model));
  if (row->load == nullptr) return fail(row->refusal, model.name, std::string(row->reason));
  if (weights != nullptr && kind != ModelKind::CaffeNetwork)
    return fail(ErrorKind::InvalidArgument, weights->name, fmt::format("goes with no network: '{}' is a model of {}, which holds its own weights", model.name, row->text));
  return row->load(model, weights, options);
}

}  // namespace npu
