// SPDX-License-Identifier: Apache-2.0
// The options of atc in the page: their form as a command line, and that both make the same program.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "compiler/atc/atc.h"
#include "core/isa/program.h"
#include "core/om/om.h"
#include "tests/ui/waiting_studio.h"
#include "ui/studio/settings.h"

using namespace npu;
using namespace npu::ui;
using test::Waiting, test::bytes_of;

namespace {

const std::string kDigits = NPU_SOURCE_DIR "/samples/digits/digits.onnx";
const std::string kAipp = "aipp_op {\n  aipp_mode: static\n  input_format: YUV400_U8\n  src_image_size_w: 28\n  src_image_size_h: 28\n  min_chn_0: 0\n  var_reci_chn_0: 0.00392157\n}\n";

// What a shell makes of a line.
std::vector<std::string> words_by_shell(const std::string& line) {
  const std::string script = "for w in " + line + "\ndo printf '%s\\n' \"$w\"\ndone\n";
  const auto path = std::filesystem::temp_directory_path() / "npu_shell_words.sh";
  REQUIRE(write_file(path.string(), as_byte_view(script)));
  FILE* pipe = popen(("sh " + path.string()).c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  std::array<char, 4096> part;
  for (size_t count = 0; (count = fread(part.data(), 1, part.size(), pipe)) > 0;) text.append(part.data(), count);
  pclose(pipe);
  std::filesystem::remove(path);
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Every instruction and every byte of the weights.
void check_same_program(const CompiledModel& a, const CompiledModel& b) {
  REQUIRE(a.tasks.size() == b.tasks.size());
  for (size_t t = 0; t < a.tasks.size(); ++t) {
    REQUIRE(a.tasks[t].blocks.size() == b.tasks[t].blocks.size());
    for (size_t i = 0; i < a.tasks[t].blocks.size(); ++i) {
      const Program &x = a.tasks[t].blocks[i], &y = b.tasks[t].blocks[i];
      REQUIRE(x.size() == y.size());
      for (size_t n = 0; n < x.size(); ++n) REQUIRE(disassemble(x[n]) == disassemble(y[n]));
    }
  }
  REQUIRE(a.weights->size() == b.weights->size());
  CHECK(*a.weights == *b.weights);
  CHECK(a.arena_bytes == b.arena_bytes);
}

}  // namespace

TEST_CASE("a command line is taken apart as a shell does, and written so that a shell takes it apart again") {
  for (const std::string line : {R"(atc --model=a.onnx --input_shape="x:1,3;y:2" 'a b' "c\"d\\e" f\ g)", "atc --a=1 \\\n  --b=2", "'' \"\" x"}) {
    const auto words = shell_words(line);
    REQUIRE(words);
    CHECK(*words == words_by_shell(line));
  }
  CHECK(shell_words("a 'b").error().code == "E10001");
  const std::vector<std::string> odd{"--x=a;b", "--y=it's \"$HOME\" `x` \\", "--z=plain", "--w=*"};
  auto expected = odd;
  expected.insert(expected.begin(), "atc");
  CHECK(words_by_shell(command_text(odd)) == expected);
}

TEST_CASE("a pasted command fills the form, and the form gives the command") {
  const auto pasted = parse_command("atc --model=resnet50.onnx --framework=5 --output=resnet50 --soc_version=Ascend310P3 \\\n --input_format=NCHW --input_shape=\"actual_input:1,3,224,224\" "
                                    "--enable_small_channel=1 --enable_scope_fusion_passes=1 --insert_op_conf=aipp.config --log=debug --optimization_switch=\"fuse-bias:off;place-parts:on\"");
  REQUIRE_MESSAGE(pasted, pasted.error().text);
  CHECK(pasted->model == "resnet50.onnx");
  CHECK(pasted->chip == "Ascend310P3");
  // What the line does not ask for stays off, as atc leaves it.
  PassNames disabled(std::begin(atc::kPassesOnRequest), std::end(atc::kPassesOnRequest));
  disabled.erase("place-parts"), disabled.insert("fuse-bias");
  CHECK(pasted->disabled == disabled);
  CHECK(pasted->settings.options == atc::GivenOptions{{"enable_scope_fusion_passes", "1"}, {"enable_small_channel", "1"}, {"input_format", "NCHW"}, {"input_shape", "actual_input:1,3,224,224"}, {"insert_op_conf", "aipp.config"}});
  const auto words = atc_arguments(pasted->settings, pasted->chip, pasted->disabled, {.name = "resnet50.onnx"});
  const auto again = parse_command(command_text(words));
  REQUIRE(again);
  CHECK(again->settings == pasted->settings);
  CHECK(again->disabled == pasted->disabled);

  const std::pair<const char*, const char*> refused[] = {{"atc --precision_mode=fp12", "E10001"}, {"atc --nonsense=1", "E10001"}, {"atc --sparsity=1", "E10055"}, {"atc --mode=6 --om=a.om", "E10001"},
                                                         {"atc --input_shape", "E10004"}, {"atc --soc_version=Ascend999", "E10001"}, {"atc --optimization_switch=infer-shapes:off", "E10001"}, {"rm -rf x", "E10001"}};
  for (const auto& [line, code] : refused) {
    CAPTURE(line);
    const auto command = parse_command(line);
    REQUIRE_FALSE(command);
    CHECK(command.error().code == code);
  }
}

TEST_CASE("options and files survive a link, nonsense does not") {
  Settings settings;
  settings.atc.options = {{"insert_op_conf", "my aipp.cfg"}, {"input_shape", "x:1,3,224,224;y:2"}};
  settings.atc.files = {{"my aipp.cfg", kAipp}};
  settings.quantize = QuantizeSettings{.method = quantize::RangeMethod::Percentile, .percentile = 0.999, .budget = 0.003, .own_pictures = true};
  CHECK(from_link(to_link(settings, {}), {}) == settings);
  CHECK(from_link("atc=&files=", settings).atc.empty());  // a link may take them back
  CHECK(from_link("atc=--nonsense=1&int8=best&files=[1]", {}) == Settings{});
  CHECK(from_link("atc=--mode=1%20--om=a.om%20--output_type=FP16", {}).atc.options == atc::GivenOptions{{"output_type", "FP16"}});
}

TEST_CASE("the page compiles what atc compiles with the same options") {
  const auto dir = std::filesystem::temp_directory_path() / "npu_page_options";
  std::filesystem::create_directories(dir);
  REQUIRE(write_file((dir / "aipp.cfg").string(), as_byte_view(kAipp)));
  const auto bytes = read_file(kDigits);
  REQUIRE(bytes);
  Waiting w;
  w.studio.change([](Request& r) { r.goal = Goal::Compiled; });
  w.wait(w.studio.open_model("digits.onnx", *bytes));

  std::vector<AtcSettings> cases(7);
  cases[1].options = {{"insert_op_conf", "aipp.cfg"}};
  cases[2].options = {{"precision_mode", "must_keep_origin_dtype"}};
  cases[3].options = {{"input_shape", "actual_input:4,1,28,28"}, {"output_type", "FP16"}, {"enable_small_channel", "1"}};
  cases[4].options = {{"fusion_switch_file", "switch.cfg"}, {"op_select_implmode", "high_performance"}};
  cases[5].options = {{"input_shape", "actual_input:-1,1,28,28"}, {"dynamic_batch_size", "1,2"}};
  cases[6].options = {{"auto_tune_mode", "RL,GA"}, {"disable_reuse_memory", "1"}};
  const std::string switches = "fuse-tasks:off\n";
  REQUIRE(write_file((dir / "switch.cfg").string(), as_byte_view(switches)));
  for (AtcSettings& settings : cases) {
    settings.files = {{"aipp.cfg", kAipp}, {"switch.cfg", switches}};
    CAPTURE(command_text(atc_arguments(settings, "Ascend310", {}, {})));
    const SnapshotPtr s = w.wait(w.studio.change([&](Request& r) { r.atc = settings; }));
    REQUIRE_MESSAGE(!s->error, (s->error ? s->error->message() : ""));
    // The line that the page shows, with the tool's own files.
    std::vector<std::string> words = s->compile->arguments;
    for (std::string& word : words) {
      if (word.starts_with("--model=")) word = "--model=" + kDigits;
      if (word.starts_with("--output=")) word = "--output=" + (dir / "out").string();
      for (const char* name : {"aipp.cfg", "switch.cfg"})
        if (word.ends_with(name)) word.replace(word.find('=') + 1, std::string::npos, (dir / name).string());
    }
    words.push_back("--export_compile_stat=0");
    std::string said;
    REQUIRE_MESSAGE(atc::run_atc(words, [&](std::string_view text) { said += text; }) == 0, said);
    const auto om = read_file((dir / "out.om").string());
    REQUIRE(om);
    const auto package = load_package(*om);
    REQUIRE(package);
    check_same_program(*s->compile->model, package->first());
    CHECK(s->compile->gears.size() == (settings.options.contains("dynamic_batch_size") ? 2 : 0));
  }
  std::filesystem::remove_all(dir);
}

TEST_CASE("errors have atc's codes, and the options can be taken back") {
  Waiting w;
  w.studio.change([](Request& r) { r.goal = Goal::Answered; });
  const SnapshotPtr good = w.wait(w.studio.open_sample("digits", 0));
  REQUIRE(good->run);
  const auto with = [&](const char* name, const char* value) {
    return w.wait(w.studio.change([&](Request& r) { r.atc.options = {{name, value}}; }));
  };
  const std::tuple<const char*, const char*, const char*> bad[] = {{"insert_op_conf", "aipp.cfg", "E13000"}, {"precision_mode", "fp12", "E10001"}, {"out_nodes", "nothing:0", "E10016"}, {"input_shape", "x", "E10002"},
                                                                   {"input_shape", "other:1,2", "E10016"}, {"op_debug_config", "x", "E10055"}, {"input_shape", "actual_input:1~4,1,28,28", "E10501"}};
  for (const auto& [name, value, code] : bad) {
    CAPTURE(name);
    const SnapshotPtr s = with(name, value);
    REQUIRE(s->error);
    CHECK(s->error->where == code);
  }
  const SnapshotPtr s = w.wait(w.studio.change([](Request& r) { r.atc = {}; }));
  REQUIRE_FALSE(s->error);
  CHECK(s->run->top.at(0).index == good->run->top.at(0).index);
  const SnapshotPtr ignored = with("op_select_implmode", "high_performance");
  REQUIRE_FALSE(ignored->error);
  REQUIRE(ignored->compile->warnings.size() == 1);
  CHECK(ignored->compile->warnings[0].starts_with("--op_select_implmode=high_performance changes nothing here"));
}

TEST_CASE("a picture becomes bytes where AIPP prepares the input, and the answer stays") {
  Waiting w;
  const SnapshotPtr plain = w.wait(w.studio.open_sample("digits", 7));
  const SnapshotPtr aipp = w.wait(w.studio.change([](Request& r) { r.atc = {{{"insert_op_conf", "a.cfg"}}, {{"a.cfg", kAipp}}}; }));
  REQUIRE_MESSAGE(!aipp->error, (aipp->error ? aipp->error->message() : ""));
  CHECK(aipp->compile->model->inputs[0].dtype == DType::UInt8);
  CHECK(aipp->run->top.at(0).index == plain->picture->label);
}

TEST_CASE("files are recognised as the option's they belong to") {
  CHECK(option_of_file(kAipp) == "insert_op_conf");
  CHECK(option_of_file("{\"Switch\": {\"GraphFusion\": {\"ALL\": \"off\"}}}") == "fusion_switch_file");
  CHECK(option_of_file("fuse-bias:off\n") == "fusion_switch_file");
  CHECK(option_of_file("{\"black-list\": {\"to-add\": []}}") == "modify_mixlist");
  CHECK(option_of_file("conv1\nOpType::Softmax\n") == "keep_dtype");
  CHECK(option_of_file("a shopping list").empty());
}
