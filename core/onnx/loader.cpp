// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <set>

#include "core/onnx/onnx.h"
#include "core/onnx/raw_model.h"
#include "core/onnx/tensor_proto.h"
#include "core/ops/op.h"

namespace npu {

namespace {

using namespace onnx;
using protozero::data_view;

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view what;
};
// What people drop by mistake.
constexpr Magic kMagics[] = {
    {0, "\x89PNG", "it is a PNG image"},
    {0, "\xff\xd8\xff", "it is a JPEG image"},
    {0, "GIF8", "it is a GIF image"},
    {0, "BM", "it is a BMP image"},
    {0, "IMOD", "it is an .om file, which is already compiled"},
    {0, "PK\x03\x04", "it is a ZIP archive (a PyTorch checkpoint is one: export the model with torch.onnx.export)"},
    {0, "\x80\x02", "it is a Python pickle (export the model with torch.onnx.export)"},
    {0, "\x1f\x8b", "it is gzip data"},
    {0, "\x89HDF", "it is an HDF5 file (convert a Keras model with tf2onnx)"},
    {0, "\x93NUMPY", "it is a NumPy array"},
    {4, "TFL3", "it is a TensorFlow Lite model (convert it with tf2onnx)"},
    {0,
     "\x7f"
     "ELF",
     "it is a program or a shared library"},
    {0, "%PDF", "it is a PDF document"},
    {0, "version https://git-lfs", "it is a Git LFS pointer (the model itself was not downloaded)"},
};

std::string_view guess_content(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Magic& magic : kMagics)
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes)) return magic.what;
  const auto is_text = [](unsigned char c) { return (c >= 32 && c != 127) || (c >= 9 && c <= 13); };
  if (std::ranges::all_of(text.substr(0, 256), is_text)) return "it is a text file";
  return "it does not have the format's structure";
}

constexpr int kMaxDepth = 16;  // of sub-graphs

// A graph while it is read: the model's, or a sub-graph that sees the names of those around it.
struct Scope {
  Scope* parent = nullptr;
  int depth = 0;
  Graph graph;
  std::map<std::string, int> node_names;                  // -> the last suffix given
  std::map<std::string, ValueId, std::less<>> values;
  std::vector<std::string> captured;                      // names found further out, in the order of their first use

  // The value of the name, here or further out (then it becomes an input); kNone when there is none.
  ValueId resolve(std::string_view name) {
    if (const auto found = values.find(name); found != values.end()) return found->second;
    if (!parent || parent->resolve(name) == kNone) return kNone;
    captured.emplace_back(name);
    return values[std::string(name)] = graph.add_value(std::string(name), {});
  }
};

class Loader {
 public:
  Loader(Bytes bytes, std::shared_ptr<const void> owner, const OnnxLoadOptions& options)
      : bytes_(bytes), file_("'" + options.name + "'"), place_(file_), tensors_(std::move(owner), options), has_external_(options.external) {}

  Result<Graph> load() {
    try {
      return read_model();
    } catch (const protozero::exception& error) {
      if (!recognised_) return not_onnx();
      return fail(ErrorKind::InvalidModel, place_, pb_damage(error));
    }
  }

 private:
  std::unexpected<Error> not_onnx() const {
    const std::string_view reason = bytes_.empty() ? "the file is empty" : guess_content(bytes_);
    return fail(ErrorKind::InvalidModel, "", file_ + " is not an ONNX model: " + std::string(reason));
  }

  std::unexpected<Error> invalid(std::string what) const {
    return fail(ErrorKind::InvalidModel, place_, std::move(what));
  }
  std::unexpected<Error> unsupported(std::string what) const {
    return fail(ErrorKind::UnsupportedModel, place_, std::move(what));
  }

