// SPDX-License-Identifier: Apache-2.0
// A graph in words: for copying, and for people who do not see the picture.
#pragma once

#include <string>

#include "ui/graph/colouring.h"
#include "ui/graph/scene.h"

namespace npu::ui {

// A node of the model: what it is, its attributes, what it reads and writes, the tasks it became. Lines end in "\n".
std::string node_text(const GraphModel& model, int node, const TaskLinks* links, Language language);

// One line: "Conv conv1, 7×7 s2 64; from 1 node, to 1 node".
std::string node_line(const Scene& scene, int node, Language language);

// All that is shown, in order, indented by the groups that are open.
std::string scene_text(const Scene& scene, Language language);

}  // namespace npu::ui
