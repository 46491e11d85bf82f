// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>

#include "core/base/half.h"
#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr size_t kShownValues = 4;

std::string value_text(double value) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  return size >= 1e5 || size < 1e-3 ? fmt::format("{:.2e}", value) : fmt::format("{:.4g}", value);
}

double value_at(const Tensor& tensor, int64_t index) {
  const auto size = static_cast<size_t>(tensor.elements() > 0 ? static_cast<int64_t>(tensor.byte_size()) / tensor.elements() : 0);
  if (size == 0) return 0;
  const Tensor one = Tensor::view(tensor.dtype(), {1}, tensor.bytes().subspan(static_cast<size_t>(index) * size, size), nullptr);
  const auto values = one.to_doubles();
  return values.empty() ? 0 : values[0];
}

// [0, 3, 12, 7]
std::string coordinates(const Shape& shape, int64_t index) {
  std::vector<int64_t> at(shape.size());
  for (size_t i = shape.size(); i-- > 0;) at[i] = index % std::max<int64_t>(1, shape[i]), index /= std::max<int64_t>(1, shape[i]);
  return fmt::format("[{}]", fmt::join(at, ", "));
}

VecType type_of(DType dtype) {
  switch (dtype) {
    case DType::Float32: return VecType::F32;
    case DType::Int32: return VecType::S32;
    case DType::Int8: return VecType::S8;
    case DType::UInt8:
    case DType::Bool: return VecType::U8;
    case DType::BFloat16: return VecType::BF16;
    case DType::Int64: return VecType::S64;
    default: return VecType::F16;
  }
}

std::optional<VecType> type_field(const Instr& instr, std::string_view name) {
  const InstrInfo& info = instr_info(instr.op);
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].name == name) return static_cast<VecType>(instr.arg[static_cast<size_t>(i)]);
  return {};
}

// What the bytes of an operand are: as the instruction says, else as the task's tensors there are.
VecType operand_type(const Task& task, const Instr& instr, const TracedOperand& operand, bool write) {
  const auto tensor_type = [&]() -> VecType {
    const auto found = [&](const std::vector<TensorDesc>& list) -> const TensorDesc* {
      for (const TensorDesc& desc : list)
        if (operand.buffer == Buffer::GM && operand.bytes.intersects(desc.address, desc.address + desc.bytes)) return &desc;
      return nullptr;
    };
    if (const TensorDesc* desc = found(task.outputs)) return type_of(desc->dtype);
    if (const TensorDesc* desc = found(task.inputs)) return type_of(desc->dtype);
    const auto& fallback = instr_info(instr.op).dst == Buffer::GM ? task.outputs : task.inputs;
    return fallback.empty() ? VecType::F16 : type_of(fallback[0].dtype);
  };
  const bool integers = [&] {
    if (instr.op == Opcode::Mad) return static_cast<VecType>(instr.arg[field::kMadAType]) == VecType::S8 || static_cast<VecType>(instr.arg[field::kMadAType]) == VecType::U8;
    const InstrInfo& info = instr_info(instr.op);
    for (int i = 0; i < field_count(info); ++i)
      if (info.fields[i].kind == Field::Mode && info.fields[i].name == "mode") return kCopyModes[std::min<size_t>(static_cast<size_t>(instr.arg[static_cast<size_t>(i)]), kCopyModes.size() - 1)].from_s32;
    return false;
  }();
  if (operand.buffer == Buffer::L0C || operand.buffer == Buffer::BT) return integers ? VecType::S32 : VecType::F32;
  if (operand.buffer == Buffer::L0A && instr.op == Opcode::Mad) return static_cast<VecType>(instr.arg[field::kMadAType]);
  if (operand.buffer == Buffer::L0B && instr.op == Opcode::Mad) return static_cast<VecType>(instr.arg[field::kMadBType]);
  if (const auto type = type_field(instr, write ? "dst_type" : "src_type")) return *type;
  if (const auto type = type_field(instr, "type")) return *type;
  return tensor_type();
}

