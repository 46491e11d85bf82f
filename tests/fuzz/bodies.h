// SPDX-License-Identifier: Apache-2.0
// Fuzz bodies: plain functions that hand arbitrary bytes to a decoder and must return. Unit tests run them on mutated
// seeds, libFuzzer through tests/fuzz/libfuzzer_main.cpp.
#pragma once

#include "core/base/bytes.h"

namespace npu::fuzz {

void onnx(Bytes bytes);  // loads; what loads must verify or be refused, print, and survive saving
void tensor_proto(Bytes bytes);
void graph_text(Bytes bytes);  // parses; what parses must print to a fixed point
void shape_inference(Bytes bytes);  // of a graph's text; what is inferred must agree with what is inferred next time
void caffe(Bytes bytes);  // a network, a zero byte, its weights
void tensorflow(Bytes bytes);
void mindir(Bytes bytes);
void npy(Bytes bytes);
void atc_files(Bytes bytes);    // of compiler_bodies.cpp; files that options of atc name
void aipp_config(Bytes bytes);  // of compiler_bodies.cpp; refuses with a line, or reads what fits a node
void aipp_parameters(Bytes bytes);  // of compiler_bodies.cpp; refuses with words, or what is read survives writing and makes an image
void calibration_config(Bytes bytes);  // of compiler_bodies.cpp; both of the vendor's files: refuses with a line, or reads options that make sense
void schedule_bank(Bytes bytes);  // of compiler_bodies.cpp; refuses with words, or what is read survives saving
void shell_input(Bytes bytes);      // of terminal_bodies.cpp; refuses with words, or every word becomes arguments
void terminal_output(Bytes bytes);  // of terminal_bodies.cpp
void om(Bytes bytes);  // inspects and loads; what loads must survive saving
void lesson(Bytes bytes);  // of ui_bodies.cpp; lessons, quizzes, their texts and a learner's progress: refuses with file and line, or reads

}  // namespace npu::fuzz
