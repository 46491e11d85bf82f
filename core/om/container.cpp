// SPDX-License-Identifier: Apache-2.0
#include "core/om/container.h"

#include <fmt/format.h>

#include <algorithm>

namespace npu::om {

namespace {

constexpr size_t kHeaderBytes = 256;
constexpr size_t kNameBytes = 32;
constexpr size_t kPlatformBytes = 20;
constexpr uint32_t kVersion = 0x20000000;
constexpr uint32_t kMaxPartitions = 1024;
constexpr uint32_t kMaxModels = 1024;
constexpr std::string_view kPlatform = "npu-sandbox";

// Offsets in the header.
enum At : size_t {
  kAtMagic = 0,
  kAtHeaderSize = 4,
  kAtVersion = 8,
  kAtLength = 76,
  kAtIsEncrypted = 80,
  kAtModelType = 82,
  kAtName = 84,
  kAtIrVersion = 152,
  kAtModelNum = 156,
  kAtPlatform = 160,
  kAtPlatformType = 180,
  kAtModelLength = 184,  // 64 bits; 0 where the partition table has 32-bit fields
};

constexpr std::pair<uint32_t, std::string_view> kPartNames[] = {
    {0, "MODEL_DEF"},          {1, "WEIGHTS_DATA"}, {2, "TASK_INFO"},  {3, "TBE_KERNELS"},
    {4, "CUST_AICPU_KERNELS"}, {5, "SO_BINS"},      {6, "FLOW_MODEL"}, {12, "TILING_DATA"},  {1000, "OPEN_MODEL"},
};

std::unexpected<Error> bad(std::string what) {
  return fail(ErrorKind::InvalidModel, ".om file", std::move(what));
}

template <class T>
T read_at(Bytes bytes, size_t offset) {
  return ByteReader(bytes.subspan(offset)).read<T>();
}

std::string fixed_string(Bytes bytes, size_t offset, size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes.data()) + offset, size);
  return text.substr(0, text.find('\0'));
}

template <class T>
void put_at(std::vector<std::byte>& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

void put_string(std::vector<std::byte>& bytes, size_t offset, size_t size, std::string_view text) {
  std::memcpy(bytes.data() + offset, text.data(), std::min(text.size(), size - 1));
}

}  // namespace

std::string part_name(uint32_t type) {
  for (const auto& [known, name] : kPartNames)
    if (known == type) return std::string(name);
  return fmt::format("PARTITION_{}", type);
}

Bytes PartTable::find(Part part) const {
  for (const Partition& partition : partitions)
    if (partition.type == static_cast<uint32_t>(part)) return partition.bytes;
  return {};
}

namespace {

struct Row {
  uint32_t type = 0;
  uint64_t offset = 0, size = 0;  // offset: from the end of the table
};

Result<std::vector<Row>> read_rows(ByteReader& table, bool is_wide) {
  const auto count = table.read<uint32_t>();
  if (count > kMaxPartitions) return bad(fmt::format("claims {} partitions", count));
  if (is_wide) table.read<uint32_t>();
  std::vector<Row> rows;
  for (uint32_t i = 0; i < count; ++i) {
    Row row{table.read<uint32_t>(), 0, 0};
    if (is_wide) table.read<uint32_t>();
    row.offset = is_wide ? table.read<uint64_t>() : table.read<uint32_t>();
    row.size = is_wide ? table.read<uint64_t>() : table.read<uint32_t>();
    rows.push_back(row);
  }
  if (!table.ok()) return bad("is cut off in its partition table");
  return rows;
}

// The table at `position` and what it names; position is then after the last partition.
Result<PartTable> read_table(Bytes file, size_t& position, bool is_wide) {
  ByteReader reader(file.subspan(position));
  NPU_TRY(const std::vector<Row> rows, read_rows(reader, is_wide));
  const size_t base = position + reader.position();
  const Bytes data = file.subspan(base);
  PartTable table;
  uint64_t end = 0;
  for (const Row& row : rows) {
    if (row.offset > data.size() || row.size > data.size() - row.offset)
      return bad(fmt::format("partition {} [{}, +{}) is outside the file's {} bytes of data", part_name(row.type),
                             row.offset, row.size, data.size()));
    table.partitions.push_back(
        {row.type, base + row.offset, data.subspan(static_cast<size_t>(row.offset), static_cast<size_t>(row.size))});
    end = std::max(end, row.offset + row.size);
  }
  position = base + static_cast<size_t>(end);
  return table;
}

uint64_t data_bytes(const std::vector<PartData>& parts) {
  uint64_t bytes = 0;
  for (const PartData& part : parts) bytes += part.bytes.size();
  return bytes;
}

size_t table_bytes(const std::vector<PartData>& parts, bool is_wide) {
  return is_wide ? 8 + parts.size() * 24 : 4 + parts.size() * 12;
}

void write_table(ByteWriter& file, const std::vector<PartData>& parts, bool is_wide) {
  file.write(static_cast<uint32_t>(parts.size()));
  if (is_wide) file.write(uint32_t{0});
  uint64_t offset = 0;
  for (const PartData& part : parts) {
    file.write(static_cast<uint32_t>(part.part));
    if (is_wide) {
      file.write(uint32_t{0});
      file.write(offset);
      file.write(static_cast<uint64_t>(part.bytes.size()));
    } else {
      file.write(static_cast<uint32_t>(offset));
      file.write(static_cast<uint32_t>(part.bytes.size()));
    }
    offset += part.bytes.size();
  }
  for (const PartData& part : parts) file.write_bytes(part.bytes);
}

}  // namespace