std::vector<double> decode(std::span<const std::byte> bytes, VecType type) {
  std::vector<double> values;
  const auto size = static_cast<size_t>(vec_type_size(type));
  for (size_t at = 0; at + size <= bytes.size() && values.size() < kShownValues; at += size) {
    const auto load = [&](auto value) { return std::memcpy(&value, bytes.data() + at, sizeof(value)), value; };
    switch (type) {
      case VecType::F16: values.push_back(half_bits_to_float(load(uint16_t{}))); break;
      case VecType::BF16: values.push_back(bfloat_bits_to_float(load(uint16_t{}))); break;
      case VecType::F32: values.push_back(load(float{})); break;
      case VecType::S32: values.push_back(load(int32_t{})); break;
      case VecType::U32: values.push_back(load(uint32_t{})); break;
      case VecType::S16: values.push_back(load(int16_t{})); break;
      case VecType::U16: values.push_back(load(uint16_t{})); break;
      case VecType::S8:
      case VecType::S4: values.push_back(load(int8_t{})); break;
      case VecType::U8: values.push_back(load(uint8_t{})); break;
      case VecType::S64: values.push_back(static_cast<double>(load(int64_t{}))); break;
    }
  }
  return values;
}

// "L0A 144 B: 0.5, 0.25, ..."
std::string operand_text(const Task& task, const Instr& instr, const TracedOperand& operand, bool write) {
  const int64_t bytes = operand.bytes.size();
  const VecType type = operand_type(task, instr, operand, write);
  std::string text = fmt::format("{} {} B", kBufferNames[static_cast<size_t>(operand.buffer)], bytes);
  const auto values = decode(operand.values, type);
  for (size_t i = 0; i < values.size(); ++i) text += (i ? ", " : ": ") + value_text(values[i]);
  if (!values.empty() && static_cast<int64_t>(values.size()) * vec_type_size(type) < bytes) text += ", ...";
  return text;
}

std::string reads_text(const Task& task, const TracedStep& step) {
  std::string text;
  for (const TracedOperand& read : step.reads) text += (text.empty() ? "" : "   ") + operand_text(task, step.instr, read, false);
  return text;
}

}  // namespace

void ProvenancePanel::draw(const View& view, Commands& commands, float height) {
  const RunInfo* run = view.now.run.get();
  const CompiledModel& model = *view.now.compile->model;
  if (!run || !run->inputs || run->inputs->size() != model.inputs.size() || model.outputs.empty()) return placeholder(view, Str::ProvenanceNoRun);
  follow_settings(view);
  const auto found = run->tensors.find(model.outputs[static_cast<size_t>(output_)].name);
  if (found == run->tensors.end()) return placeholder(view, Str::ProvenanceNoRun);
  const bool wide = ImGui::GetContentRegionAvail().x > 760;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  ImGui::BeginChild("output", {wide ? ImGui::GetContentRegionAvail().x * 0.34f : 0, wide ? height - 2 : height * 0.36f});
  draw_output(view, commands, found->second);
  ImGui::EndChild();
  if (wide) ImGui::SameLine(0, 18);
  ImGui::BeginChild("trace", {0, wide ? height - 2 : std::max(160.0f, height * 0.62f)});
  draw_trace(view, commands, found->second);
  ImGui::EndChild();
  ImGui::PopStyleVar();
}

// Another run, or another element: what was traced is out of date.
void ProvenancePanel::follow_settings(const View& view) {
  const CompiledModel& model = *view.now.compile->model;
  const int output = std::min(view.settings.output, static_cast<int>(model.outputs.size()) - 1);
  const bool other_run = seen_run_.lock() != view.now.run;
  if (!other_run && output == output_ && view.settings.element == element_) return;
  if (other_run) job_ = std::make_unique<TraceJob>();
  seen_run_ = view.now.run;
  output_ = output, element_ = view.settings.element;
  stack_.clear();
  const auto bytes = element_bytes(model.outputs[static_cast<size_t>(output_)], element_);
  if (!bytes) return job_->cancel();
  stack_ = {{*bytes, model.tasks.size()}};
  start(view);
}

