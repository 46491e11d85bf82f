// SPDX-License-Identifier: Apache-2.0
// What sessions share that run one at a time: device memory, host threads, and an emulated core for each of them.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/chip/chip.h"
#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu {

struct Device {
  using Weights = std::shared_ptr<const std::vector<std::byte>>;

  Device(const Soc& soc, int threads, Weights of_models, int64_t arena_bytes)
      : weights(std::move(of_models)), memory(weights ? Bytes(*weights) : Bytes(), arena_bytes), pool(std::clamp(threads, 1, 64)) {
    for (int i = 0; i < std::clamp(threads, 1, 64); ++i) cores.emplace_back(soc);
  }

  Weights weights;  // kept alive
  DeviceMemory memory;
  ThreadPool pool;
  std::vector<Core> cores;  // one for each host thread
};

}  // namespace npu
