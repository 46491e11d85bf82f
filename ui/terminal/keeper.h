// SPDX-License-Identifier: Apache-2.0
// What of the terminal is to outlive the visit: its own files, up to a size, and what was typed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/memory_files.h"
#include "ui/terminal/history.h"

namespace npu::terminal {

class Keeper {
 public:
  static constexpr int64_t kMostBytes = int64_t{64} << 20;

  struct News {
    std::vector<FileChange> changes;     // since the last call; a file that became too large for its room is one that is gone
    std::optional<std::string> history;  // History::save(), where it is another
    std::vector<std::string> left_out;   // paths of files for which there is no room

    bool empty() const { return changes.empty() && !history && left_out.empty(); }
  };
  News take(const MemoryFiles& files, const History& history);

  // What comes back from an earlier visit: it is kept already.
  void restored(const std::vector<FileChange>& changes);

 private:
  void note(const FileChange& change);
  int64_t size_of(const std::string& path) const;

  std::map<std::string, FileChange> kept_;  // by path
  int64_t bytes_ = 0;                       // of the files in kept_
  uint64_t version_ = 0;                    // of the files, as they were looked at last
  size_t typed_ = 0;                        // inputs, and the last of them, that were told last
  std::string last_typed_;
};

}  // namespace npu::terminal
