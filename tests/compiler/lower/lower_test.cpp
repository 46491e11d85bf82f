// SPDX-License-Identifier: Apache-2.0
// Every lowering against the operators' reference semantics: compiled, executed by the emulator, compared; and every
// instruction stream through the flag checker and the timing.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "compiler/compile.h"
#include "core/chip/check/check.h"
#include "core/ops/op.h"
#include "runtime/profile/profile.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"

namespace npu {
namespace {

// ai_core: the case must not fall back to the AI CPU. one_task: on coupled cores everything is one task.
// coupled_only: other cores leave it to the AI CPU.
struct Case {
  const char* text;
  bool ai_core = true;
  bool one_task = false;
  bool coupled_only = false;
};

const Case kCases[] = {
    {"Conv(@1x3x17x19, 8x3x3x3, 8) pads=1,1,1,1"},
    {"Conv(@1x16x8x8, 16x16x1x1, 16)"},
    {"Conv(@2x40x13x11, 24x40x3x3, 24) strides=2,2 pads=1,1,1,1"},
    {"Conv(@1x3x64x64, 64x3x7x7, 64) strides=2,2 pads=3,3,3,3"},
    {"Conv(@2x3x50x52, 24x3x6x6, 24) strides=2,2 pads=2,2,2,2 ; Relu(@)"},
    {"Conv(@2x1x30x16, 20x1x3x3, 20) dilations=1,2"},
    {"Conv(@1x4x33x20, 17x4x1x5) strides=1,3 pads=0,4,0,1"},
    {"Conv(@1x96x15x15, 40x96x1x1) strides=2,2"},
    {"Conv(@1x300x7x7, 70x300x3x3, 70) pads=1,1,1,1"},
    {"Conv(@1x32x20x20, 32x32x3x3, 32) dilations=2,2 pads=2,2,2,2"},
    {"Conv(@1x16x9x33, 48x16x5x1, 48) pads=2,0,2,0"},
    {"Conv(@3x32x14x14, 32x1x3x3, 32) group=i:32 pads=1,1,1,1"},
    {"Conv(@1x24x14x14, 24x1x5x5, 24) group=i:24 strides=2,2 pads=2,2,2,2"},
    {"Conv(@1x64x10x10, 64x4x3x3, 64) group=i:16 pads=1,1,1,1"},
    {"Conv(@1x64x10x10, 32x32x3x3, 32) group=i:2 pads=1,1,1,1"},
    {"Conv(@1x72x9x9, 72x24x3x3, 72) group=i:3 pads=1,1,1,1"},                // a pack of two groups and one left over
    {"Conv(@2x120x7x7, 40x24x3x3) group=i:5 strides=2,2 pads=1,1,1,1"},
    {"Conv(@1x1x28x28, 8x1x5x5, 8) auto_pad=s:SAME_UPPER"},
    {"Conv(@1x1024x3x3, 1024x1024x3x3) pads=1,1,1,1"},
    {"Conv(@1x16x200x210, 16x16x3x3, 16) pads=1,1,1,1"},
    {"Conv(@1x3x66x96, 40x3x32x32, 40) strides=32,32"},  // patches
    {"Conv(@2x5x24x50, 8x5x24x25) strides=24,25"},
    {"Conv(@1x20x12x12, 24x20x3x3, 24) pads=1,1,1,1 ; Relu(@)"},
    {"Conv(@1x20x12x12, 20x20x3x3, 20) pads=1,1,1,1 ; Add(@, @1x20x12x12) ; Relu(@)"},
    {"Conv(@1x20x12x12, 20x20x1x1, 20) ; Clip(@, =0, =6)"},
    {"Conv(@1x20x12x12, 20x20x1x1, 20) ; HardSwish(@)"},
    {"Conv(@1x20x12x12, 20x20x1x1, 20) ; Sigmoid(@) ; Mul(@, @1x20x1x1)"},
    {"Conv(@2x20x12x12, 20x20x1x1, 20) ; Mul(@, @2x20x1x1)"},
    {"Conv(@1x20x12x12, 20x20x1x1, 20) ; PRelu(@, 20x1x1)"},
    {"Conv(@1x20x12x12, 20x20x1x1, 20) ; LeakyRelu(@) alpha=f:0.1"},
    {"Gemm(@5x33, 33x19, 19)"},
    {"Gemm(@1x512, 512x100, 100) ; Relu(@)"},
    {"Gemm(@200x64, 64x48)"},
    {"MatMul(@37x70, 70x29)"},
    {"MatMul(@2x17x40, 40x24)"},
    {"MatMul(@3x18x20, @3x20x22)"},
    {"MatMul(@2x2x16x32, @2x2x32x16)"},
    {"MatMul(@19x31, 31x33) ; Add(@, 33)"},
    {"MatMul(@2x19x32, 32x33) ; Cast(@) to=i:1"},
    {"MatMul(@19x32, 32x48) ; Add(@, @19x48) ; Sigmoid(@)"},
    {"MatMul(@2x17x40, 40x24) ; Add(24, @) ; Relu(@)"},
    {"MatMul(@2x17x40, 40x24) ; Add(24, @) ; Add(@, @2x17x24)", true, true},
    {"MatMul(@2x17x40, 40x72) ; Add(@, 72) ; Gelu(@) opset=20", true, true},
    {"MatMul(@3x5x18x20, 3x5x20x22)"},
    {"MatMul(@3x5x18x20, @1x1x20x22)"},
    {"MatMul(@3x5x18x20, 5x20x22)"},
    {"Gemm(@18x40, @23x40) transB=i:1"},
    {"TransposeBatchMatMul(@2x17x3x40, @2x19x3x40) perm_x1=0,2,1,3 perm_x2=0,2,3,1"},
    {"TransposeBatchMatMul(@2x3x17x19, @2x19x3x40) perm_x2=0,2,1,3 perm_y=0,2,1,3"},
    {"TransposeBatchMatMul(@4x17x32, @4x33x32) perm_x2=0,2,1 ; Mul(@, =0.125) ; Add(@, @33)", true, true},
    {"TransposeBatchMatMul(@2x17x3x32, @2x48x3x32) perm_x1=0,2,1,3 perm_x2=0,2,3,1 ; Mul(@, =0.125) ; Add(@, @2x1x1x48)", true, true},
    {"MatMul(@2x17x40, 40x48) ; Add(@, @2x1x48)"},
    {"Add(@3x4x5x48, @3x1x1x48)"},
    {"Mul(@3x40x160, @3x1x160) ; Add(@, @160)"},
    {"TransposeBatchMatMul(@1x200x3x64, @1x200x3x64) perm_x1=0,2,1,3 perm_x2=0,2,3,1"},
    {"ScaledDotProductAttention(@2x3x32x64, @2x3x48x64, @2x3x48x32) scale=f:0.125", true, true, true},
    {"ScaledDotProductAttention(@1x2x7x20, @1x2x19x20, @1x2x19x24) scale=f:0.25", true, true, true},
    {"ScaledDotProductAttention(@2x17x3x32, @2x33x3x32, @2x33x3x32, @2x1x1x33) perm_q=0,2,1,3 perm_k=0,2,1,3 perm_v=0,2,1,3 perm_y=0,2,1,3 scale=f:0.2", true, true, true},
    {"ScaledDotProductAttention(@3x40x16, @3x130x16, @3x130x16, @1x40x130)", true, true, true},
    {"ScaledDotProductAttention(@2x4x37x32, @2x4x37x32, @2x4x37x32, 4x37x37) scale=f:0.17", true, true, true},
    {"ScaledDotProductAttention(@1x2x200x64, @1x2x520x64, @1x2x520x64, @520) scale=f:0.125", true, true, true},
    {"ScaledDotProductAttention(@1x1x1x64, @1x1x1x64, @1x1x1x64)", true, true, true},
    {"Add(@1x5x7x9, @1x5x7x9)"},
    {"Add(@3x5, scalar)"},
    {"Sub(@4x50, 50)"},
    {"Sub(scalar, @4x50)"},
    {"Mul(@1x17x6x6, @1x17x1x1)"},
    {"Mul(@1x17x6x6, 1x17x1x1)"},
    {"Mul(@1x17x6x6, @17x1x1) ; Relu(@)"},
    {"Add(@17x6x6, @1x17x1x1)"},
    {"Conv(@1x16x6x6, 17x16x1x1) ; Mul(@, 17x6x6)"},
    {"Conv(@1x16x6x6, 17x16x1x1) ; Add(@, @17x6x6)"},
    {"Div(@3x40, 40) ; Clip(@, =-50, =50)"},
    {"Max(@3x40, @3x40, @3x40)"},
    {"Min(@1x16x5x5, @1x16x5x5)"},
    {"Sum(@1x16x5x5, @1x16x5x5, @1x16x5x5)"},
    {"Relu(@1x3x100x100)"},
    {"Sigmoid(@7x300)"},
    {"Tanh(@7x300)"},
    {"HardSigmoid(@7x300)"},
    {"Elu(@7x300)"},
    {"Softplus(@7x300)"},
    {"Erf(@7x300)"},
    {"Gelu(@7x300) opset=20"},
    {"Swish(@7x300) opset=24"},
    {"Swish(@7x300) alpha=f:1.702 opset=24"},
    {"Conv(@1x20x9x9, 24x20x3x3, 24) pads=1,1,1,1 ; Swish(@) opset=24"},
    {"Gelu(@7x300) approximate=s:tanh opset=20"},
    {"Exp(@7x300)"},
    {"Abs(@7x300) ; Sqrt(@)"},
    {"Neg(@7x300)"},
    {"MaxPool(@1x20x13x15) kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
    {"MaxPool(@1x20x13x15) kernel_shape=2,2 strides=2,2"},
    {"MaxPool(@1x20x13x15) kernel_shape=3,3 strides=2,2 ceil_mode=i:1"},
    {"MaxPool(@2x16x12x12) kernel_shape=5,5 pads=2,2,2,2"},
    {"MaxPool(@1x16x60x62) kernel_shape=13,13 pads=6,6,6,6"},
    {"MaxPool(@1x16x40x41) kernel_shape=3,3 strides=2,3 dilations=2,2"},
    {"MaxPool(@1x16x19x23) kernel_shape=1,4"},
    {"MaxPool(@1x16x19x23) kernel_shape=7,1 strides=1,2 pads=3,0,3,0"},
    {"MaxPool(@1x16x9x9) kernel_shape=1,1 strides=2,2"},
    {"AveragePool(@1x16x19x23) kernel_shape=5,1 strides=3,1"},
    {"AveragePool(@1x16x50x51) kernel_shape=3,4 strides=1,3 pads=1,2,1,1"},
    {"AveragePool(@1x20x13x15) kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
    {"AveragePool(@1x20x13x15) kernel_shape=3,3 strides=2,2 pads=1,1,1,1 count_include_pad=i:1"},
    {"AveragePool(@1x32x8x8) kernel_shape=2,2 strides=2,2"},
    {"GlobalAveragePool(@2x37x7x7)"},
    {"GlobalAveragePool(@1x16x113x97)"},
    {"GlobalMaxPool(@2x37x7x9)"},
    {"ReduceMean(@1x40x9x9) axes=2,3 keepdims=i:1"},
    {"ReduceMean(@2x17x80) axes=-1"},
    {"ReduceMean(@2x5x6x33) axes=2,3 keepdims=i:0"},
    {"ReduceMax(@3x5x40x9) axes=1,2,3"},
    {"ReduceSum(@300x33, =[1]) keepdims=i:0"},
    {"ReduceMean(@3x2500) axes=1"},
    {"Softmax(@1x1000) axis=i:1"},
    {"Softmax(@6x77) axis=i:-1"},
    {"Softmax(@2x3x33x128) axis=i:-1"},
    {"Softmax(@3x2500) axis=i:-1"},
    {"Softmax(@700x40) axis=i:-1"},
    {"LayerNormalization(@2x17x768, 768, 768) epsilon=f:1e-12 opset=17"},
    {"LayerNormalization(@2x17x5x13, 5x13) axis=i:-2 opset=17"},
    {"LayerNormalization(@300x64, 64, 64) axis=i:1 opset=17"},
    {"LayerNormalization(@3x2500, 2500, 2500) opset=17"},
    {"RotaryMul(@2x4x33x64, 1x1x33x64, 1x1x33x64)", true, true},
    {"RotaryMul(@2x3x7x80, @2x1x7x80, @2x1x7x80)", true, true},
    {"RotaryMul(@2x19x6x128, @1x19x1x128, @1x19x1x128)", true, true},
    {"RotaryMul(@3x5x300x4, @3x5x1x4, @3x5x1x4)", true, true},
    {"RotaryMul(@4x9x24, 9x24, 9x24)", true, true},
    {"RotaryMul(@2x300x520, @520, @520)", true, true},
    {"Concat(@1x16x5x5, @1x32x5x5, @1x7x5x5) axis=i:1"},
    {"Concat(@1x3x5x5, @1x4x5x5) axis=i:1"},
    {"Concat(@2x5, @2x9) axis=i:-1"},
    {"Concat(@1x16x5x6, @1x16x3x6) axis=i:2"},
    {"Concat(1x1x40, @1x7x40) axis=i:1"},
    {"Conv(@1x16x9x9, 16x16x1x1) ; Concat(@, 1x16x9x9, @1x5x9x9) axis=i:1"},
    {"Slice(@1x48x9x9, =[0,16,2,3], =[1,48,9,8])"},
    {"Slice(@4x30, =[1], =[29], =[1], =[3])"},
    {"Gather(@6x5x7, =[1,3,4,0,0,-3]) axis=i:1"},
    {"Gather(@3x40, =[2])"},
    {"Gather(@2x3x8x8, =[7,5,3,1]) axis=i:-1"},
    {"Split(@1x48x5x5, =[16,32]) axis=i:1 outputs=2"},
    {"Split(@1x58x5x5, =[29,29]) axis=i:1 outputs=2"},
    {"Transpose(@1x3x20x21) perm=0,2,3,1"},
    {"Transpose(@5x6x7) perm=2,0,1"},
    {"Transpose(@1x85x549) perm=0,2,1"},
    {"Transpose(@9x40x50) perm=2,1,0"},
    {"Transpose(@2x33x70x18) perm=0,3,1,2"},
    {"Transpose(@2x3x300x8) perm=3,0,2,1"},
    {"Transpose(@5000x10) perm=1,0"},
    {"Transpose(@1x4x6x64) perm=0,2,1,3"},
    {"Pad(@1x16x5x6, =[0,0,1,2,0,0,3,4])"},
    {"Pad(@4x6, =[1,2,0,3])"},
    {"Expand(@3x1x5, =[3,4,5])"},
    {"DepthToSpace(@1x36x5x7) blocksize=i:3 mode=s:DCR"},
    {"DepthToSpace(@1x36x5x7) blocksize=i:3 mode=s:CRD"},
    {"SpaceToDepth(@1x5x6x8) blocksize=i:2"},
    {"Resize(@1x20x5x6, _, _, =[1,20,10,18]) mode=s:nearest coordinate_transformation_mode=s:asymmetric nearest_mode=s:floor"},
    {"Reshape(@1x20x5x6, =[1,600]) ; Relu(@)"},
    {"Flatten(@1x32x1x1) ; Gemm(@, 32x10, 10)"},
    {"ArgMax(@3x40) axis=i:1 select_last_index=i:1", false},
    // Operators that passes turn into others.
    {"Conv(@1x16x50, 24x16x3, 24) pads=1,1"},
    {"Conv(@2x12x41, 18x4x5, 18) group=i:3 strides=2 dilations=2 pads=3,4 ; Relu(@)"},
    {"Conv(@3x7x33, 7x1x4) group=i:7"},
    {"MaxPool(@2x5x37) kernel_shape=3 strides=2 pads=1,1"},
    {"AveragePool(@1x20x31) kernel_shape=4 strides=3 pads=2,1"},
    {"Conv(@1x3x7x12x13, 10x3x3x3x3, 10) pads=1,1,1,1,1,1"},
    {"Conv(@2x8x6x9x10, 12x4x2x3x1, 12) group=i:2 strides=2,1,2 dilations=2,1,1 pads=1,0,0,2,1,0"},
    {"Conv(@1x20x5x6x7, 20x20x1x1x1, 20) strides=2,2,2"},
    {"Conv(@1x6x5x8x8, 6x1x3x3x3) group=i:6 pads=1,1,1,1,1,1"},
    {"MaxPool(@1x5x6x9x11) kernel_shape=3,2,3 strides=2,2,1 pads=1,0,1,1,1,1"},
    {"AveragePool(@2x3x7x8x9) kernel_shape=2,3,3 strides=2,2,2 pads=1,1,0,0,1,1"},
    {"AveragePool(@1x3x5x8x9) kernel_shape=2,3,3 pads=1,1,1,1,1,1 count_include_pad=i:1"},
    {"Attention(@1x3x20x32, @1x3x24x32, @1x3x24x16) opset=23", true, true},
    {"Attention(@2x20x96, @2x20x96, @2x20x48) q_num_heads=i:3 kv_num_heads=i:3 is_causal=i:1 opset=23"},
    {"Attention(@2x20x64, @2x33x32, @2x33x48, @20x33) q_num_heads=i:4 kv_num_heads=i:2 scale=f:0.5 opset=23"},
    {"ConvTranspose(@1x8x5x6, 8x4x2x2, 4) strides=2,2"},
    {"ConvTranspose(@2x24x9x7, 24x16x4x4, 16) strides=2,2 pads=1,1,1,1"},
    {"ConvTranspose(@1x24x9x7, 24x1x2x2, 1) strides=2,2 ; Sigmoid(@)"},
    {"ConvTranspose(@1x10x6x9, 10x21x3x3, 21) strides=2,2 pads=1,1,1,1 output_padding=1,1"},
    {"ConvTranspose(@1x5x6x9, 5x7x3x5, 7) strides=1,1 pads=1,2,0,3"},
    {"ConvTranspose(@1x5x6x9, 5x7x3x3) dilations=2,3 pads=2,1,2,1"},
    {"ConvTranspose(@1x5x6x9, 5x7x3x2, 7) strides=3,2 dilations=2,3 pads=2,1,0,1"},
    {"ConvTranspose(@1x12x6x5, 12x4x3x3, 12) group=i:3 strides=2,2 pads=1,0,1,0"},
    {"ConvTranspose(@1x16x6x5, 16x1x4x4) group=i:16 strides=2,2 pads=1,1,1,1"},
    {"ConvTranspose(@1x6x5x4, 6x3x1x1, 3) strides=2,2 output_padding=1,1"},
    {"ConvTranspose(@1x6x5x7, 6x3x3x3, 3) strides=2,3 output_shape=12,20"},
    {"ConvTranspose(@1x6x5x7, 6x3x3x3, 3) strides=2,2 auto_pad=s:SAME_LOWER"},
    {"ConvTranspose(@1x6x5x7, 6x3x8x8, 3) strides=4,4 pads=7,7,7,7"},
    {"ConvTranspose(@2x9x33, 9x5x4, 5) strides=2 pads=1,1"},
    {"ConvTranspose(@1x8x12, 8x2x3, 4) group=i:2 strides=3 pads=1,0 output_padding=2"},
    {"ConvTranspose(@1x2x3x4x5, 2x3x2x2x2)"},
    {"ConvTranspose(@2x6x3x4x5, 6x5x3x2x4, 5) strides=2,1,2 pads=1,0,1,1,1,2 output_padding=1,0,1"},
    {"ConvTranspose(@1x8x3x4x4, 8x4x3x3x3, 8) group=i:2 strides=2,2,2 dilations=1,2,1 pads=1,1,1,1,1,1 ; Relu(@)"},
    {"InstanceNormalization(@2x5x9x11, 5, 5)"},
    {"InstanceNormalization(@1x20x130x127, 20, 20) epsilon=f:1e-3"},
    {"InstanceNormalization(@3x4x77, 4, 4)"},
    {"GroupNormalization(@2x12x9x11, 12, 12) num_groups=i:4 opset=21"},
    {"GroupNormalization(@1x32x33, 8, 8) num_groups=i:8 opset=18"},
    {"LayerNormalization(@3x20011, 20011, 20011) opset=17"},
    {"LRN(@2x20x5x7) size=i:5 alpha=f:0.9 beta=f:0.75 bias=f:1"},
    {"Conv(@1x8x6x6, 17x8x3x3, 17) ; LRN(@) size=i:4 ; MaxPool(@) kernel_shape=2,2"},
    {"LRN(@2x20x5) size=i:5", false},
    {"Softmax(@3x5) axis=i:1"},
    {"Softmax(@2x21x9x13) axis=i:1"},
    {"Softmax(@5x7x33) axis=i:0"},
    {"Softmax(@700x2) axis=i:-1"},
    {"LogSoftmax(@6x77) axis=i:-1"},
    {"LogSoftmax(@2x19x9x13) axis=i:1"},
    {"LogSoftmax(@3x2500) axis=i:-1"},
    {"LogSoftmax(@9x3) axis=i:-1"},
    {"ReduceMean(@3x40x9) axes=1"},
    {"ReduceMax(@2x17x6x5) axes=1,3 keepdims=i:0"},
    {"ReduceSum(@2x17x6x5, =[0,-1])"},
    {"ReduceMin(@4x33) axes=0"},
    {"ReduceMin(@4x33) axes=-1"},
    {"ReduceL1(@4x5x33) axes=-1"},
    {"ReduceL2(@4x5x33) axes=1"},
    {"ReduceL2(@2x8x5x6) axes=2,3"},
    {"ReduceSumSquare(@4x5x30) axes=-1,1 keepdims=i:0"},
    {"ReduceMean(@3x4x5)"},
    {"DepthToSpace(@2x64x5x7) blocksize=i:2 mode=s:DCR"},
    {"SpaceToDepth(@2x32x6x9) blocksize=i:3"},
    {"Conv(@1x8x6x6, 16x8x3x3, 16) pads=1,1,1,1 ; Resize(@, _, _, =[1,16,12,11]) mode=s:linear ; Relu(@)"},
    {"Resize(@1x5x6x7, _, _, =[1,5,20,33]) mode=s:linear coordinate_transformation_mode=s:align_corners"},
    {"Einsum(@2x3x17x32, @2x3x19x32) equation=s:bhid,bhjd->bhij"},
    {"Einsum(@2x3x17x19, @2x3x19x32) equation=s:bhij,bhjd->bihd"},
    {"Einsum(@5x4x7, @4x9x7x3) equation=s:bac,adce->bed"},
    {"Einsum(@16x5, @16x9) equation=s:ki,kj->ji"},
    {"Einsum(@4x6, @6) equation=s:ij,j->i"},
    {"Einsum(@4x6, @6x5) equation=s:ij,jk->i", false},
    {"Resize(@1x5x16x17, _, _, =[1,5,7,9]) mode=s:cubic"},
    {"Resize(@2x5x6x7, _, _, =[2,5,9,7]) mode=s:nearest"},
    {"Resize(@2x3x10, _, _, =[2,3,25]) mode=s:linear coordinate_transformation_mode=s:asymmetric"},
    {"Resize(@2x3x4x5x6, _, _, =[2,3,8,10,9]) mode=s:linear"},
    {"Resize(@1x3x8x8, _, _, =[5,20]) mode=s:linear axes=2,3 keep_aspect_ratio_policy=s:not_larger opset=19", false},
    {"Tile(@3x1x5, =[2,1,3])"},
    {"Tile(@2x3x4x5, =[1,2,2,1])"},
    {"Add(@3x4x5x50, @3x1x1x50)"},
    {"Mul(@3x40x50, @40x1)"},
    {"Add(@3x40x50, 40x50)"},
    {"Sub(@40x1, @1x33)"},
    {"Div(@1x3x1x5, @2x1x4x1) ; Clip(@, =-50, =50)"},
    {"Abs(@7x300) ; Pow(@, =0.3)"},
    {"Less(@7x301, @7x301)"},
    {"LessOrEqual(@3x5x7, @5x1) ; Not(@)"},
    {"Greater(@2x3x40x50, =0.25) ; Cast(@) to=i:1"},
    {"GreaterOrEqual(@70x200, 200) ; Where(@, @70x200, =-2)"},
    {"Equal(@33x9, @9) ; Where(@, @33x1, 9)"},
    {"Less(@5x1, @1x9) ; Or(@, @) ; Where(@, =1, @9)"},
    {"Greater(@9x300, =0) ; And(@, @) ; Cast(@) to=i:1 ; Mul(@, @9x300)"},
    {"Exp(@7x300) ; Pow(@, =-0.75)"},
    {"RMSNormalization(@2x17x768, 768) epsilon=f:1e-6 opset=23"},
    {"RMSNormalization(@3x5x13, 5x13) axis=i:1 opset=23"},
    {"RMSNormalization(@2x20011, 20011) opset=23"},
    {"RMSNormalization(@7x40, =0.5) opset=23"},
    {"Less(@9x300, =0) ; Xor(@, @)"},
    {"Log(@3x40) ; IsNaN(@) ; Cast(@) to=i:1"},
    {"Reciprocal(@3x40) ; IsInf(@) ; Cast(@) to=i:1"},
    {"Mul(@3x40, =60000) ; IsInf(@) detect_positive=i:0 opset=20 ; Cast(@) to=i:1"},
    {"Clip(@7x300, @scalar, @scalar)"},
    {"Clip(@2x3x5x7, _, @scalar)"},
    {"Trilu(@3x17x20, =[2])"},
    {"Trilu(@2x3x20x9, =[-1]) upper=i:0"},
    {"LpNormalization(@3x17x20) axis=i:1 p=i:1"},
    {"LpNormalization(@3x40)"},
    {"Abs(@3x17x20) ; ReduceLogSum(@) axes=1"},
    {"ReduceLogSumExp(@3x17x20, =[0,2]) keepdims=i:0 opset=18"},
    {"ReduceLogSumExp(@30x20)"},
    {"Mean(@3x40, @3x40, @1x40)"},
    {"SwiGLU(@3x40, @3x40) alpha=f:1.5 opset=28"},
    {"MatMul(@3x1x30x20, @1x2x20x40)"},
    {"MatMul(@3x2x30x20, @3x1x20x40)"},
    {"MatMul(@30, @2x30x20)"},
    {"MatMul(@3x20x30, @30)"},
    {"MatMul(@30, @30)"},
    {"MatMul(17x30, @30x20)"},
    {"MatMul(17x30, @2x30x20) ; Relu(@)"},
    {"Gemm(@30x17, @20x30, @17x20) transA=i:1 transB=i:1 alpha=f:0.5 beta=f:2"},
    {"Gemm(@17x30, @30x20, @20) beta=f:0.5"},
    {"CumSum(@3x17x20, =[1])"},
    {"CumSum(@50, =[0]) exclusive=i:1"},
    {"CumSum(@5x60, =[-1]) exclusive=i:1 reverse=i:1"},
    {"Pow(@7x300, =5)"},
    {"Pow(@7x300, =7) ; Clip(@, =-9, =9)"},
    {"Abs(@7x300) ; Add(@, =0.5) ; Pow(@, =-3)"},
    {"Floor(@2x3x9x11)"},
    {"Conv(@1x20x9x9, 24x20x3x3, 24) pads=1,1,1,1 ; Mish(@) opset=18"},
    {"Sin(@1x16x9x9) ; Cos(@)"},
};

CompiledModel compiled(const Graph& graph, const char* soc) {
  CompileOptions options;
  options.soc = soc;
  auto model = compile(graph, options);
  if (!model) FAIL(model.error().message());
  return std::move(*model);
}

std::vector<Tensor> executed(CompiledModel model, std::span<const Tensor> inputs, int threads) {
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(model)), threads);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  auto outputs = (*session)->run(inputs);
  if (!outputs) FAIL(outputs.error().message());
  return std::move(*outputs);
}

// Inputs are exact in fp16; what differs is the rounding of weights, of each intermediate result and of the output.
void compare(const Tensor& got, const Tensor& want) {
  REQUIRE(got.shape() == want.shape());
  const auto a = got.to_doubles(), b = want.to_doubles();
  double largest = 0, worst = 0;
  for (double value : b) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::isfinite(a[i]) ? std::abs(a[i] - b[i]) : INFINITY);
  CHECK_MESSAGE(worst <= 3e-3 * std::max(1.0, largest), fmt::format("worst error {} where values reach {}", worst, largest));
}

void check_streams(const CompiledModel& model) {
  const Soc& soc = **find_soc(model.soc);
  for (const Task& task : model.tasks) {
    for (const Program& block : task.blocks)
      for (const Finding& finding : check_stream(soc, block, 3)) FAIL_CHECK(task.name, ": ", finding.text);
    for (const Finding& finding : check_blocks(task.blocks, 3)) FAIL_CHECK(task.name, ": ", finding.text);
  }
  const auto profile = profile_model(model, false);
  REQUIRE_MESSAGE(profile, (profile ? "" : profile.error().message()));
}

}  // namespace

