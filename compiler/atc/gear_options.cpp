// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/gear_options.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/atc/text.h"

namespace npu::atc {
namespace {

// The value of --input_shape or of --input_shape_range, which puts brackets around the dimensions.
struct ShapesText {
  std::string_view option, value;
};

std::unexpected<AtcError> bad_shape(const ShapesText& all, std::string_view reason) {
  const bool brackets = all.option == "input_shape_range";
  return refuse("E10002", fmt::format("The value '{}' of --{} is not valid: {}\n"
                                      "        Solution: Write {} and put ; between inputs; -1 or 1~8 where a "
                                      "dimension is open.",
                                      all.value, all.option, reason, brackets ? "name:[n,c,h,w]" : "name:n,c,h,w"));
}

AtcResult<DimRange> parse_dim(const ShapesText& all, std::string_view text) {
  if (text == "-1") return DimRange{1, kNoLimit};
  const size_t tilde = text.find('~');
  const auto low = parse_int(text.substr(0, tilde));
  const auto high = tilde == std::string_view::npos ? low : parse_int(text.substr(tilde + 1));
  if (!low || *low < 1 || !high) return bad_shape(all, fmt::format("'{}' is no positive number, range or -1.", text));
  if (*high == -1) return DimRange{*low, kNoLimit};
  if (*high < *low) return bad_shape(all, fmt::format("the range '{}' is empty.", text));
  return DimRange{*low, *high};
}

AtcResult<InputShape> parse_input_shape(const ShapesText& all, std::string_view part) {
  const size_t colon = part.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return bad_shape(all, fmt::format("'{}' has no name before a colon.", part));
  InputShape shape{std::string(part.substr(0, colon)), {}};
  std::string_view dims = part.substr(colon + 1);
  if (all.option == "input_shape_range") {
    if (!dims.starts_with('[') || !dims.ends_with(']')) return bad_shape(all, fmt::format("'{}' has no brackets around its dimensions.", part));
    dims = dims.substr(1, dims.size() - 2);
  }
  for (std::string_view word : split(dims, ',')) {
    const auto dim = parse_dim(all, word);
    if (!dim) return std::unexpected(dim.error());
    shape.dims.push_back(*dim);
  }
  return shape;
}

// What the three options have in common.
struct Kind {
  Dynamic dynamic;
  std::string_view option;
  std::string_view value;
  bool channels_last = false;  // of images
};

std::unexpected<AtcError> bad_gears(const Kind& kind, std::string_view code, std::string_view reason) {
  return refuse(code, fmt::format("The value '{}' of --{} is not valid: {}", kind.value, kind.option, reason));
}

AtcResult<std::vector<int64_t>> parse_gear(const Kind& kind, std::string_view text) {
  std::vector<int64_t> values;
  for (std::string_view word : split(text, ',')) {
    const auto value = parse_int(word);
    if (!value || *value < 1) return bad_gears(kind, "E10038", fmt::format("'{}' is no positive number.", word));
    values.push_back(*value);
  }
  return values;
}

AtcResult<std::vector<std::vector<int64_t>>> parse_values(const Kind& kind) {
  std::vector<std::vector<int64_t>> gears;
  std::set<std::vector<int64_t>> seen;
  for (std::string_view part : split(kind.value, kind.dynamic == Dynamic::Batch ? ',' : ';')) {
    auto gear = parse_gear(kind, part);
    if (!gear) return std::unexpected(gear.error());
    if (!seen.insert(*gear).second) return bad_gears(kind, "E10039", fmt::format("'{}' is given twice.", part));
    gears.push_back(std::move(*gear));
  }
  if (gears.size() < kMinGears)
    return bad_gears(kind, "E10035", fmt::format("it has {} sizes, at least {} are needed.", gears.size(), kMinGears));
  if (gears.size() > kMaxGears)
    return bad_gears(kind, "E10036", fmt::format("it has {} sizes, at most {} are possible.", gears.size(), kMaxGears));
  return gears;
}

// Which of an input's dimensions may be -1: of images height and width.
AtcResult<void> check_open_axes(const Kind& kind, const InputShape& input) {
  std::vector<size_t> open, wanted;
  for (size_t i = 0; i < input.dims.size(); ++i)
    if (input.dims[i].is_open()) open.push_back(i);
  if (open.empty() || kind.dynamic == Dynamic::AnyDims) return {};
  const bool batch = kind.dynamic == Dynamic::Batch;
  wanted = batch ? std::vector<size_t>{0} : kind.channels_last ? std::vector<size_t>{1, 2} : std::vector<size_t>{2, 3};
  if (open == wanted && (batch || input.dims.size() == 4)) return {};
  return refuse(batch ? "E10018" : "E10019",
                fmt::format("--{} needs -1 in --input_shape {}, '{}' has {} dimensions with -1 at {}.", kind.option,
                            batch ? "for the batch, the first dimension, alone" : kind.channels_last ? "for height and width of N,H,W,C, dimensions 1 and 2" : "for height and width of N,C,H,W, dimensions 2 and 3",
                            input.name, input.dims.size(), fmt::join(open, ", ")));
}

size_t count_open(std::span<const InputShape> inputs) {
  size_t count = 0;
  for (const InputShape& input : inputs)
    count += static_cast<size_t>(std::ranges::count_if(input.dims, &DimRange::is_open));
  return count;
}

AtcResult<void> check_inputs(const Kind& kind, std::span<const InputShape> inputs) {
  for (const InputShape& input : inputs) {
    for (const DimRange& dim : input.dims)
      if (dim.is_open() && (dim.low != 1 || dim.high != kNoLimit))
        return refuse("E10009", fmt::format("--{} and the range {} of '{}' in --input_shape exclude each other: write -1.",
                                            kind.option, to_string(dim), input.name));
    if (auto fits = check_open_axes(kind, input); !fits) return fits;
  }
  if (count_open(inputs) == 0)
    return refuse("E10040", fmt::format("--{} sets dimensions that are -1 in --input_shape, and none is.", kind.option));
  return {};
}

// The gear's values in the places of -1: a batch in all of them, height and width of each image, else one after the other.
GearShapes shapes_of(Dynamic dynamic, std::vector<int64_t> values, std::span<const InputShape> inputs) {
  GearShapes gear{std::move(values), {}};
  size_t next = 0;
  for (const InputShape& input : inputs) {
    if (dynamic != Dynamic::AnyDims) next = 0;
    Shape& shape = gear.input_shapes[input.name];
    for (const DimRange& dim : input.dims) shape.push_back(dim.is_open() ? gear.values[next++] : dim.low);
  }
  return gear;
}

AtcResult<Gears> expand(const Kind& kind, std::span<const InputShape> inputs) {
  if (auto fits = check_inputs(kind, inputs); !fits) return std::unexpected(fits.error());
  auto values = parse_values(kind);
  if (!values) return std::unexpected(values.error());
  const size_t each = kind.dynamic == Dynamic::Batch ? 1 : kind.dynamic == Dynamic::Image ? 2 : count_open(inputs);
  Gears gears{kind.dynamic, {}};
  for (std::vector<int64_t>& gear : *values) {
    if (gear.size() != each)
      return bad_gears(kind, kind.dynamic == Dynamic::AnyDims ? "E10045" : "E10037",
                       fmt::format("'{}' has {} numbers, {} are needed{}.", fmt::join(gear, ","), gear.size(), each,
                                   kind.dynamic == Dynamic::AnyDims ? ": one for each -1 in --input_shape" : ""));
    gears.shapes.push_back(shapes_of(kind.dynamic, std::move(gear), inputs));
  }
  return gears;
}

}  // namespace

AtcResult<std::vector<InputShape>> parse_input_shapes(std::string_view option, const std::string& value) {
  const ShapesText all{option, value};
  std::vector<InputShape> shapes;
  for (std::string_view part : split(value, ';')) {
    auto shape = parse_input_shape(all, part);
    if (!shape) return std::unexpected(shape.error());
    if (std::ranges::find(shapes, shape->name, &InputShape::name) != shapes.end())
      return bad_shape(all, fmt::format("'{}' is given twice.", shape->name));
    shapes.push_back(std::move(*shape));
  }
  return shapes;
}

AtcResult<Gears> parse_gears(const GearOptions& options, std::span<const InputShape> inputs) {
  const Kind kinds[] = {{Dynamic::Batch, "dynamic_batch_size", options.batch},
                        {Dynamic::Image, "dynamic_image_size", options.image, options.input_format == "NHWC"},
                        {Dynamic::AnyDims, "dynamic_dims", options.dims}};
  const Kind* chosen = nullptr;
  for (const Kind& kind : kinds) {
    if (kind.value.empty()) continue;
    if (chosen) return refuse("E10009", fmt::format("--{} and --{} exclude each other.", chosen->option, kind.option));
    chosen = &kind;
  }
  if (!chosen) return Gears{};
  if (chosen->dynamic == Dynamic::AnyDims && options.input_format != "ND")
    return refuse("E10001", fmt::format("--dynamic_dims needs --input_format=ND, which is '{}'.", options.input_format));
  return expand(*chosen, inputs);
}

std::map<std::string, Shape, std::less<>> fixed_shapes(std::span<const InputShape> inputs) {
  std::map<std::string, Shape, std::less<>> shapes;
  for (const InputShape& input : inputs)
    for (const DimRange& dim : input.dims) shapes[input.name].push_back(dim.low);
  return shapes;
}

}  // namespace npu::atc
