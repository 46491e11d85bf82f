// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "core/base/file_system.h"

namespace npu {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> disk_error(const std::string& path, const std::error_code& code) { return fail(ErrorKind::InvalidArgument, "'" + path + "'", code.message()); }

FileKind kind_of(const fs::file_status& status) {
  switch (status.type()) {
    case fs::file_type::regular: return FileKind::File;
    case fs::file_type::directory: return FileKind::Folder;
    case fs::file_type::not_found:
    case fs::file_type::none: return FileKind::None;
    default: return FileKind::Other;
  }
}

class Disk final : public FileSystem {
 public:
  FileKind kind(const std::string& path) override {
    std::error_code code;
    return kind_of(fs::status(path, code));
  }
  Result<SharedBytes> read(const std::string& path) override { return read_file(path); }
  Result<MappedFile> map(const std::string& path) override { return map_file(path); }
  Status write(const std::string& path, Bytes bytes) override { return write_file(path, bytes); }

  Status create_folders(const std::string& path) override {
    std::error_code code;
    fs::create_directories(path, code);
    return code ? Status(disk_error(path, code)) : Status();
  }

  Result<std::vector<FolderEntry>> list(const std::string& folder) override {
    std::error_code code, unknown;
    std::vector<FolderEntry> entries;
    for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
      FolderEntry entry{at->path().filename().string(), kind_of(at->status(unknown)), -1};
      if (entry.kind == FileKind::File) entry.bytes = static_cast<int64_t>(at->file_size(unknown));
      entries.push_back(std::move(entry));
    }
    if (code) return disk_error(folder, code);
    std::ranges::sort(entries, {}, &FolderEntry::name);
    return entries;
  }

  Result<std::string> resolve(const std::string& path) override {
    std::error_code code;
    const fs::path absolute = fs::absolute(path.empty() ? "." : path, code);
    const fs::path resolved = code ? fs::path() : fs::weakly_canonical(absolute, code);
    if (code) return disk_error(path, code);
    return resolved.string();
  }
};

}  // namespace

FileSystem& disk() {
  static Disk instance;
  return instance;
}

}  // namespace npu