TEST_CASE("lowered operators agree with their reference") {
  for (const char* soc : {"Ascend310", "Ascend910B3"})
    for (const Case& one : kCases) {
      const std::string text = fmt::format("{} on {}", one.text, soc);
      CAPTURE(text);
      const OperatorCase parsed = parse_operator_case(one.text);
      Graph typed = parsed.graph;
      const Status inferred = infer_shapes(typed);
      REQUIRE_MESSAGE(inferred, (inferred ? "" : inferred.error().message()));
      const auto want = run_reference(typed, parsed.inputs);
      REQUIRE_MESSAGE(want, (want ? "" : want.error().message()));
      const CompiledModel model = compiled(parsed.graph, soc);
      const bool on_core = std::ranges::none_of(model.tasks, [](const Task& task) { return task.engine == Engine::AiCpu; });
      const bool split = (*find_soc(soc))->split;
      CHECK(on_core == (one.ai_core && !(split && one.coupled_only)));
      const auto computing = [](const Task& task) { return task.op_type != "Cast"; };
      if (one.one_task && !split) CHECK(std::ranges::count_if(model.tasks, computing) == 1);
      check_streams(model);
      const auto got = executed(model, parsed.inputs, 2);
      REQUIRE(got.size() == want->size());
      for (size_t i = 0; i < got.size(); ++i) compare(got[i], (*want)[i]);
    }
}

