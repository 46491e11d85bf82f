// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/support.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/lower/rule.h"
#include "compiler/passes/decompose.h"

namespace npu {

namespace {

constexpr int kOpset = 28;

// What inputs beside the first may have to be.
constexpr DType kPartners[] = {DType::Undefined,  // like the first
                               DType::Int64, DType::Float32, DType::Bool, DType::Int32, DType::UInt8, DType::String};
constexpr size_t kMaxTried = 5;  // inputs whose types are varied

// Values that some operator wants of an attribute it requires.
constexpr std::string_view kTexts[] = {"", "LEFT", "TF", "ii->i", "standard", "a"};

Attr value_for(AttrKind kind, std::string_view text) {
  switch (kind) {
    case AttrKind::Int: return int64_t{1};
    case AttrKind::Float: return 1.0f;
    case AttrKind::String: return std::string(text);
    case AttrKind::Ints: return std::vector<int64_t>{1, 1};
    case AttrKind::Floats: return std::vector<float>{1};
    case AttrKind::Strings: return std::vector<std::string>{"a"};
    case AttrKind::Tensor: return Tensor(DType::Float32, {1});
    case AttrKind::Graph: return Subgraph();
    case AttrKind::Type: return TensorType::of(DType::Float32, Shape{1});
  }
  return int64_t{1};
}

bool infers(const OpDef& def, std::span<const DType> inputs) {
  for (const std::string_view text : kTexts) {
    Graph graph;
    graph.opset = kOpset;
    Node node;
    node.op = def.name;
    for (size_t i = 0; i < inputs.size(); ++i) node.inputs.push_back(graph.add_value(fmt::format("{}", i), {inputs[i], false, {}}));
    node.outputs.assign(static_cast<size_t>(std::max(1, def.min_outputs)), 0);
    for (const AttrDef& row : def.attrs)
      if (row.fallback == "required") node.attrs.emplace(row.name, value_for(row.kind, text));
    if (infer_types(def, InferContext(graph, node))) return true;
  }
  return false;
}

// Whether some types of the other inputs make a node of the operator whose first input is of this type.
bool takes(const OpDef& def, DType first) {
  const size_t count = static_cast<size_t>(std::max(1, def.min_inputs));
  if (count > kMaxTried) {  // data, scale and zero point of two operands, scale and zero point of the result
    const DType f = DType::Float32, quantized[] = {first, f, first, first, f, first, f, first};
    return infers(def, std::span(quantized).first(std::min(count, std::size(quantized))));
  }
  std::vector<size_t> choice(count, 0);
  for (;;) {
    std::vector<DType> inputs{first};
    for (size_t i = 1; i < count; ++i) inputs.push_back(choice[i] == 0 ? first : kPartners[choice[i]]);
    if (infers(def, inputs)) return true;
    size_t i = 1;
    for (; i < count && ++choice[i] == std::size(kPartners); ++i) choice[i] = 0;
    if (i >= count) return false;
  }
}

std::vector<DType> types_of(const OpDef& def) {
  std::vector<DType> types;
  if (def.max_inputs == 0 || def.evaluate) return types;
  for (const DTypeInfo& row : kDTypes)
    if (row.dtype != DType::Undefined && takes(def, row.dtype)) types.push_back(row.dtype);
  return types;
}

struct Group {
  std::string_view name;
  std::vector<DType> members;
};

const std::vector<Group>& groups() {
  static const std::vector<Group> all = [] {
    std::vector<Group> list{{"float", {}}, {"int", {}}, {"uint", {}}, {"narrow", {}}};
    for (const DTypeInfo& row : kDTypes) {
      const bool is_unsigned = row.dtype >= DType::UInt8 && row.dtype <= DType::UInt64, is_signed = row.dtype >= DType::Int8 && row.dtype <= DType::Int64;
      if (is_float(row.dtype)) list[0].members.push_back(row.dtype);
      if (is_signed) list[1].members.push_back(row.dtype);
      if (is_unsigned) list[2].members.push_back(row.dtype);
      if (is_narrow(row.dtype)) list[3].members.push_back(row.dtype);
    }
    return list;
  }();
  return all;
}

// Names, whole groups by theirs.
std::string type_names(std::vector<DType> types) {
  std::vector<std::string_view> names;
  for (const Group& group : groups()) {
    if (!std::ranges::all_of(group.members, [&](DType d) { return std::ranges::count(types, d) > 0; })) continue;
    names.push_back(group.name);
    std::erase_if(types, [&](DType d) { return std::ranges::count(group.members, d) > 0; });
  }
  for (const DType dtype : types) names.push_back(to_string(dtype));
  return fmt::format("{}", fmt::join(names, " "));
}

// Passes other than decompose-operators turn these into operators that the AI core runs, or take them away.
constexpr std::string_view kRewritten[] = {"BatchNormalization", "CastLike", "Dropout", "QLinearMatMul", "Upsample"};

RunsOn engine_of(const OpDef& def, const std::vector<DType>& types) {
  if (const LowerRule* rule = find_lower_rule(def.name)) return rule->family == Family::View ? RunsOn::NoTask : RunsOn::AiCore;
  if (pass::decomposes(def.name) || std::ranges::count(kRewritten, def.name) > 0) return RunsOn::AiCore;
  if (def.evaluate) return RunsOn::Reference;
  if (def.max_inputs > 0 && !types.empty() && std::ranges::none_of(types, is_device_dtype)) return RunsOn::Reference;
  return def.from_values ? RunsOn::Folded : RunsOn::AiCpu;
}

// In the order of RunsOn.
constexpr std::string_view kEngines[] = {"AI core, AI CPU", "no task", "AI CPU", "folded", "reference"};

}  // namespace

OperatorSupport support_of(const OpDef& def) {
  const auto types = types_of(def);
  return {engine_of(def, types), def.evaluate ? "any" : type_names(types)};
}

std::string support_table() {
  std::string text =
      "| operator | domain | opset | runs on | first input | what it does |\n"
      "|---|---|---|---|---|---|\n";
  for (const OpDef* def : all_ops()) {
    const OperatorSupport support = support_of(*def);
    std::string doc(def->doc);
    for (size_t at = 0; (at = doc.find('|', at)) != doc.npos; at += 2) doc.replace(at, 1, "\\|");
    text += fmt::format("| {} | {} | {}+ | {} | {} | {} |\n", def->name, def->domain, def->since, kEngines[static_cast<size_t>(support.runs_on)], support.types, doc);
  }
  text +=
      "\n'AI core, AI CPU': on the cube and vector units where types and shapes allow (the compiler says why not), else on the AI CPU. "
      "'no task': another view of the same bytes. 'folded': the shape of the result depends on values, so a compiled model has it only "
      "where the inputs are constants. 'reference': has sequences, strings or sub-graphs, which compiled models do not hold.\n"
      "float: float16 bfloat16 float32 float64; narrow: floats of 8 and 4 bits, integers of 4 and 2 bits.\n";
  return text;
}

}  // namespace npu
