// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory_files.h"

#include <utility>

namespace npu {
namespace {

std::unexpected<Error> refuse(const std::string& path, std::string what) { return fail(ErrorKind::InvalidArgument, "'" + path + "'", std::move(what)); }

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string within(const std::string& folder) { return folder == "/" ? folder : folder + "/"; }

}  // namespace

// "." and ".." resolved; "/" for the root.
std::string MemoryFiles::absolute(const std::string& path) const {
  const std::string whole = path.starts_with('/') ? path : within(folder_) + path;
  std::string result;
  for (size_t begin = 0; begin < whole.size();) {
    const size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string_view part = std::string_view(whole).substr(begin, end - begin);
    if (part == "..") result.erase(result.empty() ? 0 : result.rfind('/'));
    else if (!part.empty() && part != ".") (result += '/') += part;
    begin = end + 1;
  }
  return result.empty() ? "/" : result;
}

FileKind MemoryFiles::kind_at(const std::string& path) const {
  if (path == "/") return FileKind::Folder;
  const auto found = entries_.find(path);
  return found == entries_.end() ? FileKind::None : found->second.kind;
}

FileKind MemoryFiles::kind(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return kind_at(absolute(path));
}

Result<SharedBytes> MemoryFiles::read(const std::string& path) {
  Make make;
  std::string place;
  {
    const std::lock_guard lock(mutex_);
    place = absolute(path);
    const FileKind there = kind_at(place);
    if (there == FileKind::Folder) return refuse(path, "is a folder");
    if (there == FileKind::None) return refuse(path, "cannot be opened: there is no such file");
    const Entry& entry = entries_.at(place);
    if (entry.bytes) return entry.bytes;
    if (SharedBytes made = entry.made.lock()) return made;
    make = entry.make;
  }
  NPU_TRY(SharedBytes made, make());
  const std::lock_guard lock(mutex_);
  if (const auto entry = entries_.find(place); entry != entries_.end() && entry->second.make) {
    entry->second.made = made;
    entry->second.size = static_cast<int64_t>(made->size());
  }
  return made;
}

Result<MappedFile> MemoryFiles::map(const std::string& path) {
  NPU_TRY(const SharedBytes bytes, read(path));
  return MappedFile{*bytes, bytes};
}

Status MemoryFiles::write(const std::string& path, Bytes bytes) {
  return put(path, std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end()));
}

Status MemoryFiles::put(const std::string& path, SharedBytes bytes) {
  const std::lock_guard lock(mutex_);
  const auto size = static_cast<int64_t>(bytes->size());
  return set(absolute(path), path, {FileKind::File, std::move(bytes), {}, size, version_ + 1, {}});
}

Status MemoryFiles::put_made(const std::string& path, Make make, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (kind_at(absolute(path)) == FileKind::File) return {};
  return set(absolute(path), path, {FileKind::File, nullptr, std::move(make), bytes, 0, {}});
}

Status MemoryFiles::check_parent(const std::string& path, const std::string& shown) const {
  const FileKind parent = kind_at(parent_of(path));
  if (parent == FileKind::None) return refuse(shown, "there is no folder '" + parent_of(path) + "'");
  if (parent != FileKind::Folder) return refuse(shown, "'" + parent_of(path) + "' is no folder");
  return {};
}

Status MemoryFiles::set(const std::string& path, const std::string& shown, Entry entry) {
  const FileKind there = kind_at(path);
  if (there == FileKind::Folder) return refuse(shown, "is a folder");
  if (path.find('\0') != std::string::npos) return refuse(shown, "a name holds no byte 0");
  NPU_CHECK(check_parent(path, shown));
  if (there == FileKind::None && entries_.size() >= kMostEntries) return refuse(shown, std::to_string(kMostEntries) + " files and folders are the limit here");
  const auto old = entries_.find(path);
  const int64_t before = old != entries_.end() && old->second.bytes ? static_cast<int64_t>(old->second.bytes->size()) : 0;
  const int64_t after = entry.bytes ? static_cast<int64_t>(entry.bytes->size()) : 0;
  if (after > before && after - before > most_bytes_ - bytes_)
    return refuse(shown, "takes " + std::to_string(after) + " bytes; the files here hold " + std::to_string(bytes_ - before) + " of at most " + std::to_string(most_bytes_));
  bytes_ += after - before;
  if (entry.changed) version_ = entry.changed;
  removed_.erase(path);
  entries_[path] = std::move(entry);
  return {};
}

Status MemoryFiles::create_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const std::string place = absolute(path);
  if (kind_at(place) != FileKind::None) return refuse(path, "is there already");
  return set(place, path, {FileKind::Folder, nullptr, {}, -1, version_ + 1, {}});
}

Status MemoryFiles::create_folders(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return create_folders_at(absolute(path), path);
}

