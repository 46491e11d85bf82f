#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MindIR models with random weights, written here as MindSpore 1.x and 2.x write them, through atc --framework=1 and the emulated chip,
against PyTorch in fp32. Exit code 0: all agree; 1: not; 77: no PyTorch."""
import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-torch)")
    sys.exit(77)
import frontend
import wire
from compare_tensorflow import normal, resize_reference, same

TYPES = {np.dtype("float32"): 1, np.dtype("int32"): 6, np.dtype("int64"): 7}
GRAPH = "1_construct_wrapper.1"


def tensor(name, array):
    array = np.asarray(array.detach().numpy() if isinstance(array, torch.Tensor) else array, order="C")
    dims = b"".join(wire.integer(1, d) for d in array.shape)
    return dims + wire.integer(2, TYPES[array.dtype]) + wire.text(7, name) + wire.message(9, array.tobytes())


class Net:
    """new: attributes in the table of primitives and tuples as nested values (2.x), else on the nodes and flat (1.x)."""

    def __init__(self, inputs, new=False):
        self.inputs, self.new, self.count = inputs, new, 0
        self.graph = wire.text(2, GRAPH)
        self.primitives = b""
        for name, shape in inputs.items():
            described = b"".join(wire.integer(1, d) for d in shape) + wire.integer(2, 1)
            self.graph += wire.message(5, wire.text(1, f"{GRAPH}:{name}"), wire.message(2, described))

    def scalar(self, value, many):
        if isinstance(value, str):
            return wire.text(11 if many else 5, value)
        if isinstance(value, float):
            return wire.real(8 if many else 2, value)
        return wire.integer(10 if many else 3, value)

    def attr(self, name, value):
        head = wire.text(1, name)
        if isinstance(value, (tuple, list)):
            if self.new:
                return head + wire.integer(16, 20) + b"".join(wire.message(17, self.attr("", v)) for v in value)
            flat = [w for v in value for w in (v if isinstance(v, (tuple, list)) else [v])]
            names = "".join(f"value{i}," for i in range(len(flat)))
            return head + wire.integer(16, 7) + b"".join(self.scalar(v, True) for v in flat) + wire.text(15, f"scalar:Tuple[{names}],")
        return head + self.scalar(value, False) + wire.text(15, "scalar:value0")

    def param(self, value):
        self.count += 1
        name = f"{GRAPH}:p{self.count}"
        self.graph += wire.message(3, tensor(name, value))
        return name

    def const(self, value):
        self.count += 1
        name = f"{GRAPH}:[ValueNode]{self.count}"
        self.graph += wire.message(1, wire.text(2, name), wire.text(3, name), wire.text(4, "Constant"), wire.message(5, self.attr("value", value)))
        return name

    def node(self, op, *inputs, **attrs):
        self.count += 1
        name = f"{GRAPH}:{op}:{self.count}"
        encoded = [self.attr(k, v) for k, v in attrs.items()]
        shape = wire.message(5, wire.text(15, "shape:shape0,"), wire.message(12, wire.text(7, "shape0") + wire.integer(2, 1)))
        inputs = b"".join(wire.text(1, f"{GRAPH}:{i}" if i in self.inputs else i) for i in inputs)
        if self.new:
            self.primitives += wire.message(12, wire.text(1, f"{op}:{self.count}"), wire.text(2, op), *(wire.message(3, a) for a in encoded))
        kind = f"REF::{op}:{self.count}" if self.new else op
        parts = [] if self.new else [wire.message(5, a) for a in encoded]
        self.graph += wire.message(1, inputs, wire.text(2, name), wire.text(3, name), wire.text(4, kind), shape, *parts)
        return name

    def file(self, output):
        graph = self.graph + wire.message(6, wire.text(1, output))
        return wire.text(1, "0.1.0") + wire.text(2, "MindSpore") + wire.message(7, graph) + self.primitives


def one(shape, build, function):
    nets = []
    for new in (False, True):
        torch.manual_seed(31)
        net = Net({"x": shape}, new)
        nets.append((net, build(net)))
    return nets, function


def conv(net, x, w, mode="pad", pad=0, stride=1, dilation=1, group=1):
    pads = (pad,) * 4
    return net.node("Conv2D", x, net.param(w), out_channel=w.shape[0], kernel_size=tuple(w.shape[2:]), mode=1, pad_mode=mode, pad=pads, pad_list=pads, stride=(1, 1, stride, stride), dilation=(1, 1, dilation, dilation),
                    group=group, format="NCHW")


def norm(net, x, values):
    y = net.node("BatchNorm", x, *(net.param(v) for v in values), is_training=False, epsilon=1e-5, format="NCHW")
    return net.node("TupleGetItem", y, net.const(0))


def cases():
    image = (1, 16, 9, 10)
    w, wd, wt = normal(8, 16, 3, 3) / 8, normal(16, 1, 3, 3) / 3, normal(16, 5, 3, 3) / 8
    bias, stats = normal(16), (normal(16), normal(16), normal(16), torch.rand(16) + 0.5)
    m = normal(12, 10)
    pools = dict(kernel_size=(1, 1, 3, 3), strides=(1, 1, 2, 2), format="NCHW")
    return {
        "conv pad": one(image, lambda n: conv(n, "x", w, pad=1, stride=2), lambda x: F.conv2d(x, w, None, 2, 1)),
        "conv same": one(image, lambda n: conv(n, "x", w, "same", stride=2), lambda x: F.conv2d(same(x, 3, 2), w, None, 2)),
        "conv SAME dilated": one(image, lambda n: conv(n, "x", w, "SAME", dilation=2), lambda x: F.conv2d(same(x, 3, 1, dilation=2), w, dilation=2)),
        "conv group": one(image, lambda n: conv(n, "x", wd, "valid", group=16), lambda x: F.conv2d(x, wd, groups=16)),
        "conv transposed": one(image, lambda n: n.node("Conv2DBackpropInput", "x", n.param(wt), n.const((1, 5, 18, 20)), pad_mode="same", stride=(2, 2), group=1, format="NCHW"),
                               lambda x: F.conv_transpose2d(x, wt, None, 2)[:, :, :18, :20]),
        "batch norm": one(image, lambda n: norm(n, "x", stats), lambda x: F.batch_norm(x, stats[2], stats[3], stats[0], stats[1])),
        "bias": one(image, lambda n: n.node("BiasAdd", "x", n.param(bias), format="NCHW"), lambda x: x + bias[:, None, None]),
        "max pool same": one(image, lambda n: n.node("MaxPool", "x", pad_mode="same", **pools), lambda x: F.max_pool2d(same(x, 3, 2, -torch.inf), 3, 2)),
        "mean pool same": one(image, lambda n: n.node("AvgPool", "x", pad_mode="SAME", **pools), lambda x: F.avg_pool2d(same(x, 3, 2), 3, 2) / F.avg_pool2d(same(torch.ones_like(x), 3, 2), 3, 2)),
        "relu6": one(image, lambda n: n.node("ReLU6", "x"), F.relu6),
        "hswish": one(image, lambda n: n.node("HSwish", "x"), F.hardswish),
        "hsigmoid": one(image, lambda n: n.node("HSigmoid", "x"), F.hardsigmoid),
        "mul by a number": one(image, lambda n: n.node("Mul", "x", n.const(0.25)), lambda x: x * 0.25),
        "reduce mean": one(image, lambda n: n.node("ReduceMean", "x", n.const((2, 3)), keep_dims=True), lambda x: x.mean((2, 3), keepdim=True)),
        "reduce sum of all": one((4, 10), lambda n: n.node("ReduceSum", "x", n.const(()), keep_dims=False), lambda x: x.sum()),
        "mat mul": one((6, 10), lambda n: n.node("MatMul", "x", n.param(m), transpose_a=False, transpose_b=True), lambda x: x @ m.t()),
        "reshape": one(image, lambda n: n.node("Reshape", "x", n.const((4, -1))), lambda x: x.reshape(4, -1)),
        "transpose": one(image, lambda n: n.node("Transpose", "x", n.const((0, 2, 3, 1))), lambda x: x.permute(0, 2, 3, 1)),
        "concat": one(image, lambda n: n.node("Concat", n.node("MakeTuple", "x", n.node("Neg", "x")), axis=1), lambda x: torch.cat((x, -x), 1)),
        "split": one(image, lambda n: n.node("TupleGetItem", n.node("Split", "x", axis=1, output_num=4), n.const(2)), lambda x: x[:, 8:12]),
        "softmax": one((6, 10), lambda n: n.node("Softmax", "x", axis=(-1,)), lambda x: x.softmax(1)),
        "arg max": one((6, 10), lambda n: n.node("Argmax", "x", axis=1), lambda x: x.argmax(1).int()),
        "strided slice": one(image, lambda n: n.node("StridedSlice", "x", n.const((0, 2, 1, 3)), n.const((1, 8, 9, 4)), n.const((1, 2, 1, 1)), begin_mask=1, end_mask=4, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=8),
                             lambda x: x[:, 2:8:2, 1:, 3]),
        "pad": one(image, lambda n: n.node("Pad", "x", paddings=((0, 0), (0, 1), (1, 2), (2, 0))), lambda x: F.pad(x, (2, 0, 1, 2, 0, 1))),
        "resize nearest": one(image, lambda n: n.node("ResizeNearestNeighbor", "x", size=(18, 20), align_corners=False), lambda x: F.interpolate(x, scale_factor=2)),
        "resize linear corners": one(image, lambda n: n.node("ResizeBilinear", "x", size=(12, 7), align_corners=True, half_pixel_centers=False),
                                     lambda x: resize_reference(x.permute(0, 2, 3, 1), (12, 7), True, True, False).permute(0, 3, 1, 2)),
    }


def resnet_like(new):
    torch.manual_seed(32)
    net, steps = Net({"image": (1, 3, 48, 48)}, new), []

    def block(x, inputs, outputs, kernel, stride, mode):
        w = normal(outputs, inputs, kernel, kernel) * (2 / (inputs * kernel * kernel)) ** 0.5
        gamma, beta, mean, var = torch.rand(outputs) + 0.5, normal(outputs) / 4, normal(outputs) / 4, torch.rand(outputs) + 0.5
        pad = kernel // 2
        node = norm(net, conv(net, x, w, mode, pad if mode == "pad" else 0, stride), (gamma, beta, mean, var))
        steps.append(lambda x: F.batch_norm(F.conv2d(x if mode == "pad" else same(x, kernel, stride), w, None, stride, pad if mode == "pad" else 0), mean, var, gamma, beta))
        return node

    stem = net.node("ReLU", block("image", 3, 16, 7, 2, "pad"))
    pool = net.node("MaxPool", stem, kernel_size=(1, 1, 3, 3), strides=(1, 1, 2, 2), pad_mode="same", format="NCHW")
    main = block(net.node("ReLU", block(pool, 16, 32, 3, 2, "same")), 32, 32, 3, 1, "pad")
    short = block(pool, 16, 32, 1, 2, "same")
    total = net.node("ReLU", net.node("Add", main, short))
    mean = net.node("ReduceMean", total, net.const((2, 3)), keep_dims=False)
    w, b = normal(10, 32) / 32**0.5, normal(10) / 4
    logits = net.node("BiasAdd", net.node("MatMul", net.node("Flatten", mean), net.param(w), transpose_a=False, transpose_b=True), net.param(b), format="NCHW")
    out = net.node("Softmax", logits, axis=(1,))

    def reference(x):
        x = F.max_pool2d(same(F.relu(steps[0](x)), 3, 2, -torch.inf), 3, 2)
        x = F.relu(steps[2](F.relu(steps[1](x))) + steps[3](x))
        return (x.mean((2, 3)) @ w.t() + b).softmax(1)

    return [(net, out)], reference


def check(tools, name, case, is_net):
    nets, reference = case
    good = []
    for net, output in nets:
        inputs = {n: normal(*shape) for n, shape in net.inputs.items()}
        wanted = reference(*inputs.values()).detach().numpy()
        got, _, _ = frontend.run(tools, {"net.mindir": net.file(output)}, ["--model=$DIR/net.mindir", "--framework=1"], {n: v.numpy() for n, v in inputs.items()})
        good.append(len(got) == 1 and frontend.report(name + (" (2.x)" if net.new else ""), next(iter(got.values())), wanted, is_net))
    return all(good)


if __name__ == "__main__":
    torch.manual_seed(9)
    torch.set_num_threads(1)
    sys.exit(frontend.main(__doc__, check, cases(), {"resnet-like": resnet_like(False), "resnet-like as 2.x": resnet_like(True)}))