  Result<Graph> read_model() {
    std::optional<data_view> graph;
    int64_t opset = 0;
    PbMessage<ModelField> message(bytes_);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case pb_varint(ModelField::IrVersion): {
          const int64_t version = message.get_int64();
          recognised_ = version > 0 && version < 100;
          break;
        }
        case pb_length(ModelField::Graph): graph = message.get_view(); break;
        case pb_length(ModelField::OpsetImport): read_opset(message.get_view(), opset); break;
        case pb_length(ModelField::Functions): read_function(message.get_view()); break;
        default: message.skip();
      }
    }
    if (!recognised_ && !(graph && opset > 0)) return not_onnx();
    recognised_ = true;
    if (!graph) return invalid("has no graph (is the file complete?)");
    if (opset < 0 || opset > 1000) return invalid("claims opset " + std::to_string(opset));
    opset_ = static_cast<int>(opset);
    Scope scope;
    return build(read_graph(*graph), scope);
  }

  void read_opset(data_view view, int64_t& opset) {
    PbMessage<OpsetField> message(view);
    std::string domain;
    int64_t version = 0;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case pb_length(OpsetField::Domain): domain = message.get_string(); break;
        case pb_varint(OpsetField::Version): version = message.get_int64(); break;
        default: message.skip();
      }
    }
    if (is_default_domain(domain)) opset = version;
  }

  void read_function(data_view view) {
    PbMessage<FunctionField> message(view);
    std::string domain, name;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case pb_length(FunctionField::Domain): domain = message.get_string(); break;
        case pb_length(FunctionField::Name): name = message.get_string(); break;
        default: message.skip();
      }
    }
    functions_[name] = domain;
  }

  static bool is_default_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

  // Captured values are no inputs yet.
  Result<Graph> build(const RawGraph& raw, Scope& scope) {
    Scope* const outer = std::exchange(scope_, &scope);
    const Status status = fill(raw);
    scope_ = outer;
    if (!status) return std::unexpected(status.error());
    return std::move(scope.graph);
  }

  Status fill(const RawGraph& raw) {
    graph().opset = opset_;
    graph().name = raw.name;
    if (raw.has_sparse) return unsupported("has sparse initializers");
    NPU_CHECK(add_initializers(raw));
    NPU_CHECK(add_inputs(raw));
    NPU_CHECK(add_nodes(raw));
    NPU_CHECK(add_types(raw));
    NPU_CHECK(add_outputs(raw));
    place_ = file_;
    return graph().sort();
  }

  Graph& graph() { return scope_->graph; }
  bool is_inner() const { return scope_->depth > 0; }

  // In this graph; names further out are for resolve.
  ValueId find(std::string_view name) const {
    const auto found = scope_->values.find(name);
    return found == scope_->values.end() ? kNone : found->second;
  }

  Status add_initializers(const RawGraph& raw) {
    if (!is_inner() && !has_external_) {
      uint64_t outside = 0;
      for (const data_view view : raw.initializers) outside += TensorDecoder::external_size(view);
      tensors_.set_external_total(outside);
    }
    for (size_t i = 0; i < raw.initializers.size(); ++i) {
      place_ = file_ + " initializer " + std::to_string(i);
      NPU_TRY(NamedTensor named, tensors_.decode(raw.initializers[i], place_));
      if (named.name.empty()) return invalid("has no name");
      if (find(named.name) != kNone) return invalid("the name '" + named.name + "' is given twice");
      const ValueId id = graph().add_constant(named.name, std::move(named.tensor));
      scope_->values.emplace(std::move(named.name), id);
    }
    return {};
  }

  Status add_inputs(const RawGraph& raw) {
    for (size_t i = 0; i < raw.inputs.size(); ++i) {
      place_ = file_ + " input " + std::to_string(i);
      RawValue value = read_value_info(raw.inputs[i]);
      if (value.name.empty()) return invalid("has no name");
      place_ = file_ + " input '" + value.name + "'";
      const ValueId known = find(value.name);
      if (graph().is_constant(known)) continue;  // an initializer may be listed as an input too
      if (known != kNone) return invalid("is listed twice");
      const bool may_miss = is_inner() && (value.problem == "has no type" || value.problem == "has no element type");
      if (!value.problem.empty() && !may_miss) return unsupported(value.problem + ", which is not supported");
      const ValueId id = graph().add_value(value.name, std::move(value.type));
      scope_->values.emplace(std::move(value.name), id);
      graph().inputs.push_back(id);
    }
    return {};
  }

  Status add_nodes(const RawGraph& raw) {
    std::vector<RawNode> nodes;
    for (size_t i = 0; i < raw.nodes.size(); ++i) {
      place_ = file_ + " node " + std::to_string(i);
      nodes.push_back(read_node(raw.nodes[i]));
      NPU_CHECK(declare(nodes.back(), i));
    }
    for (const RawNode& node : nodes) NPU_CHECK(add_node(node));
    return {};
  }

  // Names the node and makes its outputs known, so that nodes may come in any order.
  Status declare(RawNode& raw, size_t index) {
    std::string wish = raw.name;
    for (size_t i = 0; wish.empty() && i < raw.outputs.size(); ++i) wish = raw.outputs[i];
    if (wish.empty()) wish = raw.op + "_" + std::to_string(index);
    raw.name = unique_node_name(wish);
    set_place(raw);
    if (raw.op.empty()) return invalid("has no operator type");
    const OpDef* known = find_op(raw.op);
    if (!is_default_domain(raw.domain) && !(known && known->domain == raw.domain)) {
      const auto function = functions_.find(raw.op);
      const bool is_function = function != functions_.end() && function->second == raw.domain;
      return unsupported(is_function ? "calls a function of the model ('" + raw.domain + "'), which is not supported"
                                     : "operator domain '" + raw.domain + "' is not supported");
    }
    if (functions_.contains(raw.op) && is_default_domain(functions_[raw.op]))
      return unsupported("is redefined by a function of the model, which is not supported");
    if (is_default_domain(raw.domain) && known && !known->domain.empty())
      return unsupported("is an operator of the domain '" + std::string(known->domain) + "' without it");
    if (is_default_domain(raw.domain) && graph().opset == 0) return invalid("the model names no opset version");
    for (const std::string_view output : raw.outputs) {
      if (output.empty()) continue;
      const auto [place, added] = scope_->values.try_emplace(std::string(output), kNone);
      if (!added) return invalid("output '" + std::string(output) + "' is already defined");
      place->second = graph().add_value(std::string(output), {});
    }
    return {};
  }

  std::string unique_node_name(const std::string& wish) {
    const auto [entry, is_new] = scope_->node_names.try_emplace(wish, 0);
    if (is_new) return wish;
    std::string name;
    do name = wish + "_" + std::to_string(++entry->second);
    while (!scope_->node_names.try_emplace(name, 0).second);
    return name;
  }

  void set_place(const RawNode& raw) { place_ = file_ + " " + raw.op + " '" + raw.name + "'"; }

  Status add_node(const RawNode& raw) {
    set_place(raw);
    Node node;
    node.op = raw.op;
    node.name = raw.name;
    node.origin = {raw.name};
    std::vector<std::pair<std::string, Scope>> bodies;
    for (const data_view view : raw.attributes) NPU_CHECK(add_attribute(node, read_attribute(view), bodies));
    for (const std::string_view input : raw.inputs) {
      node.inputs.push_back(input.empty() ? kNone : scope_->resolve(input));
      if (!input.empty() && node.inputs.back() == kNone)
        return invalid("input " + std::to_string(node.inputs.size() - 1) + " '" + std::string(input) +
                       "' is defined nowhere");
    }
    for (const std::string_view output : raw.outputs) node.outputs.push_back(output.empty() ? kNone : find(output));
    add_bodies(node, bodies);
    graph().append(std::move(node));
    return {};
  }

  // Sub-graphs get what any of them captures as last inputs, the node the values.
  void add_bodies(Node& node, std::vector<std::pair<std::string, Scope>>& bodies) {
    std::set<std::string> names;  // sorted: the order must not depend on that of the attributes in the file
    for (const auto& [key, scope] : bodies) names.insert(scope.captured.begin(), scope.captured.end());
    for (auto& [key, scope] : bodies) {
      for (const std::string& name : names) {
        const bool is_used = std::ranges::find(scope.captured, name) != scope.captured.end();
        scope.graph.inputs.push_back(is_used ? scope.values[name] : scope.graph.add_value(scope.graph.unique_value_name(name), {}));
      }
      scope.graph.captures = names.size();
      node.attrs.emplace(key, std::make_shared<const Graph>(std::move(scope.graph)));
    }
    for (const std::string& name : names) node.inputs.push_back(scope_->resolve(name));
  }

  Status add_body(const std::string& key, data_view view, std::vector<std::pair<std::string, Scope>>& bodies) {
    if (scope_->depth >= kMaxDepth) return unsupported("sub-graphs are nested more than " + std::to_string(kMaxDepth) + " deep");
    const std::string place = place_;
    Scope& scope = bodies.emplace_back(key, Scope{}).second;
    scope.parent = scope_;
    scope.depth = scope_->depth + 1;
    NPU_TRY(scope.graph, build(read_graph(view), scope));
    place_ = place;
    return {};
  }

  Status add_attribute(Node& node, RawAttribute raw, std::vector<std::pair<std::string, Scope>>& bodies) {
    if (raw.name.empty()) return invalid("has an attribute without a name");
    const auto about = [&](std::string what) { return "attribute '" + raw.name + "' " + std::move(what); };
    if (raw.is_reference) return invalid(about("refers to a function's attribute"));
    if (node.attrs.contains(raw.name)) return invalid(about("is given twice"));
    std::optional<Attr> value;
    switch (static_cast<AttributeType>(raw.type)) {
      // A field with its default value may be left out of the file.
      case AttributeType::Float: value = raw.value ? *raw.value : Attr(0.0f); break;
      case AttributeType::Int: value = raw.value ? *raw.value : Attr(int64_t{0}); break;
      case AttributeType::String: value = raw.value ? *raw.value : Attr(std::string()); break;
      case AttributeType::Floats: value = std::move(raw.floats); break;
      case AttributeType::Ints: value = std::move(raw.ints); break;
      case AttributeType::Strings: value = std::move(raw.strings); break;
      case AttributeType::Tensor: {
        if (!raw.tensor) return invalid(about("has no tensor"));
        NPU_TRY(NamedTensor named, tensors_.decode(*raw.tensor, place_ + " attribute '" + raw.name + "'"));
        value = std::move(named.tensor);
        break;
      }
      case AttributeType::Graph:
        if (!raw.graph) return invalid(about("has no graph"));
        if (std::ranges::find(bodies, raw.name, [](const auto& body) { return body.first; }) != bodies.end()) return invalid(about("is given twice"));
        return add_body(raw.name, *raw.graph, bodies);
      case AttributeType::Graphs: return unsupported(about("is a list of sub-graphs, which is not supported"));
      case AttributeType::Tensors: return unsupported(about("is a list of tensors, which is not supported"));
      case AttributeType::SparseTensor:
      case AttributeType::SparseTensors: return unsupported(about("is a sparse tensor, which is not supported"));
      case AttributeType::TypeProto: {
        if (!raw.type_proto) return invalid(about("has no type"));
        std::string problem;
        TensorType type = read_type(*raw.type_proto, problem);
        if (!problem.empty()) return unsupported(about(problem + ", which is not supported"));
        value = std::move(type);
        break;
      }
      case AttributeType::TypeProtos: return unsupported(about("is a list of types, which is not supported"));
      default: return invalid(about("has the unknown type " + std::to_string(raw.type)));
    }
    constexpr size_t kScalarKinds[] = {0, 1, 0, 2};  // AttributeType Float, Int, String -> index in Attr
    if (raw.value && raw.type <= 3 && raw.value->index() != kScalarKinds[raw.type])
      return invalid(about("has a value of another type than it claims"));
    node.attrs.emplace(std::move(raw.name), std::move(*value));
    return {};
  }

  Status add_types(const RawGraph& raw) {
    place_ = file_ + " value_info";
    for (const data_view view : raw.value_infos) {
      RawValue value = read_value_info(view);
      const ValueId id = find(value.name);
      if (id == kNone || !value.problem.empty() || graph().value(id).producer == kNone) continue;
      graph().value(id).type = std::move(value.type);
    }
    return {};
  }

  Status add_outputs(const RawGraph& raw) {
    place_ = file_;
    if (raw.outputs.empty() && !is_inner()) return invalid("has no outputs");
    std::set<ValueId> listed;
    for (size_t i = 0; i < raw.outputs.size(); ++i) {
      place_ = file_ + " output " + std::to_string(i);
      RawValue value = read_value_info(raw.outputs[i]);
      place_ = file_ + " output '" + value.name + "'";
      const ValueId id = scope_->resolve(value.name);
      if (id == kNone) return invalid("is defined nowhere");
      if (!listed.insert(id).second && !is_inner()) return invalid("is listed twice");
      const bool is_missing = value.problem == "has no type" || value.problem == "has no element type";
      if (!value.problem.empty() && !is_missing) return unsupported(value.problem + ", which is not supported");
      if (graph().value(id).producer != kNone && !is_missing) graph().value(id).type = std::move(value.type);
      graph().outputs.push_back(id);
    }
    return {};
  }

  Bytes bytes_;
  std::string file_;
  std::string place_;
  TensorDecoder tensors_;
  bool has_external_ = false;  // files beside the model can be had
  bool recognised_ = false;  // surely an ONNX file, damaged or not
  int opset_ = 0;
  Scope* scope_ = nullptr;
  std::map<std::string, std::string, std::less<>> functions_;  // name -> domain
};

}  // namespace

