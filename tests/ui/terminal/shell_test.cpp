// SPDX-License-Identifier: Apache-2.0
// The built-in commands, redirects and completion.
#include <doctest/doctest.h>

#include <algorithm>

#include "ui/terminal/completion.h"
#include "ui/terminal/shell.h"

using namespace npu;
using namespace npu::terminal;

namespace {

MemoryFiles& with_home(MemoryFiles& files) {
  REQUIRE(files.create_folders("/home/npu/data"));
  return files;
}

struct Place {
  Place() {
    for (const auto& [path, text] : {std::pair("a.txt", "one\ntwo\nthree\n"), std::pair("data/x.npy", "12"), std::pair("my file.onnx", ""), std::pair("digits.onnx", "")})
      REQUIRE(files.write(std::string("/home/npu/") + path, as_byte_view(text)));
  }

  // Everything that is said; the exit code in front unless it is 0.
  std::string operator()(std::string_view input) {
    std::string text;
    ShellHost host;
    host.out = [&](std::string_view part) { text += part; };
    host.err = [&](std::string_view part) { text += "! " + std::string(part); };
    host.cancelled = [this] { return cancelled; };
    host.wish = [this](Wish wish) { wishes.push_back(std::move(wish)); };
    host.history = [] { return std::vector<std::string>{"ls", "pwd"}; };
    const int code = shell.run(input, host);
    return (code ? std::to_string(code) + " " : "") + text;
  }

  Completion complete(const std::string& input) { return terminal::complete(input, input.size(), shell.variables(), files); }
  // The input after Tab.
  std::string tab(const std::string& input) {
    const Completion completion = complete(input);
    return input.substr(0, completion.begin) + completion.text;
  }

