// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>

namespace npu {

namespace {

std::unexpected<Error> file_error(const std::string& path, const char* action, int number) {
  return fail(ErrorKind::InvalidArgument, "'" + path + "'",
              std::string("cannot be ") + action + (number ? std::string(": ") + std::strerror(number) : ""));
}

}  // namespace

Result<SharedBytes> read_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    return fail(ErrorKind::InvalidArgument, "'" + path + "'", "is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return file_error(path, "opened", errno);
  const std::streamoff size = file.tellg();
  if (size < 0) return file_error(path, "read", errno);
  std::shared_ptr<std::vector<std::byte>> bytes;
  try {
    bytes = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(size));
  } catch (const std::exception&) {  // bad_alloc, or length_error where addresses have 32 bits
    return fail(ErrorKind::InvalidArgument, "'" + path + "'", "has " + std::to_string(size >> 20) + " MB, which do not fit this program's memory");
  }
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes->data()), size);
  if (file.gcount() != size) return file_error(path, "read", errno);
  return SharedBytes(std::move(bytes));
}

Status write_file(const std::string& path, Bytes bytes) {
  std::error_code code;
  const bool in_place = std::filesystem::exists(path, code) && !std::filesystem::is_regular_file(path, code);
  const std::string beside = in_place ? path : path + ".partial";
  errno = 0;
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  if (!file) return file_error(path, "written", errno);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  const int failed = file ? 0 : errno;
  if (file && !in_place) std::filesystem::rename(beside, path, code);
  if (file && !code) return {};
  std::error_code ignored;
  if (!in_place) std::filesystem::remove(beside, ignored);
  return file_error(path, "written", code ? code.value() : failed);
}

}  // namespace npu
