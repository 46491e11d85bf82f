// SPDX-License-Identifier: Apache-2.0
// A tree of files in memory, with a current folder of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "core/base/file_system.h"

namespace npu {

// What happened to one path since a version: a file with its bytes, a new folder, or nothing there any more (None).
struct FileChange {
  std::string path;
  FileKind kind = FileKind::None;
  SharedBytes bytes;
};

struct FileChanges {
  uint64_t version = 0;  // to ask from the next time
  std::vector<FileChange> changes;  // folders before what is in them
};

class MemoryFiles final : public FileSystem {
 public:
  using Make = std::function<Result<SharedBytes>()>;

  // Writing more than this in all, or more than kMostEntries files and folders, is an error with the values.
  explicit MemoryFiles(int64_t most_bytes) : most_bytes_(most_bytes) {}
  static constexpr size_t kMostEntries = 10'000;

  FileKind kind(const std::string& path) override;
  Result<SharedBytes> read(const std::string& path) override;
  Result<MappedFile> map(const std::string& path) override;
  Status write(const std::string& path, Bytes bytes) override;
  Status create_folders(const std::string& path) override;
  Result<std::vector<FolderEntry>> list(const std::string& folder) override;
  Result<std::string> resolve(const std::string& path) override;

  Status put(const std::string& path, SharedBytes bytes);  // as write, without a copy
  // Where there is no file yet: one that `make` gives whenever it is read (from a thread that may wait) and whose bytes live only as long as somebody uses
  // them. It counts neither as bytes nor as a change until it is written over or removed.
  Status put_made(const std::string& path, Make make, int64_t bytes = -1);

  Status create_folder(const std::string& path);  // its parent must be there, it not
  Status remove(const std::string& path, bool with_contents = false);
  Status rename(const std::string& from, const std::string& to);  // files and whole folders; a file that is there is replaced

  std::string folder() const;  // the current one, absolute
  Status change_folder(const std::string& path);

  int64_t bytes() const;  // of all files that count
  void accept_folders();  // the folders that are there now are none of the user's: no changes
  uint64_t version() const;  // grows with every change
  FileChanges changes_since(uint64_t version) const;

 private:
  struct Entry {
    FileKind kind = FileKind::File;
    SharedBytes bytes;
    Make make;
    int64_t size = -1;
    uint64_t changed = 0;  // version; 0: as it came, no change
    std::weak_ptr<const std::vector<std::byte>> made;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  std::string absolute(const std::string& path) const;
  FileKind kind_at(const std::string& path) const;
  std::pair<Entries::iterator, Entries::iterator> inside(const std::string& path);
  Status check_parent(const std::string& path, const std::string& shown) const;
  Status create_folders_at(const std::string& path, const std::string& shown);
  Status set(const std::string& path, const std::string& shown, Entry entry);
  void erase(Entries::iterator entry);

  const int64_t most_bytes_;
  mutable std::mutex mutex_;  // of everything below
  Entries entries_;           // by absolute path; "/" itself is none
  std::map<std::string, uint64_t> removed_;
  std::string folder_ = "/";
  int64_t bytes_ = 0;
  uint64_t version_ = 0;
};

}  // namespace npu