  MemoryFiles files{100'000};
  Shell shell{with_home(files), "/home/npu"};
  std::vector<Wish> wishes;
  bool cancelled = false;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("shell: folders") {
  Place sh;
  CHECK(sh("pwd") == "/home/npu\n");
  CHECK(sh("ls") == "a.txt  data/  digits.onnx  my file.onnx\n");
  CHECK(sh("ls data data/x.npy") == "data/x.npy\ndata:\nx.npy\n");
  CHECK(sh("ls -l a.txt") == "          14  a.txt\n");
  CHECK(sh("ls none") == "1 ! ls: 'none': there is no such file or folder\n");
  CHECK(sh("cd data; pwd; cd ..; pwd; cd /; pwd; cd; pwd; cd -") == "/home/npu/data\n/home/npu\n/\n/home/npu\n");
  CHECK(sh.shell.prompt() == "npu:/$ ");
  CHECK(has(sh("cd none"), "1 ! cd: 'none': there is no such folder"));
  CHECK(sh("cd ~/data") == "");
  CHECK(sh.shell.prompt() == "npu:~/data$ ");
  CHECK(sh("mkdir new && cd new && pwd") == "/home/npu/data/new\n");
  CHECK(has(sh("mkdir ../new"), "is there already"));
  CHECK(has(sh("mkdir p/q"), "there is no folder"));
  CHECK(sh("mkdir -p p/q && ls p") == "q/\n");
  CHECK(has(sh("mkdir -z x"), "usage: mkdir"));
}

TEST_CASE("shell: copying, moving and removing") {
  Place sh;
  CHECK(sh("cp a.txt b.txt && cat b.txt") == "one\ntwo\nthree\n");
  CHECK(sh("cp a.txt b.txt data && ls data") == "a.txt  b.txt  x.npy\n");
  CHECK(has(sh("cp data copy"), "cp -r"));
  CHECK(sh("cp -r data copy && ls copy") == "a.txt  b.txt  x.npy\n");
  CHECK(has(sh("cp -r data data/in"), "is inside of"));
  CHECK(has(sh("cp a.txt b.txt none"), "is no folder"));
  CHECK(sh("mv copy/a.txt c.txt; mv c.txt data; ls copy; ls data") == "b.txt  x.npy\na.txt  b.txt  c.txt  x.npy\n");
  CHECK(has(sh("rm data"), "rm -r"));
  CHECK(sh("rm -rf data copy none; ls") == "a.txt  b.txt  digits.onnx  my file.onnx\n");
  CHECK(sh("rm *.txt; ls *.txt") == "1 ! ls: '*.txt': there is no such file or folder\n");
  CHECK(has(sh("rm none"), "no such file"));
  CHECK(sh("rm 'my file.onnx' && touch n && ls") == "digits.onnx  n\n");
}

TEST_CASE("shell: text, pipes and redirects") {
  Place sh;
  CHECK(sh("head -n 2 a.txt; head -1 a.txt; tail -n 1 a.txt") == "one\ntwo\none\nthree\n");
  CHECK(sh("cat a.txt | grep t | tail -1") == "three\n");
  CHECK(sh("grep -i ONE a.txt && grep -v t a.txt") == "one\none\n");
  CHECK(sh("grep four a.txt") == "1 ");
  CHECK(sh("wc a.txt") == "      3       3      14\n");
  CHECK(sh("echo a  'b  c' > e; echo -n d >> e; cat e") == "a b  c\nd");
  CHECK(sh("echo -e 'x\\ty\\\\n'") == "x\ty\\n\n");
  CHECK(sh("ls none > out; cat out") == "! ls: 'none': there is no such file or folder\n");
  CHECK(sh("ls none &> out; cat out") == "ls: 'none': there is no such file or folder\n");
  CHECK(sh("ls none > out 2>&1 || cat < out") == "ls: 'none': there is no such file or folder\n");
  CHECK(sh("ls none 2>/dev/null || echo failed $?") == "failed 1\n");
  CHECK(has(sh("echo x > none/y && echo not"), "there is no folder '/home/npu/none'"));
  CHECK(!has(sh("echo x > none/y && echo not"), "\nnot"));
  CHECK(sh("cat > conf <<EOF\naipp_op {\n  # $HOME\n}\nEOF\ncat conf") == "aipp_op {\n  # $HOME\n}\n");
  CHECK(sh("X=5; Y=\"$X $X\"; export Z=$Y; echo $Z") == "5 5\n");
  CHECK(sh("source /usr/local/Ascend/ascend-toolkit/set_env.sh; echo 'echo in $X' > s; source s") == "in 5\n");
  CHECK(has(sh("echo 'source loop' > loop; source loop"), "source each other"));
  CHECK(sh("history; which atc cd") == "    1  ls\n    2  pwd\n/usr/local/bin/atc\ncd: a command of this shell\n");
  CHECK(sh("$ sudo pwd") == "/home/npu\n");
}

TEST_CASE("shell: what cannot be done says why") {
  Place sh;
  CHECK(sh("python3 x.py") == "127 ! python3: there is no such command here; 'help' lists them\n");
  CHECK(sh("echo 'a") == "2 ! syntax: a ' is missing\n");
  REQUIRE(sh.files.write("/home/npu/b.om", std::vector<std::byte>(9)));
  CHECK(has(sh("cat b.om"), "holds 9 bytes that are no text"));
  CHECK(has(sh("man none"), "'none' is no instruction"));
  CHECK(has(sh("npu run none.om"), "1 ! InvalidArgument: 'none.om'"));
  REQUIRE(sh.files.write("/home/npu/big", std::vector<std::byte>(60'000)));
  CHECK(has(sh("cp big big2"), "of at most 100000"));
  sh.cancelled = true;
  CHECK(sh("echo x") == "130 ");
}

TEST_CASE("shell: help and manual come from the tables") {
  Place sh;
  const std::string help = sh("help");
  for (const BuiltIn& row : built_ins()) CHECK(has(help, std::string(row.usage)));
  CHECK(has(sh("man MAD"), "pipe"));
  CHECK(has(sh("man --soc_version"), "atc --soc_version=CHIP"));
  CHECK(has(sh("man npu"), "profile"));
  CHECK(has(sh("man ls"), "ls [-l]"));
  CHECK(sh("open a.txt; download a.txt data/x.npy; clear") == "");
  REQUIRE(sh.wishes.size() == 4);
  CHECK(sh.wishes[0].kind == Wish::Kind::Open);
  CHECK(sh.wishes[2].name == "x.npy");
  CHECK(sh.wishes[2].bytes->size() == 2);
  CHECK(sh.wishes[3].kind == Wish::Kind::Clear);
}

TEST_CASE("completion: commands, files, options and values") {
  Place sh;
  CHECK(sh.tab("at") == "atc ");
  CHECK(sh.tab("ls; npu-") == "ls; npu-smi ");
  CHECK(sh.complete("npu").choices == std::vector<std::string>{"npu", "npu-smi"});
  CHECK(sh.tab("cat a") == "cat a.txt ");
  CHECK(sh.tab("cat da") == "cat data/");
  CHECK(sh.tab("cat data/") == "cat data/x.npy ");
  CHECK(sh.tab("cat ~/da") == "cat ~/data/");
  CHECK(sh.tab("cat my") == "cat my\\ file.onnx ");
  CHECK(sh.tab("cat \"my") == "cat \"my file.onnx\" ");
  CHECK(sh.tab("echo x > a") == "echo x > a.txt ");
  CHECK(sh.tab("cat none") == "cat none");
  CHECK(sh.complete("cat d").choices == std::vector<std::string>{"data/", "digits.onnx"});
  CHECK(sh.tab("atc --soc") == "atc --soc_version=");
  CHECK(sh.tab("atc --soc_version=Ascend310P") == "atc --soc_version=Ascend310P");
  CHECK(sh.complete("atc --soc_version=Ascend310P").choices.size() >= 2);
  CHECK(sh.tab("atc --model=dig") == "atc --model=digits.onnx ");
  CHECK(sh.tab("atc --model dig") == "atc --model digits.onnx ");
  CHECK(sh.complete("atc --log=").choices.size() >= 4);
  CHECK(sh.tab("atc \\\n  --framew") == "atc \\\n  --framework=");
  CHECK(sh.tab("npu prof") == "npu profile ");
  CHECK(sh.tab("npu run --inp") == "npu run --input");
  CHECK(sh.complete("npu run --inp").choices == std::vector<std::string>{"--input", "--input-shape", "--input_shape"});
  CHECK(sh.tab("npu run x.om --input actual=dig") == "npu run x.om --input actual=digits.onnx ");
  CHECK(sh.tab("npu tune digits.onnx --soc Ascend910A") == "npu tune digits.onnx --soc Ascend910A ");
  CHECK(sh.tab("man --soc_v") == "man --soc_version ");
  CHECK(sh.complete("").choices.size() == built_ins().size() + programs().size());
  // In the middle of an input only what is before the cursor counts.
  const Completion middle = complete("cat a | wc", 5, sh.shell.variables(), sh.files);
  CHECK(middle.begin == 4);
  CHECK(middle.text == "a.txt ");
}
