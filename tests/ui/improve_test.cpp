// SPDX-License-Identifier: Apache-2.0
// Tuning and 8-bit layers in the page: the same as the libraries give, reversible, and cancelled without harm.
#include <doctest/doctest.h>

#include <map>

#include "compiler/compile.h"
#include "core/onnx/onnx.h"
#include "runtime/profile/profile.h"
#include "runtime/session/graph_runner.h"
#include "tests/ui/waiting_studio.h"

using namespace npu;
using namespace npu::ui;
using test::Waiting;

namespace {

SnapshotPtr wait_for_search(Waiting& w, uint64_t id) {
  return w.wait_until([&](const Snapshot& s) { return s.tune && s.tune->id == id && !s.tune->running; });
}

Graph digits() {
  const auto file = read_file(NPU_SOURCE_DIR "/samples/digits/digits.onnx");
  REQUIRE(file);
  auto graph = load_onnx(**file, *file);
  REQUIRE(graph);
  return *graph;
}

}  // namespace

TEST_CASE("a search finds what the tuner finds, and the next compile uses it") {
  Waiting w;
  const SnapshotPtr before = w.wait(w.studio.open_sample("digits", 0));
  REQUIRE(before->profile);
  REQUIRE(w.studio.tune({.trials = 20, .seconds = 0}));
  const SnapshotPtr found = wait_for_search(w, 1);
  REQUIRE_MESSAGE(!found->tune->error, (found->tune->error ? found->tune->error->message() : ""));
  CHECK(found->tune->before_us == before->profile->total_us);
  CHECK(found->tune->after_us < found->tune->before_us);
  CHECK(found->compile == before->compile);  // nothing else changed

  Graph graph = digits();
  CompileOptions how{.soc = "Ascend310"};
  how.passes.input_shapes = {{graph.value(graph.inputs[0]).name, Shape{1, 1, 28, 28}}};
  how.scheduler = std::make_shared<Tuner>(ScheduleBank(), TuneOptions{.cube = true, .vector = true, .trials = 20});
  const auto tuned = compile(graph, how);
  REQUIRE(tuned);
  const auto profile = profile_model(*tuned, false);
  REQUIRE(profile);
  CHECK(found->tune->after_us == profile->total_us);

  const auto use = [&](bool on) {
    return w.wait(w.studio.change([&](Request& r) { on ? void(r.atc.options["op_bank_path"] = "bank") : void(r.atc.options.erase("op_bank_path")); }));
  };
  const SnapshotPtr used = use(true);
  REQUIRE_MESSAGE(!used->error, (used->error ? used->error->message() : ""));
  CHECK(used->profile->total_us == found->tune->after_us);
  CHECK(used->run->tensors.begin()->second.to_doubles() == before->run->tensors.begin()->second.to_doubles());
  CHECK(use(false)->profile->total_us == before->profile->total_us);
}

TEST_CASE("a search that is cancelled in the middle keeps what it found and leaves the page as it was") {
  Waiting w;
  const SnapshotPtr before = w.wait(w.studio.open_sample("resnet18", 0));
  REQUIRE(before->profile);
  REQUIRE(w.studio.tune({.trials = 100000, .seconds = 0}));
  CHECK_FALSE(w.studio.tune({}));  // one at a time
  w.wait_until([](const Snapshot& s) { return s.tune && s.tune->trials > 30; });
  // The page works meanwhile.
  const SnapshotPtr again = w.wait(w.studio.run_again());
  CHECK_FALSE(again->error);
  w.studio.stop_tuning();
  const SnapshotPtr s = wait_for_search(w, 1);
  CHECK(s->tune->cancelled);
  CHECK_FALSE(s->tune->error);
  REQUIRE(s->tune->bank);
  CHECK(s->tune->bank->size() >= 1);
  CHECK(s->tune->after_us <= s->tune->before_us);
  CHECK(s->compile == before->compile);
  // It goes on where it ended, until its time is over.
  REQUIRE(w.studio.tune({.trials = 100000, .seconds = 0.5}));
  const SnapshotPtr later = wait_for_search(w, 2);
  CHECK(later->tune->out_of_time);
  CHECK(later->tune->after_us <= s->tune->after_us);
}

