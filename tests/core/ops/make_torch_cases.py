#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes torch_cases.txt: what PyTorch computes for convolutions, poolings, resamplings and the operators that the ONNX
node vectors leave thin, of tensors that both sides fill by the same formula. Needs python3-torch; the result is kept in the repository, so the test does not.

A case is four lines: operator and attributes, input shapes, output shape, output values. "@2=1,2/1x2" is input 2 as
integers (of a shape, "!" for a scalar), "#2=..." as floats of the shape of the second line, "scale_inputs" multiplies the inputs.
"""
import os

import torch
import torch.nn.functional as F
import torchvision.ops


def pattern(shape, salt):
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.int64)
    return (((i * 7919 + salt * 104729) % 201 - 100).to(torch.float64) / 64).reshape(shape)


def text(values):
    return ",".join(str(v) for v in values)


def emit(out, op, attrs, shapes, result):
    out.write(" ".join([op] + [f"{k}={v}" for k, v in attrs.items()]) + "\n")
    out.write(" ".join("x".join(map(str, s)) for s in shapes) + "\n")
    out.write(("x".join(map(str, result.shape)) or "scalar") + "\n")
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


def gates(matrix, order):
    """The blocks of rows of a matrix of ONNX gates in PyTorch's order."""
    parts = matrix.chunk(len(order), 0)
    return torch.cat([parts[i] for i in order])


def recurrent(out, op, layer, order, directions, extra):
    steps, batch, inputs, hidden = 4, 3, 5, 6
    rows = len(order) * hidden
    shapes = [(steps, batch, inputs), (directions, rows, inputs), (directions, rows, hidden), (directions, 2 * rows)]
    x, w, r, b = [pattern(s, i) / 4 for i, s in enumerate(shapes)]
    net = layer(inputs, hidden, bidirectional=directions == 2).double()
    with torch.no_grad():
        for d, suffix in enumerate(["", "_reverse"][:directions]):
            getattr(net, "weight_ih_l0" + suffix).copy_(gates(w[d], order))
            getattr(net, "weight_hh_l0" + suffix).copy_(gates(r[d], order))
            getattr(net, "bias_ih_l0" + suffix).copy_(gates(b[d][:rows], order))
            getattr(net, "bias_hh_l0" + suffix).copy_(gates(b[d][rows:], order))
        y = net(x)[0].reshape(steps, batch, directions, hidden).transpose(1, 2)
    attrs = {"hidden_size": hidden, "direction": ["", "forward", "bidirectional"][directions], "scale_inputs": 0.25} | extra
    emit(out, op, attrs, shapes, y)


def emit_recurrent(out):
    for directions in (1, 2):
        recurrent(out, "RNN", torch.nn.RNN, [0], directions, {})
        recurrent(out, "GRU", torch.nn.GRU, [1, 0, 2], directions, {"linear_before_reset": 1})
        recurrent(out, "LSTM", torch.nn.LSTM, [0, 2, 3, 1], directions, {})


def emit_sampling(out):
    image, grid = (2, 3, 5, 6), (2, 4, 3, 2)
    for align in (0, 1):
        for mode, onnx_mode in (("nearest", "nearest"), ("bilinear", "linear"), ("bicubic", "cubic")):
            # For cubic, ONNX brings a position outside into the image, PyTorch each of its sixteen elements.
            for padding in ("zeros", "border", "reflection")[:1 if mode == "bicubic" else 3]:
                result = F.grid_sample(pattern(image, 0), pattern(grid, 1), mode, padding, bool(align))
                emit(out, "GridSample", {"mode": onnx_mode, "padding_mode": padding, "align_corners": align}, [image, grid], result)
        result = F.affine_grid(pattern((2, 2, 3), 0), (2, 3, 4, 5), bool(align))
        emit(out, "AffineGrid", {"@1": "2,3,4,5", "align_corners": align}, [(2, 2, 3)], result)
        result = F.affine_grid(pattern((1, 3, 4), 0), (1, 2, 3, 4, 2), bool(align))
        emit(out, "AffineGrid", {"@1": "1,2,3,4,2", "align_corners": align}, [(1, 3, 4)], result)
    volume = F.grid_sample(pattern((1, 2, 3, 4, 5), 0), pattern((1, 2, 2, 3, 3), 1), "bilinear", "zeros", False)
    emit(out, "GridSample", {"mode": "linear"}, [(1, 2, 3, 4, 5), (1, 2, 2, 3, 3)], volume)
    rois = (pattern((3, 4), 1).abs() * 2 + torch.tensor([0.0, 0.0, 2.0, 2.0])).double()
    boxes = torch.cat([torch.tensor([[0.0], [1.0], [0.0]]).double(), rois], 1)
    for aligned, mode in ((True, "half_pixel"), (False, "output_half_pixel")):
        result = torchvision.ops.roi_align(pattern((2, 3, 8, 9), 0), boxes, (2, 3), 0.75, 2, aligned)
        attrs = {"#1": text(rois.flatten().tolist()), "@2": "0,1,0", "coordinate_transformation_mode": mode,
                 "output_height": 2, "output_width": 3, "sampling_ratio": 2, "spatial_scale": 0.75}
        emit(out, "RoiAlign", attrs, [(2, 3, 8, 9), (3, 4)], result)
    x, w, offset, mask = (2, 4, 6, 7), (6, 2, 3, 3), (2, 36, 3, 5), (2, 18, 3, 5)
    result = torchvision.ops.deform_conv2d(pattern(x, 0), pattern(offset, 2), pattern(w, 1), pattern((6,), 3), (2, 1), (1, 0), (1, 1), pattern(mask, 4))
    emit(out, "DeformConv", {"group": 2, "offset_group": 2, "strides": "2,1", "pads": "1,0,1,0"}, [x, w, offset, (6,), mask], result)


