// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

using Json = nlohmann::json;

// Square pictures side by side, row by row.
struct Sheet {
  Image image;
  int columns = 1;
  int side = 0;
  std::vector<int> labels;
  int fp32_right = 0;

  Image tile(size_t index) const {
    const int row = static_cast<int>(index) / columns, column = static_cast<int>(index) % columns;
    Image out{side, side, {}};
    for (int y = 0; y < side; ++y) {
      const auto begin = image.rgb.begin() + (static_cast<ptrdiff_t>(row * side + y) * image.width + column * side) * 3;
      out.rgb.insert(out.rgb.end(), begin, begin + side * 3);
    }
    return out;
  }
};

Result<Sheet> load_sheet(const std::string& file, const SampleReader& read) {
  NPU_TRY(const OwnedBytes text, read(file));
  const auto* begin = reinterpret_cast<const char*>(text.bytes.data());
  const Json json = Json::parse(begin, begin + text.bytes.size(), nullptr, false);
  Sheet sheet;
  try {
    sheet.columns = json.at("columns").get<int>();
    sheet.labels = json.at("labels").get<std::vector<int>>();
    sheet.fp32_right = json.at("fp32_right").get<int>();
    const std::string picture = file.substr(0, file.rfind('/') + 1) + json.at("image").get<std::string>();
    NPU_TRY(const OwnedBytes bytes, read(picture));
    NPU_TRY(sheet.image, decode_image(bytes.bytes, picture));
  } catch (const Json::exception& e) {
    return fail(ErrorKind::InvalidArgument, file, e.what());
  }
  if (sheet.columns < 1 || sheet.image.width % sheet.columns != 0) return fail(ErrorKind::InvalidArgument, file, fmt::format("{} columns in {} pixels", sheet.columns, sheet.image.width));
  sheet.side = sheet.image.width / sheet.columns;
  const auto places = static_cast<size_t>(sheet.image.height / sheet.side) * static_cast<size_t>(sheet.columns);
  if (sheet.labels.empty() || sheet.labels.size() > places) return fail(ErrorKind::InvalidArgument, file, fmt::format("{} labels for {} pictures", sheet.labels.size(), places));
  return sheet;
}

}  // namespace

Result<Evaluation> evaluate_stage(Session& session, const RunRequest& request, const SampleReader& read, const Progress& progress) {
  if (!request.sample || request.sample->sheet_file.empty())
    return fail(ErrorKind::InvalidArgument, "accuracy", "the open model has no labelled pictures to measure with");
  NPU_TRY(const Sheet sheet, load_sheet(request.sample->sheet_file, read));
  Evaluation evaluation{0, static_cast<int>(sheet.labels.size()), sheet.fp32_right};
  for (size_t i = 0; i < sheet.labels.size(); ++i) {
    if (!progress(i, sheet.labels.size(), fmt::format("{}", i + 1))) return cancelled();
    const Picture picture{"", sheet.tile(i), sheet.labels[i]};
    RunRequest one = request;
    one.picture = &picture;
    NPU_TRY(const RunInfo run, run_stage(session, one, [](size_t, size_t, const std::string&) { return true; }));
    if (!run.top.empty() && run.top.front().index == sheet.labels[i]) ++evaluation.right;
  }
  return evaluation;
}

}  // namespace npu::ui