Status MemoryFiles::create_folders_at(const std::string& path, const std::string& shown) {
  for (size_t end = 0; end != std::string::npos && path != "/";) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    const FileKind there = kind_at(part);
    if (there == FileKind::File) return refuse(shown, "'" + part + "' is no folder");
    if (there == FileKind::None) NPU_CHECK(set(part, shown, {FileKind::Folder, nullptr, {}, -1, version_ + 1, {}}));
  }
  return {};
}

// What is below a folder, at any depth.
std::pair<MemoryFiles::Entries::iterator, MemoryFiles::Entries::iterator> MemoryFiles::inside(const std::string& path) {
  std::string end = within(path);
  const auto first = entries_.lower_bound(end);
  end.back() = '/' + 1;
  return {first, entries_.lower_bound(end)};
}

Result<std::vector<FolderEntry>> MemoryFiles::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  const std::string place = absolute(folder);
  const FileKind there = kind_at(place);
  if (there == FileKind::None) return refuse(folder, "there is no such folder");
  if (there != FileKind::Folder) return refuse(folder, "is no folder");
  std::vector<FolderEntry> entries;
  const size_t start = within(place).size();
  for (auto [at, end] = inside(place); at != end; ++at)
    if (at->first.find('/', start) == std::string::npos) entries.push_back({at->first.substr(start), at->second.kind, at->second.size});
  return entries;
}

Result<std::string> MemoryFiles::resolve(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return absolute(path);
}

void MemoryFiles::erase(Entries::iterator entry) {
  if (entry->second.bytes) bytes_ -= static_cast<int64_t>(entry->second.bytes->size());
  removed_[entry->first] = ++version_;
  entries_.erase(entry);
}

Status MemoryFiles::remove(const std::string& path, bool with_contents) {
  const std::lock_guard lock(mutex_);
  const std::string place = absolute(path);
  const auto entry = entries_.find(place);
  if (entry == entries_.end()) return refuse(path, place == "/" ? "is the root" : "there is no such file or folder");
  if (entry->second.kind == FileKind::Folder) {
    const auto [first, last] = inside(place);
    if (first != last && !with_contents) return refuse(path, "is a folder with files in it");
    if (within(folder_).starts_with(within(place))) return refuse(path, "the current folder '" + folder_ + "' is in it");
    for (auto at = first; at != last;) erase(at++);
  }
  erase(entry);
  return {};
}

Status MemoryFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const std::string source = absolute(from), target = absolute(to);
  const FileKind kind = kind_at(source);
  if (kind == FileKind::None || source == "/") return refuse(from, "there is no such file or folder");
  if (source == target) return {};
  if (within(target).starts_with(within(source))) return refuse(to, "is inside of '" + from + "'");
  NPU_CHECK(check_parent(target, to));
  const FileKind there = kind_at(target);
  if (there == FileKind::Folder || (there != FileKind::None && kind == FileKind::Folder)) return refuse(to, "is there already");
  if (within(folder_).starts_with(within(source)) && kind == FileKind::Folder) return refuse(from, "the current folder '" + folder_ + "' is in it");
  if (const auto old = entries_.find(target); old != entries_.end()) erase(old);
  const auto move_one = [&](Entries::iterator at) {
    ++version_;
    if (!at->second.make) removed_[at->first] = version_;  // a file that comes again comes to its old place
    const std::string place = target + at->first.substr(source.size());
    removed_.erase(place);
    Entry entry = std::move(at->second);
    if (!entry.make) entry.changed = version_;
    entries_.erase(at);
    entries_[place] = std::move(entry);
  };
  move_one(entries_.find(source));
  const auto [first, last] = inside(source);
  for (auto at = first; at != last;) move_one(at++);
  return {};
}

std::string MemoryFiles::folder() const {
  const std::lock_guard lock(mutex_);
  return folder_;
}

Status MemoryFiles::change_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const std::string place = absolute(path);
  const FileKind there = kind_at(place);
  if (there == FileKind::None) return refuse(path, "there is no such folder");
  if (there != FileKind::Folder) return refuse(path, "is no folder");
  folder_ = place;
  return {};
}

int64_t MemoryFiles::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void MemoryFiles::accept_folders() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, entry] : entries_)
    if (entry.kind == FileKind::Folder) entry.changed = 0;
}

uint64_t MemoryFiles::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

FileChanges MemoryFiles::changes_since(uint64_t version) const {
  const std::lock_guard lock(mutex_);
  FileChanges result{version_, {}};
  for (const auto& [path, when] : removed_)
    if (when > version) result.changes.push_back({path, FileKind::None, nullptr});
  for (const auto& [path, entry] : entries_)
    if (entry.changed > version) result.changes.push_back({path, entry.kind, entry.bytes});
  return result;
}

}  // namespace npu
