// SPDX-License-Identifier: Apache-2.0
// The vendor's names of operators (Ascend IR), where they differ from ONNX's.
#pragma once

#include <string_view>

namespace npu::atc {

struct AscendOp {
  std::string_view name;  // "SoftmaxV2"
  std::string_view onnx;  // "Softmax"
};

constexpr AscendOp kAscendOps[] = {
    {"AddN", "Sum"},
    {"ArgMaxV2", "ArgMax"},
    {"AvgPoolV2", "AveragePool"},
    {"BatchMatMul", "MatMul"},
    {"BatchMatMulV2", "MatMul"},
    {"BNInference", "BatchNormalization"},
    {"ClipByValue", "Clip"},
    {"ConcatD", "Concat"},
    {"ConcatV2", "Concat"},
    {"Conv2D", "Conv"},
    {"Conv2DTranspose", "ConvTranspose"},
    {"Conv3D", "Conv"},
    {"DepthwiseConv2D", "Conv"},
    {"GatherV2", "Gather"},
    {"LayerNormV3", "LayerNormalization"},
    {"LayerNorm", "LayerNormalization"},
    {"LogSoftmaxV2", "LogSoftmax"},
    {"MatMulV2", "MatMul"},
    {"Maximum", "Max"},
    {"Minimum", "Min"},
    {"PadV3", "Pad"},
    {"RealDiv", "Div"},
    {"ReduceMeanD", "ReduceMean"},
    {"ReduceSumD", "ReduceSum"},
    {"ResizeBilinearV2", "Resize"},
    {"Select", "Where"},
    {"SoftmaxV2", "Softmax"},
    {"SplitV", "Split"},
    {"TransposeD", "Transpose"},
};

inline const AscendOp* find_ascend_op(std::string_view name) {
  for (const AscendOp& op : kAscendOps)
    if (op.name == name) return &op;
  return nullptr;
}

}  // namespace npu::atc
