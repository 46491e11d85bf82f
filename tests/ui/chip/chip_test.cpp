// SPDX-License-Identifier: Apache-2.0
// The Chip room without its drawing, against a plain replay that only ever goes forward and against naive searches.
#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

#include "core/soc/soc.h"
#include "tests/compiled_digits.h"
#include "ui/chip/chip_session.h"
#include "ui/chip/describe.h"
#include "ui/chip/elements.h"
#include "ui/chip/trace.h"
#include "ui/studio/stages.h"

using namespace npu;
using namespace npu::ui;

namespace {

using ModelPtr = std::shared_ptr<const CompiledModel>;

ModelPtr digits(const char* soc) { return test::compiled_digits(soc); }

std::vector<Tensor> inputs_of(const CompiledModel& model) {
  std::vector<Tensor> inputs;
  for (const TensorDesc& desc : model.inputs) inputs.push_back(pattern_input(desc));
  return inputs;
}

// As vector_dup's operand has a number.
int64_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

// One task of one block.
ModelPtr kernel(Program program, int64_t arena = 4096) {
  CompiledModel model;
  model.soc = "Ascend310";
  model.arena_bytes = arena;
  Task task;
  task.name = "kernel";
  task.engine = Engine::AiCore;
  task.blocks = {std::move(program)};
  model.tasks.push_back(std::move(task));
  return std::make_shared<const CompiledModel>(std::move(model));
}

std::unique_ptr<ChipRun> run_of(const ModelPtr& model, size_t budget = ChipSession::kBudget) {
  auto run = ChipRun::create(model, inputs_of(*model), budget, nullptr);
  if (!run) FAIL(run.error().message());
  return std::move(*run);
}

std::unique_ptr<Replay> replay_of(const ModelPtr& model) {
  auto replay = Replay::create(model, inputs_of(*model), {.interval = INT64_MAX, .keep_ended_block = true});
  REQUIRE(replay);
  return std::move(*replay);
}

using Contents = std::array<std::vector<std::byte>, kBuffers>;

// All of every buffer, GM: the arena, as `read(buffer, begin, end)` gives it.
template <class Read>
Contents read_all(const CompiledModel& model, const Read& read) {
  const Soc& soc = **find_soc(model.soc);
  Contents all;
  for (int b = 0; b < kBuffers; ++b) {
    const auto buffer = static_cast<Buffer>(b);
    const int64_t begin = buffer == Buffer::GM ? kArenaBase : 0, bytes = buffer == Buffer::GM ? model.arena_bytes : soc.buffer_bytes(buffer);
    all[static_cast<size_t>(b)] = *read(buffer, begin, begin + bytes);
  }
  return all;
}
Contents left_by(const Replay& replay, const CompiledModel& model) {
  return read_all(model, [&](Buffer buffer, int64_t begin, int64_t end) { return replay.contents_left(buffer, begin, end); });
}
Contents left_by(const ChipRun& run, const CompiledModel& model) {
  return read_all(model, [&](Buffer buffer, int64_t begin, int64_t end) { return run.contents(buffer, begin, end); });
}

struct PlainStep {
  Place place;
  std::optional<Instr> instr;
};

// Of the whole run, in order.
std::vector<PlainStep> plain_steps(const ModelPtr& model) {
  const auto replay = replay_of(model);
  std::vector<PlainStep> steps;
  while (!replay->at_end()) {
    steps.push_back({replay->place(), replay->next() ? std::optional(*replay->next()) : std::nullopt});
    REQUIRE(replay->step(1));
  }
  return steps;
}

// A session and a way to wait until it stands.
class Waiting {
 public:
  Waiting() : session([this] { changed(); }) {}
  ChipStatePtr wait() {
    std::unique_lock lock(mutex_);
    REQUIRE(wake_.wait_for(lock, std::chrono::seconds(60), [&] { return !session.state()->busy; }));
    return session.state();
  }

