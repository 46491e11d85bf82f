// SPDX-License-Identifier: Apache-2.0
#include "ui/residuals.h"

namespace npu::ui {
namespace {

constexpr Residual kResiduals[] = {
#define NPU_RESIDUAL(...) {__VA_ARGS__},
#define NPU_POWER(...)
#define NPU_LADDER(...)
#include "ui/residuals.def"
#undef NPU_RESIDUAL
#undef NPU_POWER
#undef NPU_LADDER
};

constexpr PowerResidual kPowers[] = {
#define NPU_RESIDUAL(...)
#define NPU_POWER(...) {__VA_ARGS__},
#define NPU_LADDER(...)
#include "ui/residuals.def"
#undef NPU_RESIDUAL
#undef NPU_POWER
#undef NPU_LADDER
};

constexpr Limit kLimits[] = {
#define NPU_LIMIT(...) {__VA_ARGS__},
#include "ui/residual_limits.def"
#undef NPU_LIMIT
};

}  // namespace

std::span<const Residual> residuals() { return kResiduals; }
std::span<const PowerResidual> power_residuals() { return kPowers; }
std::span<const Limit> model_limits() { return kLimits; }

}  // namespace npu::ui
