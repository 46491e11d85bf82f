// SPDX-License-Identifier: Apache-2.0
#include "ui/exports.h"

#include "compiler/quantize/report.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "runtime/profile/profile.h"

namespace npu::ui {
namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const Bytes bytes = as_byte_view(text);
  return {bytes.begin(), bytes.end()};
}

std::unexpected<Error> nothing_yet(const char* what) { return fail(ErrorKind::InvalidArgument, what, "there is nothing to save yet"); }

std::string base_name(const Snapshot& snapshot) {
  const std::string name = snapshot.model ? snapshot.model->name : "model";
  return name.substr(0, name.rfind('.'));
}

}  // namespace

Result<ExportedFile> export_file(const Snapshot& snapshot, SaveKind kind) {
  if (kind == SaveKind::ScheduleBank) {
    if (!snapshot.tune || !snapshot.tune->bank || !snapshot.compile) return nothing_yet("bank");
    return ExportedFile{snapshot.compile->chip + ".json", bytes_of(snapshot.tune->bank->to_json())};
  }
  if (kind == SaveKind::QuantizedModel || kind == SaveKind::QuantizeReport) {
    if (!snapshot.quantize) return nothing_yet("int8");
    if (kind == SaveKind::QuantizeReport) return ExportedFile{base_name(snapshot) + "_int8.json", bytes_of(quantize::report_json(snapshot.quantize->made))};
    NPU_TRY(std::vector<std::byte> bytes, save_onnx(snapshot.quantize->made.graph));
    return ExportedFile{base_name(snapshot) + "_int8.onnx", std::move(bytes)};
  }
  if (!snapshot.compile || !snapshot.compile->model) return nothing_yet("save");
  const CompiledModel& model = *snapshot.compile->model;
  if (kind == SaveKind::Om) {
    NPU_TRY(std::vector<std::byte> bytes, save_om(model));
    return ExportedFile{base_name(snapshot) + ".om", std::move(bytes)};
  }
  if (!snapshot.profile || !snapshot.profile->raw) return nothing_yet("profile");
  const ModelProfile& profile = *snapshot.profile->raw;
  switch (kind) {
    case SaveKind::OpSummary: return ExportedFile{"op_summary.csv", bytes_of(op_summary_csv(model, profile))};
    case SaveKind::Instructions: return ExportedFile{"instr_exe.csv", bytes_of(instruction_csv(model, profile))};
    case SaveKind::ChromeTrace: return ExportedFile{"trace.json", bytes_of(chrome_trace_json(model, profile))};
    case SaveKind::PerfettoTrace: return ExportedFile{"trace.pftrace", bytes_of(perfetto_trace(model, profile))};
    default: break;
  }
  return nothing_yet("save");
}

}  // namespace npu::ui