 private:
  void changed() {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable wake_;

 public:
  ChipSession session;
};

}  // namespace

TEST_CASE("wherever one steps and seeks, places and bytes are those of a plain run") {
  for (const char* soc : {"Ascend310", "Ascend910B3"}) {
    CAPTURE(soc);
    const ModelPtr model = digits(soc);
    const auto steps = plain_steps(model);
    const auto run = run_of(model);
    CHECK(run->steps() == static_cast<int64_t>(steps.size()));
    std::mt19937 random(3);
    std::vector<int64_t> stops{0, 1, 2, 1, 0, run->steps() - 1, run->steps() - 2};
    for (int i = 0; i < 6; ++i) stops.push_back(static_cast<int64_t>(random() % steps.size()));
    for (const int64_t at : stops) {
      CAPTURE(at);
      REQUIRE(run->show(at, nullptr));
      const ChipMoment& moment = run->moment();
      CHECK(moment.position == at);
      CHECK(moment.place == steps[static_cast<size_t>(at)].place);
      CHECK(moment.cpu == !steps[static_cast<size_t>(at)].instr);
      if (!moment.cpu) CHECK(moment.instr == *steps[static_cast<size_t>(at)].instr);
      CHECK(*run->position_of(moment.place, moment.occurrence, nullptr) == at);
      const auto plain = replay_of(model);
      REQUIRE(plain->step(at + 1));
      CHECK(left_by(*run, *model) == left_by(*plain, *model));
    }
  }
}

TEST_CASE("an operand's bytes are those before and after, and what changed lies in it and in a tile of this step") {
  for (const char* soc : {"Ascend310", "Ascend910B3"}) {
    const ModelPtr model = digits(soc);
    const auto run = run_of(model);
    const auto plain = replay_of(model);
    Contents before = left_by(*plain, *model);
    size_t changes = 0;
    Place last{SIZE_MAX, 0, 0};
    for (int64_t at = 0; at < std::min<int64_t>(run->steps(), 300); ++at) {
      const Place place = plain->place();
      if (place.task != last.task || place.block != last.block)
        for (size_t b = 1; b < kBuffers; ++b) before[b].assign(before[b].size(), std::byte{});
      last = place;
      REQUIRE(plain->step(1));
      const Contents after = left_by(*plain, *model);
      REQUIRE(run->show(at, nullptr));
      const ChipMoment& moment = run->moment();
      for (const ChipOperand& operand : moment.operands) {
        const auto b = static_cast<size_t>(operand.access.buffer);
        if (operand.access.begin < kArenaBase && b == 0) continue;  // weights
        const int64_t base = b == 0 ? kArenaBase : 0;
        std::vector<std::byte> was, is;
        for (int64_t i = 0; i < operand.access.outer; ++i)
          for (int64_t j = 0; j < operand.access.inner; ++j) {
            const auto from = static_cast<size_t>(operand.access.begin - base + i * operand.access.outer_pitch + j * operand.access.inner_pitch), n = static_cast<size_t>(operand.access.length);
            was.insert(was.end(), before[b].begin() + static_cast<std::ptrdiff_t>(from), before[b].begin() + static_cast<std::ptrdiff_t>(from + n));
            is.insert(is.end(), after[b].begin() + static_cast<std::ptrdiff_t>(from), after[b].begin() + static_cast<std::ptrdiff_t>(from + n));
          }
        CHECK(operand.bytes == static_cast<int64_t>(was.size()));
        int64_t changed = 0;
        for (size_t k = 0; k < was.size(); ++k) changed += was[k] != is[k];
        was.resize(std::min<size_t>(was.size(), kShownBytes)), is.resize(std::min<size_t>(is.size(), kShownBytes));
        // On-chip bytes that nothing wrote are whatever an older block left: only what was read is sure to be the same.
        if (!operand.access.write) CHECK(operand.before == was);
        if (operand.access.write) CHECK(operand.after == is);
        if (operand.access.write && b == 0) CHECK(operand.changed == changed);
      }
      for (size_t b = 1; b < kBuffers; ++b)
        for (size_t k = 0; k < after[b].size(); k += 2) {
          if (after[b][k] == before[b][k] || after[b][k] == std::byte{}) continue;
          const ChipTile* tile = moment.tile_at(static_cast<Buffer>(b), static_cast<int64_t>(k));
          REQUIRE(tile);
          if (at > 0 && moment.step > 0) CHECK(tile->step <= moment.step);
          ++changes;
        }
      before = after;
    }
    CHECK(changes > 1000);
  }
}

TEST_CASE("the last writer of a byte is the last step after which the byte was new") {
  // Numbers 1, 2, 3 ... written over each other: the value tells who wrote.
  Program program;
  std::mt19937 random(8);
  constexpr int kSteps = 60;
  for (int i = 0; i < kSteps; ++i)
    program.push_back(make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), static_cast<int64_t>(random() % 64) * 32, bits_of(static_cast<float>(i + 1)), 1 + static_cast<int64_t>(random() % 3), 1, 8}));
  const ModelPtr model = kernel(program);
  const auto run = run_of(model);
  for (const int64_t at : {kSteps - 1, 0, 30, 29, 31, kSteps - 1}) {
    REQUIRE(run->show(at, nullptr));
    const auto bytes = *run->contents(Buffer::UB, 0, 8192);
    for (int64_t k = 0; k < 8192; k += kBlockBytes) {
      const auto writer = static_cast<int32_t>(element_at(std::span(bytes).subspan(static_cast<size_t>(k)), 0, VecType::S32)) - 1;
      const ChipTile* tile = run->moment().tile_at(Buffer::UB, k);
      CHECK((tile ? tile->step : -1) == writer);
      if (tile) CHECK(tile->type == VecType::S32);
    }
  }
}

