// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/schedule.h"

#include <fmt/format.h>

#include <array>

namespace npu {
namespace {

constexpr std::array<std::string_view, 15> kCubeNames{"items", "units", "columns", "n_tile", "m_tile", "k_tile", "macro_tiles", "c1_chunk",
                                                      "slab_units", "a_share", "l0_slots", "l0c_slots", "order", "leave", "by_rows"};
constexpr std::array kCubeFields{&CubeSchedule::items, &CubeSchedule::units, &CubeSchedule::columns, &CubeSchedule::n_tile, &CubeSchedule::m_tile,
                                 &CubeSchedule::k_tile, &CubeSchedule::macro_tiles, &CubeSchedule::c1_chunk, &CubeSchedule::slab_units, &CubeSchedule::a_share,
                                 &CubeSchedule::l0_slots, &CubeSchedule::l0c_slots, &CubeSchedule::order, &CubeSchedule::leave, &CubeSchedule::by_rows};
constexpr std::array<std::string_view, 3> kVectorNames{"parts", "tile", "slots"};
constexpr std::array kVectorFields{&VectorSchedule::parts, &VectorSchedule::tile, &VectorSchedule::slots};
static_assert(kCubeNames.size() == kCubeFields.size() && kVectorNames.size() == kVectorFields.size());

// Calls visit(schedule, its fields).
template <class S, class F>
auto with_fields(S& schedule, F&& visit) {
  if (auto* cube = std::get_if<CubeSchedule>(&schedule)) return visit(*cube, std::span(kCubeFields));
  return visit(*std::get_if<VectorSchedule>(&schedule), std::span(kVectorFields));
}

}  // namespace

std::span<const std::string_view> field_names(const Schedule& schedule) {
  if (std::holds_alternative<CubeSchedule>(schedule)) return kCubeNames;
  return kVectorNames;
}

std::vector<int64_t> fields_of(const Schedule& schedule) {
  return with_fields(schedule, [](const auto& of, const auto& fields) {
    std::vector<int64_t> values;
    for (const auto field : fields) values.push_back(of.*field);
    return values;
  });
}

Status set_fields(Schedule& schedule, std::span<const int64_t> values) {
  return with_fields(schedule, [&](auto& of, const auto& fields) -> Status {
    if (values.size() != fields.size()) return fail(ErrorKind::InvalidArgument, "", fmt::format("{} values for {} decisions", values.size(), fields.size()));
    for (size_t i = 0; i < fields.size(); ++i) of.*fields[i] = values[i];
    return {};
  });
}

std::string to_string(const Schedule& schedule) {
  std::string text;
  const auto names = field_names(schedule);
  const auto values = fields_of(schedule);
  for (size_t i = 0; i < names.size(); ++i) text += fmt::format("{}{}={}", i == 0 ? "" : " ", names[i], values[i]);
  return text;
}

}  // namespace npu
