// SPDX-License-Identifier: Apache-2.0
// Every lesson is completed by a script that does what a learner does, over a real compile, timing and run; and by nobody who only
// turns pages, sets up and guesses wrong.
#include <condition_variable>
#include <map>
#include <mutex>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/ops/op.h"
#include "core/soc/soc.h"
#include "ui/app.h"
#include "ui/studio/stages.h"

using namespace npu;
using namespace npu::ui;

namespace {

Result<OwnedBytes> read_source(const std::string& path) {
  NPU_TRY(const SharedBytes bytes, read_file(NPU_SOURCE_DIR "/" + path));
  return OwnedBytes{*bytes, bytes};
}

class TestPlatform final : public Platform {
 public:
  Result<OwnedBytes> read_asset(const std::string& path) override { return read_source(path); }
  void wake() override {
    const std::lock_guard lock(mutex);
    woken = true;
    wake_up.notify_all();
  }
  void ask_for_file() override {}
  void request_cjk_font() override {}
  void keep_file(const std::string&, const std::string&, const SharedBytes&) override {}
  void ask_for_kept_file(const std::string&) override {}
  void copy_link(const std::string&) override {}
  void save_file(const std::string& name, Bytes) override { saved = name; }
  void copy_text(const std::string&) override {}
  void open_page(const std::string&) override {}
  void settings_changed(const Settings&, const std::string&) override {}
  void progress_changed(const std::string& text) override { progress = text; }
  ImTextureID upload_picture(const Picture&) override { return {}; }

  std::mutex mutex;
  std::condition_variable wake_up;
  bool woken = false;
  std::string progress, saved;
};

// The application with a person in front of it.
struct Learner {
  explicit Learner(const std::string& lesson) : app(platform, defaults(), "lesson=" + lesson) {
    app.start();
    settle();
  }

  static Settings defaults() {
    Settings settings;
    settings.threads = 2;
    return settings;
  }

  // Until the studio has answered the latest request and the lesson has seen it.
  void settle() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      app.catch_up();
      const SnapshotPtr now = app.studio().snapshot();
      REQUIRE_MESSAGE(!now->error, (now->error ? now->error->message() : ""));
      if (app.learn().course() && app.studio().is_current(*now)) {
        app.catch_up();
        return;
      }
      std::unique_lock lock(platform.mutex);
      REQUIRE(platform.wake_up.wait_until(lock, deadline, [&] { return std::exchange(platform.woken, false); }));
    }
  }

  void perform(const Command& command) {
    app.handle(command);
    settle();
  }
  void teach(const LearnAction& action) { perform(command::Teach{action}); }

  const Learn& learn() const { return app.learn(); }
  const Lesson& lesson() const { return *app.learn().lesson(); }
  const Step& step() const { return lesson().steps[learn().step_index()]; }
  Facts facts() const { return {*shown, app.settings()}; }
  void look() { shown = app.studio().snapshot(); }

  Given right_answer() {
    look();
    const Question& q = step().question;
    Given given;
    if (q.kind == Question::Kind::Number) {
      const auto value = evaluate(q.value, facts());
      REQUIRE(value);
      given.number = number_text(*value);
    }
    for (size_t i = 0; i < q.options.size(); ++i)
      if (q.options[i].right) given.chosen.insert(i);
    return given;
  }
  Given wrong_answer() {
    Given given = right_answer();
    if (step().question.kind == Question::Kind::Number) {
      given.number = "-98765";
    } else {
      for (size_t i = 0; i < step().question.options.size(); ++i)
        if (step().question.options[i].right) given.chosen.erase(i);
      for (size_t i = 0; i < step().question.options.size(); ++i)
        if (!step().question.options[i].right) given.chosen = {i};
    }
    return given;
  }

  void select_task(const std::function<bool(const TaskRow&)>& wanted) {
    const auto& tasks = app.studio().snapshot()->profile->tasks;
    const auto found = std::ranges::find_if(tasks, wanted);
    REQUIRE(found != tasks.end());
    perform(command::SelectTask{static_cast<int>(found - tasks.begin())});
  }
  void select_slowest() {
    double most = 0;
    for (const TaskRow& row : app.studio().snapshot()->profile->tasks) most = std::max(most, row.us);
    select_task([&](const TaskRow& row) { return row.us == most; });
  }
  void all_passes_on() {
    const auto off = app.settings().disabled_passes;
    for (const std::string& pass : off) perform(command::SwitchPass{pass, true});
  }

  TestPlatform platform;
  App app;
  SnapshotPtr shown = std::make_shared<Snapshot>();
};

// What a learner does in the steps that ask for something to be done, in their order. Links are pressed by the test.
using Act = std::function<void(Learner&)>;