TEST_CASE("a block's last instruction still shows its core") {
  const auto run = run_of(kernel({make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), 0, bits_of(7), 1, 1, 8}), make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), 256, bits_of(9), 1, 1, 8})}));
  REQUIRE(run->show(1, nullptr));
  const auto bytes = *run->contents(Buffer::UB, 0, 512);
  CHECK(element_at(bytes, 0, VecType::S32) == 7);
  CHECK(element_at(bytes, 64, VecType::S32) == 9);
  REQUIRE(run->moment().operands.size() == 1);
  CHECK(run->moment().operands[0].changed == 64);
  REQUIRE(run->show(0, nullptr));
  CHECK(element_at(*run->contents(Buffer::UB, 256, 512), 0, VecType::S32) == 0);
}

TEST_CASE("a breakpoint on an address stops where the byte becomes written") {
  const ModelPtr model = digits("Ascend310");
  const auto run = run_of(model);
  for (const Buffer buffer : {Buffer::UB, Buffer::L1, Buffer::L0A, Buffer::L0C, Buffer::GM}) {
    const int64_t base = buffer == Buffer::GM ? model->outputs.at(0).address : 0;
    for (const int64_t offset : {0, 33, 2000}) {
      const int64_t address = base + (buffer == Buffer::GM ? std::min<int64_t>(offset, 4) : offset);
      // Naively: the first step of all after which the replay has something there that was not there before it.
      const auto plain = replay_of(model);
      int64_t wanted = -1;
      while (!plain->at_end() && wanted < 0) {
        const bool had = plain->written(buffer, address);
        const Place place = plain->place();
        REQUIRE(plain->step(1));
        const bool same_block = !plain->at_end() && plain->place().task == place.task && plain->place().block == place.block;
        if (!had && plain->written(buffer, address) && (same_block || buffer == Buffer::GM)) wanted = plain->position() - 1;
      }
      const Breakpoint at{.kind = Breakpoint::Kind::Address, .buffer = buffer, .address = address};
      const auto found = run->find({.kind = ChipGoal::Kind::Break}, -1, true, std::span(&at, 1), nullptr);
      REQUIRE(found);
      CAPTURE(to_text(at));
      CHECK(found->value_or(-1) == wanted);
      if (wanted < 0) continue;
      bool stopped = false;
      CHECK(*run->advance(0, run->steps(), std::span(&at, 1), stopped, nullptr) == (wanted == 0 ? *run->advance(0, run->steps(), std::span(&at, 1), stopped, nullptr) : wanted));
      CHECK(stopped);
    }
  }
}

