// SPDX-License-Identifier: Apache-2.0
// The tutorials' commands as pasted, on the worker thread; what the page shows as commands.
#include "ui/terminal/terminal.h"

#include <chrono>
#include <condition_variable>

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/om/om.h"
#include "core/tensor/npy.h"
#include "runtime/profile/profile.h"
#include "tests/test_paths.h"
#include "ui/studio/studio.h"
#include "ui/terminal/command_line.h"
#include "ui/terminal/shell_parser.h"
#include "ui/terminal/home.h"
#include "ui/terminal/input_line.h"

using namespace npu;
using namespace npu::terminal;

namespace {

constexpr const char* kAipp = "aipp_op {\n  aipp_mode: static\n  input_format: YUV400_U8\n  src_image_size_w: 28\n  src_image_size_h: 28\n  min_chn_0: 0\n  var_reci_chn_0: 0.00392157\n}";

Result<OwnedBytes> read_sample(const std::string& file) {
  NPU_TRY(const SharedBytes bytes, read_file((test::source_dir() / "samples" / file).string()));
  return OwnedBytes{*bytes, bytes};
}

struct Desk {
  Desk() : terminal([this] { wake(); }, [](MemoryFiles& files) { fill_home(files, kHome, read_sample); }) {}

  void wake() {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }
  std::string text() const {
    std::string all;
    terminal.read([&](const Scrollback& screen) { all = screen.text(); });
    return all;
  }
  // Until the terminal looks as wanted, or a minute is over.
  bool wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex);
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60); std::chrono::steady_clock::now() < end;) {
      lock.unlock();
      if (done()) return true;
      lock.lock();
      changed.wait_for(lock, std::chrono::milliseconds(20));
    }
    return false;
  }
  // What the input prints, the echoed line included.
  std::string run(const std::string& input) {
    const size_t before = text().size();
    terminal.submit(input);
    REQUIRE(wait([&] { return !terminal.busy(); }));
    return text().substr(before);
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  Terminal terminal;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("terminal: the commands of a tutorial are pasted and run") {
  Desk desk;
  const std::string said = desk.run(
      "# compile\n"
      "atc --model=digits.onnx \\\n"
      "    --framework=5 \\\n"
      "    --output=digits --soc_version=Ascend310 \\\n"
      "    --input_format=NCHW --input_shape=\"actual_input:1,1,28,28\" --log=info\n"
      "ls *.om\n"
      "npu run digits.om --input images/digits/$(x)");
  CHECK(has(said, "npu:~$ # compile\n> atc"));
  CHECK(has(said, "substitution"));  // nothing of an input with an error runs
  CHECK(!has(said, "ATC"));
  const std::string compiled = desk.run("source /usr/local/Ascend/ascend-toolkit/set_env.sh\natc --model=digits.onnx \\\n  --framework=5 --output=digits --soc_version=Ascend310 --input_format=NCHW \\\n  --input_shape=\"actual_input:1,1,28,28\" --log=info\nls *.om");
  CHECK(has(compiled, "[INFO] fold-batch-norm"));
  CHECK(has(compiled, "ATC run success, welcome to the next use.\ndigits.om"));
  const std::string image = desk.terminal.files().list(std::string(kHome) + "/images/digits").value()[3].name;
  const std::string answered = desk.run("npu run digits.om --input images/digits/" + image + " --color GRAY --topk 1");
  // The samples' files are named by their class.
  CHECK(has(answered, "\n  [" + image.substr(0, 1) + "] "));
  CHECK(has(desk.run("npu-smi info"), "| 0       310 "));
  desk.terminal.set_environment({"Ascend310P3", 1, ui::Language::Chinese});
  CHECK(has(desk.run("npu-smi info; help"), "| 0       310P3 "));
  CHECK(has(desk.text(), "切换当前目录"));
  CHECK(has(desk.run("npu profile --om digits.om --outdir prof && head -n 1 prof/op_summary.csv"), "Op Name"));
  CHECK(has(desk.run("atc --model=digits.onnx --framework=5 --output=x --soc_version=Ascend1"), "E10"));
  CHECK(has(desk.run("npu quantize digits.onnx --data data/digits --out q.onnx --soc Ascend310 && ls q.onnx"), "\nq.onnx"));
}

TEST_CASE("terminal: a network with images as input, as the tutorial has it") {
  Desk desk;
  // squeezenet1_1 instead of resnet50 saves the test a minute; the files and options are the same.
  const std::string said = desk.run("atc --model=squeezenet1_1.onnx --framework=5 --output=squeezenet --soc_version=Ascend310 --input_format=NCHW --input_shape=\"actual_input:1,3,224,224\" --insert_op_conf=aipp.config --log=debug");
  CHECK(has(said, "insert"));
  CHECK(has(said, "ATC run success"));
  CHECK(has(desk.run("npu info squeezenet.om"), "input 'actual_input': uint8"));
}

TEST_CASE("terminal: a running command is cancelled, output comes while it runs") {
  Desk desk;
  REQUIRE(has(desk.run("atc --model=digits.onnx --framework=5 --output=d --soc_version=Ascend310 --input_shape=\"actual_input:1,1,28,28\""), "success"));
  desk.terminal.submit("npu bench d.om --iterations 1000000; echo not this");
  desk.terminal.submit("echo nor this");
  CHECK(desk.wait([&] { return has(desk.text(), "npu bench"); }));
  CHECK(desk.terminal.busy());
  desk.terminal.cancel();
  CHECK(desk.wait([&] { return !desk.terminal.busy(); }));
  CHECK(has(desk.text(), "^C"));
  CHECK(!has(desk.text(), "\nnot this"));
  CHECK(!has(desk.text(), "nor this"));
  desk.terminal.submit("npu tune squeezenet1_1.onnx --soc Ascend310 --input-shape actual_input:1,3,224,224 --trials 100000");
  CHECK(desk.wait([&] { return has(desk.text(), " trials; "); }));  // progress, long before the end
  desk.terminal.cancel();
  CHECK(desk.wait([&] { return !desk.terminal.busy(); }));
  CHECK(desk.run("echo still here").ends_with("\nstill here"));
}

TEST_CASE("terminal: files come, stay and are restored") {
  Desk desk;
  const auto bytes = std::make_shared<std::vector<std::byte>>(5);
  desk.terminal.add_file("C:\\models\\own.onnx", bytes);
  REQUIRE(desk.wait([&] { return !desk.terminal.busy(); }));
  CHECK(has(desk.run("ls -l own.onnx; mkdir -p a/b; echo hello > a/b/c; rm aipp.config"), "5  own.onnx"));
  const FileChanges changes = desk.terminal.files().changes_since(0);
  for (const FileChange& change : changes.changes) CHECK(!has(change.path, "resnet"));

  Desk next;
  next.terminal.restore(changes.changes, desk.terminal.history().save());
  CHECK(has(next.run("cat a/b/c; ls aipp.config; ls -l own.onnx"), "hello\nls: 'aipp.config'"));
  CHECK(has(next.text(), "5  own.onnx"));
  CHECK(next.terminal.history().inputs().size() == 2);
  next.terminal.submit("download a/b/c; clear");
  REQUIRE(next.wait([&] { return !next.terminal.busy(); }));
  CHECK(next.text().empty());
  const auto wishes = next.terminal.take_wishes();
  REQUIRE(wishes.size() == 1);
  CHECK(wishes[0].name == "c");
}

TEST_CASE("terminal: what the page shows, as commands, gives the same time and bits") {
  struct Case {
    std::string sample;
    std::map<std::string, std::string, std::less<>> options;
    bool aipp = false, integers = false;
  };
  for (const auto& [sample, options, aipp, integers] : {Case{"digits", {}, false, false}, {"squeezenet1_1", {}, false, false}, {"digits", {{"precision_mode", "allow_fp32_to_fp16"}, {"output_type", "FP16"}}, true, false}, {"digits", {}, false, true}}) {
    CAPTURE(sample);
    CAPTURE(aipp);
    CAPTURE(integers);
    Desk desk;
    ui::Settings settings;
    settings.sample = sample;
    settings.chip = "Ascend310P3";
    settings.disabled_passes = {"fold-batch-norm"};
    settings.atc.options = options;
    if (aipp) settings.atc.options["insert_op_conf"] = "conf/my aipp.cfg", settings.atc.files["conf/my aipp.cfg"] = kAipp;
    if (integers) settings.quantize = ui::QuantizeSettings{};
    std::mutex mutex;
    std::condition_variable answered;
    ui::Studio studio([&] { answered.notify_all(); }, read_sample);
    const uint64_t revision = studio.change([&](ui::Request& request) {
      request.chip = settings.chip, request.disabled_passes = settings.disabled_passes, request.atc = settings.atc, request.quantize = settings.quantize;
      request.choose_source(sample, nullptr), request.choose_picture("", nullptr, 2);
    });
    std::unique_lock lock(mutex);
    while (studio.snapshot()->revision < revision || studio.snapshot()->busy()) answered.wait_for(lock, std::chrono::milliseconds(20));
    const auto now = studio.snapshot();
    REQUIRE_MESSAGE(!now->error, now->error->message());
    CHECK((now->quantize != nullptr) == integers);
    const std::string said = desk.run(command_line_of(settings, *now));
    REQUIRE_MESSAGE(has(said, "ATC run success"), said);
    auto& files = desk.terminal.files();
    const auto package = load_package(files.read(std::string(kHome) + "/" + sample + ".om").value());
    REQUIRE(package);
    CHECK(profile_model(*package->gears[0].program, false)->total_us == now->profile->total_us);
    REQUIRE(!now->run->tensors.empty());
    for (const auto& [name, tensor] : now->run->tensors) {
      const auto written = files.read(std::string(kHome) + "/" + sample + "_out/" + name + ".npy");
      REQUIRE_MESSAGE(written, said);
      const Tensor output = load_npy(**written).value();
      CHECK(output.shape() == tensor.shape());
      CHECK(std::ranges::equal(output.bytes(), tensor.bytes()));
    }
  }
}

TEST_CASE("input line: history, search, completion and inputs of several lines") {
  Desk desk;
  for (const char* input : {"echo one", "echo two", "pwd"}) desk.run(input);
  InputLine line(desk.terminal);
  line.insert("dra");
  CHECK(line.up());
  CHECK(line.text == "pwd");
  line.up(), line.up(), line.up();
  CHECK(line.text == "echo one");
  line.down(), line.down(), line.down();
  CHECK(line.text == "dra");
  line.abandon();
  line.search();
  line.insert("ech");
  CHECK(line.match() == "echo two");
  line.search();
  CHECK(line.match() == "echo one");
  line.search();
  CHECK(line.match() == "echo one");
  CHECK(!line.enter());
  CHECK(line.text == "echo one");
  CHECK(line.enter().value() == "echo one");
  CHECK(line.text.empty());
  line.search(), line.insert("none");
  CHECK(line.match().empty());
  line.leave_search();
  CHECK(!line.searching());

  line.abandon(), line.insert("cat images/dig");
  CHECK(line.complete());
  CHECK(line.text == "cat images/digits/");
  CHECK(line.choices().empty());
  CHECK(line.complete());
  CHECK(line.choices().size() > 1);
  const std::string choice = line.choices()[1];
  line.choose(choice);
  CHECK(line.text == "cat images/digits/" + choice);
  CHECK(line.choices().empty());
  line.abandon(), line.insert("atc --soc_version=Ascend310P");
  CHECK(line.complete());
  line.choose("Ascend310P3");
  CHECK(line.text == "atc --soc_version=Ascend310P3");

  line.abandon(), line.insert("echo 'a");
  CHECK(!line.enter());
  CHECK(line.text == "echo 'a\n");
  line.insert("b'");
  CHECK(!line.up());  // the widget's: to the first line
  line.cursor = 2;
  CHECK(!line.down());
  CHECK(line.enter().value() == "echo 'a\nb'");
}

TEST_CASE("command line: words are quoted where they have to be") {
  CHECK(shell_word("a.om") == "a.om");
  CHECK(shell_word("") == "\"\"");
  CHECK(shell_word("my model.onnx") == "\"my model.onnx\"");
  CHECK(shell_word("a\"$b;`") == "\"a\\\"\\$b;\\`\"");
  CHECK(shell_word("模型.onnx") == "模型.onnx");
  CHECK(command_line_of({}, {}).empty());
}
