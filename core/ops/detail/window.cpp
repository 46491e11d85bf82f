// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/window.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/math.h"

namespace npu::detail {

namespace {

// Larger values cannot be meant and would overflow sums.
constexpr int64_t kMaxWindowValue = int64_t{1} << 30;

Result<AutoPad> read_auto_pad(const Node& node, const std::string& where) {
  static constexpr std::pair<std::string_view, AutoPad> kModes[] = {
      {"NOTSET", AutoPad::NotSet},
      {"", AutoPad::NotSet},
      {"VALID", AutoPad::Valid},
      {"SAME_UPPER", AutoPad::SameUpper},
      {"SAME_LOWER", AutoPad::SameLower},
  };
  const std::string text = node.string_attr("auto_pad", "NOTSET");
  for (const auto& [name, mode] : kModes)
    if (name == text) return mode;
  return fail(ErrorKind::InvalidModel, where, fmt::format("auto_pad '{}' is not known", text));
}

Result<std::vector<int64_t>> read_list(const Node& node, const std::string& where, std::string_view name, size_t count,
                                       int64_t fallback) {
  auto values = node.ints_attr(name, std::vector<int64_t>(count, fallback));
  if (values.size() != count)
    return fail(ErrorKind::InvalidModel, where, fmt::format("{} has {} values, needs {}", name, values.size(), count));
  return values;
}

Status check_range(const std::string& where, std::string_view what, int64_t value, int64_t least, size_t i) {
  if (value >= least && value <= kMaxWindowValue) return {};
  return fail(ErrorKind::InvalidModel, where, fmt::format("{} {} at axis {}", what, value, i + 2));
}

// The sum of padding that makes ceil(input / stride) outputs.
int64_t same_padding(const WindowAxis& axis, int64_t input) {
  const int64_t output = ceil_div(input, axis.stride);
  return std::max<int64_t>(0, (output - 1) * axis.stride + axis.extent() - input);
}

}  // namespace

Result<std::vector<int64_t>> read_kernel_shape(const Node& node, const std::string& where, size_t spatial_rank) {
  const auto kernel = node.ints_attr("kernel_shape");
  if (kernel.size() != spatial_rank)
    return fail(ErrorKind::InvalidModel, where,
                fmt::format("kernel_shape has {} values, the input has {} spatial dimensions", kernel.size(), spatial_rank));
  return kernel;
}

Result<Window> read_window(const Node& node, const std::string& where, const std::vector<int64_t>& kernel, size_t max_rank) {
  const size_t rank = kernel.size();
  if (rank > max_rank)
    return fail(ErrorKind::UnsupportedModel, where, fmt::format("{} spatial dimensions, at most {} are supported", rank, max_rank));
  Window window;
  NPU_TRY(window.auto_pad, read_auto_pad(node, where));
  NPU_TRY(const auto strides, read_list(node, where, "strides", rank, 1));
  NPU_TRY(const auto dilations, read_list(node, where, "dilations", rank, 1));
  NPU_TRY(auto pads, read_list(node, where, "pads", 2 * rank, 0));
  // An explicit padding mode wins over pads that an exporter left in.
  if (window.auto_pad != AutoPad::NotSet) std::ranges::fill(pads, 0);
  for (size_t i = 0; i < rank; ++i) {
    NPU_CHECK(check_range(where, "kernel", kernel[i], 1, i));
    NPU_CHECK(check_range(where, "stride", strides[i], 1, i));
    NPU_CHECK(check_range(where, "dilation", dilations[i], 1, i));
    NPU_CHECK(check_range(where, "padding", pads[i], 0, i));
    NPU_CHECK(check_range(where, "padding", pads[rank + i], 0, i));
    window.axes.push_back({kernel[i], strides[i], dilations[i], pads[i], pads[rank + i]});
  }
  return window;
}

Result<Dim> window_output(const Window& window, size_t i, const Dim& input, const std::string& where) {
  const WindowAxis& axis = window.axes[i];
  const bool same = window.auto_pad == AutoPad::SameUpper || window.auto_pad == AutoPad::SameLower;
  const int64_t pads = axis.pad_begin + axis.pad_end;
  if (!input.known()) return axis.stride == 1 && (same || pads + 1 == axis.extent()) ? input : Dim();
  if (same) return Dim(ceil_div(input.value(), axis.stride));
  const int64_t room = input.value() + pads - axis.extent();
  if (room < 0)
    return fail(ErrorKind::InvalidModel, where,
                fmt::format("the window does not fit at axis {}: input {} with padding {}+{}, kernel {}, dilation {}", i + 2,
                            input.value(), axis.pad_begin, axis.pad_end, axis.kernel, axis.dilation));
  int64_t output = (window.ceil_mode ? ceil_div(room, axis.stride) : room / axis.stride) + 1;
  // The last window must start inside of the input or its leading padding.
  if (window.ceil_mode && (output - 1) * axis.stride >= input.value() + axis.pad_begin) --output;
  return Dim(output);
}

std::pair<int64_t, int64_t> PlacedAxis::outputs_of(int64_t tap) const {
  const int64_t offset = tap * dilation - pad;  // input position of output 0
  const int64_t first = offset >= 0 ? 0 : ceil_div(-offset, stride);
  const int64_t last = in - 1 - offset;  // >= o * stride
  const int64_t end = last < 0 ? 0 : std::min(out, last / stride + 1);
  return {first, std::max(first, end)};
}

std::pair<int64_t, int64_t> PlacedAxis::taps_of(int64_t output) const {
  const int64_t offset = input_of(output, 0);
  const int64_t first = offset >= 0 ? 0 : ceil_div(-offset, dilation);
  const int64_t end = offset >= in ? 0 : std::min(kernel, (in - 1 - offset) / dilation + 1);
  return {first, std::max(first, end)};
}

PlacedWindow place_window(const Window& window, const Shape& input, const Shape& output) {
  PlacedWindow placed;
  const size_t missing = placed.size() - window.axes.size();
  for (size_t i = 0; i < window.axes.size(); ++i) {
    const WindowAxis& axis = window.axes[i];
    int64_t begin = axis.pad_begin;
    int64_t end = axis.pad_end;
    if (window.auto_pad == AutoPad::SameUpper || window.auto_pad == AutoPad::SameLower) {
      const int64_t sum = same_padding(axis, input[i]);
      begin = window.auto_pad == AutoPad::SameUpper ? sum / 2 : sum - sum / 2;
      end = sum - begin;
    }
    placed[missing + i] = {input[i], output[i], axis.kernel, axis.stride, axis.dilation, begin, end};
  }
  return placed;
}

}  // namespace npu::detail
