// SPDX-License-Identifier: Apache-2.0
// Where bytes come from, against receptive fields counted by hand and against models whose other bytes are changed.
#include <algorithm>
#include <cstring>
#include <random>

#include "core/base/range_set.h"
#include "runtime/replay/provenance.h"
#include "tests/runtime/small_net.h"

namespace npu::test {
namespace {

constexpr const char* kChips[] = {"Ascend310", "Ascend310P3", "Ascend910B1"};
constexpr int64_t kSize = 20;

struct Case {
  std::shared_ptr<const CompiledModel> model;
  Tensor input;
};

Case case_of(Graph graph, const char* soc, int64_t size = kSize) {
  auto model = compile(std::move(graph), options_for({{"x", {1, 3, size, size}}}, soc));
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  return {std::make_shared<const CompiledModel>(std::move(*model)), picture({1, 3, size, size}, 5)};
}

// Back through all tasks to weights and inputs.
RangeSet trace_all(const Case& c, const RangeSet& element, std::vector<TaskTrace>* traces = nullptr) {
  auto replay = Replay::create(c.model, std::span(&c.input, 1));
  REQUIRE(replay);
  RangeSet wanted = element;
  for (auto task = last_writer(*c.model, wanted, c.model->tasks.size()); task; task = last_writer(*c.model, wanted, *task)) {
    auto trace = trace_task(**replay, *c.model, *task, wanted);
    REQUIRE_MESSAGE(trace, (trace ? "" : trace.error().message()));
    wanted = trace->sources;
    if (traces) traces->push_back(std::move(*trace));
  }
  return wanted;
}

std::vector<std::byte> element_after(std::shared_ptr<const CompiledModel> model, const Tensor& input, size_t output, int64_t index) {
  auto session = Session::create(std::move(model), 1);
  REQUIRE(session);
  const auto outputs = (*session)->run(std::span(&input, 1));
  REQUIRE(outputs);
  const Tensor& tensor = (*outputs)[output];
  const size_t size = tensor.byte_size() / static_cast<size_t>(tensor.elements());
  const auto bytes = tensor.bytes().subspan(static_cast<size_t>(index) * size, size);
  return {bytes.begin(), bytes.end()};
}

// Which elements of the input are among the bytes.
std::vector<bool> inputs_among(const Case& c, const RangeSet& bytes) {
  std::vector<bool> among(static_cast<size_t>(c.input.elements()));
  for (size_t i = 0; i < among.size(); ++i) {
    const int64_t at = c.model->inputs[0].address + static_cast<int64_t>(i) * 4;
    among[i] = bytes.intersects(at, at + 4);
  }
  return among;
}

// The model with all weight bytes but these made other ones, exponents kept so that nothing overflows.
std::shared_ptr<const CompiledModel> with_other_weights(const CompiledModel& model, const RangeSet& keep) {
  CompiledModel other = model;
  std::vector<std::byte> weights = *model.weights;
  for (size_t i = 0; i < weights.size(); i += 1)
    if (!keep.intersects(static_cast<int64_t>(i), static_cast<int64_t>(i) + 1) && i % 2 == 0) weights[i] ^= std::byte{0x55};
  other.weights = std::make_shared<const std::vector<std::byte>>(std::move(weights));
  return std::make_shared<const CompiledModel>(std::move(other));
}

// Nothing outside what was found has an influence: all of it changed at once changes nothing.
void check_enough(const Case& c, size_t output, int64_t index, const RangeSet& found) {
  const auto before = element_after(c.model, c.input, output, index);
  const std::vector<bool> among = inputs_among(c, found);
  Tensor changed = Tensor::from<float>(DType::Float32, c.input.shape(), c.input.data<float>());
  std::mt19937 random(3);
  for (size_t i = 0; i < among.size(); ++i)
    if (!among[i]) changed.mutable_data<float>()[i] = static_cast<float>(random() % 2000) / 100 - 10;
  CHECK(element_after(c.model, changed, output, index) == before);
  CHECK(element_after(with_other_weights(*c.model, found), c.input, output, index) == before);
}

Graph one_conv() {
  auto graph = parse_graph(R"(graph "net" opset 13
input %x : float32[n,3,h,w]
const %w1 : float32[20,3,3,3] = ?
%y = Conv(%x, %w1) {pads=[1, 1, 1, 1]} "c1"
output %y
)");
  REQUIRE(graph);
  fill_weights(*graph);
  return std::move(*graph);
}

}  // namespace

TEST_CASE("sets of ranges agree with a bitmap") {
  std::mt19937 random(9);
  for (int round = 0; round < 200; ++round) {
    RangeSet set;
    std::vector<bool> bits(64);
    for (int step = 0; step < 12; ++step) {
      const int64_t begin = static_cast<int64_t>(random() % 64), end = std::min<int64_t>(64, begin + static_cast<int64_t>(random() % 20));
      const bool add = random() % 3 != 0;
      add ? set.add(begin, end) : set.remove(begin, end);
      for (int64_t i = begin; i < end; ++i) bits[static_cast<size_t>(i)] = add;
      const int64_t a = static_cast<int64_t>(random() % 64), b = std::min<int64_t>(64, a + static_cast<int64_t>(random() % 9));
      CHECK(set.intersects(a, b) == std::any_of(bits.begin() + a, bits.begin() + b, [](bool x) { return x; }));
      CHECK(set.within(a, b).size() == std::count(bits.begin() + a, bits.begin() + b, true));
    }
    CHECK(set.size() == std::ranges::count(bits, true));
    int64_t last = -1;
    for (const auto& [begin, end] : set.ranges()) {
      CHECK(begin > last);  // they do not touch
      CHECK(end > begin);
      last = end;
    }
  }
}

TEST_CASE("an element's place is where the model's outputs are read from") {
  for (const Format format : {Format::ND, Format::NCHW, Format::NC1HWC0}) {
    const TensorDesc desc{.name = "t", .dtype = DType::Float16, .shape = {1, 20, 3, 5}, .format = format, .address = 1000};
    const Tensor logical(DType::Float16, desc.shape);
    for (const int64_t index : {int64_t{0}, int64_t{7}, int64_t{150}, int64_t{299}}) {
      const auto found = element_bytes(desc, index);
      REQUIRE(found);
      CHECK(found->size() == 2);
      Tensor one(DType::Float16, desc.shape);
      one.mutable_bytes()[static_cast<size_t>(index) * 2] = std::byte{1};
      const auto physical = to_format(one, format);
      REQUIRE(physical);
      const auto at = std::ranges::find(physical->bytes(), std::byte{1}) - physical->bytes().begin();
      CHECK(found->begin() == 1000 + at);
    }
    CHECK(element_bytes(desc, 300).error().kind == ErrorKind::InvalidArgument);
  }
}

TEST_CASE("an element of a convolution comes from its window and from its filter, and from nothing else") {
  for (const char* chip : kChips) {
    CAPTURE(chip);
    const Case c = case_of(one_conv(), chip);
    for (const auto& [channel, y, x] : {std::tuple{0, 0, 0}, std::tuple{19, 7, 11}, std::tuple{3, 19, 19}}) {
      CAPTURE(y);
      const int64_t index = (channel * kSize + y) * kSize + x;
      const auto element = element_bytes(c.model->outputs[0], index);
      REQUIRE(element);
      std::vector<TaskTrace> traces;
      const RangeSet found = trace_all(c, *element, &traces);
      const std::vector<bool> among = inputs_among(c, found);
      for (int64_t i = 0; i < c.input.elements(); ++i) {
        const int64_t row = i / kSize % kSize, column = i % kSize;
        const bool in_window = std::abs(row - y) <= 1 && std::abs(column - x) <= 1;
        if (among[static_cast<size_t>(i)] != in_window) CHECK_MESSAGE(false, "input " << i << " found: " << among[static_cast<size_t>(i)]);
      }
      for (const TaskTrace& trace : traces) CHECK(trace.exact);
      check_enough(c, 0, index, found);
      // Every element of the window has an influence.
      const auto before = element_after(c.model, c.input, 0, index);
      for (size_t i = 0; i < among.size(); ++i) {
        if (!among[i]) continue;
        Tensor changed = Tensor::from<float>(DType::Float32, c.input.shape(), c.input.data<float>());
        changed.mutable_data<float>()[i] += 64;
        CHECK(element_after(c.model, changed, 0, index) != before);
      }
      // The filter: other weights inside what was found change it.
      RangeSet outside(0, static_cast<int64_t>(c.model->weights->size()));
      outside.remove(found);
      CHECK(element_after(with_other_weights(*c.model, outside), c.input, 0, index) != before);
    }
  }
}

TEST_CASE("back through two convolutions and a pooling: the receptive field, no more") {
  for (const char* chip : kChips) {
    CAPTURE(chip);
    const Case c = case_of(small_net(), chip);
    const int64_t y = 2, x = 3, size = 5;
    const int64_t index = (7 * size + y) * size + x;
    const auto element = element_bytes(c.model->outputs[1], index);
    REQUIRE(element);
    const RangeSet found = trace_all(c, *element);
    const std::vector<bool> among = inputs_among(c, found);
    for (int64_t i = 0; i < c.input.elements(); ++i) {
      const auto inside = [](int64_t at, int64_t result) { return at >= 4 * result - 3 && at <= 4 * result + 4; };
      const bool expected = inside(i / kSize % kSize, y) && inside(i % kSize, x);
      if (among[static_cast<size_t>(i)] != expected) CHECK_MESSAGE(false, "input " << i << " found: " << among[static_cast<size_t>(i)]);
    }
    check_enough(c, 1, index, found);
  }
}

TEST_CASE("softmax at the end: an element depends on all the picture, and the trace says what it did") {
  const Case c = case_of(small_net(), "Ascend310");
  const auto element = element_bytes(c.model->outputs[0], 4);
  REQUIRE(element);
  std::vector<TaskTrace> traces;
  const RangeSet found = trace_all(c, *element, &traces);
  const std::vector<bool> among = inputs_among(c, found);
  CHECK(std::ranges::count(among, true) == c.input.elements());
  check_enough(c, 0, 4, found);
  bool mads = false;
  for (const TaskTrace& trace : traces) {
    CHECK(trace.found >= trace.steps.size());
    CHECK(trace.executed >= static_cast<int64_t>(trace.found));
    for (size_t i = 0; i < trace.steps.size(); ++i) {
      const TracedStep& step = trace.steps[i];
      CHECK(step.place.task == trace.task);
      if (i > 0) CHECK(step.position > trace.steps[i - 1].position);
      CHECK_FALSE(step.write.bytes.empty());
      mads |= step.instr.op == Opcode::Mad;
    }
  }
  CHECK(mads);
  // The last store's value is the element.
  const TracedStep& last = traces.front().steps.back();
  CHECK(last.write.buffer == Buffer::GM);
  CHECK(last.write.values == element_after(c.model, c.input, 0, 4));
}

TEST_CASE("limits have names") {
  const Case c = case_of(one_conv(), "Ascend310");
  auto replay = Replay::create(c.model, std::span(&c.input, 1));
  REQUIRE(replay);
  const auto element = element_bytes(c.model->outputs[0], 0);
  REQUIRE(element);
  const size_t last = *last_writer(*c.model, *element, c.model->tasks.size());
  const auto limited = trace_task(**replay, *c.model, last, *element, {.most_executed = 3, .keep_going = {}});
  REQUIRE_FALSE(limited);
  CHECK(limited.error().kind == ErrorKind::CompileLimit);
  CHECK(limited.error().where == c.model->tasks[last].name);
  CHECK(trace_task(**replay, *c.model, last, *element, {.keep_going = [] { return false; }}).error().kind == ErrorKind::Cancelled);
  CHECK(trace_task(**replay, *c.model, 999, *element).error().kind == ErrorKind::InvalidArgument);
  CHECK_FALSE(last_writer(*c.model, RangeSet(0, 64), c.model->tasks.size()));
}

}  // namespace npu::test
