// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "core/base/memory_files.h"

using namespace npu;

namespace {

SharedBytes text_bytes(const std::string& text) {
  const Bytes bytes = as_byte_view(text);
  return std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
}

std::string text_of(const Result<SharedBytes>& bytes) { return bytes ? std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size()) : "error: " + bytes.error().message(); }

std::string names(FileSystem& files, const std::string& folder) {
  const auto entries = files.list(folder);
  if (!entries) return "error: " + entries.error().message();
  std::string text;
  for (const FolderEntry& entry : *entries) text += entry.name + (entry.kind == FileKind::Folder ? "/ " : " ");
  return text;
}

bool mentions(const Status& status, const std::string& part) { return !status && status.error().message().find(part) != std::string::npos; }

}  // namespace

TEST_CASE("memory files: paths are relative to the current folder and resolved") {
  MemoryFiles files(1000);
  REQUIRE(files.create_folders("/home/npu/data"));
  REQUIRE(files.change_folder("/home/npu"));
  REQUIRE(files.write("data/../a.txt", as_byte_view("one")));
  CHECK(text_of(files.read("/home/npu/a.txt")) == "one");
  CHECK(files.resolve("../../..//home/./npu/").value() == "/home/npu");
  CHECK(files.resolve("../../../..").value() == "/");
  CHECK(names(files, ".") == "a.txt data/ ");
  CHECK(names(files, "/") == "home/ ");
  CHECK(files.kind("data") == FileKind::Folder);
  CHECK(files.kind("none") == FileKind::None);
  CHECK(text_of(files.read("data")).find("is a folder") != std::string::npos);
  CHECK(text_of(files.read("none")).find("'none'") != std::string::npos);
  CHECK(mentions(files.write("none/b", {}), "/home/npu/none"));
  CHECK(mentions(files.write("a.txt/b", {}), "no folder"));
  CHECK(mentions(files.write("data", {}), "is a folder"));
  CHECK(mentions(files.create_folders("a.txt/b"), "no folder"));
  CHECK(mentions(files.change_folder("a.txt"), "no folder"));
  CHECK(names(files, "a.txt").starts_with("error"));
}

TEST_CASE("memory files: a folder's list has only its own entries") {
  MemoryFiles files(1000);
  REQUIRE(files.create_folders("/a/b"));
  for (const char* path : {"/a/x", "/a/b/y", "/a-", "/a0", "/ab"}) REQUIRE(files.write(path, {}));
  CHECK(names(files, "/a") == "b/ x ");
  CHECK(names(files, "/") == "a/ a- a0 ab ");
  CHECK(mentions(files.remove("/a"), "files in it"));
  REQUIRE(files.remove("/a", true));
  CHECK(names(files, "/") == "a- a0 ab ");
  CHECK(mentions(files.remove("/a"), "no such"));
  CHECK(mentions(files.remove("/"), "root"));
}

TEST_CASE("memory files: the limit counts what is there and names the values") {
  MemoryFiles files(10);
  REQUIRE(files.write("/a", as_byte_view("12345678")));
  CHECK(mentions(files.write("/b", as_byte_view("123")), "takes 3 bytes; the files here hold 8 of at most 10"));
  CHECK(files.kind("/b") == FileKind::None);
  REQUIRE(files.write("/a", as_byte_view("1234567890")));  // over what was there
  CHECK(mentions(files.write("/a", as_byte_view("12345678901")), "hold 0 of at most 10"));
  CHECK(text_of(files.read("/a")) == "1234567890");
  REQUIRE(files.remove("/a"));
  CHECK(files.bytes() == 0);
}

TEST_CASE("memory files: what is made is made when it is read, and made again when nobody holds it") {
  MemoryFiles files(10);
  int made = 0;
  REQUIRE(files.put_made("/big", [&]() -> Result<SharedBytes> { return ++made, text_bytes(std::string(100, 'x')); }));
  CHECK(made == 0);
  CHECK(files.list("/").value()[0].bytes == -1);
  {
    const auto first = files.read("/big"), second = files.read("/big");
    CHECK(made == 1);
    CHECK(first.value() == second.value());
  }
  CHECK(files.list("/").value()[0].bytes == 100);
  CHECK(files.read("/big").value()->size() == 100);
  CHECK(made == 2);
  CHECK(files.bytes() == 0);
  CHECK(files.changes_since(0).changes.empty());
  REQUIRE(files.put_made("/bad", []() -> Result<SharedBytes> { return fail(ErrorKind::InvalidArgument, "bad", "cannot be fetched"); }));
  CHECK(text_of(files.read("/bad")).find("cannot be fetched") != std::string::npos);
  REQUIRE(files.write("/bad", as_byte_view("mine")));
  CHECK(text_of(files.read("/bad")) == "mine");
}

