// SPDX-License-Identifier: Apache-2.0
// What the user has chosen, and its form in the page's address: "sample=digits&chip=Ascend310&tab=run".
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace npu::ui {

enum class Language { English, Chinese };
enum class Tab { Overview, Model, Compile, Run, Profile };
enum class ProfileView { Tasks, Memory, Disassembly, Manual, Accuracy };

struct Settings {
  std::string sample = "defects";  // empty: a file the user opened
  int image = 0;                  // of the sample's images
  std::string chip = "Ascend310";
  int threads = 1;                // host threads that execute the chip's cores
  Language language = Language::English;
  bool dark = true;
  Tab tab = Tab::Overview;
  ProfileView profile_view = ProfileView::Tasks;
  std::string pass;               // shown in the compile panel; empty: the last that changed something
  int task = -1;                  // selected task
  std::set<std::string, std::less<>> disabled_passes;

  friend bool operator==(const Settings&, const Settings&) = default;
};

// Only what differs from `defaults`.
std::string to_link(const Settings& settings, const Settings& defaults);
// Unknown keys and values that make no sense are ignored: a link may come from anywhere.
Settings from_link(std::string_view link, const Settings& defaults);

}  // namespace npu::ui
