// SPDX-License-Identifier: Apache-2.0
// Published figures of real chips beside predicted ones, as tests/bench/write_residuals.py last wrote them.
#pragma once

#include <span>
#include <string_view>

namespace npu::ui {

struct Residual {
  std::string_view chip, network, precision;
  int batch = 0;
  double published_ms = 0, predicted_ms = 0;  // of one inference of the whole batch

  double error() const { return predicted_ms / published_ms - 1; }
};

struct PowerResidual {
  std::string_view chip, load;
  double published_watts = 0, predicted_watts = 0, tops_per_watt = 0;

  double error() const { return predicted_watts / published_watts - 1; }
};

struct Limit {
  std::string_view en, zh;
};

std::span<const Residual> residuals();
std::span<const PowerResidual> power_residuals();
std::span<const Limit> model_limits();

}  // namespace npu::ui
