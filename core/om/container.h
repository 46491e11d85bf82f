// SPDX-License-Identifier: Apache-2.0
// The outer layers of an .om file: header, partition table, kernel store. All integers are little-endian.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace npu::om {

inline constexpr uint32_t kMagic = 0x444f4d49;  // "IMOD"
inline constexpr uint32_t kKernelMagic = 0x5d776efd;

enum class Part : uint32_t { ModelDef = 0, Weights = 1, TaskInfo = 2, Kernels = 3, CpuKernels = 4, SharedObjects = 5, OpenModel = 1000 };  // from 1000 on: ours
std::string part_name(uint32_t type);

struct Partition {
  uint32_t type = 0;
  uint64_t offset = 0;  // in the file
  Bytes bytes;
};

// The partitions of one model.
struct PartTable {
  std::vector<Partition> partitions;

  Bytes find(Part part) const;  // empty when absent
};

// Files with several models have a table and its partitions for each, one after the other.
struct Container {
  uint32_t version = 0;
  std::string name;
  std::string platform;
  std::vector<PartTable> models;  // at least one

  const std::vector<Partition>& partitions() const { return models.front().partitions; }
  Bytes find(Part part) const { return models.front().find(part); }
};

Result<Container> read_container(Bytes file);

struct PartData {
  Part part;
  Bytes bytes;
};
// platform_type: the vendor's number for the chip family (1: Ascend310).
std::vector<std::byte> write_container(const std::string& name, uint8_t platform_type,
                                       const std::vector<std::vector<PartData>>& models);

struct Kernel {
  std::string name;
  Bytes bytes;
};
Result<std::vector<Kernel>> read_kernels(Bytes store);
void write_kernel(ByteWriter& store, const std::string& name, Bytes bytes);

}  // namespace npu::om
