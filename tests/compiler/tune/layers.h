// SPDX-License-Identifier: Apache-2.0
// Thirty layers of well-known networks, as operator cases (tests/compiler/lower/operator_case.h).
#pragma once

#include <array>
#include <string_view>

namespace npu::test {

struct Layer {
  std::string_view name, soc, text;
  bool quick = false;          // few schedules, soon simulated
  std::string_view beyond{};   // why the default takes over 10 % more than the best one, as far as that is known
  bool tuned_beyond = false;   // the tuned one takes over 3 % more
};

inline constexpr std::string_view kMisranked = "the walk takes the best one for 24 to 62 % slower than it is";

inline constexpr std::array kLayers{
    Layer{"resnet50 conv1", "Ascend310", "Conv(@1x3x224x224, 64x3x7x7, 64) strides=2,2 pads=3,3,3,3 ; Relu(@)"},
    Layer{"resnet50 2a 1x1", "Ascend310", "Conv(@1x64x56x56, 64x64x1x1, 64) ; Relu(@)"},
    Layer{"resnet50 2b 3x3", "Ascend310", "Conv(@1x64x56x56, 64x64x3x3, 64) pads=1,1,1,1 ; Relu(@)"},
    Layer{"resnet50 2c 1x1", "Ascend310", "Conv(@1x64x56x56, 256x64x1x1, 256) ; Add(@, @1x256x56x56) ; Relu(@)"},
    Layer{"resnet50 3a stride 2", "Ascend310", "Conv(@1x256x56x56, 512x256x1x1, 512) strides=2,2"},
    Layer{"resnet50 3b 3x3", "Ascend310P3", "Conv(@4x128x28x28, 128x128x3x3, 128) pads=1,1,1,1 ; Relu(@)"},
    Layer{"resnet50 4b 3x3", "Ascend310", "Conv(@1x256x14x14, 256x256x3x3, 256) pads=1,1,1,1 ; Relu(@)"},
    Layer{"resnet50 5b 3x3", "Ascend310", "Conv(@1x512x7x7, 512x512x3x3, 512) pads=1,1,1,1 ; Relu(@)"},
    Layer{"resnet50 5c 1x1", "Ascend310P3", "Conv(@8x512x7x7, 2048x512x1x1, 2048) ; Relu(@)", false, kMisranked, true},
    Layer{"vgg16 conv1_2", "Ascend310", "Conv(@1x64x224x224, 64x64x3x3, 64) pads=1,1,1,1 ; Relu(@)"},
    Layer{"vgg16 conv3_2", "Ascend310P3", "Conv(@1x256x56x56, 256x256x3x3, 256) pads=1,1,1,1 ; Relu(@)"},
    Layer{"vgg16 conv5_1", "Ascend310", "Conv(@1x512x14x14, 512x512x3x3, 512) pads=1,1,1,1 ; Relu(@)"},
    Layer{"mobilenet first", "Ascend310", "Conv(@1x3x224x224, 32x3x3x3, 32) strides=2,2 pads=1,1,1,1 ; Clip(@, =0.0, =6.0)"},
    Layer{"mobilenet depthwise 112", "Ascend310", "Conv(@1x32x112x112, 32x1x3x3, 32) group=i:32 pads=1,1,1,1 ; Clip(@, =0.0, =6.0)"},
    Layer{"mobilenet expand", "Ascend310", "Conv(@1x24x56x56, 144x24x1x1, 144) ; Clip(@, =0.0, =6.0)", false, kMisranked},
    Layer{"mobilenet depthwise 28", "Ascend310P3", "Conv(@1x192x28x28, 192x1x3x3, 192) group=i:192 pads=1,1,1,1 ; Clip(@, =0.0, =6.0)", true},
    Layer{"mobilenet last", "Ascend310", "Conv(@1x320x7x7, 1280x320x1x1, 1280) ; Clip(@, =0.0, =6.0)"},
    Layer{"yolo 208", "Ascend310", "Conv(@1x32x208x208, 64x32x3x3, 64) strides=2,2 pads=1,1,1,1 ; LeakyRelu(@) alpha=f:0.1"},
    Layer{"yolo 26", "Ascend310P3", "Conv(@1x256x26x26, 512x256x3x3, 512) pads=1,1,1,1 ; LeakyRelu(@) alpha=f:0.1"},
    Layer{"yolo head", "Ascend310", "Conv(@1x1024x13x13, 255x1024x1x1, 255)", false, kMisranked, true},
    Layer{"bert qkv", "Ascend310", "MatMul(@128x768, 768x768) ; Add(@, 768)"},
    Layer{"bert ffn up", "Ascend310P3", "MatMul(@128x768, 768x3072) ; Add(@, 3072)"},
    Layer{"bert ffn down", "Ascend910B1", "MatMul(@512x3072, 3072x768) ; Add(@, 768)"},
    Layer{"bert scores", "Ascend310", "MatMul(@12x128x64, @12x64x128)"},
    Layer{"maxpool 3x3/2", "Ascend310", "MaxPool(@1x64x112x112) kernel_shape=3,3 strides=2,2 pads=1,1,1,1", true},
    Layer{"maxpool 5x5 (SPP)", "Ascend310P3", "MaxPool(@1x256x13x13) kernel_shape=5,5 strides=1,1 pads=2,2,2,2"},
    Layer{"add", "Ascend310", "Add(@1x256x56x56, @1x256x56x56) ; Relu(@)"},
    Layer{"sigmoid", "Ascend910B1", "Sigmoid(@1x64x112x112)", true},
    Layer{"softmax", "Ascend310", "Softmax(@12x128x128) axis=i:-1", true},
    Layer{"layernorm", "Ascend310P3", "LayerNormalization(@512x768, 768, 768) axis=i:-1 opset=17", true},
};
static_assert(kLayers.size() == 30);

}  // namespace npu::test
