// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/learn.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/soc/soc.h"

using namespace npu;
using namespace npu::ui;

namespace {

std::shared_ptr<const Course> course() {
  static const auto kCourse = [] {
    auto loaded = load_course([](const std::string& file) -> Result<OwnedBytes> {
      NPU_TRY(const SharedBytes bytes, read_file(NPU_SOURCE_DIR "/samples/" + file));
      return OwnedBytes{*bytes, bytes};
    });
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    return std::make_shared<const Course>(std::move(*loaded));
  }();
  return kCourse;
}

const Snapshot kNothing;
const Settings kSettings;
const Facts kFacts{kNothing, kSettings};

double value(const std::string& expression) {
  const auto found = evaluate(expression, kFacts);
  REQUIRE_MESSAGE(found, (found ? "" : found.error().message()));
  return *found;
}

// Answers every question of the running test.
void take_exam(Learn& learn, bool rightly) {
  while (!learn.quiz()->finished()) {
    const Question& q = learn.course()->bank.questions[learn.quiz()->questions[learn.quiz()->current].index].question;
    Given given;
    for (size_t i = 0; i < q.options.size(); ++i)
      if (q.options[i].right == rightly) given.chosen.insert(i);
    given.number = q.kind == Question::Kind::Number && rightly ? number_text(value(q.value)) : "-1e9";
    learn.act(learn::AnswerQuiz{given}, kFacts);
    learn.act(learn::AnswerQuiz{{}}, kFacts);  // a second answer changes nothing
    learn.act(learn::NextQuestion{}, kFacts);
  }
}

}  // namespace

TEST_CASE("expressions take numbers from the program") {
  CHECK(value("1 + 2 * (3 - 1) / 4") == 2);
  CHECK(value("ceil(1001 * 2 / 32) * 32") == 2016);
  const Soc& soc = **find_soc("Ascend310");
  CHECK(value("soc.Ascend310.ub_kb") * 1024 == static_cast<double>(soc.ub));
  CHECK(value("soc.Ascend310.fp16_tflops") == doctest::Approx(2.0 * 2 * 4096 * 680e6 / 1e12));
  CHECK(value("soc.Ascend910B3.int8_tops") == doctest::Approx(2.0 * 20 * 8192 * 1800e6 / 1e12));
  CHECK(value("isa.mad.head") == instr_info(Opcode::Mad).cost.head);
  CHECK(value("isa.most_repeats") == 255);
  for (const char* bad : {"", "1 +", "(1", "1 / 0", "soc.Ascend311.ub_kb", "isa.vadd.middle", "1 2", "ceil 3", "1..2"}) CHECK_FALSE(evaluate(bad, kFacts));
  CHECK_FALSE(evaluate(std::string(1000, '(') + "1", kFacts));
  CHECK(fill_in("a {isa.block_bytes} b {0.55 * 255} c { d } {nope} {-1}", kFacts) == "a 32 b 140.25 c { d } {nope} {-1}");
  CHECK(number_text(11.1411) == "11.141");
  CHECK(number_text(2.0) == "2");
}

TEST_CASE("steps are done one after the other, and progress survives") {
  std::string kept;
  Learn learn([&](const std::string& text) { kept = text; }, [] { return std::string("2026-01-31"); });
  learn.open("01-tensors");
  CHECK(learn.lesson() == nullptr);  // not fetched yet
  learn.set_course(course());
  REQUIRE(learn.lesson());
  CHECK(learn.step_index() == 0);
  learn.act(learn::ShowStep{3}, kFacts);
  CHECK(learn.step_index() == 0);  // no skipping
  learn.act(learn::NextStep{}, kFacts);
  CHECK(learn.step_index() == 1);
  learn.update(kFacts);
  learn.act(learn::NextStep{}, kFacts);
  CHECK(learn.step_index() == 1);  // nothing was done
  CHECK(learn.done(*learn.lesson()) == 1);
  Learn again([](const std::string&) {}, [] { return std::string(); });
  again.set_course(course());
  again.open("01-tensors");
  REQUIRE(again.load(kept));
  CHECK(again.step_index() == 1);
  CHECK_FALSE(again.load("{\"version\":99}"));
  CHECK(again.done(*again.lesson()) == 1);  // what there was is kept
  again.act(learn::Restart{"01-tensors"}, kFacts);
  CHECK(again.done(*again.lesson()) == 0);
  CHECK(again.step_index() == 0);
}

TEST_CASE("an exam passed gives a certificate, one failed does not") {
  Learn learn([](const std::string&) {}, [] { return std::string("2026-01-31"); });
  learn.set_course(course());
  learn.act(learn::SetName{"Ada"}, kFacts);
  learn.act(learn::StartQuiz{"", 5}, kFacts);
  REQUIRE(learn.quiz());
  take_exam(learn, false);
  CHECK(learn.quiz()->right_count() == 0);
  CHECK_FALSE(learn.certificate());
  learn.act(learn::StartQuiz{"", 6}, kFacts);
  take_exam(learn, true);
  CHECK(learn.quiz()->percent() == 100);
  const auto certificate = learn.certificate();
  REQUIRE(certificate);
  CHECK(certificate->right == static_cast<int>(kExamQuestions));
  CHECK(certificate->seed == 6);
  CHECK(certificate->date == "2026-01-31");
  CHECK(verify(*certificate));
  learn.act(learn::StartQuiz{"memory", 6}, kFacts);  // practice is no exam
  take_exam(learn, true);
  CHECK(learn.progress().best.at("memory") == 100);
  CHECK(learn.certificate()->seed == 6);
}
