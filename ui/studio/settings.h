// SPDX-License-Identifier: Apache-2.0
// What the user has chosen, and its form in the page's address: "sample=digits&chip=Ascend310&tab=run".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "ui/studio/atc_settings.h"
#include "ui/studio/preprocess.h"
#include "ui/studio/quantize_settings.h"

namespace npu::ui {

enum class Language { English, Chinese };
enum class Tab { Home, Overview, Model, Compile, Run, Chip, Profile, Learn };
enum class CompileView { Passes, Reasons, Options, Tune, Quantize };
enum class ProfileView { Tasks, OpSummary, Roofline, Bottlenecks, Compare, Provenance, Usage, Memory, Disassembly, Manual, Accuracy };

struct Settings {
  std::string sample = "defects";  // empty: a file the user opened
  std::string model;              // that file's key, or two joined by "-" (a Caffe network and its weights); empty: the sample
  int image = 0;                  // of the sample's images
  std::string picture;            // key of a picture the user opened; empty: the sample's
  std::optional<Preprocess> preprocess;  // empty: the sample's, or a guess from the model's input
  int gear = 0;                   // of an .om with several
  std::string chip = "Ascend310";
  int threads = 1;                // host threads that execute the chip's cores
  Language language = Language::English;
  bool dark = true;
  bool calm = false;              // reduced motion
  Tab tab = Tab::Overview;
  bool terminal = false;          // the drawer with it is open
  CompileView compile_view = CompileView::Passes;
  bool change_as_text = false;    // of a pass: the lines that changed instead of the drawings
  ProfileView profile_view = ProfileView::Tasks;
  std::string pass;               // shown in the compile panel; empty: the last that changed something
  int task = -1;                  // selected task
  int output = 0, element = -1;   // of the model's outputs: what is traced to its instructions; -1: nothing
  std::string chip_place;         // the instruction that the chip is looked at with: "3:0:17" (ui/chip/moment.h); empty: the first
  std::string chip_breaks;        // breakpoints there (ui/chip/breakpoints.h)
  std::string node;               // name of the node that is selected in the graph
  PassNames disabled_passes;
  AtcSettings atc;                // options of atc
  std::optional<QuantizeSettings> quantize;  // 8-bit layers; empty: as the model is
  std::string lesson;             // being taken; empty: none

  friend bool operator==(const Settings&, const Settings&) = default;
};

// The name under which a file of the user is kept: a fingerprint of its bytes, 16 hexadecimal digits.
std::string key_of(Bytes bytes);

// The keys of Settings::model; none: the sample.
std::vector<std::string> keys_in(std::string_view model);

// `state` as it is looked at in `now`: undo goes back to what was computed. What is selected in it comes back with it.
Settings with_view_of(Settings state, const Settings& now);

// Whether they differ in more than what is looked at: in what is computed.
bool changes_content(const Settings& a, const Settings& b);

// Only what differs from `defaults`.
std::string to_link(const Settings& settings, const Settings& defaults);
// Unknown keys and values that make no sense are ignored: a link may come from anywhere.
Settings from_link(std::string_view link, const Settings& defaults);

}  // namespace npu::ui
