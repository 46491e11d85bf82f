// SPDX-License-Identifier: Apache-2.0
// What is in the terminal's home folder from the start: the samples, and the files that tutorials ask for.
#pragma once

#include "core/base/memory_files.h"
#include "samples/catalog.h"

namespace npu::terminal {

// <sample>.onnx, images/<sample>/*, data/<sample>/*.npy (the images as the model's input), aipp.config, fusion_switch.cfg,
// quantize.config, README.md. Models, images and arrays are fetched or made when they are read. `read` may wait; a sample whose
// description cannot be read is left out.
void fill_home(MemoryFiles& files, const std::string& home, const SampleReader& read);

}  // namespace npu::terminal
