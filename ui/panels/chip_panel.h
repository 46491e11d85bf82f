// SPDX-License-Identifier: Apache-2.0
// The Chip room: a picture of the AI core at one instruction of the run, its time line, and what the instruction did.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ui/chip/chip_session.h"
#include "ui/chip/trace.h"
#include "ui/view.h"

namespace npu::ui {

// What the parts of the room agree on: the state, the tile that was chosen, how tiles are coloured.
struct ChipScene {
  ChipSession* session = nullptr;
  ChipStatePtr state;
  const Soc* soc = nullptr;
  const Task* task = nullptr;         // of the moment
  const BlockTrace* trace = nullptr;
  const Event* event = nullptr;       // when the instruction runs; may be null
  float way = 1;                      // 0..1: how far its bytes have come
  bool by_tensor = false;
  std::optional<ChipLook> chosen;     // the tile whose values are shown
  bool tile_clicked = false;          // in this frame

  const ChipMoment& moment() const { return *state->moment; }
};

// Where everything is, what is in the buffers, and the way of the instruction's bytes.
struct ChipDiagram {
  void draw(const View& view, ChipScene& scene, ImVec2 size);
};

// The pipes of the block's core over time, with a cursor to be dragged.
struct ChipTimeLine {
  void draw(const View& view, ChipScene& scene, ImVec2 size);

 private:
  void draw_rows(const View& view, ChipScene& scene, ImVec2 from, ImVec2 size);
  void keep_in_sight(const ChipScene& scene);
  void point(ChipScene& scene, float left, float top, float row, float width);

  double begin_ = 0, end_ = 0;        // of what is visible, cycles
  int64_t shown_begin_ = -1;          // of the trace that begin_ and end_ are about
  const Event* followed_ = nullptr;
};

// The bytes of the chosen tile as a matrix.
struct ChipValues {
  void draw(const View& view, Commands& commands, ChipScene& scene);

 private:
  int page_ = 0;
  int type_ = -1;                     // chosen by hand; -1: as the writer says
  ChipLook shown_;
};

struct ChipPanel {
  void draw(const View& view, Commands& commands);

 private:
  enum class Side { Instruction, Values, Program, Breaks };

  void draw_transport(const View& view, ChipScene& scene);
  void draw_places(const View& view, ChipScene& scene);
  void draw_goal(const View& view, ChipScene& scene);
  void draw_line(const View& view, ChipScene& scene);
  void draw_side(const View& view, Commands& commands, ChipScene& scene, bool fill);
  void draw_instruction(const View& view, Commands& commands, ChipScene& scene);
  void draw_effect(const View& view, ChipScene& scene);
  void draw_program(const View& view, ChipScene& scene, float height);
  void draw_breaks(const View& view, Commands& commands);
  void take_keys(const View& view, Commands& commands, ChipScene& scene);
  void play(const View& view, ChipScene& scene);
  void run_to(ChipScene& scene, bool forward);
  void toggle_breakpoint(const View& view, Commands& commands, const Breakpoint& breakpoint);
  ChipGoal goal(const ChipScene& scene, bool forward) const;
  bool update(const View& view, Commands& commands, ChipScene& scene);

  ChipDiagram diagram_;
  ChipTimeLine time_line_;
  ChipValues values_;
  Side side_ = Side::Instruction;
  ChipGoal::Kind goal_ = ChipGoal::Kind::Read;  // follow the data
  bool by_tensor_ = false;
  std::optional<ChipLook> chosen_;
  bool playing_ = false;
  int speed_ = 1;                     // index into the speeds
  double next_step_ = 0;              // seconds; while it plays
  double moved_at_ = -10;             // seconds: when the moment came
  const ChipMoment* moment_ = nullptr;  // the one drawn last
  BlockTrace trace_;
  const Timeline* traced_ = nullptr;
  size_t traced_task_ = SIZE_MAX, traced_block_ = SIZE_MAX;
  std::string wanted_break_;
  std::optional<Error> break_error_;
  int program_at_ = -1;               // instruction that the program was scrolled to
};

// Colours of a tile, by what the scene says.
ImVec4 tile_colour(const View& view, const ChipScene& scene, const ChipTile& tile);
// Blue below, orange above zero, the background at it; `largest`: the value with full colour.
ImU32 heat_colour(const View& view, double value, double largest);

}  // namespace npu::ui
