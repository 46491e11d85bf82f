// SPDX-License-Identifier: Apache-2.0
// What texts and answers of lessons take from the program: "{soc.Ascend310.ub_kb}", "{isa.repeat_bytes / 2}",
// "{now.us}". So no number that the program knows is written in a lesson.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

struct Facts {
  const Snapshot& now;
  const Settings& settings;
};

// Numbers, names, + - * / ( ) and ceil( ). Names:
//   soc.<chip>.<field>   fields of soc.def: ai_cores, vector_cores, ai_cpus, cube_mhz, l2_mb, l1_kb, l0a_kb, l0b_kb, l0c_kb, ub_kb, memory_gb,
//                        ddr_gbps, ddr_read, ddr_write, l2_read, l2_write, l1_to_l0a, l1_to_l0b, l0c_to_ub, event_ids, queue_depth, launch_us, fp16_tflops, int8_tops
//   isa.<instruction>.<head|slope|tail>, isa.<constant>: block_bytes, repeat_bytes, fractal_bytes, pipes, instructions, most_repeats
//   passes.count, passes.optional
//   now.<value>          of the open model: nodes, parameters, tasks, us, ai_core_us, ai_cpu_us, instructions, peak_kb; 0 while there is none
// InvalidArgument names what is not known; a division by zero is an error too.
Result<double> evaluate(std::string_view expression, const Facts& facts);
// An expression whose value depends on the open model.
bool is_live(std::string_view expression);

// The text with its {expressions} replaced by their values; braces that neither a lower-case letter nor a digit follows are text. An expression that
// cannot be evaluated stays as it is: check_text finds it when the lesson is read.
std::string fill_in(std::string_view text, const Facts& facts);
Status check_text(std::string_view text);
Status check_expression(std::string_view expression);

// "12", "-0.5": digits, a point, a sign; nothing else.
std::optional<double> decimal(std::string_view text);
// 12, 0.5, 11.1: at most three digits behind the point.
std::string number_text(double value);

}  // namespace npu::ui
