// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/breakpoints.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "ui/chip/trail.h"

namespace npu::ui {
namespace {

constexpr size_t kMostBreakpoints = 32;

// Lower case, with one ':' for every run of spaces, colons and brackets.
std::string normal_form(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool gap = c == ' ' || c == ':' || c == '[' || c == ']' || c == '\t';
    if (!gap) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!out.empty() && out.back() != ':') out += ':';
  }
  while (!out.empty() && out.back() == ':') out.pop_back();
  return out;
}

std::optional<int64_t> number(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return {};
  return value;
}

std::optional<Opcode> opcode_named(std::string_view name) {
  for (int i = 0; i < kOpcodes; ++i)
    if (instr_info(static_cast<Opcode>(i)).name == name) return static_cast<Opcode>(i);
  return {};
}

std::optional<Buffer> buffer_named(std::string_view name) {
  for (int i = 0; i < kBuffers; ++i)
    if (normal_form(kBufferNames[static_cast<size_t>(i)]) == name) return static_cast<Buffer>(i);
  return {};
}

}  // namespace

std::string to_text(const Breakpoint& b) {
  switch (b.kind) {
    case Breakpoint::Kind::Task: return fmt::format("task:{}", b.place.task);
    case Breakpoint::Kind::Instruction: return place_key(b.place);
    case Breakpoint::Kind::Mnemonic: return std::string(instr_info(b.op).name);
    case Breakpoint::Kind::Address: return fmt::format("{}:0x{:x}", kBufferNames[static_cast<size_t>(b.buffer)], b.address);
  }
  return {};
}

Result<Breakpoint> breakpoint_from_text(std::string_view text) {
  const std::string plain = normal_form(text);
  const size_t colon = plain.find(':');
  const std::string_view head = std::string_view(plain).substr(0, colon), tail = colon == std::string::npos ? "" : std::string_view(plain).substr(colon + 1);
  if (const auto place = place_from_key(plain)) return Breakpoint{.kind = Breakpoint::Kind::Instruction, .place = *place};
  if (const auto op = opcode_named(plain)) return Breakpoint{.kind = Breakpoint::Kind::Mnemonic, .op = *op};
  const auto value = number(tail);
  if (head == "task" && value) return Breakpoint{.kind = Breakpoint::Kind::Task, .place = {.task = static_cast<size_t>(*value)}};
  if (const auto buffer = buffer_named(head); buffer && value) return Breakpoint{.kind = Breakpoint::Kind::Address, .buffer = *buffer, .address = *value};
  return fail(ErrorKind::InvalidArgument, std::string(text), "is no breakpoint: 'task 3', '3:0:17' (task, block, instruction), 'mad' or 'UB 0x100'");
}

std::string to_text(const std::vector<Breakpoint>& list) {
  std::string text;
  for (const Breakpoint& b : list) text += (text.empty() ? "" : ",") + to_text(b);
  return text;
}

std::vector<Breakpoint> breakpoints_from_text(std::string_view text) {
  std::vector<Breakpoint> list;
  while (!text.empty() && list.size() < kMostBreakpoints) {
    const std::string_view item = text.substr(0, text.find(','));
    if (const auto b = breakpoint_from_text(item); b && std::ranges::find(list, *b) == list.end()) list.push_back(*b);
    text.remove_prefix(std::min(text.size(), item.size() + 1));
  }
  return list;
}

bool stops_at(const Breakpoint& b, const Place& place, bool first, const Instr* instr, const IssueState& state) {
  switch (b.kind) {
    case Breakpoint::Kind::Task: return first && place.task == b.place.task;
    case Breakpoint::Kind::Instruction: return place == b.place;
    case Breakpoint::Kind::Mnemonic: return instr && instr->op == b.op;
    case Breakpoint::Kind::Address: {
      if (!instr) return false;
      const AccessList list = accesses(*instr, state);
      return std::ranges::any_of(list.view(), [&](const Access& a) { return a.write && a.buffer == b.buffer && touches(a, b.address, b.address + 1); });
    }
  }
  return false;
}

}  // namespace npu::ui