TEST_CASE("searches find what a scan of the steps finds, both ways") {
  const ModelPtr model = digits("Ascend310");
  const auto steps = plain_steps(model);
  const auto run = run_of(model);
  using Kind = ChipGoal::Kind;
  const auto is = [&](Kind kind, size_t i) {
    const auto& [place, instr] = steps[i];
    if (kind == Kind::Task) return i == 0 || steps[i - 1].place.task != place.task;
    if (kind == Kind::Block) return i == 0 || steps[i - 1].place.task != place.task || steps[i - 1].place.block != place.block;
    if (!instr) return false;
    if (kind == Kind::Mad) return instr->op == Opcode::Mad;
    return instr->op == Opcode::SetFlag || instr->op == Opcode::WaitFlag || instr->op == Opcode::PipeBarrier;
  };
  std::mt19937 random(4);
  for (const Kind kind : {Kind::Mad, Kind::Flag, Kind::Task, Kind::Block})
    for (int round = 0; round < 25; ++round) {
      const size_t from = random() % steps.size();
      std::optional<int64_t> next, before;
      for (size_t i = from + 1; i < steps.size() && !next; ++i)
        if (is(kind, i)) next = static_cast<int64_t>(i);
      for (size_t i = 0; i < from; ++i)
        if (is(kind, i)) before = static_cast<int64_t>(i);
      CHECK(*run->find({.kind = kind}, static_cast<int64_t>(from), true, {}, nullptr) == next);
      CHECK(*run->find({.kind = kind}, static_cast<int64_t>(from), false, {}, nullptr) == before);
    }
}

TEST_CASE("loops: each iteration is a step, and has its own occurrence and address") {
  const auto run = run_of(kernel({make_instr(Opcode::Loop, {3, kNoRegister, 5}), make_instr(Opcode::AddXnToOperand, {1, 1}), make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), 0, bits_of(5), 1, 1, 8}),
                                  make_instr(Opcode::Add, {1, 1, kNoRegister, 256}), make_instr(Opcode::SetVectorMask, {-1, -1})}));
  std::vector<int64_t> addresses;
  for (int64_t at = 0; at < run->steps(); ++at) {
    REQUIRE(run->show(at, nullptr));
    if (run->moment().instr.op != Opcode::VectorDup) continue;
    CHECK(run->moment().occurrence == static_cast<int64_t>(addresses.size()));
    CHECK(run->moment().place.instruction == 2);
    addresses.push_back(run->moment().instr.arg[field::kDupDst]);
    CHECK(*run->position_of(run->moment().place, run->moment().occurrence, nullptr) == at);
  }
  CHECK(addresses == std::vector<int64_t>{0, 256, 512, 768, 1024});
}

TEST_CASE("a block whose steps depend on data is measured by running it") {
  // The count of repetitions is loaded from memory that the first instructions wrote.
  Program program{make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), 0, bits_of(4), 1, 1, 8}), make_instr(Opcode::LdUb, {1, 0, kNoRegister, 2, 0}),
                  make_instr(Opcode::VectorDup, {static_cast<int64_t>(VecType::S32), 256, bits_of(1), 1, 1, 8}), make_instr(Opcode::Sub, {1, 1, kNoRegister, 1}), make_instr(Opcode::JumpIf, {-2, 1, 1})};
  const ModelPtr model = kernel(program);
  CHECK(!issue_all(model->tasks[0].blocks[0]));
  const auto run = run_of(model);
  CHECK(run->steps() == static_cast<int64_t>(plain_steps(model).size()));
  CHECK(run->steps() == 2 + 4 * 3);
  REQUIRE(run->show(2 + 3 * 3, nullptr));
  CHECK(run->moment().occurrence == 3);
  REQUIRE(run->show(0, nullptr));
  CHECK(run->moment().place.instruction == 0);
}