void ProvenancePanel::draw_output(const View& view, Commands& commands, const Tensor& tensor) {
  const CompiledModel& model = *view.now.compile->model;
  const auto label = [&](int i) {
    const TensorDesc& desc = model.outputs[static_cast<size_t>(i)];
    return view.format(Str::ProvenanceOutput, desc.name, to_string(desc.shape));
  };
  if (model.outputs.size() > 1) {
    ImGui::SetNextItemWidth(-1);
    if (ImGui::BeginCombo("##output", label(output_).c_str())) {
      for (int i = 0; i < static_cast<int>(model.outputs.size()); ++i)
        if (ImGui::Selectable(label(i).c_str(), i == output_)) commands.push(command::SelectElement{i, -1});
      ImGui::EndCombo();
    }
  } else {
    cut_text(label(0));
  }
  wrapped_text(view, view.tr(Str::ProvenanceChoose), true);
  const float width = 78;
  const int64_t columns = std::max<int64_t>(1, static_cast<int64_t>((ImGui::GetContentRegionAvail().x - 64) / width)), count = tensor.elements();
  if (!ImGui::BeginTable("numbers", static_cast<int>(columns) + 1, ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX)) return;
  ImGui::TableSetupColumn("##index", ImGuiTableColumnFlags_WidthFixed, 54);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(std::min<int64_t>((count + columns - 1) / columns, 10'000'000)));
  while (clipper.Step())
    for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
      ImGui::TableNextRow();
      ImGui::TableSetColumnIndex(0);
      ImGui::TextColored(view.theme.faint, "%lld", static_cast<long long>(row) * static_cast<long long>(columns));
      for (int64_t c = 0; c < columns; ++c) {
        const int64_t index = row * columns + c;
        if (index >= count) break;
        ImGui::TableSetColumnIndex(static_cast<int>(c) + 1);
        ImGui::PushID(static_cast<int>(c));
        ImGui::PushID(row);
        const std::string text = value_text(value_at(tensor, index));
        if (ImGui::Selectable(text.c_str(), index == element_)) commands.push(command::SelectElement{output_, static_cast<int>(std::min<int64_t>(index, INT_MAX))});
        if (index < 32) mark(view, fmt::format("provenance-element-{}", index), text);
        tooltip(coordinates(tensor.shape(), index));
        ImGui::PopID();
        ImGui::PopID();
      }
    }
  ImGui::EndTable();
}

void ProvenancePanel::start(const View& view) {
  const Request& request = stack_.back();
  job_->start(view.now.compile->model, *view.now.run->inputs, request.wanted, request.end, view.wake);
}

void ProvenancePanel::draw_trace(const View& view, Commands& commands, const Tensor& tensor) {
  if (stack_.empty()) return;
  const CompiledModel& model = *view.now.compile->model;
  if (stack_.size() > 1) {
    if (small_button(view, view.tr(Str::ProvenanceBack), Str::ProvenanceBackHelp)) {
      stack_.pop_back();
      start(view);
    }
    mark(view, "provenance-back");
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
  }
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  cut_text(fmt::format("{} = {}", view.format(Str::ProvenanceElement, coordinates(tensor.shape(), element_)), value_text(value_at(tensor, element_))));
  ImGui::PopFont();
  const TraceJob::State state = job_->state();
  if (state.running) {
    wrapped_text(view, view.format(Str::ProvenanceWorking, model.tasks[std::min(state.target, model.tasks.size() - 1)].name), true);
    ImGui::ProgressBar(static_cast<float>(std::min(state.task, state.target)) / static_cast<float>(std::max<size_t>(1, state.target)), {ImGui::GetContentRegionAvail().x * 0.6f, 0}, "");
    ImGui::SameLine();
    if (ImGui::Button(view.tr(Str::ProvenanceStop))) job_->cancel();
    return;
  }
  if (state.error) return wrapped_text(view, state.error->message(), true);
  if (!state.result) return;
  const TaskTrace& trace = state.result->trace;
  const Task& task = model.tasks[trace.task];
  const std::string facts = trace.cpu ? view.format(Str::ProvenanceCpu, task.name)
                                      : view.format(Str::ProvenanceFacts, trace.found, trace.executed, task.name, stack_.back().wanted.size());
  wrapped_text(view, facts, true);
  mark(view, "provenance-facts", fmt::format("{} {}", trace.task, trace.found));
  if (!trace.cpu && !trace.exact) wrapped_text(view, view.tr(Str::ProvenanceWhole), true);
  draw_sources(view, *state.result);
  if (trace.cpu) return;
  if (trace.steps.size() < trace.found) faint_text(view, view.format(Str::ProvenanceFirstOnly, trace.steps.size()));
  draw_steps(view, commands, task, trace);
}

