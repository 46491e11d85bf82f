// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/prepare.h"

#include <fmt/format.h>

#include "compiler/atc/aipp_options.h"
#include "compiler/atc/float_nodes.h"
#include "compiler/atc/fusion_switch.h"
#include "compiler/atc/gear_options.h"
#include "compiler/atc/graph_options.h"
#include "compiler/atc/quantize_options.h"
#include "compiler/atc/source.h"
#include "compiler/open_model.h"

namespace npu::atc {
namespace {

void warn(const Say& say, std::string_view text) { say(fmt::format("[WARNING] {}\n", text)); }

AtcResult<void> check_input_names(const Options& options, const Graph& graph) {
  for (const InputShape& shape : options.input_shapes) {
    bool found = false;
    for (ValueId id : graph.inputs) found |= graph.value(id).name == shape.name;
    if (!found) return refuse("E10016", fmt::format("The model has no input '{}', which --input_shape names.", shape.name));
  }
  return {};
}

// The passes to leave out: of --optimization_switch and of the file.
AtcResult<std::set<std::string, std::less<>>> disabled_passes(const Options& options, FileSystem& files, const Say& say) {
  auto disabled = options.disabled_passes;
  if (options.fusion_switch_file.empty()) return disabled;
  auto text = read_text(files, options.fusion_switch_file);
  if (!text) return std::unexpected(text.error());
  auto switches = parse_fusion_switches(*text);
  if (!switches) return std::unexpected(switches.error());
  for (const std::string& remark : switches->remarks) warn(say, remark);
  disabled.merge(switches->disabled);
  for (const std::string& name : switches->enabled) disabled.erase(name);
  return disabled;
}

AtcResult<void> insert_images(Graph& graph, Options& options, FileSystem& files) {
  if (options.insert_op_conf.empty()) return {};
  auto text = read_text(files, options.insert_op_conf);
  if (!text) return std::unexpected(text.error());
  return add_aipp(graph, *text, options);
}

AtcResult<void> quantise(Graph& graph, const Options& options, const Host& host, const Say& say) {
  if (options.compression_optimize_conf.empty()) return {};
  auto text = read_text(host.files, options.compression_optimize_conf);
  if (!text) return std::unexpected(text.error());
  return add_quantisation(graph, *text, options, host, say);
}

AtcResult<FloatNodes> read_float_nodes(const Options& options, FileSystem& files) {
  if (options.modify_mixlist.empty()) return FloatNodes();
  auto text = read_text(files, options.modify_mixlist);
  if (!text) return std::unexpected(text.error());
  return parse_mixlist(*text);
}

// What --keep_dtype and --modify_mixlist leave in float32.
AtcResult<FloatNodes> float_nodes(const Options& options, const Graph& graph, FileSystem& files, const Say& say) {
  auto nodes = read_float_nodes(options, files);
  if (!nodes || options.keep_dtype.empty()) return nodes;
  auto text = read_text(files, options.keep_dtype);
  if (!text) return std::unexpected(text.error());
  nodes->merge(parse_keep_dtype(*text));
  for (const std::string& name : unknown_in(*nodes, graph)) warn(say, fmt::format("The file of --keep_dtype names '{}': the model has no node, and the compiler no operator, of this name.", name));
  return nodes;
}

// An open model is compiled again for each size, without what is only known here.
AtcResult<void> check_open(const Options& options, const FloatNodes& kept, const Graph& graph, const CompileOptions& how) {
  if (kept.empty() || !options.gears.empty() || !is_open_model(graph, options.input_shapes, how)) return {};
  return refuse("E10001", "--keep_dtype and --modify_mixlist need fixed shapes.");
}

}  // namespace

AtcResult<Prepared> prepare_compile(Graph graph, Options options, const std::string& command_line, const Host& host, const Say& say) {
  auto disabled = disabled_passes(options, host.files, say);
  if (!disabled) return std::unexpected(disabled.error());
  if (auto changed = change_boundary(graph, {options.framework == Framework::TensorFlow ? "" : options.out_nodes, options.input_fp16_nodes, options.output_type}); !changed) return std::unexpected(changed.error());
  if (auto named = check_input_names(options, graph); !named) return std::unexpected(named.error());
  if (auto quantised = quantise(graph, options, host, say); !quantised) return std::unexpected(quantised.error());
  if (auto inserted = insert_images(graph, options, host.files); !inserted) return std::unexpected(inserted.error());
  auto kept = float_nodes(options, graph, host.files, say);
  if (!kept) return std::unexpected(kept.error());
  CompileOptions how{.soc = options.soc,
                     .passes = {.disabled = std::move(*disabled), .input_shapes = {}, .keep_float = *kept},
                     .command_line = command_line,
                     .framework = std::string(framework_name(options.framework)),
                     .disable_memory_reuse = options.disable_memory_reuse};
  if (auto fits = check_open(options, *kept, graph, how); !fits) return std::unexpected(fits.error());
  return Prepared{std::move(graph), std::move(options), std::move(how)};
}

Result<ModelPackage> compile_prepared(Prepared prepared, const CompileObserver& observer) {
  auto& [graph, options, how] = prepared;
  if (!options.gears.empty()) return compile_gears(graph, how, options.dynamic, options.gears, observer);
  if (is_open_model(graph, options.input_shapes, how)) {
    NPU_TRY(OpenModel model, make_open_model(std::move(graph), options.input_shapes, how));
    return package_of(std::move(model));
  }
  how.passes.input_shapes = fixed_shapes(options.input_shapes);
  NPU_TRY(CompiledModel model, compile(std::move(graph), how, observer));
  return package_of(std::make_shared<const CompiledModel>(std::move(model)));
}

}  // namespace npu::atc
