// SPDX-License-Identifier: Apache-2.0
// Where named widgets are on the screen and what they hold: for whoever points at them from outside the canvas
// (tests that click like a person, lessons that show where something is).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <imgui.h>

namespace npu::ui {

struct Mark {
  ImVec2 from, to;    // CSS pixels
  std::string value;  // of a field
};

class Marks {
 public:
  void clear() { items_.clear(); }
  void set(std::string_view name, Mark mark) { items_.insert_or_assign(std::string(name), std::move(mark)); }
  // {"room-run": {"x": 4, "y": 220, "width": 68, "height": 52, "value": ""}, ...}
  std::string json() const;

 private:
  std::map<std::string, Mark, std::less<>> items_;
};

}  // namespace npu::ui
