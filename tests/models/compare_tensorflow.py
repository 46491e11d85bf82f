#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Frozen TensorFlow graphs with random weights, written here, through atc --framework=3 and the emulated chip, against PyTorch in fp32:
each operator with its own rules, and whole networks, between whose convolutions no Transpose may be left. Exit code 0: all agree;
1: not; 77: no PyTorch."""
import re
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

TYPES = {np.dtype("float32"): 1, np.dtype("int32"): 3, np.dtype("int64"): 9}


def shape_proto(dims):
    return b"".join(wire.message(2, wire.integer(1, d)) for d in dims)


def tensor_proto(array):
    """Long ones as bytes, single numbers as values, as TensorFlow writes them."""
    kind = TYPES[array.dtype]
    head = wire.integer(1, kind) + wire.message(2, shape_proto(array.shape))
    if array.size != 1:
        return head + wire.message(4, array.tobytes())
    return head + (wire.message(5, array.tobytes()) if kind == 1 else wire.packed({3: 7, 9: 10}[kind], array.ravel()))


class Type(int):
    pass


def attr_value(value):
    if isinstance(value, Type):
        return wire.integer(6, value)
    if isinstance(value, bool):
        return wire.integer(5, value)
    if isinstance(value, int):
        return wire.integer(3, value)
    if isinstance(value, float):
        return wire.real(4, value)
    if isinstance(value, str):
        return wire.text(2, value)
    if isinstance(value, np.ndarray):
        return wire.message(8, tensor_proto(value))
    if isinstance(value, tuple):
        return wire.message(7, shape_proto(value))
    return wire.message(1, wire.packed(3, value))


class Net:
    def __init__(self, inputs, kind=1):
        self.inputs, self.bytes, self.constants = inputs, b"", 0
        for name, shape in inputs.items():
            self.node(name, "Placeholder", "", dtype=Type(kind), shape=tuple(shape))

    def node(self, name, op, inputs, **attrs):
        parts = [wire.text(1, name), wire.text(2, op)] + [wire.text(3, i) for i in inputs.split()]
        parts += [wire.message(5, wire.text(1, key), wire.message(2, attr_value(value))) for key, value in attrs.items()]
        self.bytes += wire.message(1, *parts)
        return name

    def const(self, value, dtype="float32"):
        self.constants += 1
        array = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value, dtype)
        return self.node(f"const{self.constants}", "Const", "", value=array.copy(order="C"), dtype=Type(TYPES[array.dtype]))

    def ints(self, *values):
        return self.const(values, "int32")

    def scalar(self, value):
        return self.const(value, "int32")


def normal(*shape):
    return torch.randn(*shape)


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def same(x, kernel, stride, value=0.0, dilation=1):
    """TensorFlow's SAME: as many outputs as strides fit, the odd element of padding at the end."""
    pads = []
    for size in reversed(x.shape[2:]):
        total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def one(op, shape, function, consts=(), first=0, **attrs):
    """A net of one operator; its input is the one at `first`, the others are constants."""
    net = Net({"x": shape})
    names = [net.const(c, d) for c, d in consts]
    names.insert(first, "x")
    net.node("out", op, " ".join(names), **attrs)
    return net, function


def conv_case(shape, kernel, stride, padding, dilation=1, depthwise=False, layout="NHWC"):
    channels = shape[3] if layout == "NHWC" else shape[1]
    w = normal(kernel, kernel, channels, 2 if depthwise else 6) / (kernel * channels**0.5)
    weights = w.permute(2, 3, 0, 1).reshape(-1, 1, kernel, kernel) if depthwise else w.permute(3, 2, 0, 1)

    def spread(value):
        return [1, value, value, 1] if layout == "NHWC" else [1, 1, value, value]

    def reference(x):
        x = nchw(x) if layout == "NHWC" else x
        x = same(x, kernel, stride, dilation=dilation) if padding == "SAME" else x
        y = F.conv2d(x, weights, None, stride, 0, dilation, channels if depthwise else 1)
        return nhwc(y) if layout == "NHWC" else y

    op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    return one(op, shape, reference, [(w, None)], strides=spread(stride), dilations=spread(dilation), padding=padding, data_format=layout)