TEST_CASE("nothing is tuned where nothing is compiled, and a search ends with its model") {
  Waiting w;
  CHECK_FALSE(w.studio.tune({}));
  w.wait(w.studio.open_sample("resnet18", 0));
  REQUIRE(w.studio.tune({.trials = 100000, .seconds = 0}));
  w.wait(w.studio.open_sample("digits", 0));
  w.wait_until([](const Snapshot& s) { return s.tune && !s.tune->running; });
}

TEST_CASE("8-bit layers are those of the library, with their report and a way back") {
  Waiting w;
  const SnapshotPtr before = w.wait(w.studio.open_sample("digits", 3));
  REQUIRE(before->run);
  for (const auto method : {quantize::RangeMethod::MinMax, quantize::RangeMethod::Percentile, quantize::RangeMethod::Entropy, quantize::RangeMethod::Ifmr}) {
    const SnapshotPtr s = w.wait(w.studio.change([&](Request& r) { r.quantize = QuantizeSettings{.method = method}; }));
    REQUIRE_MESSAGE(!s->error, (s->error ? s->error->message() : ""));
    REQUIRE(s->quantize);
    CHECK(s->quantize->made.int8_layers() > 0);
    CHECK(s->quantize->pictures == before->sample->images.size());
    CHECK(s->quantize->made.output_cosine > 0.99);
    CHECK(s->quantize->floats.us == doctest::Approx(before->profile->total_us));
    CHECK(s->quantize->integers.us == doctest::Approx(s->profile->total_us));
    CHECK(s->quantize->floats.accuracy >= 0.9);
    CHECK(s->quantize->integers.accuracy >= 0.9);
    CHECK(s->run->top.at(0).index == before->picture->label);
    // The compiled program is the library's model.
    const auto direct = compile(s->quantize->made.graph, {.soc = "Ascend310", .passes = {.disabled = {}, .input_shapes = {{s->quantize->made.graph.value(s->quantize->made.graph.inputs[0]).name, Shape{1, 1, 28, 28}}}}});
    REQUIRE(direct);
    CHECK(*direct->weights == *s->compile->model->weights);
  }
  const SnapshotPtr back = w.wait(w.studio.change([](Request& r) { r.quantize.reset(); }));
  CHECK_FALSE(back->quantize);
  CHECK(back->profile->total_us == before->profile->total_us);
  CHECK(back->run->tensors.begin()->second.to_doubles() == before->run->tensors.begin()->second.to_doubles());
}

TEST_CASE("pictures that were opened calibrate, and changing them calibrates again") {
  Waiting w;
  w.wait(w.studio.open_sample("digits", 0));
  const auto own = [&] { return w.wait(w.studio.change([](Request& r) { r.quantize = QuantizeSettings{.own_pictures = true}; })); };
  const SnapshotPtr none = own();
  REQUIRE(none->quantize);
  CHECK(none->quantize->pictures == 0);  // a pattern
  for (const char* name : {"3_1.png", "7_1.png"})
    if (const auto file = read_file(std::string(NPU_SOURCE_DIR "/samples/digits/images/") + name)) w.wait(w.studio.open_picture(name, *file));
  const SnapshotPtr two = own();
  REQUIRE(two->quantize);
  CHECK(two->quantize->pictures == 2);
  CHECK(two->quantize->floats.accuracy < 0);  // not labelled
  CHECK(two->quantize->agreement >= 0);
}

TEST_CASE("calibration is cancelled, and a model without layers for it says so") {
  Waiting w;
  w.studio.change([](Request& r) { r.goal = Goal::Loaded; });
  w.wait(w.studio.open_sample("resnet18", 0));
  w.studio.change([](Request& r) { r.quantize = QuantizeSettings{}, r.goal = Goal::Compiled; });
  w.wait_until([](const Snapshot& s) { return s.activity.stage == Stage::Quantizing && s.activity.done > 0; });
  const SnapshotPtr stopped = w.wait(w.studio.cancel());
  CHECK_FALSE(stopped->error);
  CHECK_FALSE(stopped->quantize);
  w.studio.change([](Request& r) { r.quantize.reset(), r.goal = Goal::Answered; });
  CHECK(w.wait(w.studio.open_sample("digits", 0))->run);
}
