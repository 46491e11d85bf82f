// SPDX-License-Identifier: Apache-2.0
// What a pass changed, as two drawings side by side: the graph before and after it.
#pragma once

#include <memory>
#include <vector>

#include "ui/panels/graph_canvas.h"

namespace npu::ui {

class ChangePanel {
 public:
  // In the space left. Precondition: pass.change is there and not empty, and not too large.
  void draw(const View& view, const PassInfo& pass);

 private:
  struct Half {
    GraphCanvas canvas;
    GraphCanvas::Input input;
    std::vector<int> lit;
    int chosen = -1;  // node whose counterpart is shown on the other half
  };

  void take(const std::shared_ptr<const GraphChange>& change);
  void draw_half(const View& view, Half& half, const GraphChange::Side& side, bool is_after, ImVec2 size);
  void link_halves();
  void draw_legend(const View& view) const;
  void draw_difference(const View& view) const;
  int after_node() const;  // that was chosen, or that the chosen one became

  std::shared_ptr<const GraphChange> change_;
  Half before_, after_;
};

}  // namespace npu::ui