TEST_CASE("attention with a constant choice of keys") {
  constexpr std::string_view text = R"(graph "g" opset 18
input %q : float32[2,2,3,32]
input %k : float32[2,2,32,3]
input %v : float32[2,2,3,48]
const %kept : bool[3,3] = [1, 0, 0, 1, 1, 0, 1, 1, 1]
const %never : float32[] = [-1e30]
%s = MatMul(%q, %k)
%w = Where(%kept, %s, %never)
%p = Softmax(%w) {axis=-1}
%y = MatMul(%p, %v)
output %y
)";
  const auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  std::vector<Tensor> inputs;
  for (const ValueId id : graph->inputs) {
    inputs.emplace_back(DType::Float32, to_shape(graph->value(id).type.dims));
    for (int i = 0; float& value : inputs.back().mutable_data<float>()) value = static_cast<float>((i++ * 7 + static_cast<int>(inputs.size())) % 16 - 8) / 8;
  }
  const auto want = run_reference(*graph, inputs);
  REQUIRE(want);
  for (const char* soc : {"Ascend310", "Ascend910B3"}) {
    const CompiledModel model = compiled(*graph, soc);
    check_streams(model);
    compare(executed(model, inputs, 1)[0], (*want)[0]);
  }
}

TEST_CASE("small channels do not change a bit of a convolution") {
  const char* const cases[] = {"Conv(@1x3x64x64, 64x3x7x7, 64) strides=2,2 pads=3,3,3,3", "Conv(@2x3x50x52, 24x3x6x6, 24) strides=2,2 pads=2,2,2,2",
                               "Conv(@3x1x28x28, 8x1x5x5, 8) pads=2,2,2,2", "Conv(@1x4x33x20, 17x4x1x5) strides=1,3 pads=0,4,0,1",
                               "Conv(@1x2x230x228, 40x2x3x3, 40) pads=1,1,1,1 ; Relu(@)", "Conv(@1x3x40x40, 16x3x3x3) dilations=2,3"};
  for (const char* text : cases)
    for (const char* soc : {"Ascend310", "Ascend910B3"}) {
      const std::string what = fmt::format("{} on {}", text, soc);
      CAPTURE(what);
      const OperatorCase parsed = parse_operator_case(text);
      CompileOptions options;
      options.soc = soc;
      auto small = compile(parsed.graph, options);
      options.passes.disabled.insert("assign-small-channels");
      auto plain = compile(parsed.graph, options);
      REQUIRE(small);
      REQUIRE(plain);
      const auto uses = [](const CompiledModel& model) {
        return std::ranges::any_of(model.tasks, [](const Task& task) {
          return task.macs > 0 && std::ranges::any_of(task.inputs, [](const TensorDesc& input) { return input.format == Format::NC1HWC0_C04; });
        });
      };
      CHECK(uses(*small));
      CHECK(!uses(*plain));
      const auto a = executed(std::move(*small), parsed.inputs, 2), b = executed(std::move(*plain), parsed.inputs, 2);
      CHECK(std::ranges::equal(a[0].bytes(), b[0].bytes()));
    }
}

