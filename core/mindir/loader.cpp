// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/mindir/mindir.h"
#include "core/mindir/op.h"

namespace npu {
namespace {

using namespace mindir;

constexpr std::string_view kReference = "REF::";
constexpr size_t kMaxOutputs = 4096;

class Loader {
 public:
  Loader(RawModel model, std::shared_ptr<const void> owner, const MindirLoadOptions& options)
      : model_(std::move(model)), owner_(std::move(owner)), options_(options), file_("'" + options.name + "'"), graph_(model_.graph_name.empty() ? options.name : model_.graph_name, options.max_bytes) {}

  Result<Graph> load() {
    for (const RawInput& input : model_.inputs) NPU_CHECK(add_input(input));
    for (const data_view view : model_.parameters) NPU_CHECK(add_parameter(read_tensor(view)));
    for (const RawNode& node : model_.nodes) NPU_CHECK(add_node(node));
    std::vector<ValueId> outputs;
    std::vector<std::string> names;
    for (const RawInput& output : model_.outputs) NPU_CHECK(add_output(output.name, outputs, names));
    if (outputs.empty()) return fail(ErrorKind::InvalidModel, file_, "has no outputs");
    return graph_.take(outputs, names);
  }

 private:
  // Without "graph:" in front.
  std::string short_name(const std::string& name) const {
    const std::string prefix = model_.graph_name + ":";
    return name.starts_with(prefix) && name.size() > prefix.size() ? name.substr(prefix.size()) : name;
  }

  std::string place(std::string_view kind, const std::string& name) const { return fmt::format("{} {} '{}'", file_, kind, short_name(name)); }

  Status define(const std::string& name, Item item) {
    if (name.empty() || !items_.emplace(name, std::move(item)).second) graph_.fail(ErrorKind::InvalidModel, fmt::format("the name '{}' is empty or given twice", name));
    return graph_.status();
  }

  Status add_input(const RawInput& input) {
    const std::string name = short_name(input.name);
    graph_.begin(name, place("input", input.name));
    if (input.tensors.size() != 1) return fail(ErrorKind::UnsupportedModel, place("input", input.name), "is no tensor");
    const DType dtype = dtype_of(input.tensors[0].dtype);
    if (dtype == DType::Undefined) return fail(ErrorKind::UnsupportedModel, place("input", input.name), fmt::format("its element type ({}) is not offered", input.tensors[0].dtype));
    Dims dims;
    for (const int64_t dim : input.tensors[0].dims) dims.push_back(dim >= 0 ? Dim(dim) : Dim());
    if (const auto given = options_.input_shapes.find(name); given != options_.input_shapes.end()) {
      const bool fits = std::ranges::equal(given->second, dims, [](const Dim& mine, const Dim& its) { return !its.known() || !mine.known() || mine == its; });
      if (!fits) return fail(ErrorKind::InvalidArgument, fmt::format("--input_shape of '{}'", name), fmt::format("{} does not fit the model's {}", to_string(given->second), to_string(dims)));
      dims = given->second;
    }
    return define(input.name, {graph_.input(name, TensorType::of(dtype, std::move(dims))), nullptr, nullptr});
  }

  // The bytes as a constant; errors go to the graph.
  ValueId constant(const RawTensor& raw) {
    const DType dtype = dtype_of(raw.dtype);
    if (dtype == DType::Undefined) return graph_.fail(ErrorKind::UnsupportedModel, fmt::format("its element type ({}) is not offered", raw.dtype));
    if (raw.outside) return graph_.fail(ErrorKind::UnsupportedModel, "its weights are in a file beside the model, which is not offered");
    if (raw.compressed) return graph_.fail(ErrorKind::UnsupportedModel, "its weights are compressed, which is not offered");
    const auto count = checked_element_count(raw.dims, "");
    const Bytes bytes = raw.raw.value_or(Bytes{});
    if (!count || static_cast<uint64_t>(*count) * dtype_size(dtype) != bytes.size())
      return graph_.fail(ErrorKind::InvalidModel, fmt::format("{} of {} needs other than the {} bytes of the file", to_string(dtype), to_string(raw.dims), bytes.size()));
    if (!graph_.account(bytes.size())) return kNone;
    if (dtype == DType::Bool) return graph_.constant("value", Tensor::from<std::byte>(DType::UInt8, raw.dims, bytes).cast(DType::Bool));
    const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % dtype_size(dtype) == 0;
    return graph_.constant("value", aligned && owner_ ? Tensor::view(dtype, raw.dims, bytes, owner_) : Tensor::from<std::byte>(dtype, raw.dims, bytes));
  }

  Status add_parameter(const RawTensor& raw) {
    graph_.begin(short_name(raw.name), place("parameter", raw.name));
    return define(raw.name, {constant(raw), nullptr, nullptr});
  }

