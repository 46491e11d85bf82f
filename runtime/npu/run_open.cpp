// SPDX-License-Identifier: Apache-2.0
// npu run of models whose programs are made when they run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "core/tensor/npy.h"
#include "runtime/npu/commands.h"
#include "runtime/session/open_session.h"

namespace npu {
namespace {

Result<size_t> input_index(const OpenModel& model, const std::string& argument, size_t equals) {
  const std::string name = equals == std::string::npos ? "" : argument.substr(0, equals);
  const auto found = std::ranges::find(model.inputs, name, &InputShape::name);
  if (found != model.inputs.end()) return static_cast<size_t>(found - model.inputs.begin());
  if (name.empty() && model.inputs.size() == 1) return 0;
  return fail(ErrorKind::InvalidArgument, "--input " + argument, "give NAME=FILE; the model's inputs are " + inputs_text(model.inputs));
}

// The smallest shape the input may have.
TensorDesc smallest(const OpenModel& model, size_t index) {
  TensorDesc desc{model.inputs[index].name, model.graph.value(model.graph.inputs[index]).type.dtype, {}};
  for (const DimRange& dim : model.inputs[index].dims) desc.shape.push_back(dim.low);
  return desc;
}

Result<Tensor> read_open_input(const OpenModel& model, size_t index, const std::string& path, const OpenRunOptions& options, FileSystem& files) {
  const TensorDesc desc = smallest(model, index);
  if (path.ends_with(".npy")) {
    NPU_TRY(const SharedBytes file, files.read(path));
    NPU_TRY(const Tensor tensor, load_npy(*file));
    return tensor.cast(desc.dtype);
  }
  const std::vector<DimRange>& dims = model.inputs[index].dims;
  if (std::ranges::any_of(dims | std::views::drop(1), &DimRange::is_open))  // an open batch is 1
    return fail(ErrorKind::InvalidArgument, path, "tells no shape, and input '" + desc.name + "' is " + inputs_text(std::span(&model.inputs[index], 1)) + ": give a .npy");
  return options.read(path, desc);
}

void print_stages(const ProgramHost& host, std::span<const StageRun> stages) {
  for (size_t i = 0; i < stages.size(); ++i)
    host.print("stage {}: {} tasks{}{}\n", i + 1, stages[i].program ? stages[i].program->tasks.size() : 0, stages[i].host_nodes.empty() ? "" : "; then on the AI CPU ",
               fmt::join(stages[i].host_nodes, ", "));
}

}  // namespace

Result<OpenRunResult> run_open(std::shared_ptr<const OpenModel> model, const OpenRunOptions& options, const ProgramHost& host) {
  NPU_TRY(const auto session, OpenSession::create(model, options.compiler, options.threads, {.session = options.session}));
  std::vector<Tensor> inputs(model->inputs.size());
  for (const std::string& argument : options.inputs) {
    const size_t equals = argument.find('=');
    NPU_TRY(const size_t index, input_index(*model, argument, equals));
    NPU_TRY(inputs[index], read_open_input(*model, index, equals == std::string::npos ? argument : argument.substr(equals + 1), options, host.files));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].empty()) continue;
    const TensorDesc desc = smallest(*model, i);
    host.print("input '{}' is not given: zeros, {}\n", desc.name, to_string(desc.shape));
    inputs[i] = Tensor(desc.dtype, desc.shape);
  }
  OpenRunResult result;
  NPU_TRY(result.outputs, session->run(inputs));
  for (ValueId id : model->graph.outputs) result.names.push_back(model->graph.value(id).name);
  print_stages(host, session->last_run());
  return result;
}

}  // namespace npu
