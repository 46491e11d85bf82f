// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "core/soc/soc.h"
#include "ui/chip/describe.h"
#include "ui/chip/elements.h"
#include "ui/panels/chip_layout.h"
#include "ui/panels/chip_panel.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

using namespace chip_layout;

struct Rect {
  ImVec2 from, to;
  float width() const { return to.x - from.x; }
  float height() const { return to.y - from.y; }
  bool holds(ImVec2 p) const { return p.x >= from.x && p.x < to.x && p.y >= from.y && p.y < to.y; }
};

class CorePicture {
 public:
  CorePicture(const View& view, ChipScene& scene, ImVec2 from, ImVec2 size)
      : view_(view), scene_(scene), list_(*ImGui::GetWindowDrawList()), from_(from), size_(size), layout_(size.x > 560 ? kWide : kTall) {}

  void draw() {
    find_busy();
    steps_ = fmt::format("{} / {}", scene_.moment().step + 1, scene_.moment().block_steps);
    draw_core();
    for (const Wire& wire : layout_.wires) draw_wire(wire, false);
    for (const Wire& wire : layout_.wires)
      if (lit(wire)) draw_wire(wire, true);
    draw_l2();
    draw_memory();
    for (const Part part : {Part::L1, Part::L0A, Part::L0B, Part::L0C, Part::Ub, Part::Bt, Part::Fb}) draw_buffer(part);
    draw_unit(Part::Cube, Pipe::M, view_.tr(Str::ChipViewCube));
    draw_unit(Part::Vector, Pipe::V, view_.tr(Str::ChipViewVector));
    draw_unit(Part::Scalar, Pipe::S, view_.tr(Str::ChipViewScalar));
    draw_unit(Part::Mte1, Pipe::MTE1, "MTE1");
    draw_unit(Part::Mte2, Pipe::MTE2, "MTE2");
    draw_unit(Part::Mte3, Pipe::MTE3, "MTE3");
    if (exists(Part::Fix)) draw_unit(Part::Fix, Pipe::FIX, "FIX");
    draw_flag();
    for (const Wire& wire : layout_.wires)
      if (lit(wire) && scene_.way < 1) draw_packet(wire);
  }

 private:
  ImVec2 point(ImVec2 p) const { return {from_.x + p.x * size_.x, from_.y + p.y * size_.y}; }
  Rect rect(const Box& b) const { return {point({b.x0, b.y0}), point({b.x1, b.y1})}; }
  Rect rect(Part part) const { return rect(layout_.boxes[static_cast<size_t>(part)]); }
  ImVec4 pipe_colour(Pipe pipe) const { return view_.theme.pipes[static_cast<size_t>(pipe)]; }

  bool exists(Part part) const {
    if (part == Part::Fix) return scene_.soc->split || scene_.soc->fb > 0;
    if (const auto buffer = buffer_of(part); buffer && *buffer != Buffer::GM) return scene_.soc->buffer_bytes(*buffer) > 0;
    return true;
  }

  // What each pipe does when the instruction runs, by the simulation.
  void find_busy() {
    if (!scene_.event || !scene_.trace) return;
    for (const BlockTrace::Row& row : scene_.trace->rows()) busy_[static_cast<size_t>(row.pipe)] = BlockTrace::at(row, scene_.event->start);
  }

  const ChipOperand* operand(Buffer buffer, bool write) const {
    for (const ChipOperand& o : scene_.moment().operands)
      if (o.access.buffer == buffer && o.access.write == write) return &o;
    return nullptr;
  }

  bool lit(const Wire& wire) const {
    const ChipMoment& moment = scene_.moment();
    if (moment.cpu || !exists(wire.from) || !exists(wire.to) || pipe_of(moment.instr) != wire.pipe) return false;
    const auto from = buffer_of(wire.from), to = buffer_of(wire.to);
    if (from && to) return operand(*from, false) && operand(*to, true);
    if (wire.pipe == Pipe::V && (operand(Buffer::L0C, false) || operand(Buffer::L0C, true))) return false;  // they have a way of their own
    return from ? operand(*from, false) != nullptr : operand(*to, true) != nullptr;
  }

