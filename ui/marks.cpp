// SPDX-License-Identifier: Apache-2.0
#include "ui/marks.h"

#include <nlohmann/json.hpp>

namespace npu::ui {

std::string Marks::json() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, mark] : items_)
    json[name] = {{"x", mark.from.x}, {"y", mark.from.y}, {"width", mark.to.x - mark.from.x}, {"height", mark.to.y - mark.from.y}, {"value", mark.value}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace npu::ui
