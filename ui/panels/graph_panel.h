// SPDX-License-Identifier: Apache-2.0
// The graph of a model with its tools: what is shown, colours, search, export, and all about the node that was chosen.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ui/graph/weight_stats.h"
#include "ui/panels/graph_canvas.h"
#include "ui/studio/fusion_answer.h"

namespace npu::ui {

class GraphPanel {
 public:
  void draw(const View& view, Commands& commands);

 private:
  enum class Source { Model, Compiled };
  struct Inbox {
    std::mutex mutex;
    std::optional<WeightStats> stats;
    int value = -1;
  };

  void choose_model(const View& view);
  void link(const View& view);
  void draw_tools(const View& view, Commands& commands);
  void draw_search(const View& view);
  void draw_export(const View& view, Commands& commands);
  void draw_legend(const View& view);
  void draw_details(const View& view, Commands& commands);
  void draw_node(const View& view, Commands& commands, int node);
  void draw_values(const View& view, Str label, const std::vector<int>& values, bool inputs);
  void draw_tasks(const View& view, Commands& commands, int node);
  void draw_weights(const View& view, int value);
  const FusionAnswer* answer_of(const View& view, int edge);
  void draw_answer(const View& view, Commands& commands, int edge);
  void hint_edge(const View& view);
  void jump(int step);
  void follow_settings(const View& view, Commands& commands);

  GraphCanvas canvas_;
  GraphCanvas::Input input_;
  Source source_ = Source::Model;
  GraphModelPtr compiled_;
  const void* compiled_of_ = nullptr;
  const void* linked_[3] = {};       // model, compiled model and profile that the links are of

  FusionAnswer answer_;              // of the edge that was asked for last
  int answered_ = -1;
  const void* answered_in_[2] = {};  // links and compile it was found in

  std::string search_;
  std::string searched_;
  GraphModelPtr searched_in_;
  std::vector<int> hits_;
  int hit_ = -1;
  bool focus_search_ = false;

  std::string shown_node_;           // the settings' when they were last followed
  GraphModelPtr shown_in_;
  int weights_of_ = -1;              // value whose numbers are shown
  GraphModelPtr weights_in_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  GraphWorker worker_;
};

}  // namespace npu::ui