TEST_CASE("breakpoints as text") {
  for (const char* text : {"task:3", "3:0:17", "mad", "UB:0x100", "GM:0x8000000000"}) {
    const auto b = breakpoint_from_text(text);
    REQUIRE(b);
    CHECK(to_text(*b) == text);
  }
  CHECK(to_text(*breakpoint_from_text(" Task 12 ")) == "task:12");
  CHECK(to_text(*breakpoint_from_text("ub[0x20]")) == "UB:0x20");
  CHECK(to_text(*breakpoint_from_text("l0a 512")) == "L0A:0x200");
  for (const char* text : {"", "task", "task x", "3:0", "1:2:3:4", "UB", "UB -1", "XY 3", "madx", "task 99999999999999999999"}) CHECK(!breakpoint_from_text(text));
  CHECK(to_text(breakpoints_from_text("mad,rubbish,task 1,mad")) == "mad,task:1");
  CHECK(place_from_key("1:2:3") == Place{1, 2, 3});
  for (const char* text : {"", "1:2", "1:2:", "a:b:c", "1:2:3x", "-1:0:0", "1:2:99999999999"}) CHECK(!place_from_key(text));
}

TEST_CASE("a time is at the instruction that a scan of the trace finds there") {
  const ModelPtr model = digits("Ascend310P3");
  const auto profile = profile_stage(*model, [](size_t, size_t, std::string) { return true; });
  REQUIRE(profile);
  const auto timing = profile_model(*model, true);
  REQUIRE(timing);
  std::mt19937 random(6);
  int asked = 0;
  for (size_t t = 0; t < model->tasks.size(); ++t) {
    const auto& events = timing->tasks[t].timing.events;
    for (int32_t block = 0; block < static_cast<int32_t>(model->tasks[t].blocks.size()); ++block) {
      const BlockTrace trace(*profile->timeline, static_cast<int32_t>(t), block);
      REQUIRE(!trace.empty());
      const int64_t base = profile->tasks[t].start;
      CHECK(trace.begin() == base);
      for (int round = 0; round < 20; ++round) {
        const int64_t time = base + static_cast<int64_t>(random() % static_cast<uint64_t>(std::max<int64_t>(profile->tasks[t].cycles, 1)));
        const TraceEvent *working = nullptr, *last = nullptr;
        std::array<const TraceEvent*, kPipes> busy{};
        for (const TraceEvent& e : events) {
          if (e.core != block || base + e.start > time) continue;
          // Setting a flag does not hold its pipe up.
          const Opcode op = model->tasks[t].blocks[static_cast<size_t>(block)][static_cast<size_t>(e.instr)].op;
          const int64_t end = base + (op == Opcode::SetFlag ? e.start + 1 : e.end);
          const auto later = [&](const TraceEvent* other) { return !other || e.start > other->start || (e.start == other->start && e.instr > other->instr); };
          if (end > time) busy[static_cast<size_t>(e.pipe)] = &e;
          if (later(last)) last = &e;
          if (end > time && e.pipe != Pipe::S && op != Opcode::WaitFlag && op != Opcode::PipeBarrier && later(working)) working = &e;
        }
        for (const BlockTrace::Row& row : trace.rows()) {
          const Event* event = BlockTrace::at(row, time);
          const TraceEvent* wanted = busy[static_cast<size_t>(row.pipe)];
          REQUIRE((event != nullptr) == (wanted != nullptr));
          if (event) CHECK(event->instr == wanted->instr);
        }
        const TraceEvent* wanted = working ? working : last;
        const Event* event = trace.running(time);
        REQUIRE((event != nullptr) == (wanted != nullptr));
        if (!event) continue;
        CHECK(event->instr == wanted->instr);
        CHECK(trace.of(event->instr, trace.occurrence(*event)) == event);
        ++asked;
      }
    }
  }
  CHECK(asked > 50);
}

