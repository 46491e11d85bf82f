// SPDX-License-Identifier: Apache-2.0
// Pages of the file come when they are read: a file may be larger than what is free.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/file.h"

namespace npu {

namespace {

std::unexpected<Error> map_error(const std::string& path, const char* what) {
  return fail(ErrorKind::InvalidArgument, "'" + path + "'", std::string(what) + ": " + std::strerror(errno));
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

Result<MappedFile> map_file(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) return map_error(path, "cannot be opened");
  struct stat about {};
  if (fstat(file.number, &about) != 0) return map_error(path, "cannot be read");
  if (!S_ISREG(about.st_mode)) return fail(ErrorKind::InvalidArgument, "'" + path + "'", "is no file");
  const auto size = static_cast<size_t>(about.st_size);
  if (size == 0) return MappedFile{};
  void* const data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) return map_error(path, "cannot be mapped");
  const std::shared_ptr<const void> owner(data, [size](const void* p) { munmap(const_cast<void*>(p), size); });
  return MappedFile{{static_cast<const std::byte*>(data), size}, owner};
}

}  // namespace npu
