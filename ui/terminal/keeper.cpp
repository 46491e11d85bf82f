// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/keeper.h"

#include <utility>

namespace npu::terminal {
namespace {

int64_t bytes_in(const FileChange& change) { return change.bytes ? static_cast<int64_t>(change.bytes->size()) : 0; }

}  // namespace

int64_t Keeper::size_of(const std::string& path) const {
  const auto found = kept_.find(path);
  return found == kept_.end() ? 0 : bytes_in(found->second);
}

void Keeper::note(const FileChange& change) {
  bytes_ += bytes_in(change) - size_of(change.path);
  kept_[change.path] = change;
}

void Keeper::restored(const std::vector<FileChange>& changes) {
  for (const FileChange& change : changes) note(change);
}

Keeper::News Keeper::take(const MemoryFiles& files, const History& history) {
  News news;
  if (files.version() != version_) {
    FileChanges found = files.changes_since(version_);
    version_ = found.version;
    for (FileChange& change : found.changes) {
      const auto known = kept_.find(change.path);
      if (known != kept_.end() && known->second.kind == change.kind && known->second.bytes == change.bytes) continue;
      if (bytes_ - size_of(change.path) + bytes_in(change) > kMostBytes) {
        news.left_out.push_back(change.path);
        if (known == kept_.end()) continue;
        change = {change.path, FileKind::None, nullptr};
      }
      note(change);
      news.changes.push_back(std::move(change));
    }
  }
  const auto& inputs = history.inputs();
  if (!inputs.empty() && (inputs.size() != typed_ || inputs.back() != last_typed_)) {
    typed_ = inputs.size(), last_typed_ = inputs.back();
    news.history = history.save();
  }
  return news;
}

}  // namespace npu::terminal
