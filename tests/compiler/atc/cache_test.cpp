// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/om/om.h"
#include "tests/compiler/atc/workplace.h"

namespace npu {

using namespace test;

namespace {

std::vector<std::byte> bytes_of(const std::string& path) {
  const auto bytes = read_file(path);
  REQUIRE_MESSAGE(bytes, path);
  return **bytes;
}

std::vector<std::filesystem::path> entries(const Workplace& place) {
  std::vector<std::filesystem::path> found;
  if (std::filesystem::exists(place.path("cache")))
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place.path("cache")))
      if (entry.is_regular_file()) found.push_back(entry.path());
  return found;
}

std::vector<std::string> cached_arguments(const Workplace& place, const std::string& mode) {
  auto arguments = compile_arguments(place, "out");
  arguments.insert(arguments.end(), {"--op_compiler_cache_mode=" + mode, "--op_compiler_cache_dir", place.path("cache"), "--log=info"});
  return arguments;
}

bool from_cache(const Said& said) {
  REQUIRE_MESSAGE(said.code == 0, said.text);
  return said.text.find("compiled before") != std::string::npos;
}

const atc::Host kHost{.cache_folder = "", .build = [] { return "1"; }};

}  // namespace

TEST_CASE("the second compile of a model is a copy of the first") {
  const Workplace place;
  CHECK(!from_cache(run(cached_arguments(place, "enable"), kHost)));
  const auto first = bytes_of(place.path("out.om"));
  REQUIRE(entries(place).size() == 1);
  std::filesystem::remove(place.path("out.om"));
  CHECK(from_cache(run(cached_arguments(place, "enable"), kHost)));
  CHECK(bytes_of(place.path("out.om")) == first);
  CHECK(!from_cache(run(cached_arguments(place, "force"), kHost)));
  CHECK(!from_cache(run(cached_arguments(place, "disable"), kHost)));
  CHECK(entries(place).size() == 1);
}

TEST_CASE("what made a model is what it is found under") {
  const Workplace place;
  auto arguments = cached_arguments(place, "enable");
  arguments.push_back("--fusion_switch_file=" + place.path("lines.cfg"));
  CHECK(!from_cache(run(arguments, kHost)));
  CHECK(from_cache(run(arguments, kHost)));
  CHECK(!from_cache(run(arguments, {.cache_folder = "", .build = [] { return "2"; }})));
  CHECK(!from_cache(run(arguments, {})));
  const std::string other = "fold-pads:off\n";
  REQUIRE(write_file(place.path("lines.cfg"), as_byte_view(other)));
  CHECK(!from_cache(run(arguments, kHost)));
  Graph graph = parse_graph(kModel).value();
  graph.value(graph.find_value("w")).constant->mutable_data<float>()[0] = 7;
  REQUIRE(write_file(place.path("tiny.onnx"), *save_onnx(graph)));
  CHECK(!from_cache(run(arguments, kHost)));
  CHECK(from_cache(run(arguments, kHost)));
}

TEST_CASE("a damaged entry is replaced") {
  const Workplace place;
  run(cached_arguments(place, "enable"), kHost);
  const auto whole = bytes_of(place.path("out.om"));
  REQUIRE(entries(place).size() == 1);
  const std::string entry = entries(place)[0].string();
  REQUIRE(write_file(entry, Bytes(whole).first(whole.size() / 2)));
  CHECK(!from_cache(run(cached_arguments(place, "enable"), kHost)));
  CHECK(bytes_of(entry) == whole);
}

TEST_CASE("a file that cannot be written leaves what was there") {
  const Workplace place;
  const std::string text = "before";
  REQUIRE(write_file(place.path("kept"), as_byte_view(text)));
  std::filesystem::create_directory(place.path("kept.partial"));
  const auto written = write_file(place.path("kept"), bytes_of(place.path("tiny.onnx")));
  REQUIRE(!written);
  CHECK(written.error().what.find("cannot be written") != std::string::npos);
  CHECK(bytes_of(place.path("kept")).size() == text.size());
}

}  // namespace npu
