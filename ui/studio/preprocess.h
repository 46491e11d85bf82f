// SPDX-License-Identifier: Apache-2.0
// How a picture becomes the model's input.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace npu::ui {

struct Preprocess {
  std::vector<float> mean;       // per channel: (pixel / 255 - mean) / deviation
  std::vector<float> deviation;
  bool grey = false;             // else RGB
  bool bgr = false;

  friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

// "bgr:0.485,0.456,0.406:0.229,0.224,0.225", the colours one of rgb, bgr and grey. Every number comes back as it was.
std::string to_text(const Preprocess& preprocess);
// Empty for anything else: no number or one that is not finite, more than 4 channels, different counts.
std::optional<Preprocess> preprocess_from_text(std::string_view text);

// The file of --insert_op_conf that makes the chip do it.
std::string aipp_config(const Preprocess& preprocess);

}  // namespace npu::ui