void ProvenancePanel::draw_sources(const View& view, const TraceResult& result) {
  const CompiledModel& model = *view.now.compile->model;
  ImGui::Spacing();
  ImGui::TextUnformatted(view.tr(Str::ProvenanceSources));
  std::optional<Request> follow;
  for (size_t i = 0; i < result.sources.size(); ++i) {
    const TraceSource& source = result.sources[i];
    ImGui::PushID(static_cast<int>(i));
    const bool made = source.kind == TraceSource::Kind::Task;
    if (made) {
      if (small_button(view, view.tr(Str::ProvenanceTraceOn), Str::ProvenanceTraceOnHelp)) follow = Request{source.bytes, result.trace.task};
      mark(view, fmt::format("provenance-follow-{}", i), source.name);
      ImGui::SameLine();
      ImGui::AlignTextToFramePadding();
    }
    const std::string what = made ? view.format(Str::ProvenanceMadeBy, model.tasks[source.task].name)
                                  : view.tr(source.kind == TraceSource::Kind::Weights ? Str::ProvenanceWeights : source.kind == TraceSource::Kind::Input ? Str::ProvenanceInput : Str::ProvenanceUnknown);
    const std::string name = source.name.empty() ? what : fmt::format("{} ({})", source.name, what);
    const std::string size = short_bytes(static_cast<double>(source.bytes.size()));
    cut_text(source.of_bytes > 0 ? view.format(Str::ProvenanceBytes, name, size, short_bytes(static_cast<double>(source.of_bytes))) : fmt::format("{}  {}", name, size));
    ImGui::PopID();
  }
  ImGui::Spacing();
  if (!follow) return;
  stack_.push_back(std::move(*follow));
  start(view);
}

void ProvenancePanel::draw_steps(const View& view, Commands& commands, const Task& task, const TaskTrace& trace) {
  const float height = std::max(140.0f, ImGui::GetContentRegionAvail().y - 2);
  if (!ImGui::BeginTable(view.compact ? "steps_narrow" : "steps", 3, ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Resizable | ImGuiTableFlags_NoPadOuterX | ImGuiTableFlags_NoSavedSettings, {0, height})) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn(view.tr(Str::ColInstruction), ImGuiTableColumnFlags_WidthStretch, view.compact ? 1.0f : 0.8f);
  ImGui::TableSetupColumn(view.tr(Str::ColWrites), ImGuiTableColumnFlags_WidthStretch, 0.9f);
  ImGui::TableSetupColumn(view.tr(Str::ColReads), ImGuiTableColumnFlags_WidthStretch, 1.5f);
  ImGui::TableHeadersRow();
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(trace.steps.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      // The result first, then what made it.
      const TracedStep& step = trace.steps[trace.steps.size() - 1 - static_cast<size_t>(i)];
      ImGui::TableNextRow();
      ImGui::TableSetColumnIndex(0);
      ImGui::PushID(i);
      const ImVec2 at = ImGui::GetCursorPos();
      if (ImGui::Selectable("##step", false, ImGuiSelectableFlags_SpanAllColumns)) commands.push(command::SelectTask{static_cast<int>(trace.task)});
      const std::string writes = operand_text(task, step.instr, step.write, true), reads = reads_text(task, step);
      tooltip(fmt::format("{}\n{}\n{}", disassemble(step.instr), writes, reads));
      ImGui::SetCursorPos(at);
      colour_dot(view.theme.pipes[static_cast<size_t>(pipe_of(step.instr))]);
      cut_text(fmt::format("{}{}", instr_info(step.instr.op).name, step.exact ? "" : " *"));
      ImGui::TableSetColumnIndex(1);
      cut_text(writes);
      ImGui::TableSetColumnIndex(2);
      cut_text(reads);
      ImGui::PopID();
    }
  ImGui::EndTable();
  mark(view, "provenance-steps", fmt::format("{}", trace.steps.size()));
}

}  // namespace npu::ui