  bool possible(const Wire& wire) const {
    if (!exists(wire.from) || !exists(wire.to)) return false;
    if (wire.pipe == Pipe::FIX) return exists(Part::Fix) && wire.to == Part::Gm;
    if (wire.from == Part::L0C && wire.to == Part::Ub) return !scene_.soc->split;
    // Ways that few instructions take are drawn when one does.
    return !(wire.from == Part::Gm && (wire.to == Part::L0A || wire.to == Part::L0B)) && !(wire.from == Part::Ub && (wire.to == Part::L0C || wire.to == Part::L1)) && !(wire.from == Part::L1 && wire.to == Part::Ub) &&
           !(wire.from == Part::L0C && wire.to == Part::Cube);
  }

  void draw_wire(const Wire& wire, bool on) {
    if (!on && !possible(wire)) return;
    std::array<ImVec2, 7> points;
    for (int i = 0; i < wire.points; ++i) points[static_cast<size_t>(i)] = point(wire.at[i]);
    const ImU32 ink = on ? colour(pipe_colour(wire.pipe)) : colour(view_.theme.border);
    const float thick = on ? 3.5f : 1.5f;
    list_.AddPolyline(points.data(), wire.points, ink, 0, thick);
    const ImVec2 tip = points[static_cast<size_t>(wire.points - 1)], before = points[static_cast<size_t>(wire.points - 2)];
    const float length = std::max(1.0f, std::hypot(tip.x - before.x, tip.y - before.y)), size = on ? 8.0f : 5.0f;
    const ImVec2 d((tip.x - before.x) / length * size, (tip.y - before.y) / length * size);
    list_.AddTriangleFilled(tip, {tip.x - d.x - d.y * 0.6f, tip.y - d.y + d.x * 0.6f}, {tip.x - d.x + d.y * 0.6f, tip.y - d.y - d.x * 0.6f}, ink);
  }

  // The first fractal of what is moved, on its way.
  void draw_packet(const Wire& wire) {
    std::array<float, 7> lengths{};
    float all = 0;
    for (int i = 1; i < wire.points; ++i) {
      const ImVec2 a = point(wire.at[i - 1]), b = point(wire.at[i]);
      all += lengths[static_cast<size_t>(i)] = std::hypot(b.x - a.x, b.y - a.y);
    }
    float left = all * scene_.way;
    ImVec2 at = point(wire.at[0]);
    for (int i = 1; i < wire.points; ++i) {
      const ImVec2 a = point(wire.at[i - 1]), b = point(wire.at[i]);
      const float length = lengths[static_cast<size_t>(i)], part = length > 0 ? std::min(1.0f, left / length) : 1.0f;
      at = {a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part};
      if (left <= length) break;
      left -= length;
    }
    const auto source = buffer_of(wire.from);
    const ChipOperand* moved = source ? operand(*source, false) : operand(*buffer_of(wire.to), true);
    if (!moved) return;
    constexpr float kHalf = 17;
    const Rect box{{at.x - kHalf, at.y - kHalf}, {at.x + kHalf, at.y + kHalf}};
    list_.AddRectFilled({box.from.x - 2, box.from.y - 2}, {box.to.x + 2, box.to.y + 2}, colour(pipe_colour(wire.pipe)), 4);
    draw_values(box, moved->access.write ? moved->after : moved->before, moved->type);
  }

