// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "ui/learn/markdown.h"
#include "ui/view.h"

namespace npu::ui {

// Markdown wrapped to the available width; {expressions} are filled in.
void draw_markdown(const View& view, std::string_view text);
void draw_spans(const View& view, const TextSpans& spans);

}  // namespace npu::ui