Act go(Command command) {
  return [command](Learner& l) { l.perform(command); };
}
Act both(Act first, Act second) {
  return [first, second](Learner& l) { first(l), second(l); };
}
Act tab(Tab tab) { return go(command::ChooseTab{tab}); }
Act view(ProfileView view) { return both(tab(Tab::Profile), go(command::ChooseProfileView{view})); }
Act off(const char* pass) { return go(command::SwitchPass{pass, false}); }
Act on(const char* pass) { return go(command::SwitchPass{pass, true}); }
Act task_with(const char* op) {
  return [op](Learner& l) { l.select_task([&](const TaskRow& row) { return row.op.find(op) != std::string::npos; }); };
}
Act measure() { return go(command::Evaluate{}); }

const std::map<std::string, std::vector<Act>>& scripts() {
  static const std::map<std::string, std::vector<Act>> kScripts{
      {"01-tensors", {both(go(command::ChooseSample{"digits"}), tab(Tab::Model)), go(command::ChooseImage{3})}},
      {"02-chip", {go(command::ChooseChip{"Ascend310P3"}), [](Learner& l) { l.select_task([](const TaskRow& row) { return row.bound == "MTE2"; }); }}},
      {"03-memory", {both(both(go(command::ChooseSample{"digits"}), go(command::ChooseChip{"Ascend310B4"})), view(ProfileView::Memory))}},
      {"04-onnx-graph", {go(command::ChooseSample{"squeezenet1_1"})}},
      {"05-passes", {off("fold-batch-norm"), [](Learner& l) { l.all_passes_on(); }}},
      {"06-formats", {task_with("TransData"), off("assign-small-channels")}},
      {"07-aipp", {task_with("Cast"), go(command::SwitchAipp{true}), go(command::ChangePreprocess{{{0, 0, 0}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}, false, false}})}},
      {"08-inference", {go(command::ChooseImage{6}), go(command::ChooseThreads{4})}},
      {"09-profile", {[](Learner& l) { l.select_slowest(); }, both(task_with("Conv2D"), view(ProfileView::Disassembly))}},
      {"10-fusion", {off("fuse-tasks"), [](Learner& l) { l.all_passes_on(); }, both(go(command::ChooseChip{"Ascend310P3"}), off("fuse-tasks"))}},
      {"11-precision", {off("assign-precision"), both(on("assign-precision"), measure()), both(go(command::ChooseSample{"defects_int8"}), measure())}},
      {"12-capstone", {[](Learner& l) { l.select_slowest(); }, both([](Learner& l) { l.all_passes_on(); }, measure()), both(go(command::ChooseSample{"defects"}), both(go(command::SwitchAipp{true}), measure()))}},
  };
  return kScripts;
}

std::vector<std::string> lesson_names() {
  const auto list = read_source("samples/lessons/list.txt");
  REQUIRE(list);
  const std::string text(reinterpret_cast<const char*>(list->bytes.data()), list->bytes.size());
  const auto names = parse_lesson_list(text, "list.txt");
  REQUIRE_MESSAGE(names, (names ? "" : names.error().message()));
  return *names;
}

void do_step(Learner& l, const Act* act) {
  const StepKind kind = l.step().kind;
  const auto tell = [&](const char* when) {
    l.look();
    std::string text = when;
    for (const Condition& c : l.step().conditions) text += "\n  " + std::string(holds(c, l.facts()) ? "met: " : "not met: ") + describe(c, l.facts(), Language::English);
    return text;
  };
  if (!l.step().link.empty()) l.perform(command::ApplyLink{l.step().link});
  if (kind == StepKind::Look) {
    CHECK_MESSAGE(l.learn().step_done(), tell("after the link"));
    return;
  }
  CHECK_MESSAGE(!l.learn().step_done(), "setting up must not be enough");
  REQUIRE(act);
  (*act)(l);
  REQUIRE_MESSAGE(l.learn().step_done(), tell("after the script"));
}

void complete(Learner& l, const std::vector<Act>& script) {
  size_t acts = 0;
  const size_t steps = l.lesson().steps.size();
  for (size_t i = 0; i < steps; ++i) {
    REQUIRE(l.learn().step_index() == i);
    CAPTURE(l.step().title.en);
    switch (l.step().kind) {
      case StepKind::Read: break;
      case StepKind::Answer:
        l.teach(learn::AnswerStep{l.wrong_answer()});
        CHECK_FALSE(l.learn().step_done());
        l.teach(learn::AnswerStep{l.right_answer()});
        REQUIRE(l.learn().step_done());
        break;
      case StepKind::Look: do_step(l, nullptr); break;
      case StepKind::Do:
      case StepKind::Achieve: do_step(l, acts < script.size() ? &script[acts] : nullptr); ++acts; break;
    }
    l.teach(learn::NextStep{});
  }
  CHECK(acts == script.size());
  CHECK(l.learn().completed(l.lesson()));
}

}  // namespace