TEST_CASE("the number of host threads and the tiling do not change a bit of what the cube computes") {
  const char* const cases[] = {"Conv(@1x40x30x30, 70x40x3x3, 70) pads=1,1,1,1", "Conv(@1x300x17x19, 90x300x1x1, 90)", "Conv(@1x64x33x31, 48x64x5x3, 48) strides=2,1 pads=2,1,2,1",
                               "Conv(@2x72x20x20, 72x24x3x3, 72) group=i:3 pads=1,1,1,1", "Gemm(@200x640, 640x130, 130)", "MatMul(@370x700, 700x290)", "MatMul(@3x50x260, @3x260x90)"};
  for (const char* text : cases) {
    CAPTURE(text);
    const OperatorCase parsed = parse_operator_case(text);
    // Other numbers of cores and sizes of buffers give other splits and tiles.
    std::set<size_t> tilings;
    std::vector<Tensor> first;
    for (const char* soc : {"Ascend310", "Ascend910A", "Ascend310P3", "Ascend310B1", "Ascend910B3"})
      for (const int threads : {1, 2}) {
        CAPTURE(soc);
        const CompiledModel model = compiled(parsed.graph, soc);
        size_t multiplied = 0;
        for (const Task& task : model.tasks)
          for (const Program& block : task.blocks)
            for (const Instr& instr : block)
              if (instr.op == Opcode::Mad) multiplied = multiplied * 31 + static_cast<size_t>(instr.arg[field::kMadM] << 24 | instr.arg[field::kMadK] << 12 | instr.arg[field::kMadN]);
        tilings.insert(multiplied);
        std::vector<Tensor> got = executed(model, parsed.inputs, threads);
        if (first.empty()) first = std::move(got);
        else CHECK(std::ranges::equal(got[0].bytes(), first[0].bytes()));
      }
    CHECK(tilings.size() >= 3);
  }
}

}  // namespace npu