TEST_CASE("memory files: rename moves files and folders") {
  MemoryFiles files(1000);
  REQUIRE(files.create_folders("/a/b"));
  REQUIRE(files.write("/a/b/c", as_byte_view("c")));
  REQUIRE(files.write("/d", as_byte_view("d")));
  REQUIRE(files.rename("/a", "/e"));
  CHECK(text_of(files.read("/e/b/c")) == "c");
  CHECK(files.kind("/a") == FileKind::None);
  REQUIRE(files.rename("/d", "/e/b/c"));
  CHECK(text_of(files.read("/e/b/c")) == "d");
  CHECK(files.bytes() == 1);
  CHECK(mentions(files.rename("/e", "/e/b/f"), "inside"));
  CHECK(mentions(files.rename("/x", "/y"), "no such"));
  CHECK(mentions(files.rename("/e/b/c", "/e/b"), "already"));
  REQUIRE(files.change_folder("/e/b"));
  CHECK(mentions(files.rename("/e", "/f"), "current folder"));
  CHECK(mentions(files.remove("/e", true), "current folder"));
}

TEST_CASE("memory files: the changes since any version rebuild the tree") {
  MemoryFiles files(100'000), copy(100'000);
  std::mt19937 random(7);
  const auto any_path = [&] { return "/f" + std::to_string(random() % 3) + "/" + std::to_string(random() % 4); };
  uint64_t version = 0;
  for (int round = 0; round < 300; ++round) {
    for (unsigned step = 0; step < 1 + random() % 4; ++step) {
      const std::string path = any_path();
      switch (random() % 4) {
        case 0: (void)files.create_folders(std::filesystem::path(path).parent_path().string()); break;
        case 1: (void)files.write(path, as_byte_view(std::to_string(random()))); break;
        case 2: (void)files.rename(path, any_path()); break;
        default: (void)files.remove(random() % 8 ? path : "/f0", true);
      }
    }
    const FileChanges changes = files.changes_since(version);
    version = changes.version;
    for (const FileChange& change : changes.changes) {
      if (change.kind == FileKind::None) (void)copy.remove(change.path, true);
      else if (change.kind == FileKind::Folder) REQUIRE(copy.create_folders(change.path));
      else REQUIRE(copy.put(change.path, change.bytes));
    }
    const std::string folders = names(files, "/");
    REQUIRE(folders == names(copy, "/"));
    const auto top = files.list("/");
    for (const FolderEntry& folder : *top) {
      REQUIRE(names(files, "/" + folder.name) == names(copy, "/" + folder.name));
      const auto inside = files.list("/" + folder.name);
      if (folder.kind != FileKind::Folder) continue;
      for (const FolderEntry& file : *inside)
        REQUIRE(text_of(files.read("/" + folder.name + "/" + file.name)) == text_of(copy.read("/" + folder.name + "/" + file.name)));
    }
    REQUIRE(files.bytes() == copy.bytes());
  }
}

TEST_CASE("the disk behind the same interface") {
  const std::string folder = (std::filesystem::temp_directory_path() / ("npu_disk_test_" + std::to_string(reinterpret_cast<uintptr_t>(&folder)))).string();
  REQUIRE(disk().create_folders(folder + "/a/b"));
  REQUIRE(disk().write(folder + "/z", as_byte_view("12")));
  CHECK(names(disk(), folder) == "a/ z ");
  CHECK(disk().list(folder).value()[1].bytes == 2);
  CHECK(text_of(disk().read(folder + "/a/../z")) == "12");
  CHECK(disk().resolve(folder + "/a/../none").value() == std::filesystem::weakly_canonical(folder).string() + "/none");
  CHECK(mentions(disk().create_folders(folder + "/z/a"), "z/a"));
  CHECK(names(disk(), folder + "/none").starts_with("error"));
  std::filesystem::remove_all(folder);
}