Result<Container> read_container(Bytes file) {
  if (file.size() < 4 || read_at<uint32_t>(file, kAtMagic) != kMagic)
    return bad("does not begin with the signature IMOD");
  if (file.size() < kHeaderBytes)
    return bad(fmt::format("has {} bytes, its header alone needs {}", file.size(), kHeaderBytes));
  if (const auto size = read_at<uint32_t>(file, kAtHeaderSize); size != kHeaderBytes)
    return bad(fmt::format("the header claims {} bytes, {} are known", size, kHeaderBytes));
  if (read_at<uint8_t>(file, kAtIsEncrypted) != 0) return fail(ErrorKind::UnsupportedModel, ".om file", "is encrypted");

  Container container;
  container.version = read_at<uint32_t>(file, kAtVersion);
  container.name = fixed_string(file, kAtName, kNameBytes);
  container.platform = fixed_string(file, kAtPlatform, kPlatformBytes);
  const bool is_wide = read_at<uint64_t>(file, kAtModelLength) != 0;
  const auto models = std::max(uint32_t{1}, read_at<uint32_t>(file, kAtModelNum));  // older files leave it 0
  if (models > kMaxModels) return bad(fmt::format("claims {} models", models));
  size_t position = kHeaderBytes;
  for (uint32_t i = 0; i < models; ++i) {
    NPU_TRY(container.models.emplace_back(), read_table(file, position, is_wide));
  }
  return container;
}

std::vector<std::byte> write_container(const std::string& name, uint8_t platform_type,
                                       const std::vector<std::vector<PartData>>& models) {
  uint64_t total = 0;
  for (const auto& parts : models) total += data_bytes(parts);
  const bool is_wide = total >= (uint64_t{1} << 32) - 4096 * models.size();
  uint64_t length = total;
  for (const auto& parts : models) length += table_bytes(parts, is_wide);

  ByteWriter file;
  file.bytes().reserve(kHeaderBytes + static_cast<size_t>(length));
  file.bytes().resize(kHeaderBytes);
  auto& header = file.bytes();
  put_at(header, kAtMagic, kMagic);
  put_at(header, kAtHeaderSize, static_cast<uint32_t>(kHeaderBytes));
  put_at(header, kAtVersion, kVersion);
  put_at(header, kAtLength, static_cast<uint32_t>(length));
  put_at(header, kAtModelType, uint8_t{0});
  put_string(header, kAtName, kNameBytes, name);
  put_at(header, kAtIrVersion, uint32_t{2});
  put_at(header, kAtModelNum, static_cast<uint32_t>(models.size()));
  put_string(header, kAtPlatform, kPlatformBytes, kPlatform);
  put_at(header, kAtPlatformType, platform_type);
  if (is_wide) put_at(header, kAtModelLength, length);
  for (const auto& parts : models) write_table(file, parts, is_wide);
  return std::move(file.bytes());
}

Result<std::vector<Kernel>> read_kernels(Bytes store) {
  std::vector<Kernel> kernels;
  ByteReader reader(store);
  while (reader.remaining() > 0) {
    const std::string place = fmt::format("kernel {}", kernels.size());
    const auto magic = reader.read<uint32_t>();
    const auto name_length = reader.read<uint32_t>();
    const auto bin_length = reader.read<uint32_t>();
    if (reader.ok() && magic != kKernelMagic)
      return bad(fmt::format("{} begins with {:#x}, not {:#x}", place, magic, kKernelMagic));
    const Bytes name = reader.read_bytes(name_length);
    const Bytes bytes = reader.read_bytes(bin_length);
    if (!reader.ok()) return bad(place + " is cut off");
    kernels.push_back({{reinterpret_cast<const char*>(name.data()), name.size()}, bytes});
  }
  return kernels;
}

void write_kernel(ByteWriter& store, const std::string& name, Bytes bytes) {
  store.write(kKernelMagic);
  store.write(static_cast<uint32_t>(name.size()));
  store.write(static_cast<uint32_t>(bytes.size()));
  store.write_bytes(as_byte_view(name));
  store.write_bytes(bytes);
}

}  // namespace npu::om
