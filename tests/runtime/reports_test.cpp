// SPDX-License-Identifier: Apache-2.0
// The exported files against the profile they were made from: JSON by a JSON parser, Perfetto by the small decoder here.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/profile/profile.h"

namespace npu {
namespace {

// Two AI-core tasks of two blocks and one AI CPU task; cycles that do not fall on whole nanoseconds.
struct Example {
  CompiledModel model;
  ModelProfile profile;
};

Example example() {
  Example e;
  e.model.soc = "Ascend310";
  const Program program{make_instr(Opcode::CopyGmToUbuf, {0, 64, 1, 8, 0, 0}), make_instr(Opcode::SetFlag, {4, 1, 0}), make_instr(Opcode::WaitFlag, {4, 1, 0}),
                        make_instr(Opcode::Vrelu, {0, 256, 0, 1, 1, 1, 8, 8}), make_instr(Opcode::PipeBarrier, {kPipeAll})};
  for (int t = 0; t < 3; ++t) {
    Task task;
    task.name = t == 0 ? "conv \"1\"\\a,b" : "task" + std::to_string(t);
    task.op_type = "Relu";
    task.engine = t == 1 ? Engine::AiCpu : Engine::AiCore;
    TaskProfile row;
    row.start_us = 10.25 + 100.5 * t;
    row.duration_us = 40.125;
    if (t != 1) {
      task.blocks = {program, program};
      row.cycles = 30;
      row.cores = 2;
      for (int block = 0; block < 2; ++block)
        for (int i = 0; i < 5; ++i) row.timing.events.push_back({block, block, i, pipe_of(program[static_cast<size_t>(i)]), 7 * i + block, 7 * i + 5 + block});
      row.timing.events.push_back({1, 1, 3, Pipe::V, 100, 111});  // a second round of a loop
    }
    e.model.tasks.push_back(std::move(task));
    e.profile.tasks.push_back(std::move(row));
  }
  return e;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// --- a protobuf reader of a few lines ---

struct Value {
  uint64_t number = 0;
  std::string bytes;
};
using Message = std::multimap<uint64_t, Value>;

uint64_t varint(const std::string& bytes, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(at++));
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

Message decode(const std::string& bytes) {
  Message message;
  for (size_t at = 0; at < bytes.size();) {
    const uint64_t key = varint(bytes, at);
    REQUIRE((key % 8 == 0 || key % 8 == 2));
    Value value;
    value.number = varint(bytes, at);
    if (key % 8 == 2) {
      value.bytes = bytes.substr(at, value.number);
      REQUIRE(value.bytes.size() == value.number);
      at += value.number;
    }
    message.emplace(key / 8, std::move(value));
  }
  return message;
}

const Value& one(const Message& message, uint64_t field) {
  REQUIRE(message.count(field) == 1);
  return message.find(field)->second;
}

struct Slice {
  std::string process, thread, name;
  uint64_t begin = 0, end = 0;
  std::map<std::string, uint64_t> notes;
  auto operator<=>(const Slice&) const = default;
};

// Field numbers: perfetto.dev/docs/reference/trace-packet-proto.
std::vector<Slice> perfetto_slices(const std::string& bytes) {
  std::map<uint64_t, std::string> event_names, note_names, process_names;
  std::map<uint64_t, std::pair<std::string, std::string>> tracks;
  std::map<uint64_t, Slice> open;
  std::vector<Slice> slices;
  bool cleared = false;
  for (const auto& [field, packet_bytes] : decode(bytes)) {
    REQUIRE(field == 1);
    const Message packet = decode(packet_bytes.bytes);
    CHECK(one(packet, 10).number != 0);
    cleared |= (one(packet, 13).number & 1) != 0;
    if (packet.contains(12))
      for (const auto& [kind, entry] : decode(one(packet, 12).bytes)) {
        const Message name = decode(entry.bytes);
        (kind == 2 ? event_names : note_names)[one(name, 1).number] = one(name, 2).bytes;
      }
    if (packet.contains(60)) {
      const Message track = decode(one(packet, 60).bytes);
      if (track.contains(3)) {
        const Message process = decode(one(track, 3).bytes);
        process_names[one(process, 1).number] = one(process, 6).bytes;
      } else {
        const Message thread = decode(one(track, 4).bytes);
        tracks[one(track, 1).number] = {process_names.at(one(thread, 1).number), one(thread, 5).bytes};
      }
    }
    if (!packet.contains(11)) continue;
    REQUIRE(cleared);
    CHECK((one(packet, 13).number & 2) != 0);
    const Message event = decode(one(packet, 11).bytes);
    const uint64_t track = one(event, 11).number, at = one(packet, 8).number;
    REQUIRE(tracks.contains(track));
    if (one(event, 9).number == 2) {
      REQUIRE(open.contains(track));
      open[track].end = at;
      slices.push_back(open.extract(track).mapped());
      continue;
    }
    REQUIRE(one(event, 9).number == 1);
    REQUIRE(!open.contains(track));
    Slice slice{tracks[track].first, tracks[track].second, event.contains(23) ? one(event, 23).bytes : event_names.at(one(event, 10).number), at, 0, {}};
    for (auto [it, last] = event.equal_range(4); it != last; ++it) {
      const Message note = decode(it->second.bytes);
      slice.notes[note_names.at(one(note, 1).number)] = one(note, 3).number;
    }
    open[track] = std::move(slice);
  }
  CHECK(open.empty());
  return slices;
}

}  // namespace

TEST_CASE("Perfetto: every task and every event is a slice on its track, with its names and times") {
  const Example e = example();
  std::vector<Slice> expected;
  const auto ns = [](double us) { return static_cast<uint64_t>(std::llround(us * 1000)); };
  for (size_t t = 0; t < 3; ++t) {
    const TaskProfile& row = e.profile.tasks[t];
    expected.push_back({"tasks", t == 1 ? "AI_CPU" : "AI_CORE", e.model.tasks[t].name, ns(row.start_us), ns(row.start_us + row.duration_us), {}});
    for (const TraceEvent& event : row.timing.events) {
      const double mhz = (*find_soc("Ascend310"))->cube_mhz;
      expected.push_back({"core" + std::to_string(event.core), std::string(kPipeNames[static_cast<size_t>(event.pipe)]),
                          std::string(instr_info(e.model.tasks[t].blocks[0][static_cast<size_t>(event.instr)].op).name), ns(row.start_us + static_cast<double>(event.start) / mhz),
                          ns(row.start_us + static_cast<double>(event.end) / mhz),
                          {{"task", t}, {"block", static_cast<uint64_t>(event.block)}, {"instruction", static_cast<uint64_t>(event.instr)}}});
    }
  }
  std::vector<Slice> actual = perfetto_slices(perfetto_trace(e.model, e.profile));
  std::ranges::sort(expected);
  std::ranges::sort(actual);
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(actual[i].name);
    CHECK((actual[i] == expected[i]));
  }
}

TEST_CASE("Chrome trace: valid JSON, every task and every event once") {
  const Example e = example();
  const auto json = nlohmann::json::parse(chrome_trace_json(e.model, e.profile));
  size_t tasks = 0, events = 0;
  for (const auto& item : json.at("traceEvents")) {
    CHECK(item.at("ph") == "X");
    if (item.at("pid") == "tasks") {
      const Task& task = e.model.tasks[tasks];
      const TaskProfile& row = e.profile.tasks[tasks++];
      CHECK(item.at("name") == task.name);
      CHECK(item.at("ts").get<double>() == doctest::Approx(row.start_us));
      CHECK(item.at("dur").get<double>() == doctest::Approx(row.duration_us));
      events = 0;
      continue;
    }
    const size_t t = item.at("args").at("task");
    REQUIRE(t == tasks - 1);
    const TraceEvent& event = e.profile.tasks[t].timing.events.at(events++);
    const double mhz = (*find_soc("Ascend310"))->cube_mhz;
    CHECK(item.at("pid") == "core" + std::to_string(event.core));
    CHECK(item.at("tid") == std::string(kPipeNames[static_cast<size_t>(event.pipe)]));
    CHECK(item.at("args").at("block") == event.block);
    CHECK(item.at("args").at("instruction") == event.instr);
    CHECK(std::stoul(item.at("args").at("pc_addr").get<std::string>(), nullptr, 16) == static_cast<size_t>(event.instr) * kInstrBytes);
    CHECK(std::abs(item.at("ts").get<double>() - e.profile.tasks[t].start_us - static_cast<double>(event.start) / mhz) < 1e-4);
    CHECK(std::abs(item.at("dur").get<double>() - static_cast<double>(event.end - event.start) / mhz) < 1e-4);
  }
  CHECK(tasks == 3);
  CHECK(events == 11);
}

TEST_CASE("per-instruction CSV: the vendor's columns, calls and cycles added up") {
  const Example e = example();
  const auto lines = lines_of(instruction_csv(e.model, e.profile));
  REQUIRE(lines.size() == 21);
  CHECK(lines[0] == "Task ID,Core ID,Block ID,instr,addr,pipe,call_count,cycles,running_time(us),detail");
  CHECK(lines[1].starts_with("0,0,0,copy_gm_to_ubuf,0x0,MTE2,1,5,"));
  const double us = (*find_soc("Ascend310"))->cycles_to_us(16);
  CHECK(lines[9].starts_with("0,1,1,vrelu,0x60,V,2,16,"));
  CHECK(std::stod(lines[9].substr(24)) == doctest::Approx(us).epsilon(0.01));
  CHECK(lines[9].ends_with("\"" + disassemble(e.model.tasks[0].blocks[0][3]) + "\""));
}

TEST_CASE("op_summary: one row a task, as many cells as columns") {
  const Example e = example();
  const auto lines = lines_of(op_summary_csv(e.model, e.profile));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with("Device_id,Model ID,Task ID,Stream ID,Op Name,OP Type,OP State,Task Type,Task Start Time(us),Task Duration(us),Task Wait Time(us),"));
  const auto cells = [](const std::string& line) {
    int count = 1;
    bool quoted = false;
    for (char c : line) quoted ^= c == '"', count += c == ',' && !quoted;
    return count;
  };
  for (const std::string& line : lines) CHECK(cells(line) == cells(lines[0]));
  CHECK(lines[1].find("conv _1_\\a_b") != std::string::npos);
}

}  // namespace npu