  // A fractal as small squares.
  void draw_values(const Rect& box, const std::vector<std::byte>& bytes, VecType type) {
    const int64_t columns = vec_type_size(type) == 4 ? 16 : std::min<int64_t>(16, elements_in_block(type)), count = element_count(static_cast<int64_t>(bytes.size()), type);
    list_.AddRectFilled(box.from, box.to, colour(view_.theme.background));
    if (count <= 0) return;
    const int64_t rows = std::min<int64_t>(16, (count + columns - 1) / columns);
    double largest = 0;
    for (int64_t i = 0; i < std::min(count, rows * columns); ++i) {
      const double value = std::abs(element_at(bytes, i, type));
      if (std::isfinite(value)) largest = std::max(largest, value);
    }
    const float w = box.width() / static_cast<float>(columns), h = box.height() / static_cast<float>(rows);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns && r * columns + c < count; ++c) {
        const ImVec2 at(box.from.x + static_cast<float>(c) * w, box.from.y + static_cast<float>(r) * h);
        list_.AddRectFilled(at, {at.x + w, at.y + h}, heat_colour(view_, element_at(bytes, r * columns + c, type), largest));
      }
  }

  void small_text(ImVec2 at, const ImVec4& ink, std::string_view text, float width, bool strong = false) {
    ImFont* font = strong ? view_.theme.strong : view_.theme.body;
    const ImVec4 clip(at.x, at.y, at.x + width, at.y + kText + 4);
    list_.AddText(font, kText, at, colour(ink), text.data(), text.data() + text.size(), 0, &clip);
  }
  float text_width(std::string_view text, bool strong = false) const {
    return (strong ? view_.theme.strong : view_.theme.body)->CalcTextSizeA(kText, 10000, 0, text.data(), text.data() + text.size()).x;
  }

  void draw_core() {
    const Rect box = rect(layout_.core);
    list_.AddRectFilled(box.from, box.to, colour(view_.theme.text, 0.03f), 8);
    list_.AddRect(box.from, box.to, colour(view_.theme.border), 8);
    const std::string name = fmt::format("AI Core {}", scene_.moment().place.block);
    if (&layout_ == &kWide) small_text({box.from.x + 8, box.from.y + 5}, view_.theme.faint, name, 120);
  }

  void draw_frame(const Rect& box, bool read, bool write, const ImVec4& ink) {
    list_.AddRectFilled(box.from, box.to, colour(view_.theme.surface), 5);
    list_.AddRect(box.from, box.to, write || read ? colour(ink) : colour(view_.theme.border), 5, 0, write ? 2.5f : read ? 1.5f : 1.0f);
  }

  void draw_unit(Part part, Pipe pipe, const char* name) {
    const Rect box = rect(part);
    const ChipMoment& moment = scene_.moment();
    const bool now = !moment.cpu && pipe_of(moment.instr) == pipe;
    const Event* event = busy_[static_cast<size_t>(pipe)];
    const bool works = event && !event->waits;
    const ImVec4 ink = pipe_colour(pipe);
    list_.AddRectFilled(box.from, box.to, colour(view_.theme.surface), 6);
    list_.AddRectFilled(box.from, box.to, colour(ink, now ? 1.0f : works ? 0.38f : 0.1f), 6);
    list_.AddRect(box.from, box.to, colour(ink, now || works ? 1.0f : 0.5f), 6, 0, now ? 2.0f : 1.0f);
    const bool low = box.height() < 36 || box.width() < 64;
    const float width = text_width(name, true);
    const ImVec4 text = now ? ImGui::ColorConvertU32ToFloat4(text_on(ink)) : view_.theme.text;
    small_text({box.from.x + std::max(2.0f, (box.width() - width) / 2), low ? (box.from.y + box.to.y - kText) / 2 - 1 : box.from.y + 5}, text, name, box.width() - 3, true);
    if (!low) {
      std::string_view what = now ? instr_info(moment.instr.op).name : event ? event_name(*event) : "";
      const float inner = box.width() - 8;
      if (part == Part::Scalar && !now) what = steps_;
      small_text({box.from.x + std::max(4.0f, (box.width() - text_width(what)) / 2), box.from.y + 6 + kText}, text, what, inner);
      if (now && part == Part::Cube) draw_product(box);
    }
    hint(box, pipe, event);
  }

  Rect unit(int64_t pipe) const {
    constexpr Part parts[] = {Part::Scalar, Part::Vector, Part::Cube, Part::Mte1, Part::Mte2, Part::Mte3, Part::Fix};
    return rect(parts[static_cast<size_t>(std::clamp<int64_t>(pipe, 0, kPipes - 1))]);
  }

  static ImVec2 middle(const Rect& r) { return {(r.from.x + r.to.x) / 2, (r.from.y + r.to.y) / 2}; }

  // Where the line from the middle of `r` to `target` leaves it.
  static ImVec2 border(const Rect& r, ImVec2 target) {
    const ImVec2 from = middle(r), d(target.x - from.x, target.y - from.y);
    const float share = std::min({1.0f, r.width() / 2 / std::max(std::abs(d.x), 0.01f), r.height() / 2 / std::max(std::abs(d.y), 0.01f)});
    return {from.x + d.x * share, from.y + d.y * share};
  }

  // A flag goes from the pipe that sets it to the one that waits.
  void draw_flag() {
    const Instr& instr = scene_.moment().instr;
    if (scene_.moment().cpu || (instr.op != Opcode::SetFlag && instr.op != Opcode::WaitFlag)) return;
    const Rect a = unit(instr.arg[field::kSrcPipe]), b = unit(instr.arg[field::kDstPipe]);
    const ImVec2 from = border(a, middle(b)), to = border(b, middle(a));
    const float length = std::max(1.0f, std::hypot(to.x - from.x, to.y - from.y));
    const ImVec2 d((to.x - from.x) / length, (to.y - from.y) / length);
    const ImU32 ink = colour(view_.theme.accent);
    for (float at = 0; at < length * scene_.way; at += 9) list_.AddLine({from.x + d.x * at, from.y + d.y * at}, {from.x + d.x * std::min(at + 5, length), from.y + d.y * std::min(at + 5, length)}, ink, 2.5f);
    for (const Rect& r : {a, b}) list_.AddRect({r.from.x - 2, r.from.y - 2}, {r.to.x + 2, r.to.y + 2}, ink, 7, 0, 2);
    const std::string text = view_.format(Str::ChipViewFlag, instr.arg[field::kEvent]);
    const float width = text_width(text, true);
    const ImVec2 at((from.x + to.x - width) / 2, (from.y + to.y - kText) / 2);
    list_.AddRectFilled({at.x - 6, at.y - 3}, {at.x + width + 6, at.y + kText + 4}, ink, 8);
    small_text(at, view_.theme.on_accent, text, width + 2, true);
  }

  std::string_view event_name(const Event& event) const {
    const auto& blocks = scene_.task->blocks;
    const auto block = static_cast<size_t>(event.block), instr = static_cast<size_t>(event.instr);
    return block < blocks.size() && instr < blocks[block].size() ? instr_info(blocks[block][instr].op).name : "";
  }

  void hint(const Rect& box, Pipe pipe, const Event* event) {
    if (!hovered(box) || !ImGui::BeginTooltip()) return;
    ImGui::PushTextWrapPos(360);
    ImGui::TextUnformatted(view_.tr(static_cast<Str>(static_cast<int>(Str::PipeSHelp) + static_cast<int>(pipe))));
    if (event) {
      const Instr& instr = scene_.task->blocks[static_cast<size_t>(event->block)][static_cast<size_t>(event->instr)];
      ImGui::TextColored(view_.theme.faint, "%d  %s", event->instr, disassemble(instr).c_str());
    }
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }

  // A x B -> C, of their first fractals.
  void draw_product(const Rect& box) {
    const float top = box.from.y + 2 * kText + 12, space = std::min(box.to.y - top - 4, (box.width() - 12) / 3);
    if (space < 10) return;
    const ChipOperand* parts[] = {operand(Buffer::L0A, false), operand(Buffer::L0B, false), operand(Buffer::L0C, true)};
    for (int i = 0; i < 3; ++i) {
      const float x = box.from.x + 4 + static_cast<float>(i) * (space + 2);
      if (parts[i]) draw_values({{x, top}, {x + space, top + space}}, i == 2 ? parts[i]->after : parts[i]->before, parts[i]->type);
    }
  }

  bool hovered(const Rect& box) const { return ImGui::IsItemHovered() && box.holds(ImGui::GetIO().MousePos); }

  // A buffer is lines of cells, from its first byte at the upper left to its last one.
  void draw_buffer(Part part) {
    const Buffer buffer = *buffer_of(part);
    if (!exists(part)) return;
    const ChipMoment& moment = scene_.moment();
    const Rect box = rect(part);
    const ChipOperand *read = operand(buffer, false), *write = operand(buffer, true);
    const ImVec4 ink = moment.cpu ? view_.theme.ai_cpu : pipe_colour(pipe_of(moment.instr));
    draw_frame(box, read, write, ink);
    const int64_t bytes = scene_.soc->buffer_bytes(buffer), shown = shown_bytes(buffer, bytes);
    const auto& tiles = moment.tiles[static_cast<size_t>(buffer)];
    int64_t used = 0;
    for (const ChipTile& tile : tiles) used += tile.end - tile.begin;
    const std::string_view name = kBufferNames[static_cast<size_t>(buffer)];
    small_text({box.from.x + 6, box.from.y + 3}, view_.theme.text, name, box.width() - 8, true);
    const std::string amount = view_.format(Str::ChipViewUsed, short_bytes(static_cast<double>(used)), short_bytes(static_cast<double>(bytes)));
    const float name_width = text_width(name, true) + 12;
    if (const float w = text_width(amount); w + name_width < box.width() - 6) small_text({box.to.x - 6 - w, box.from.y + 3}, view_.theme.faint, amount, w + 2);
    if (box.height() < 36) return hint_small(box, fmt::format("{} {}", name, amount));
    const Rect cells{{box.from.x + 5, box.from.y + kText + 8}, {box.to.x - 5, box.to.y - 5}};
    draw_tiles(cells, buffer, shown, read, write, ink);
    if (shown < bytes && cells.height() > 56) {
      const std::string text = view_.format(Str::ChipViewFirst, short_bytes(static_cast<double>(shown)));
      if (const float w = text_width(text); w < cells.width() - 4) small_text({cells.to.x - w - 3, cells.to.y - kText - 3}, view_.theme.faint, text, w + 2);
    }
    mark_rect(fmt::format("chip-{}", name), cells, amount);
  }

  // Of the buffer's bytes: what the block uses, in halves of the whole, so that tiles can be seen.
  int64_t shown_bytes(Buffer buffer, int64_t bytes) const {
    const int64_t reach = scene_.moment().reach[static_cast<size_t>(buffer)];
    int64_t shown = bytes;
    while (reach > 0 && shown / 2 >= std::max<int64_t>(reach, 4096)) shown /= 2;
    return shown;
  }

  void hint_small(const Rect& box, const std::string& text) {
    if (hovered(box) && ImGui::BeginTooltip()) {
      ImGui::TextUnformatted(text.c_str());
      ImGui::EndTooltip();
    }
  }

  void mark_rect(const std::string& name, const Rect& box, std::string value) {
    if (view_.marks) view_.marks->set(name, {box.from, box.to, std::move(value)});
  }

  struct Grid {
    Rect area;
    int64_t columns, rows, cell;  // bytes of a cell
    float w, h;

    Grid(const Rect& r, int64_t bytes) : area(r) {
      constexpr float kCell = 7;
      columns = std::max<int64_t>(1, static_cast<int64_t>(r.width() / kCell));
      rows = std::max<int64_t>(1, static_cast<int64_t>(r.height() / kCell));
      cell = std::max<int64_t>(kBlockBytes, (bytes + columns * rows - 1) / (columns * rows));
      cell = (cell + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
      rows = std::clamp<int64_t>((bytes + cell * columns - 1) / (cell * columns), 1, rows);
      w = r.width() / static_cast<float>(columns), h = r.height() / static_cast<float>(rows);
    }
    // fn(rectangle) for each line of [begin, end).
    template <class Fn>
    void lines(int64_t begin, int64_t end, Fn&& fn) const {
      const int64_t first = begin / cell, last = std::max(first + 1, (end + cell - 1) / cell);
      for (int64_t row = first / columns; row * columns < last; ++row) {
        const int64_t from = std::max(first, row * columns) - row * columns, to = std::min(last, (row + 1) * columns) - row * columns;
        fn(Rect{{area.from.x + static_cast<float>(from) * w, area.from.y + static_cast<float>(row) * h}, {area.from.x + static_cast<float>(to) * w, area.from.y + static_cast<float>(row + 1) * h}});
      }
    }
    // The same in at most three rectangles: what outlines need.
    template <class Fn>
    void blocks(int64_t begin, int64_t end, Fn&& fn) const {
      std::optional<Rect> block;
      lines(begin, end, [&](const Rect& r) {
        if (block && block->from.x == r.from.x && block->to.x == r.to.x) return void(block->to.y = r.to.y);
        if (block) fn(*block);
        block = r;
      });
      if (block) fn(*block);
    }
    int64_t address(ImVec2 p) const {
      const auto column = static_cast<int64_t>((p.x - area.from.x) / w), row = static_cast<int64_t>((p.y - area.from.y) / h);
      return (std::clamp<int64_t>(row, 0, rows - 1) * columns + std::clamp<int64_t>(column, 0, columns - 1)) * cell;
    }
  };

  void draw_tiles(const Rect& area, Buffer buffer, int64_t bytes, const ChipOperand* read, const ChipOperand* write, const ImVec4& ink) {
    const Grid grid(area, bytes);
    list_.AddRectFilled(area.from, area.to, colour(view_.theme.background), 2);
    const auto& tiles = scene_.moment().tiles[static_cast<size_t>(buffer)];
    for (const ChipTile& tile : tiles) {
      const ImU32 fill = colour(tile_colour(view_, scene_, tile), tile.step % 2 ? 0.62f : 0.78f);
      grid.lines(tile.begin, tile.end, [&](const Rect& r) { list_.AddRectFilled({r.from.x, r.from.y + 0.5f}, {std::max(r.to.x - 0.5f, r.from.x + 1), r.to.y - 0.5f}, fill); });
    }
    for (const ChipOperand* o : {read, write}) {
      if (!o) continue;
      const bool writes = o->access.write;
      grid.blocks(o->access.begin, o->access.end, [&](const Rect& r) {
        if (writes) list_.AddRectFilled(r.from, r.to, colour(ink, 0.2f + 0.65f * scene_.way));
        list_.AddRect(r.from, r.to, colour(writes ? view_.theme.text : ink), 0, 0, 1.5f);
      });
    }
    if (scene_.chosen && scene_.chosen->buffer == buffer)
      grid.blocks(scene_.chosen->begin, scene_.chosen->end, [&](const Rect& r) { list_.AddRect({r.from.x - 1, r.from.y - 1}, {r.to.x + 1, r.to.y + 1}, colour(view_.theme.accent), 0, 0, 2); });
    if (hovered(area)) point_at(buffer, grid);
  }

  void point_at(Buffer buffer, const Grid& grid) {
    const ChipMoment& moment = scene_.moment();
    const int64_t address = grid.address(ImGui::GetIO().MousePos);
    const ChipTile* tile = moment.tile_at(buffer, address);
    // A cell may begin before the first tile in it.
    for (int64_t at = address + kBlockBytes; !tile && at < address + grid.cell; at += kBlockBytes) tile = moment.tile_at(buffer, at);
    if (!tile) return;
    scene_.session->look(0, {buffer, tile->begin, std::min(tile->end, tile->begin + 64)});
    if (ImGui::IsMouseReleased(ImGuiMouseButton_Left) && ImGui::GetIO().MouseDragMaxDistanceSqr[0] < 16) scene_.chosen = ChipLook{buffer, tile->begin, tile->end}, scene_.tile_clicked = true;
    if (!ImGui::BeginTooltip()) return;
    std::string values;
    if (const auto& look = scene_.state->looked[0]; look.buffer == buffer && look.begin == tile->begin)
      for (int64_t i = 0; i < std::min<int64_t>(6, element_count(static_cast<int64_t>(scene_.state->seen[0].size()), tile->type)); ++i)
        values += (i ? "  " : "") + element_text(element_at(scene_.state->seen[0], i, tile->type), tile->type);
    const std::string origin = origin_text(*scene_.task, tile->origin, view_.settings.language);
    ImGui::PushTextWrapPos(380);
    ImGui::TextUnformatted(view_.format(Str::ChipViewTile, fmt::format("{}  {}  {}", range_text(buffer, tile->begin, tile->end), short_bytes(static_cast<double>(tile->end - tile->begin)), kVecTypeNames[static_cast<size_t>(tile->type)]),
                                        tile->instruction, instr_info(tile->op).name, kPipeNames[static_cast<size_t>(instr_info(tile->op).pipe)], origin.empty() ? "-" : origin, values + " ...").c_str());
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }

  void draw_l2() {
    const Rect box = rect(Part::L2);
    const bool used = operand(Buffer::GM, false) || operand(Buffer::GM, true);
    const ImVec4 ink = scene_.moment().cpu ? view_.theme.ai_cpu : pipe_colour(pipe_of(scene_.moment().instr));
    list_.AddRectFilled(box.from, box.to, colour(view_.theme.surface), 4);
    if (used) list_.AddRectFilled(box.from, box.to, colour(ink, 0.25f), 4);
    list_.AddRect(box.from, box.to, used ? colour(ink) : colour(view_.theme.border), 4);
    const std::string text = fmt::format("L2 {}", short_bytes(static_cast<double>(scene_.soc->l2)));
    if (&layout_ == &kTall) return small_text({box.from.x + 8, (box.from.y + box.to.y - kText) / 2 - 1}, view_.theme.faint, text, box.width());
    small_text({box.from.x + (box.width() - text_width("L2")) / 2, box.from.y + 6}, view_.theme.text, "L2", box.width(), true);
    const std::string size = short_bytes(static_cast<double>(scene_.soc->l2));
    if (const float w = text_width(size); w < box.width()) small_text({box.from.x + (box.width() - w) / 2, box.from.y + 8 + kText}, view_.theme.faint, size, w + 2);
    hint_small(box, fmt::format("L2 {}", size));
  }

  // The tensors of the task, and where in them the instruction reads or writes.
  void draw_memory() {
    const Rect box = rect(Part::Gm);
    const ChipOperand *read = operand(Buffer::GM, false), *write = operand(Buffer::GM, true);
    const ImVec4 ink = scene_.moment().cpu ? view_.theme.ai_cpu : pipe_colour(pipe_of(scene_.moment().instr));
    draw_frame(box, read, write, ink);
    small_text({box.from.x + 6, box.from.y + 3}, view_.theme.text, view_.tr(Str::ChipViewGm), box.width() - 8, true);
    const bool tall = &layout_ == &kTall;
    const float high = tall ? kText + 10 : 2 * kText + 12;
    float y = box.from.y + kText + 8;
    int bit = 0, left_out = 0;
    float x0 = box.from.x + 5, x1 = tall ? (box.from.x + box.to.x) / 2 - 3 : box.to.x - 5;
    const auto row = [&](const TensorDesc& tensor, bool output) {
      const Origin mine = bit < kMostOrigins ? Origin{1} << bit : 0;
      ++bit;
      if (tensor.bytes == 0) return;  // laid out among the weights
      if (y + high > box.to.y - (tall ? 0 : high)) return void(++left_out);
      draw_tensor({{x0, y}, {x1, y + high - 4}}, tensor, mine, output, read, write, ink, tall);
      y += high;
    };
    for (const TensorDesc& tensor : scene_.task->inputs) row(tensor, false);
    if (tall) y = box.from.y + kText + 8, std::swap(x0, x1), x0 += 6, x1 = box.to.x - 5;
    for (const TensorDesc& tensor : scene_.task->outputs) row(tensor, true);
    if (left_out > 0 && !tall) small_text({box.from.x + 6, box.to.y - kText - 4}, view_.theme.faint, view_.format(Str::ChipViewMore, left_out), box.width() - 8);
    // What no tensor of the task holds: prepared weights, the workspace.
    const bool others = (read && read->origin & (kFromConstants | kFromWorkspace)) || (write && write->origin & (kFromConstants | kFromWorkspace));
    if (y + kText + 6 < box.to.y) {
      const Rect weights{{x0, y}, {x1, y + kText + 6}};
      list_.AddRectFilled(weights.from, weights.to, colour(view_.theme.text, others ? 0.25f : 0.06f), 3);
      small_text({weights.from.x + 4, weights.from.y + 2}, view_.theme.text, view_.tr(Str::ChipViewConstants), weights.width() - 6);
    }
  }

  void draw_tensor(const Rect& box, const TensorDesc& tensor, Origin mine, bool output, const ChipOperand* read, const ChipOperand* write, const ImVec4& ink, bool tall) {
    ChipTile sample;
    sample.origin = mine;
    const ImVec4 fill = scene_.by_tensor ? tile_colour(view_, scene_, sample) : view_.theme.faint;
    list_.AddRectFilled(box.from, box.to, colour(fill, scene_.by_tensor ? 0.55f : 0.16f), 3);
    for (const ChipOperand* o : {read, write}) {
      if (!o || !(o->origin & mine)) continue;
      const auto x = [&](int64_t address) { return box.from.x + box.width() * static_cast<float>(std::clamp(static_cast<double>(address - tensor.address) / static_cast<double>(std::max<int64_t>(tensor.bytes, 1)), 0.0, 1.0)); };
      const float x0 = x(o->access.begin), x1 = std::max(x(o->access.end), x0 + 2);
      list_.AddRectFilled({x0, box.from.y}, {x1, box.to.y}, colour(ink, 0.8f), 2);
    }
    const std::string arrow = output ? "\xe2\x86\x90 " : "\xe2\x86\x92 ";
    const std::string size = short_bytes(static_cast<double>(tensor.bytes));
    const float beside = tall ? text_width(size) + 8 : 0;
    small_text({box.from.x + 4, box.from.y + 2}, view_.theme.text, arrow + tensor.name, box.width() - 6 - beside);
    if (!tall) small_text({box.from.x + 4, box.from.y + 3 + kText}, view_.theme.faint, size + "  " + std::string(to_string(tensor.format)), box.width() - 6);
    else small_text({box.to.x + 4 - beside, box.from.y + 2}, view_.theme.faint, size, beside);
    if (hovered(box) && ImGui::BeginTooltip()) {
      ImGui::TextUnformatted(view_.format(Str::ChipViewTensor, tensor.name, short_bytes(static_cast<double>(tensor.bytes)), tensor.address, fmt::format("{} {}", to_string(tensor.format), npu::to_string(TensorType::of(tensor.dtype, tensor.shape)))).c_str());
      ImGui::EndTooltip();
    }
  }

  static constexpr float kText = 12.5f;

  const View& view_;
  ChipScene& scene_;
  ImDrawList& list_;
  ImVec2 from_, size_;
  const Layout& layout_;
  std::array<const Event*, kPipes> busy_{};
  std::string steps_;
};

}  // namespace

