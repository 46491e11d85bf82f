// SPDX-License-Identifier: Apache-2.0
// --input_shape with open dimensions, and the options that list the sizes to compile for: --dynamic_batch_size,
// --dynamic_image_size, --dynamic_dims.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/atc/options.h"

namespace npu::atc {

// "data:-1,3,1~640,640;mask:1,4" of the option input_shape, "data:[-1,3,1~640,640];mask:[1,4]" of input_shape_range: in the order
// given.
AtcResult<std::vector<InputShape>> parse_input_shapes(std::string_view option, const std::string& value);

struct GearOptions {
  std::string batch, image, dims;  // values of the three options, empty where not given
  std::string input_format;
};

// Which of the options is given, and the shapes of the inputs in each gear. Without one: None and no gears.
struct Gears {
  Dynamic dynamic = Dynamic::None;
  std::vector<GearShapes> shapes;
};
AtcResult<Gears> parse_gears(const GearOptions& options, std::span<const InputShape> inputs);

// Shapes without open dimensions. Precondition: there are none.
std::map<std::string, Shape, std::less<>> fixed_shapes(std::span<const InputShape> inputs);

}  // namespace npu::atc