Result<Graph> load_onnx(Bytes bytes, std::shared_ptr<const void> owner, const OnnxLoadOptions& options) {
  return Loader(bytes, std::move(owner), options).load();
}

namespace {

// A file of the model's folder or below, where links lead nowhere else.
Result<OwnedBytes> map_beside(FileSystem& files, const std::filesystem::path& folder, const std::string& file) {
  const std::string path = (folder / file).string();
  NPU_TRY(const std::filesystem::path home, files.resolve(folder.string()));
  const auto target = files.resolve(path);
  const std::filesystem::path place = target ? *target : "";
  if (std::ranges::mismatch(home, place).in1 != home.end())
    return fail(ErrorKind::InvalidModel, "'" + path + "'", "leads out of the model's folder");
  NPU_TRY(MappedFile data, files.map(path));
  return OwnedBytes{data.bytes, std::move(data.owner)};
}

}  // namespace

Result<Graph> load_onnx_file(const std::string& path, uint64_t max_bytes, FileSystem& files) {
  NPU_TRY(const MappedFile file, files.map(path));
  const std::filesystem::path model(path);
  OnnxLoadOptions options;
  options.name = model.filename().string();
  options.max_bytes = max_bytes;
  options.external = [&files, folder = model.parent_path()](const std::string& name) { return map_beside(files, folder, name); };
  return load_onnx(file.bytes, file.owner, options);
}

}  // namespace npu
