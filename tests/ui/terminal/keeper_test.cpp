// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/keeper.h"

#include <map>
#include <random>

#include <doctest/doctest.h>

using namespace npu;
using namespace npu::terminal;

namespace {

SharedBytes filled(size_t size, int with) { return std::make_shared<const std::vector<std::byte>>(size, static_cast<std::byte>(with)); }

// What a platform has after all news: the files that come back at the next visit.
struct Shelf {
  std::map<std::string, FileChange> items;
  void put(const Keeper::News& news) {
    for (const FileChange& change : news.changes) items[change.path] = change;
  }
  std::vector<FileChange> all() const {
    std::vector<FileChange> list;
    for (const auto& [path, change] : items) list.push_back(change);
    return list;
  }
  int64_t bytes() const {
    int64_t sum = 0;
    for (const auto& [path, change] : items) sum += change.bytes ? static_cast<int64_t>(change.bytes->size()) : 0;
    return sum;
  }
};

std::map<std::string, std::vector<std::byte>> tree(MemoryFiles& files) {
  std::map<std::string, std::vector<std::byte>> found;
  for (const FileChange& change : files.changes_since(0).changes)
    if (change.kind == FileKind::File) found[change.path] = *change.bytes;
  return found;
}

}  // namespace

TEST_CASE("news are told once, and bring the same files back at the next visit, whatever is done to them") {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](uint32_t limit) { return random() % limit; };
    MemoryFiles files(1 << 20);
    REQUIRE(files.create_folders("/home/npu"));
    Keeper keeper;
    Shelf shelf;
    const auto name = [&] { return "/home/npu/f" + std::to_string(below(5)); };
    for (int step = 0; step < 40; ++step) {
      switch (below(4)) {
        case 0: (void)files.put(name(), filled(below(100), static_cast<int>(step))); break;
        case 1: (void)files.remove(name()); break;
        case 2: (void)files.rename(name(), name()); break;
        default: shelf.put(keeper.take(files, {})); CHECK(keeper.take(files, {}).empty());
      }
    }
    shelf.put(keeper.take(files, {}));
    MemoryFiles next(1 << 20);
    for (const FileChange& change : shelf.all()) {  // by path: folders come before what is in them
      if (change.kind == FileKind::Folder) REQUIRE(next.create_folders(change.path));
      if (change.kind == FileKind::File) REQUIRE(next.put(change.path, change.bytes));
    }
    CHECK(tree(next) == tree(files));
    // The next visit has nothing to tell of what was brought back.
    Keeper later;
    later.restored(shelf.all());
    CHECK(later.take(next, {}).changes.empty());
  }
}

TEST_CASE("files beyond the room are left out and named, and one that grows too large is not kept as it was") {
  MemoryFiles files(int64_t{200} << 20);
  Keeper keeper;
  Shelf shelf;
  const size_t half = Keeper::kMostBytes / 2;
  REQUIRE(files.put("/a", filled(half, 1)));
  REQUIRE(files.put("/b", filled(half, 2)));
  REQUIRE(files.put("/c", filled(1, 3)));
  const Keeper::News first = keeper.take(files, {});
  shelf.put(first);
  CHECK(first.left_out == std::vector<std::string>{"/c"});
  CHECK(shelf.bytes() == Keeper::kMostBytes);
  REQUIRE(files.put("/a", filled(half + 1, 1)));
  const Keeper::News second = keeper.take(files, {});
  shelf.put(second);
  CHECK(second.left_out == std::vector<std::string>{"/a"});
  CHECK(shelf.items.at("/a").kind == FileKind::None);
  REQUIRE(files.remove("/b"));
  REQUIRE(files.put("/c", filled(2, 3)));
  shelf.put(keeper.take(files, {}));
  CHECK(shelf.bytes() == 2);
}

TEST_CASE("what was typed is told when it is new") {
  MemoryFiles files(1000);
  History history;
  Keeper keeper;
  CHECK(keeper.take(files, history).empty());
  history.add("ls");
  CHECK(keeper.take(files, history).history == "ls\n");
  CHECK(keeper.take(files, history).empty());
  history.add("ls");
  CHECK(keeper.take(files, history).empty());
  history.add("cat a");
  CHECK(keeper.take(files, history).history == "ls\ncat a\n");
}