TEST_CASE("a session: steps add up, bytes are seen, a breakpoint stops, a newer goal wins") {
  const ModelPtr model = digits("Ascend310");
  const auto inputs = std::make_shared<const std::vector<Tensor>>(inputs_of(*model));
  const auto steps = plain_steps(model);
  Waiting w;
  CHECK(!w.session.state()->model);
  w.session.open(model, inputs, Place{1, 0, 2});
  ChipStatePtr s = w.wait();
  REQUIRE(s->moment);
  CHECK(s->moment->place == Place{1, 0, 2});
  CHECK(s->steps == static_cast<int64_t>(steps.size()));
  const int64_t from = s->moment->position;
  for (int i = 0; i < 5; ++i) w.session.step(1);
  CHECK(w.wait()->moment->position == from + 5);
  w.session.step(-3);
  w.session.step(-1);
  CHECK(w.wait()->moment->position == from + 1);

  w.session.go(s->steps - 1);
  w.session.go(Place{0, 0, 0});
  s = w.wait();
  CHECK(s->moment->position == 0);

  w.session.set_breakpoints(breakpoints_from_text("mad"));
  w.session.step(100000);
  s = w.wait();
  CHECK(s->stopped);
  CHECK(s->moment->instr.op == Opcode::Mad);
  int64_t first = 0;
  while (!steps[static_cast<size_t>(first)].instr || steps[static_cast<size_t>(first)].instr->op != Opcode::Mad) ++first;
  CHECK(s->moment->position == first);

  const Access c = s->moment->operands.back().access;
  w.session.look(1, {c.buffer, c.begin, c.begin + 64});
  w.session.run_to({.kind = ChipGoal::Kind::Task}, true);
  s = w.wait();
  CHECK(s->moment->place.task == s->moment->place.task);
  w.session.go(first);
  s = w.wait();
  REQUIRE(s->seen[1].size() == 64);
  CHECK(std::equal(s->seen[1].begin(), s->seen[1].end(), s->moment->operands.back().after.begin()));

  w.session.go(Place{999, 0, 0});
  s = w.wait();
  REQUIRE(s->error);
  CHECK(s->error->kind == ErrorKind::InvalidArgument);
  CHECK(s->moment->position == first);
  w.session.close();
  CHECK(!w.session.state()->model);
}

TEST_CASE("a session says why a run cannot be looked at, and where one fails") {
  Waiting w;
  w.session.open(kernel({make_instr(Opcode::VectorDup, {0, 0, 0x3f800000, 1, 1, 8}), make_instr(Opcode::Vrelu, {0, 0, 512, 1, 1, 1, 8, 8})}), std::make_shared<const std::vector<Tensor>>(), {});
  ChipStatePtr s = w.wait();
  REQUIRE(s->moment);
  w.session.step(1);
  s = w.wait();
  REQUIRE(s->error);
  CHECK(s->error->kind == ErrorKind::UninitializedRead);
  CHECK(s->moment->position == 0);
  ChipSession small(nullptr, 1000);
  small.open(digits("Ascend310"), std::make_shared<const std::vector<Tensor>>(inputs_of(*digits("Ascend310"))), {});
  while (small.state()->busy) std::this_thread::yield();
  REQUIRE(small.state()->error);
  CHECK(small.state()->error->where == "budget_bytes");
}

TEST_CASE("elements: two bytes and less, packed, and as text") {
  const std::vector<std::byte> bytes{std::byte{0x00}, std::byte{0x3c}, std::byte{0x80}, std::byte{0xbf}};
  CHECK(element_at(bytes, 0, VecType::F16) == 1.0);
  CHECK(element_at(bytes, 1, VecType::BF16) == -1.0);
  CHECK(element_at(bytes, 2, VecType::S8) == -128);
  CHECK(element_at(bytes, 2, VecType::U8) == 128);
  CHECK(element_at(bytes, 3, VecType::S4) == 3);
  CHECK(element_at(bytes, 2, VecType::S4) == -4);
  CHECK(element_count(4, VecType::S4) == 8);
  CHECK(element_at(bytes, 0, VecType::S32) == static_cast<int32_t>(0xbf803c00u));
  CHECK(element_text(0.12345, VecType::F16) == "0.1235");
  CHECK(element_text(-3.2e-7, VecType::F32) == "-3.2e-07");
  CHECK(element_text(-128, VecType::S8) == "-128");
}

TEST_CASE("every operand of the instruction set that is not about one instruction alone has a meaning in both languages") {
  int explained = 0, all = 0;
  for (int op = 0; op < kOpcodes; ++op)
    for (const Language language : {Language::English, Language::Chinese})
      for (const FieldText& text : field_texts(make_instr(static_cast<Opcode>(op), {}), language)) {
        CHECK(!text.value.empty());
        CHECK(!text.legal.empty());
        explained += *text.meaning != '\0', ++all;
      }
  CHECK(explained * 10 > all * 8);
}