ImVec4 tile_colour(const View& view, const ChipScene& scene, const ChipTile& tile) {
  if (!scene.by_tensor) return view.theme.pipes[static_cast<size_t>(instr_info(tile.op).pipe)];
  // What comes from several tensors has the colour of the sum.
  constexpr float kHues[] = {0.58f, 0.08f, 0.36f, 0.86f, 0.14f, 0.5f, 0.97f, 0.7f};
  const auto bit = static_cast<size_t>(tile.origin ? std::countr_zero(tile.origin) : 0);
  const bool several = std::popcount(tile.origin) > 1;
  ImVec4 c(0, 0, 0, 1);
  ImGui::ColorConvertHSVtoRGB(kHues[(several ? bit + 3 : bit) % std::size(kHues)], several ? 0.75f : 0.6f, view.theme.dark ? 0.9f : 0.75f, c.x, c.y, c.z);
  return c;
}

ImU32 heat_colour(const View& view, double value, double largest) {
  if (!std::isfinite(value)) return colour(view.theme.bad);
  const float share = largest > 0 ? static_cast<float>(std::min(1.0, std::abs(value) / largest)) : 0;
  const ImVec4 to = value < 0 ? view.theme.pipes[static_cast<size_t>(Pipe::MTE2)] : view.theme.pipes[static_cast<size_t>(Pipe::V)];
  const ImVec4 zero = view.theme.background;
  const float f = std::sqrt(share);
  return colour({zero.x + (to.x - zero.x) * f, zero.y + (to.y - zero.y) * f, zero.z + (to.z - zero.z) * f, 1});
}

void ChipDiagram::draw(const View& view, ChipScene& scene, ImVec2 size) {
  const ImVec2 from = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton("diagram", size);
  mark(view, "chip-diagram");
  CorePicture(view, scene, from, size).draw();
}

}  // namespace npu::ui