def transposed_case(size, stride, kernel, padding):
    steps = [-(-s // stride) if padding == "SAME" else -(-(s - kernel + 1) // stride) for s in size]
    w = normal(kernel, kernel, 5, 8) / kernel

    def reference(y):
        x = torch.zeros(1, 5, *size, requires_grad=True)
        padded = same(x, kernel, stride) if padding == "SAME" else x
        F.conv2d(padded, w.permute(3, 2, 0, 1), None, stride).backward(nchw(y))
        return nhwc(x.grad)

    return one("Conv2DBackpropInput", (1, *steps, 8), reference, [([1, *size, 5], "int32"), (w, None)], 2, strides=[1, stride, stride, 1], padding=padding)


def pool_case(shape, kernel, stride, padding, is_max):
    def reference(x):
        x = nchw(x)
        if is_max:
            return nhwc(F.max_pool2d(same(x, kernel, stride, -torch.inf) if padding == "SAME" else x, kernel, stride))
        ones = torch.ones_like(x)
        if padding == "SAME":
            x, ones = same(x, kernel, stride), same(ones, kernel, stride)
        return nhwc(F.avg_pool2d(x, kernel, stride) / F.avg_pool2d(ones, kernel, stride))

    return one("MaxPool" if is_max else "AvgPool", shape, reference, ksize=[1, kernel, kernel, 1], strides=[1, stride, stride, 1], padding=padding)


def resize_reference(x, size, linear, corners, centers):
    """Pixel by pixel, from the definition of the two flags."""
    def source(i, old, new):
        if corners:
            return i * (old - 1) / (new - 1) if new > 1 else 0.0
        return (i + 0.5) * old / new - (0.5 if linear else 0.0) if centers else i * old / new

    def axis(x, dim, new):
        old, parts = x.shape[dim], []
        for i in range(new):
            at = source(i, old, new)
            if linear:
                low = int(np.floor(max(at, 0.0)))
                low = min(low, old - 1)
                share = min(max(at, 0.0) - low, 1.0)
                parts.append(x.select(dim, low) * (1 - share) + x.select(dim, min(low + 1, old - 1)) * share)
            else:
                parts.append(x.select(dim, min(int(np.floor(at + (0.5 if corners else 0.0))), old - 1)))
        return torch.stack(parts, dim)

    return axis(axis(x, 1, size[0]), 2, size[1])


def resize_cases():
    cases = {}
    for linear in (True, False):
        for corners, centers in ((False, False), (True, False), (False, True)):
            for size in ((10, 14), (7, 4)):
                how = "corners" if corners else "centers" if centers else "plain"
                cases[f"resize {'linear' if linear else 'nearest'} {how} {size[0]}x{size[1]}"] = one(
                    "ResizeBilinear" if linear else "ResizeNearestNeighbor", (1, 5, 7, 16), lambda x, a=size, b=linear, c=corners, d=centers: resize_reference(x, a, b, c, d),
                    [(size, "int32")], align_corners=corners, half_pixel_centers=centers)
    return cases


def strided(begin, end, steps, function, shape=(3, 5, 6, 8), **masks):
    return one("StridedSlice", shape, function, [(begin, "int32"), (end, "int32"), (steps, "int32")], **masks)


def operator_cases():
    image, flat = (1, 9, 10, 16), (6, 10)
    scale, offset, mean, var = normal(16), normal(16), normal(16), torch.rand(16) + 0.5
    w = normal(10, 7) / 3
    c = [(v, None) for v in (scale, offset, mean, var)]
    lists = lambda *values: [(values, "int32")]
    cases = {
        "conv same": conv_case(image, 3, 1, "SAME"),
        "conv same stride 2": conv_case(image, 3, 2, "SAME"),
        "conv same even kernel": conv_case((1, 10, 11, 16), 4, 2, "SAME"),
        "conv same 7/2": conv_case((1, 18, 19, 3), 7, 2, "SAME"),
        "conv valid dilated": conv_case(image, 3, 1, "VALID", dilation=2),
        "conv nchw": conv_case((1, 16, 9, 10), 3, 2, "SAME", layout="NCHW"),
        "depthwise stride 2": conv_case(image, 3, 2, "SAME", depthwise=True),
        "depthwise valid": conv_case(image, 3, 1, "VALID", depthwise=True),
        "transposed same": transposed_case((9, 10), 2, 3, "SAME"),
        "transposed same 4": transposed_case((8, 8), 2, 4, "SAME"),
        "transposed valid": transposed_case((9, 12), 2, 3, "VALID"),
        "max pool same": pool_case(image, 3, 2, "SAME", True),
        "max pool valid": pool_case(image, 2, 2, "VALID", True),
        "mean pool same": pool_case(image, 3, 2, "SAME", False),
        "mean pool valid": pool_case(image, 3, 1, "VALID", False),
        "batch norm": one("FusedBatchNormV3", image, lambda x: nhwc(F.batch_norm(nchw(x), mean, var, scale, offset, eps=0.001)), c, epsilon=0.001, is_training=False),
        "bias": one("BiasAdd", image, lambda x: x + offset, [(offset, None)]),
        "bias nchw": one("BiasAdd", (1, 16, 4, 5), lambda x: x + offset[:, None, None], [(offset, None)], data_format="NCHW"),
        "relu6": one("Relu6", image, lambda x: F.relu6(x)),
        "leaky relu": one("LeakyRelu", image, lambda x: F.leaky_relu(x, 0.2)),
        "elu": one("Elu", image, F.elu),
        "softplus": one("Softplus", image, F.softplus),
        "sigmoid": one("Sigmoid", image, torch.sigmoid),
        "rsqrt": one("Rsqrt", image, lambda x: x.rsqrt()),
        "log": one("Log", image, torch.log),
        "squared difference": one("SquaredDifference", image, lambda x: (x - scale) ** 2, [(scale, None)]),
        "power": one("Pow", image, lambda x: x**1.5, [(1.5, "float32")]),
        "maximum": one("Maximum", image, lambda x: torch.maximum(x, scale), [(scale, None)]),
        "real div": one("RealDiv", image, lambda x: x / 3, [(3.0, "float32")]),
        "mean of image": one("Mean", image, lambda x: x.mean((1, 2)), lists(1, 2)),
        "mean kept": one("Mean", image, lambda x: x.mean((1, 2), keepdim=True), lists(1, 2), keep_dims=True),
        "sum of channels": one("Sum", image, lambda x: x.sum(3), [(-1, "int32")]),
        "max of rows": one("Max", image, lambda x: x.amax(1), lists(1)),
        "mat mul": one("MatMul", flat, lambda x: x @ w, [(w, None)]),
        "mat mul turned": one("MatMul", flat, lambda x: x @ w, [(w.t().contiguous(), None)], transpose_b=True),
        "batch mat mul": one("BatchMatMulV2", (2, 3, 6, 10), lambda x: x @ w, [(w.t().contiguous(), None)], adj_y=True),
        "reshape": one("Reshape", image, lambda x: x.reshape(9, -1), lists(9, -1)),
        "squeeze": one("Squeeze", (1, 1, 7, 1), lambda x: x.reshape(1, 7), squeeze_dims=[1, 3]),
        "expand dims": one("ExpandDims", flat, lambda x: x[:, None], [(1, "int32")]),
        "pad": one("Pad", image, lambda x: F.pad(x, (0, 1, 2, 1, 1, 2)), [([[0, 0], [1, 2], [2, 1], [0, 1]], "int32")]),
        "pad value": one("PadV2", image, lambda x: F.pad(x, (0, 0, 1, 1), value=1.5), [([[0, 0], [0, 0], [1, 1], [0, 0]], "int32"), (1.5, "float32")]),
        "mirror pad": one("MirrorPad", image, lambda x: nhwc(F.pad(nchw(x), (2, 2, 1, 1), "reflect")), [([[0, 0], [1, 1], [2, 2], [0, 0]], "int32")], mode="REFLECT"),
        "slice": one("Slice", image, lambda x: x[:, 2:5, 1:, 3:9], [((0, 2, 1, 3), "int32"), ((-1, 3, -1, 6), "int32")]),
        "strided slice": strided([0, 1, 1, 0], [3, 5, 6, 8], [1, 2, 1, 3], lambda x: x[0:3, 1:5:2, 1:6, 0:8:3]),
        "strided slice masks": strided([1, 1, 2], [2, 2, 9], [1, 1, 2], lambda x: x[:, :2, 2::2], begin_mask=3, end_mask=5),
        "strided slice back": strided([-1, 4], [0, 0], [-1, -2], lambda x: x[[2, 1, 0]][:, [4, 2]], end_mask=1),
        "strided slice shrink": strided([-1, 0, 2], [0, 0, 3], [1, 1, 1], lambda x: x[-1, :, 2], begin_mask=2, end_mask=2, shrink_axis_mask=5),
        "strided slice ellipsis": strided([0, 0, 1, 0], [0, 0, 2, 0], [1, 1, 1, 1], lambda x: x[None, ..., 1:2, :], ellipsis_mask=2, new_axis_mask=1, begin_mask=8, end_mask=8),
        "transpose": one("Transpose", image, lambda x: x.permute(0, 2, 1, 3), lists(0, 2, 1, 3)),
        "softmax": one("Softmax", flat, lambda x: x.softmax(1)),
        "log softmax": one("LogSoftmax", flat, lambda x: x.log_softmax(1)),
        "arg max": one("ArgMax", flat, lambda x: x.argmax(1).int(), [(1, "int32")], output_type=Type(3)),
        "gather": one("GatherV2", flat, lambda x: x[:, [3, 1, 1]], [((3, 1, 1), "int32"), (1, "int32")]),
        "lrn": one("LRN", image, lambda x: x / (2 + 0.1 * sum(F.pad(x**2, (2, 2))[..., i:i + 16] for i in range(5))) ** 0.75, depth_radius=2, bias=2.0, alpha=0.1, beta=0.75),
        "depth to space": one("DepthToSpace", image, lambda x: x.reshape(1, 9, 10, 2, 2, 4).permute(0, 1, 3, 2, 4, 5).reshape(1, 18, 20, 4), block_size=2),
        "space to depth": one("SpaceToDepth", (1, 8, 10, 4), lambda x: x.reshape(1, 4, 2, 5, 2, 4).permute(0, 1, 3, 2, 4, 5).reshape(1, 4, 5, 16), block_size=2),
    }
    return {**cases, **resize_cases()}


POSITIVE = {"rsqrt", "log", "power"}


def several():
    """Split, SplitV, Unpack, Pack and ConcatV2 of images that a convolution left channels first."""
    w = normal(1, 1, 3, 8)
    net = Net({"x": (1, 4, 5, 3)})
    net.node("conv", "Conv2D", f"x {net.const(w)}", strides=[1, 1, 1, 1], padding="SAME")
    net.node("split", "Split", f"{net.scalar(3)} conv", num_split=2)
    net.node("splitv", "SplitV", f"conv {net.ints(1, -1)} {net.scalar(2)}", num_split=2)
    net.node("joined", "ConcatV2", f"split:1 split {net.scalar(-1)}", N=2)
    net.node("rows", "ConcatV2", f"splitv:1 splitv {net.scalar(2)}", N=2)
    net.node("unpacked", "Unpack", "conv", num=4, axis=1)
    net.node("packed", "Pack", "unpacked:2 unpacked unpacked:1 unpacked:3", axis=1, N=4)

    def reference(x):
        y = nhwc(F.conv2d(nchw(x), w.permute(3, 2, 0, 1)))
        return torch.cat((y[..., 4:], y[..., :4]), 3), y[:, [2, 0, 1, 3]], torch.cat((y[:, :, 1:], y[:, :, :1]), 2)

    return net, reference


def shapes():
    """A flattened size computed from Shape, StridedSlice and Pack, and sizes for resizing computed the same way."""
    w = normal(3, 3, 3, 8) / 5
    net = Net({"x": (2, 6, 6, 3)})
    net.node("conv", "Conv2D", f"x {net.const(w)}", strides=[1, 2, 2, 1], padding="SAME")
    net.node("shape", "Shape", "conv")
    net.node("batch", "StridedSlice", f"shape {net.ints(0)} {net.ints(1)} {net.ints(1)}", shrink_axis_mask=1)
    net.node("pack", "Pack", f"batch {net.scalar(-1)}", N=2)
    net.node("flat", "Reshape", "conv pack")
    net.node("hw", "StridedSlice", f"shape {net.ints(1)} {net.ints(3)} {net.ints(1)}")
    net.node("double", "Mul", f"hw {net.ints(2)}")
    net.node("up", "ResizeNearestNeighbor", "conv double")

    def reference(x):
        y = F.conv2d(same(nchw(x), 3, 2), w.permute(3, 2, 0, 1), None, 2)
        return nhwc(y).flatten(1), nhwc(F.interpolate(y, scale_factor=2))

    return net, reference


class Layers:
    """Adds layers of images to a net, and to a list what PyTorch does."""

    def __init__(self, net):
        self.net = net

    def conv(self, x, name, inputs, outputs, kernel, stride=1, depthwise=False, norm=True):
        net, fan = self.net, kernel * kernel * (1 if depthwise else inputs)
        w = normal(kernel, kernel, inputs, 1 if depthwise else outputs) * (2 / fan) ** 0.5
        op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
        node = net.node(name, op, f"{x} {net.const(w)}", strides=[1, stride, stride, 1], padding="SAME", data_format="NHWC")
        weights = w.permute(2, 3, 0, 1) if depthwise else w.permute(3, 2, 0, 1)
        outputs = inputs if depthwise else outputs
        scale, offset, mean, var = torch.rand(outputs) + 0.5, normal(outputs) / 4, normal(outputs) / 4, torch.rand(outputs) + 0.5
        if norm:
            node = net.node(name + "/bn", "FusedBatchNormV3", " ".join([node] + [net.const(v) for v in (scale, offset, mean, var)]), epsilon=0.001, is_training=False)
        else:
            node = net.node(name + "/bias", "BiasAdd", f"{node} {net.const(offset)}")
        node = net.node(name + "/relu", "Relu6" if norm else "Relu", node)

        def reference(x):
            x = F.conv2d(same(x, kernel, stride), weights, None, stride, groups=inputs if depthwise else 1)
            return F.relu6(F.batch_norm(x, mean, var, scale, offset, eps=0.001)) if norm else F.relu(x + offset[:, None, None])

        return node, reference

    def classify(self, x, channels):
        net, w, b = self.net, normal(channels, 10) / channels**0.5, normal(10)
        net.node("mean", "Mean", f"{x} {net.ints(1, 2)}", keep_dims=False)
        net.node("fc", "MatMul", f"mean {net.const(w)}")
        net.node("logits", "BiasAdd", f"fc {net.const(b)}")
        net.node("prob", "Softmax", "logits")
        return lambda x: (x.mean((2, 3)) @ w + b).softmax(1)


def mobilenet_like():
    torch.manual_seed(21)
    net = Net({"image": (1, 64, 64, 3)})
    layers, steps, x, inputs = Layers(net), [], "image", 3
    x, step = layers.conv(x, "conv0", 3, 16, 3, 2)
    steps.append(step)
    inputs = 16
    for i, (outputs, stride) in enumerate(((24, 1), (32, 2), (32, 1), (48, 2))):
        x, first = layers.conv(x, f"block{i}/depthwise", inputs, inputs, 3, stride, depthwise=True)
        x, second = layers.conv(x, f"block{i}/pointwise", inputs, outputs, 1)
        steps += [first, second]
        inputs = outputs
    last = layers.classify(x, inputs)

    def reference(x):
        x = nchw(x)
        for step in steps:
            x = step(x)
        return last(x)

    return net, reference


def inception_like():
    """Branches that meet in ConcatV2, a residual sum, Pad in front of a convolution, pooling."""
    torch.manual_seed(22)
    net = Net({"image": (1, 35, 35, 3)})
    layers = Layers(net)
    net.node("padded", "Pad", f"image {net.const([[0, 0], [1, 1], [1, 1], [0, 0]], 'int32')}")
    stem, f_stem = layers.conv("padded", "stem", 3, 32, 3, 2, norm=False)
    net.node("pool", "MaxPool", stem, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME")
    a, f_a = layers.conv("pool", "a", 32, 16, 1)
    b, f_b = layers.conv("pool", "b0", 32, 16, 1)
    b, f_b1 = layers.conv(b, "b1", 16, 24, 3, norm=False)
    net.node("mean_pool", "AvgPool", "pool", ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="SAME")
    c, f_c = layers.conv("mean_pool", "c", 32, 24, 1)
    net.node("concat", "ConcatV2", f"{a} {b} {c} {net.scalar(3)}", N=3)
    d, f_d = layers.conv("concat", "d", 64, 64, 3)
    net.node("sum", "AddV2", f"concat {d}")
    e, f_e = layers.conv("sum", "e", 64, 64, 3, 2, norm=False)
    last = layers.classify(e, 64)

    def reference(x):
        x = f_stem(F.pad(nchw(x), (1, 1, 1, 1)))
        x = F.max_pool2d(same(x, 3, 2, -torch.inf), 3, 2)
        mean = F.avg_pool2d(same(x, 3, 1), 3, 1) / F.avg_pool2d(same(torch.ones_like(x), 3, 1), 3, 1)
        x = torch.cat((f_a(x), f_b1(f_b(x)), f_c(mean)), 1)
        return last(f_e(x + f_d(x)))

    return net, reference


def check(tools, name, case, is_net):
    net, reference = case
    inputs = {n: normal(*shape).abs() + 0.5 if name in POSITIVE else normal(*shape) for n, shape in net.inputs.items()}
    wanted = reference(*inputs.values())
    got, _, info = frontend.run(tools, {"net.pb": net.bytes}, ["--model=$DIR/net.pb", "--framework=3"], {n: v.numpy() for n, v in inputs.items()})
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    if len(got) != len(wanted):
        print(f"{name:28} FAILED: outputs {sorted(got)}, PyTorch has {len(wanted)}")
        return False
    good = [frontend.report(name, g, w.detach().numpy(), is_net) for g, w in zip((got[k] for k in sorted(got)), wanted)]
    turned = [line for line in info.splitlines() if re.match(r"task +\d+ \S+ Transpose", line)] if is_net else []
    if len(turned) > 1:  # the input's
        print(f"{name:28} FAILED: transposes are left:\n" + "\n".join(turned))
    return all(good) and len(turned) <= 1


AIPP = "aipp_op { aipp_mode: static input_format: RGB888_U8 var_reci_chn_0: 0.00390625 var_reci_chn_1: 0.00390625 var_reci_chn_2: 0.00390625 }"


def check_images(tools):
    """--insert_op_conf: an NHWC network that takes bytes."""
    net, reference = conv_case((1, 32, 48, 3), 3, 2, "SAME")
    image = torch.randint(0, 256, (1, 32, 48, 3), dtype=torch.uint8)
    files = {"net.pb": net.bytes, "aipp.cfg": AIPP.encode()}
    got, _, info = frontend.run(tools, files, ["--model=$DIR/net.pb", "--framework=3", "--insert_op_conf=$DIR/aipp.cfg"], {"x": image.numpy()})
    good = frontend.report("images of bytes", got["out"], reference(image.float() / 256).numpy(), False)
    if "Aipp+Conv2D" not in info:
        print("images of bytes              FAILED: the convolution does not load the image itself\n" + info)
        return False
    return good


if __name__ == "__main__":
    torch.manual_seed(8)
    torch.set_num_threads(1)
    nets = {"mobilenet-like": mobilenet_like(), "inception-like": inception_like()}
    cases = {**operator_cases(), "parts of images": several(), "computed shapes": shapes()}
    sys.exit(frontend.main(__doc__, check, cases, nets, {"images of bytes": check_images}))
