// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace npu::ui {

// Browsers start WebAssembly with quickly made, slow code and replace a function after it has run for some milliseconds.
// This runs a small network a few times, on a thread of its own while the page loads, so that a user's first inference
// finds the fast code. It computes nothing that anybody reads.
void warm_up();

}  // namespace npu::ui
