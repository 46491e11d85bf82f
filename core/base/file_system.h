// SPDX-License-Identifier: Apache-2.0
// Where programs read and write: the machine's disk, or a tree in memory (core/base/memory_files.h).
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"

namespace npu {

enum class FileKind { None, File, Folder, Other };

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::File;
  int64_t bytes = -1;  // of a file; -1: not known before it is read
};

// Paths have '/' between their parts; relative ones begin in the current folder. Errors are InvalidArgument with the path. Any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual FileKind kind(const std::string& path) = 0;
  virtual Result<SharedBytes> read(const std::string& path) = 0;
  virtual Result<MappedFile> map(const std::string& path) = 0;
  // All of it or nothing: what was there before stays whole when writing fails.
  virtual Status write(const std::string& path, Bytes bytes) = 0;
  // With the folders on the way; none is an error when it is there already.
  virtual Status create_folders(const std::string& path) = 0;
  virtual Result<std::vector<FolderEntry>> list(const std::string& folder) = 0;  // sorted by name
  // The absolute path with links and ".." resolved; what does not exist may be its end.
  virtual Result<std::string> resolve(const std::string& path) = 0;

  bool is_file(const std::string& path) { return kind(path) == FileKind::File; }
};

// The machine's own files.
FileSystem& disk();

}  // namespace npu
