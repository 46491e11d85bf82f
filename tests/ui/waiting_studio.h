// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "core/base/file.h"
#include "tests/test_paths.h"
#include "ui/studio/studio.h"

namespace npu::test {

using namespace npu::ui;

// A studio whose snapshots can be waited for.
class Waiting {
 public:
  Waiting() : studio([this] { changed(); }, read) {}

  SnapshotPtr wait(uint64_t revision) {
    std::unique_lock lock(mutex_);
    const bool done = wake_.wait_for(lock, std::chrono::seconds(120), [&] {
      const SnapshotPtr now = studio_ ? studio.snapshot() : nullptr;
      return now && !now->busy() && now->revision >= revision;
    });
    REQUIRE(done);
    return studio.snapshot();
  }

  // Until the condition holds of a snapshot.
  SnapshotPtr wait_until(const std::function<bool(const Snapshot&)>& holds) {
    std::unique_lock lock(mutex_);
    const bool done = wake_.wait_for(lock, std::chrono::seconds(120), [&] { return studio_ && holds(*studio.snapshot()); });
    REQUIRE(done);
    return studio.snapshot();
  }

 private:
  static Result<OwnedBytes> read(const std::string& file) {
    NPU_TRY(const SharedBytes bytes, read_file(std::string(NPU_SOURCE_DIR "/samples/") + file));
    return OwnedBytes{*bytes, bytes};
  }
  void changed() {
    const std::lock_guard lock(mutex_);
    studio_ = true;
    wake_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool studio_ = false;

 public:
  Studio studio;
};

inline SharedBytes bytes_of(const std::string& text) {
  const Bytes bytes = as_byte_view(text);
  return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

}  // namespace npu::test
