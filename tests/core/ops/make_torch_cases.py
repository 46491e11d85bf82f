#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes torch_cases.txt: what PyTorch computes for convolutions, poolings and resamplings of tensors that both sides
fill by the same formula. Needs python3-torch; the result is kept in the repository, so the test does not.

A case is four lines: operator and attributes ("@2=..." is input 2, integers or floats), input shapes, output shape,
output values.
"""
import os

import torch
import torch.nn.functional as F


def pattern(shape, salt):
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.int64)
    return (((i * 7919 + salt * 104729) % 201 - 100).to(torch.float64) / 64).reshape(shape)


def text(values):
    return ",".join(str(v) for v in values)


def emit(out, op, attrs, shapes, result):
    out.write(" ".join([op] + [f"{k}={v}" for k, v in attrs.items()]) + "\n")
    out.write(" ".join("x".join(map(str, s)) for s in shapes) + "\n")
    out.write("x".join(map(str, result.shape)) + "\n")
    out.write(" ".join(f"{v:.9g}" for v in result.flatten().tolist()) + "\n")


CONVS = [
    # x, w, groups, strides, pads, dilations
    ((1, 3, 9), (4, 3, 3), 1, (1,), (0,), (1,)),
    ((2, 4, 11), (6, 2, 5), 2, (2,), (3,), (2,)),
    ((1, 3, 7, 9), (5, 3, 3, 3), 1, (1, 1), (1, 1), (1, 1)),
    ((2, 4, 8, 6), (4, 4, 1, 1), 1, (1, 1), (0, 0), (1, 1)),
    ((1, 4, 9, 7), (4, 4, 1, 1), 1, (2, 2), (0, 0), (1, 1)),
    ((1, 6, 9, 8), (6, 1, 3, 5), 6, (2, 1), (1, 2), (1, 1)),
    ((1, 6, 12, 10), (9, 2, 3, 2), 3, (3, 2), (4, 0), (2, 3)),
    ((1, 2, 5, 6, 7), (3, 2, 2, 3, 3), 1, (1, 2, 1), (1, 0, 2), (1, 1, 2)),
]

TRANSPOSED = [
    # x, w, groups, strides, pads, output_padding, dilations
    ((1, 3, 5), (3, 2, 3), 1, (2,), (0,), (0,), (1,)),
    ((1, 3, 4, 5), (3, 4, 3, 3), 1, (1, 1), (0, 0), (0, 0), (1, 1)),
    ((2, 4, 4, 3), (4, 3, 4, 4), 2, (2, 2), (1, 1), (0, 0), (1, 1)),
    ((1, 4, 5, 4), (4, 1, 3, 3), 4, (2, 3), (1, 0), (1, 2), (1, 1)),
    ((1, 2, 4, 4), (2, 3, 2, 3), 1, (1, 2), (2, 1), (0, 1), (3, 2)),
    ((1, 2, 3, 3, 3), (2, 2, 2, 3, 2), 1, (2, 1, 2), (0, 1, 0), (1, 0, 0), (1, 2, 1)),
]

POOLS = [
    # x, kernel, strides, pads, ceil_mode
    ((1, 2, 9), (3,), (2,), (1,), 0),
    ((1, 2, 8, 9), (3, 3), (2, 2), (1, 1), 0),
    ((1, 2, 8, 9), (3, 3), (2, 2), (1, 1), 1),
    ((2, 1, 7, 6), (2, 3), (3, 2), (0, 1), 1),
    ((1, 2, 5, 6, 7), (2, 3, 2), (2, 1, 2), (1, 1, 0), 1),
]

RESIZES = [
    # x, sizes
    ((1, 2, 4, 5), (7, 9)),
    ((1, 2, 9, 8), (4, 5)),
    ((1, 1, 5, 7), (5, 3)),
    ((1, 1, 6, 6), (1, 13)),
]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "torch_cases.txt"), "w", encoding="ascii") as out:
        for x, w, groups, strides, pads, dilations in CONVS:
            conv = [F.conv1d, F.conv2d, F.conv3d][len(x) - 3]
            result = conv(pattern(x, 0), pattern(w, 1), pattern((w[0],), 2), strides, pads, dilations, groups)
            attrs = {"group": groups, "strides": text(strides), "pads": text(pads + pads), "dilations": text(dilations)}
            emit(out, "Conv", attrs, [x, w, (w[0],)], result)
        for x, w, groups, strides, pads, extra, dilations in TRANSPOSED:
            conv = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][len(x) - 3]
            bias = (w[1] * groups,)
            result = conv(pattern(x, 0), pattern(w, 1), pattern(bias, 2), strides, pads, extra, groups, dilations)
            attrs = {"group": groups, "strides": text(strides), "pads": text(pads + pads),
                     "output_padding": text(extra), "dilations": text(dilations)}
            emit(out, "ConvTranspose", attrs, [x, w, bias], result)
        for x, kernel, strides, pads, ceil in POOLS:
            attrs = {"kernel_shape": text(kernel), "strides": text(strides), "pads": text(pads + pads), "ceil_mode": ceil}
            pool = [F.max_pool1d, F.max_pool2d, F.max_pool3d][len(x) - 3]
            emit(out, "MaxPool", attrs, [x], pool(pattern(x, 0), kernel, strides, pads, ceil_mode=bool(ceil)))
            pool = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][len(x) - 3]
            for include in (0, 1):
                result = pool(pattern(x, 0), kernel, strides, pads, bool(ceil), bool(include))
                emit(out, "AveragePool", attrs | {"count_include_pad": include}, [x], result)
        for x, sizes in RESIZES:
            full = {"@3": text(x[:2] + sizes)}
            data = pattern(x, 0)
            emit(out, "Resize", full | {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
                 [x], F.interpolate(data, sizes, mode="nearest"))
            for mode, torch_mode in (("linear", "bilinear"), ("cubic", "bicubic")):
                for coordinates, align in (("half_pixel", False), ("align_corners", True)):
                    result = F.interpolate(data, sizes, mode=torch_mode, align_corners=align)
                    emit(out, "Resize", full | {"mode": mode, "coordinate_transformation_mode": coordinates}, [x], result)
            # PyTorch leaves out what lies beyond the edge; ONNX repeats the edge unless told to leave it out.
            result = F.interpolate(data, sizes, mode="bilinear", align_corners=False, antialias=True)
            emit(out, "Resize", full | {"mode": "linear", "antialias": 1, "exclude_outside": 1}, [x], result)


main()