  Status add_constant(const RawNode& node, const std::string& output) {
    const auto value = node.attrs.find("value");
    if (value == node.attrs.end()) return fail(ErrorKind::InvalidModel, place("Constant", node.name), "has no value");
    const bool is_tensor = value->second.tensors.size() == 1 && value->second.tensors[0].raw && !value->second.reference.starts_with("type:");
    return define(output, is_tensor ? Item{constant(value->second.tensors[0]), nullptr, nullptr} : Item{kNone, nullptr, &value->second});
  }

  Status add_node(const RawNode& node) {
    const std::string output = node.outputs.empty() ? node.name : node.outputs[0];
    const RawNode* primitive = &node;
    if (node.op.starts_with(kReference)) {
      const auto found = model_.primitives.find(std::string_view(node.op).substr(kReference.size()));
      if (found == model_.primitives.end()) return fail(ErrorKind::UnsupportedModel, place("node", node.name), fmt::format("calls the function '{}', which is not offered", node.op.substr(kReference.size())));
      primitive = &found->second;
    }
    // "DoSignaturePrimitive::S-Prim-Add" and "S-Prim-Add" are Add with implicit conversions, which have been done.
    const std::string type = primitive->op.substr(primitive->op.starts_with("S-Prim-") ? 7 : 0), where = place(type, node.name);
    graph_.begin(short_name(node.name), where);
    if (type == "Constant") return add_constant(node, output);
    const OpRow* row = find_op_row(type);
    if (!row) return not_offered(type, node);
    Op op{node, *primitive, {}, graph_};
    for (const std::string& input : node.inputs) {
      const auto found = items_.find(input);
      if (found == items_.end()) return fail(ErrorKind::InvalidModel, where, fmt::format("its input '{}' is defined nowhere before it", input));
      op.inputs.push_back(found->second);
    }
    if (op.count() < row->min_inputs || op.count() > row->max_inputs) return fail(ErrorKind::InvalidModel, where, fmt::format("has {} inputs, {} to {} are possible", op.count(), row->min_inputs, row->max_inputs));
    const Item result = row->rule ? row->rule(op) : Item{graph_.add(row->plain, op.values()), nullptr, nullptr};
    const ValueId first = result.parts && !result.parts->empty() ? result.parts->front().value : result.value;
    const std::string name = short_name(node.name);
    if (first != kNone) graph_.finish(std::span(&first, 1), std::span(&name, 1));
    return define(output, result);
  }

  Status not_offered(const std::string& type, const RawNode& node) const {
    std::vector<std::string_view> offered;
    for (const OpRow& row : op_rows()) offered.push_back(row.type);
    return fail(ErrorKind::UnsupportedModel, file_, fmt::format("operator '{}' of '{}' is not offered; offered: Constant, {}", type, short_name(node.name), fmt::join(offered, ", ")));
  }

  Status add_output(const std::string& name, std::vector<ValueId>& outputs, std::vector<std::string>& names) {
    const auto found = items_.find(name);
    if (found == items_.end()) return fail(ErrorKind::InvalidModel, file_, fmt::format("the output '{}' is defined nowhere", short_name(name)));
    return add_results(found->second, outputs, names, 0);
  }

  Status add_results(const Item& item, std::vector<ValueId>& outputs, std::vector<std::string>& names, int depth) {
    if (item.parts && depth < 2 && outputs.size() <= kMaxOutputs) {
      for (const Item& part : *item.parts) NPU_CHECK(add_results(part, outputs, names, depth + 1));
      return {};
    }
    if (item.value == kNone || outputs.size() > kMaxOutputs) return fail(ErrorKind::UnsupportedModel, file_, "an output is no tensor and no tuple of tensors, or too many are");
    outputs.push_back(item.value);
    names.push_back(graph_.graph().value(item.value).name);
    return {};
  }

  RawModel model_;
  std::shared_ptr<const void> owner_;
  const MindirLoadOptions& options_;
  std::string file_;
  GraphBuilder graph_;
  std::map<std::string, Item, std::less<>> items_;
};

}  // namespace

Result<Graph> load_mindir(Bytes bytes, std::shared_ptr<const void> owner, const MindirLoadOptions& options) {
  const std::string file = "'" + options.name + "'";
  try {
    RawModel model = read_model(bytes);
    if (!model.recognised) return fail(ErrorKind::InvalidModel, file, "is no MindIR model (an .air file, which has another structure, is not offered: export with file_format MINDIR)");
    return Loader(std::move(model), std::move(owner), options).load();
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, file, "is no MindIR model, or " + pb_damage(error));
  }
}

}  // namespace npu
