// SPDX-License-Identifier: Apache-2.0
// Bodies that need the compiler.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "compiler/aipp/aipp_config.h"
#include "compiler/atc/float_nodes.h"
#include "compiler/atc/fusion_switch.h"
#include "compiler/atc/single_op.h"
#include "compiler/quantize/amct_config.h"
#include "compiler/quantize/compression_config.h"
#include "compiler/tune/bank.h"
#include "core/ops/aipp_parameters.h"
#include "core/ops/op.h"
#include "tests/fuzz/bodies.h"

namespace npu::fuzz {

void aipp_config(Bytes bytes) {
  const auto ops = parse_aipp_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool sound = ops ? !ops->empty() && ops->front().format != nullptr : ops.error().where.starts_with("line ") && !ops.error().what.empty();
  if (!sound) throw std::logic_error("neither a configuration nor an error with its line");
}

void aipp_parameters(Bytes bytes) {
  const auto parameters = AippParameters::decode(bytes);
  if (!parameters) {
    if (parameters.error().what.empty()) throw std::logic_error("an error without words");
    return;
  }
  const auto written = parameters->encode();
  const auto again = written ? AippParameters::decode(*written) : std::unexpected(written.error());
  if (!again || *again->encode() != *written) throw std::logic_error("parameters do not survive writing");
  // What the first image would be, in an input with room for a small one.
  constexpr int64_t kRoom = 4096;
  const AippSettings first = parameters->settings(0, parameters->settings(0, 1).grey() ? 1 : 3);
  const AippTarget target{.batch = static_cast<int64_t>(parameters->images.size()), .channels = first.channels, .h = first.out_h(), .w = first.out_w(), .image_bytes = kRoom};
  if (!parameters->check(target)) return;
  Node node;
  node.op = "Aipp", node.inputs = {0, 1}, node.outputs = {2};
  node.attrs["output_size"] = std::vector<int64_t>{target.h, target.w}, node.attrs["channels"] = target.channels;
  Tensor buffer(DType::UInt8, {std::ssize(bytes)});
  std::ranges::copy(bytes, buffer.mutable_bytes().begin());
  const auto made = run_reference(node, 18, std::array{Tensor(DType::UInt8, {1, kRoom}), buffer});
  if (!made) throw std::logic_error("checked parameters make no image");
}

void calibration_config(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto amct = quantize::parse_amct_config(text);
  const bool amct_sound = amct ? quantize::check_options(amct->options.common.activation).has_value() : amct.error().where.starts_with("line ") && !amct.error().what.empty();
  const auto compression = quantize::parse_compression_config(text);
  const bool complete = compression && (!compression->calibration || (!compression->calibration->input_data_dir.empty() && !compression->calibration->input_shape.empty()));
  const bool refused = !compression && compression.error().where.starts_with("line ") && !compression.error().what.empty();
  if (!amct_sound || !(complete || refused)) throw std::logic_error("neither a configuration nor an error with its line");
}

void schedule_bank(Bytes bytes) {
  const auto bank = ScheduleBank::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!bank) {
    if (bank.error().what.empty()) throw std::logic_error("an error without words");
    return;
  }
  const std::string json = bank->to_json();
  const auto again = ScheduleBank::parse(json);
  if (!again || again->to_json() != json) throw std::logic_error("a bank does not survive saving");
}

void atc_files(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto check = [](const auto& parsed) {
    if (!parsed && (parsed.error().code.empty() || parsed.error().text.empty())) throw std::logic_error("an error without code or text");
  };
  check(atc::parse_single_ops(text));
  check(atc::parse_mixlist(text));
  check(atc::parse_fusion_switches(text));
  (void)atc::parse_keep_dtype(text);
}

}  // namespace npu::fuzz