TEST_CASE("every lesson is completed by doing what it asks") {
  CHECK(lesson_names().size() == 12);
  for (const std::string& name : lesson_names()) {
    CAPTURE(name);
    REQUIRE(scripts().contains(name));
    Learner learner(name);
    complete(learner, scripts().at(name));
    CHECK(learner.learn().completed_lessons() == 1);
    // It is kept: a new page that is given the text has the lesson done.
    Learn again([](const std::string&) {}, [] { return std::string(); });
    again.set_course(std::make_shared<Course>(*learner.learn().course()));
    REQUIRE(again.load(learner.platform.progress));
    CHECK(again.completed_lessons() == 1);
  }
}

TEST_CASE("nobody completes a lesson by turning pages, setting up and guessing wrong") {
  Learner l("01-tensors");
  for (const std::string& name : lesson_names()) {
    CAPTURE(name);
    l.perform(command::ApplyLink{"sample=defects&chip=Ascend310&threads=2&image=0&off=&tab=overview&view=tasks&pass=&task=-1"});
    l.perform(command::OpenLesson{name});
    for (size_t i = 0; i < 2 * l.lesson().steps.size(); ++i) {
      l.teach(learn::NextStep{});
      l.teach(learn::ShowStep{l.lesson().steps.size() - 1});
      if (l.step().kind == StepKind::Answer) l.teach(learn::AnswerStep{l.wrong_answer()});
      if (l.step().kind == StepKind::Look && !l.step().link.empty()) l.perform(command::ApplyLink{l.step().link});
    }
    CHECK_FALSE(l.learn().completed(l.lesson()));
    // What stops is a question, or something to do.
    const Step& stopped = l.lesson().steps[l.learn().done(l.lesson())];
    CHECK((stopped.kind == StepKind::Answer || stopped.kind == StepKind::Do || stopped.kind == StepKind::Achieve));
  }
  CHECK(l.learn().completed_lessons() == 0);
}

TEST_CASE("what lessons say of the defect model in words is so") {
  Learner l("10-fusion");
  const SnapshotPtr now = l.app.studio().snapshot();
  REQUIRE(now->profile);
  CHECK(now->compile->model->tasks.size() == 15);             // 10-fusion: 'about 15 tasks'
  CHECK(now->profile->total_us == doctest::Approx(182).epsilon(0.01));  // 12-capstone: 'about 182 us'
  CHECK(now->sample->mean[0] == doctest::Approx(0.55));        // 07-aipp: the file it shows
  CHECK(now->sample->deviation[0] == doctest::Approx(0.25));
  const std::string config = aipp_config({now->sample->mean, now->sample->deviation, false, false});
  CHECK(config.find("min_chn_0: 140.25\n") != std::string::npos);
  CHECK(config.find("var_reci_chn_0: 0.01568627") != std::string::npos);
}

TEST_CASE("what float32 answers to the sheet is what its file tells") {
  const auto text = read_source("samples/defects/sheet.json");
  REQUIRE(text);
  const auto json = nlohmann::json::parse(std::string(reinterpret_cast<const char*>(text->bytes.data()), text->bytes.size()));
  const auto labels = json.at("labels").get<std::vector<int>>();
  CHECK(labels.size() == 340);  // 11-precision, 12-capstone
  const Sample* sample = find_sample("defects");
  const auto read = [](const std::string& file) { return read_source("samples/" + file); };
  const auto info = load_sample_info(*sample, read);
  REQUIRE(info);
  const auto graph = load_sample_graph(*sample, *info, read);
  REQUIRE(graph);
  const auto jpeg = read_source("samples/defects/sheet.jpg");
  REQUIRE(jpeg);
  const auto sheet = decode_image(jpeg->bytes, "sheet.jpg");
  REQUIRE(sheet);
  const int columns = json.at("columns"), side = sheet->width / columns;
  int right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const int top = static_cast<int>(i) / columns * side, left = static_cast<int>(i) % columns * side;
    Tensor input(DType::Float32, {1, 3, side, side});
    auto values = input.mutable_data<float>();
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x)
          values[static_cast<size_t>((c * side + y) * side + x)] = (static_cast<float>(sheet->rgb[static_cast<size_t>(((top + y) * sheet->width + left + x) * 3 + c)]) / 255.0f - 0.55f) / 0.25f;
    const auto outputs = run_reference(*graph, std::span(&input, 1));
    REQUIRE(outputs);
    const auto scores = (*outputs)[0].to_doubles();
    right += std::ranges::max_element(scores) - scores.begin() == labels[i];
  }
  CHECK(json.at("fp32_right") == right);
}