def emit_matrices(out):
    for equation, shapes in (("ij,jk->ik", [(3, 4), (4, 5)]), ("...ij,...jk->...ik", [(2, 3, 4), (4, 5)]), ("bii->bi", [(2, 3, 3)]),
                             ("ij->", [(3, 4)]), ("abc,acd,be->ade", [(2, 3, 4), (2, 4, 5), (3, 6)]), ("ij", [(3, 4)]), ("ba", [(3, 4)])):
        result = torch.einsum(equation, *[pattern(s, i) for i, s in enumerate(shapes)])
        emit(out, "Einsum", {"equation": equation}, shapes, result)
    emit(out, "Det", {}, [(2, 3, 3)], torch.linalg.det(pattern((2, 3, 3), 0)))
    for length in (8, 6, 7):
        x = pattern((2, length, 2), 0)
        result = torch.view_as_real(torch.fft.fft(torch.view_as_complex(x)))
        emit(out, "DFT", {"@2": "1!"}, [(2, length, 2)], result)
        emit(out, "DFT", {"@2": "1!", "inverse": 1}, [(2, length, 2)], torch.view_as_real(torch.fft.ifft(torch.view_as_complex(x))))
        emit(out, "DFT", {"@2": "1!", "onesided": 1}, [(2, length, 1)], torch.view_as_real(torch.fft.rfft(pattern((2, length, 1), 0)[..., 0])))
    stft = torch.stft(pattern((2, 20), 0), 6, 3, 6, pattern((6,), 2), center=False, return_complex=True).transpose(1, 2)
    emit(out, "STFT", {"@1": "3!"}, [(2, 20), (1,), (6,)], torch.view_as_real(stft))


def emit_losses(out):
    scores, labels = (4, 3, 2), "0,2,1,1,2,0,0,1"
    target = torch.tensor([int(v) for v in labels.split(",")]).reshape(4, 2)
    weight = pattern((3,), 2).abs()
    for reduction in ("none", "sum", "mean"):
        for ignore in (None, 1):
            attrs = {"@1": labels + "/4x2", "#2": text(weight.tolist()), "reduction": reduction} | ({} if ignore is None else {"ignore_index": ignore})
            options = {"reduction": reduction, "ignore_index": -100 if ignore is None else ignore}
            emit(out, "SoftmaxCrossEntropyLoss", attrs, [scores, (4, 2), (3,)], F.cross_entropy(pattern(scores, 0), target, weight, **options))
            emit(out, "NegativeLogLikelihoodLoss", attrs, [scores, (4, 2), (3,)], F.nll_loss(pattern(scores, 0), target, weight, **options))


def emit_others(out):
    x = (2, 6, 3, 4)
    emit(out, "GroupNormalization", {"num_groups": 3}, [x, (6,), (6,)], F.group_norm(pattern(x, 0), 3, pattern((6,), 1), pattern((6,), 2)))
    emit(out, "InstanceNormalization", {}, [x, (6,), (6,)], F.instance_norm(pattern(x, 0), weight=pattern((6,), 1), bias=pattern((6,), 2)))
    for op, function in (("Asinh", torch.asinh), ("Cosh", torch.cosh), ("Sinh", torch.sinh), ("Mish", F.mish), ("HardSwish", F.hardswish)):
        emit(out, op, {}, [x], function(pattern(x, 0)))
    emit(out, "GlobalLpPool", {"p": 3}, [x], pattern(x, 0).abs().pow(3).sum((2, 3), True).pow(1 / 3))
    emit(out, "PRelu", {}, [x, (6, 1, 1)], F.prelu(pattern(x, 0), pattern((6,), 1)))
    pooled, where = F.max_pool2d(pattern((1, 2, 4, 6), 0), 2, return_indices=True)
    flat = where + torch.arange(2).reshape(1, 2, 1, 1) * 24
    attrs = {"#0": text(pooled.flatten().tolist()), "@1": text(flat.flatten().tolist()) + "/1x2x2x3", "kernel_shape": "2,2", "strides": "2,2"}
    emit(out, "MaxUnpool", attrs, [(1, 2, 2, 3), (1, 2, 2, 3)], F.max_unpool2d(pooled, where, 2))
    data = pattern((3, 5), 0)
    index = torch.tensor([[1, 0, 2], [4, 3, 4]])
    for reduction, torch_reduction in (("add", "sum"), ("mul", "prod"), ("max", "amax"), ("min", "amin")):
        result = data.clone().scatter_reduce(1, index, pattern((2, 3), 2), torch_reduction)
        emit(out, "ScatterElements", {"@1": "1,0,2,4,3,4/2x3", "axis": 1, "reduction": reduction}, [(3, 5), (2, 3), (2, 3)], result)
    emit(out, "Hardmax", {}, [(2, 5)], F.one_hot(pattern((2, 5), 0).argmax(1), 5))


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
        emit_recurrent(out)
        emit_sampling(out)
        emit_matrices(out)
        emit_losses(out)
        emit_others(out)


main()
