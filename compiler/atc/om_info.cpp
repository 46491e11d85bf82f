// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/om_info.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::atc {
namespace {

std::string attr(const OmInfo& info, std::string_view key) {
  const auto found = std::ranges::find(info.attrs, key, &std::pair<std::string, std::string>::first);
  return found == info.attrs.end() ? "" : found->second;
}

uint64_t part_size(const OmInfo& info, uint32_t type) {
  uint64_t size = 0;
  for (const auto& part : info.partitions) size += part.type == type ? part.size : 0;
  return size;
}

}  // namespace

std::string describe_om(const OmInfo& info) {
  std::string text = "============ Display Model Info start ============\n";
  text += fmt::format("Original Atc command line: {}\n", attr(info, "atc_cmdline"));
  text += fmt::format("system   info: atc_version[{}], soc_version[{}], framework_type[{}].\n",
                      attr(info, "atc_version"), attr(info, "soc_version"), attr(info, "framework_type"));
  text += fmt::format("resource info: memory_size[{} B], weight_size[{} B], stream_num[{}], event_num[{}].\n",
                      attr(info, "memory_size"), attr(info, "weight_size"), attr(info, "stream_num"),
                      attr(info, "event_num"));
  if (!info.gears.empty()) text += fmt::format("dynamic  info: gears[{}].\n", info.gears);
  // Partition types of the container: 0 graph, 1 weights, 3 kernels, 4 AI-CPU kernels, 2 tasks, 5 shared objects.
  text += fmt::format(
      "om       info: modeldef_size[{} B], weight_data_size[{} B], tbe_kernels_size[{} B], "
      "cust_aicpu_kernel_store_size[{} B], "
      "task_info_size[{} B], so_store_size[{} B].\n",
      part_size(info, 0), part_size(info, 1), part_size(info, 3), part_size(info, 4), part_size(info, 2),
      part_size(info, 5));
  text += "============ Display Model Info end   ============\n";
  return text;
}

}  // namespace npu::atc
