// SPDX-License-Identifier: Apache-2.0
// npu run: what --dynamic_aipp says of a model's images.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/file_system.h"
#include "runtime/session/dynamic_aipp.h"
#include "runtime/session/image_input.h"

namespace npu {

// One for each of `dynamic`, without a format where the file (static aipp_op messages, "": none) says nothing. Errors name file and line.
Result<std::vector<AippParameters>> read_dynamic_aipp(FileSystem& files, const CompiledModel& model, std::span<const DynamicAipp> dynamic, const std::string& path);

// The input of images: a photograph as RGB888_U8 or YUV400_U8 of the source's size, for each image of the batch; or the bytes of a file,
// which may be fewer than it takes.
Result<Tensor> dynamic_image(const Image& image, const AippParameters& told, const DynamicAipp& input, const TensorDesc& desc, const ImageInputOptions& options);
Result<Tensor> dynamic_image_bytes(Bytes bytes, const TensorDesc& desc, const std::string& path);

}  // namespace npu
