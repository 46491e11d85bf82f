#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Caffe models with random weights, written here, through atc --framework=0 and the emulated chip, against PyTorch in fp32: each layer
with its own rules, and whole networks. Exit code 0: all agree; 1: not; 77: no PyTorch."""
import math
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-torch)")
    sys.exit(77)
import frontend
import wire


class Net:
    """A network as text and its weights, layer by layer. old: the form `layers` with types in capitals."""

    def __init__(self, inputs, old=False):
        self.inputs, self.old, self.blobs = inputs, old, b""
        self.text = 'name: "net"\n'
        for name, shape in inputs.items():
            if old:
                self.text += f'input: "{name}"\n' + "".join(f"input_dim: {d}\n" for d in shape)
            else:
                dims = " ".join(f"dim: {d}" for d in shape)
                self.text += f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}\n'

    def add(self, name, kind, bottoms, tops, params="", blobs=(), rest=""):
        self.text += f'{"layers" if self.old else "layer"} {{\n  name: "{name}"\n  type: {kind if self.old else chr(34) + kind + chr(34)}\n'
        self.text += "".join(f'  bottom: "{b}"\n' for b in bottoms.split()) + "".join(f'  top: "{t}"\n' for t in tops.split())
        self.text += f"  {params}\n  {rest}\n}}\n"
        if blobs:
            encoded = [self.blob(b) for b in blobs]
            fields = [wire.text(4, name)] + [wire.message(6, b) for b in encoded] if self.old else [wire.text(1, name)] + [wire.message(7, b) for b in encoded]
            self.blobs += wire.message(2 if self.old else 100, *fields)
        return self

    def blob(self, tensor):
        data = wire.message(5, tensor.detach().numpy().astype("<f4").tobytes())
        if self.old:
            shape = [1] * (4 - tensor.dim()) + list(tensor.shape)
            return b"".join(wire.integer(i + 1, d) for i, d in enumerate(shape)) + data
        return wire.message(7, wire.packed(1, tensor.shape)) + data

    def files(self):
        return {"net.prototxt": self.text.encode(), "net.caffemodel": self.blobs or wire.message(100, wire.text(1, "none"))}


def normal(*shape):
    return torch.randn(*shape)


def conv_case(text, x, w, groups=1, **how):
    b = normal(w.shape[0])
    net = Net({"data": x}).add("conv", "Convolution", "data", "conv", f"convolution_param {{ num_output: {w.shape[0]} {text} }}", [w, b])
    return net, lambda x: F.conv2d(x, w, b, groups=groups, **how)


def deconv_case(text, x, w, groups=1, **how):
    b = normal(w.shape[1] * groups)
    net = Net({"data": x}).add("up", "Deconvolution", "data", "up", f"convolution_param {{ num_output: {w.shape[1] * groups} {text} }}", [w, b])
    return net, lambda x: F.conv_transpose2d(x, w, b, groups=groups, **how)


def one(kind, params, shape, function, blobs=()):
    return Net({"data": shape}).add("layer", kind, "data", "out", params, blobs), function


def caffe_pool(x, kernel, stride, pad, is_max):
    """Caffe's pooling window by window: sizes round up, windows reach beyond the image, means count the padding but nothing beyond it."""
    n, c, h, w = x.shape

    def outputs(size):
        count = math.ceil((size + 2 * pad - kernel) / stride) + 1
        return count - 1 if pad and (count - 1) * stride >= size + pad else count

    y = torch.empty(n, c, outputs(h), outputs(w))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = i * stride - pad, j * stride - pad
            bottom, right = min(top + kernel, h + pad), min(left + kernel, w + pad)
            area = (bottom - top) * (right - left)
            window = x[:, :, max(top, 0):min(bottom, h), max(left, 0):min(right, w)]
            y[:, :, i, j] = window.amax((2, 3)) if is_max else window.sum((2, 3)) / area
    return y


def pool_case(shape, kernel, stride, pad, is_max):
    params = f"pooling_param {{ pool: {'MAX' if is_max else 'AVE'} kernel_size: {kernel} stride: {stride} pad: {pad} }}"
    return one("Pooling", params, shape, lambda x: caffe_pool(x, kernel, stride, pad, is_max))


def lrn_across(x, n, alpha, beta, k):
    """The formula of the paper, channel by channel."""
    y = torch.empty_like(x)
    for c in range(x.shape[1]):
        low, high = max(c - n // 2, 0), min(c + n // 2 + 1, x.shape[1])
        y[:, c] = x[:, c] / (k + alpha / n * (x[:, low:high] ** 2).sum(1)) ** beta
    return y


def lrn_within(x, n, alpha, beta):
    squares = F.pad(x**2, [n // 2] * 4)
    sums = sum(squares[:, :, i:i + x.shape[2], j:j + x.shape[3]] for i in range(n) for j in range(n))
    return x / (1 + alpha / (n * n) * sums) ** beta


def two(kind, params, shapes, function, tops="out"):
    return Net(shapes).add("layer", kind, " ".join(shapes), tops, params), function


def layer_cases():
    image = (2, 8, 13, 11)
    slope, gamma, beta = normal(8), normal(8), normal(8)
    mean, var = normal(8), torch.rand(8) + 0.5
    w = normal(5, 8 * 13 * 11) / 20
    wl, bl = normal(7, 11), normal(7)
    b5 = normal(5)
    return {
        "conv": conv_case("kernel_size: 3 pad: 1 stride: 2", image, normal(6, 8, 3, 3) / 8, padding=1, stride=2),
        "conv h and w": conv_case("kernel_h: 3 kernel_w: 5 pad_h: 0 pad_w: 2 stride_h: 2 stride_w: 1", image, normal(6, 8, 3, 5) / 8, padding=(0, 2), stride=(2, 1)),
        "conv repeated": conv_case("kernel_size: [3, 5] pad: 1 pad: 2 dilation: 1", image, normal(6, 8, 3, 5) / 8, padding=(1, 2)),
        "conv group dilation": conv_case("kernel_size: 3 pad: 2 dilation: 2 group: 4", image, normal(8, 2, 3, 3) / 4, 4, padding=2, dilation=2),
        "conv depthwise": conv_case("kernel_size: 3 pad: 1 group: 8", image, normal(8, 1, 3, 3) / 3, 8, padding=1),
        "deconv": deconv_case("kernel_size: 4 stride: 2 pad: 1", image, normal(8, 6, 4, 4) / 8, stride=2, padding=1),
        "deconv group": deconv_case("kernel_size: 3 stride: 2 group: 2", image, normal(8, 3, 3, 3) / 8, 2, stride=2),
        "pool max 3/2": pool_case(image, 3, 2, 0, True),
        "pool max even 3/2": pool_case((1, 8, 12, 14), 3, 2, 0, True),
        "pool max 3/2 pad 1": pool_case((1, 8, 12, 13), 3, 2, 1, True),
        "pool max 2/2 pad 1": pool_case((1, 8, 5, 6), 2, 2, 1, True),
        "pool mean 3/2": pool_case((1, 8, 12, 14), 3, 2, 0, False),
        "pool mean 3/2 pad 1": pool_case((1, 8, 12, 13), 3, 2, 1, False),
        "pool mean 5/3 pad 2": pool_case((1, 8, 12, 13), 5, 3, 2, False),
        "pool floor": one("Pooling", "pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }", (1, 8, 12, 14), lambda x: F.max_pool2d(x, 3, 2)),
        "pool global": one("Pooling", "pooling_param { pool: AVE global_pooling: true }", image, lambda x: x.mean((2, 3), keepdim=True)),
        "lrn across": one("LRN", "lrn_param { local_size: 5 alpha: 0.5 beta: 0.75 k: 2 }", image, lambda x: lrn_across(x, 5, 0.5, 0.75, 2)),
        "lrn within": one("LRN", "lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 norm_region: WITHIN_CHANNEL }", image, lambda x: lrn_within(x, 3, 0.5, 0.75)),
        "inner product": one("InnerProduct", "inner_product_param { num_output: 5 }", image, lambda x: F.linear(x.flatten(1), w, b5), [w, b5]),
        "inner product turned": one("InnerProduct", "inner_product_param { num_output: 5 transpose: true bias_term: false }", image, lambda x: F.linear(x.flatten(1), w), [w.t()]),
        "inner product last axis": one("InnerProduct", "inner_product_param { num_output: 7 axis: -1 }", image, lambda x: F.linear(x, wl, bl), [wl, bl]),
        "relu": one("ReLU", "", image, F.relu),
        "leaky relu": one("ReLU", "relu_param { negative_slope: 0.1 }", image, lambda x: F.leaky_relu(x, 0.1)),
        "prelu": one("PReLU", "", image, lambda x: F.prelu(x, slope), [slope]),
        "prelu shared": one("PReLU", "prelu_param { channel_shared: true }", image, lambda x: F.prelu(x, slope[:1]), [slope[:1]]),
        "elu": one("ELU", "elu_param { alpha: 0.7 }", image, lambda x: F.elu(x, 0.7)),
        "sigmoid": one("Sigmoid", "", image, torch.sigmoid),
        "tanh": one("TanH", "", image, torch.tanh),
        "abs": one("AbsVal", "", image, torch.abs),
        "bnll": one("BNLL", "", image, F.softplus),
        "power": one("Power", "power_param { power: 2 scale: 0.5 shift: 1.5 }", image, lambda x: (1.5 + 0.5 * x) ** 2),
        "exp": one("Exp", "exp_param { base: 2 scale: 0.5 shift: 0.25 }", image, lambda x: 2 ** (0.25 + 0.5 * x)),
        "exp of e": one("Exp", "", image, torch.exp),
        "softmax": one("Softmax", "", image, lambda x: x.softmax(1)),
        "softmax last": one("Softmax", "softmax_param { axis: -1 }", image, lambda x: x.softmax(3)),
        "batch norm": one("BatchNorm", "batch_norm_param { eps: 0.001 }", image, lambda x: F.batch_norm(x, mean / 4, var / 4, eps=0.001), [mean, var, torch.tensor([4.0])]),
        "scale": one("Scale", "scale_param { bias_term: true }", image, lambda x: x * gamma[:, None, None] + beta[:, None, None], [gamma, beta]),
        "bias": one("Bias", "", image, lambda x: x + beta[:, None, None], [beta]),
        "scale by an input": two("Scale", "scale_param { axis: 0 }", {"a": image, "b": (2, 8)}, lambda a, b: a * b[:, :, None, None]),
        "flatten": one("Flatten", "", image, lambda x: x.flatten(1)),
        "flatten middle": one("Flatten", "flatten_param { axis: 1 end_axis: 2 }", image, lambda x: x.flatten(1, 2)),
        "reshape": one("Reshape", "reshape_param { shape { dim: 0 dim: 4 dim: -1 dim: 11 } }", image, lambda x: x.reshape(2, 4, 26, 11)),
        "reshape part": one("Reshape", "reshape_param { shape { dim: 2 dim: 4 } axis: 1 num_axes: 1 }", image, lambda x: x.reshape(2, 2, 4, 13, 11)),
        "permute": one("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }", image, lambda x: x.permute(0, 2, 3, 1)),
        "tile": one("Tile", "tile_param { axis: 1 tiles: 2 }", image, lambda x: x.repeat(1, 2, 1, 1)),
        "reduction": one("Reduction", "reduction_param { operation: MEAN axis: 2 coeff: 3 }", image, lambda x: 3 * x.mean((2, 3))),
        "shuffle channel": one("ShuffleChannel", "shuffle_channel_param { group: 2 }", image, lambda x: x.reshape(2, 2, 4, 13, 11).transpose(1, 2).reshape(2, 8, 13, 11)),
        "upsample": one("Upsample", "upsample_param { scale: 2 }", image, lambda x: F.interpolate(x, scale_factor=2)),
        "arg max": one("ArgMax", "argmax_param { axis: 1 }", image, lambda x: x.argmax(1, keepdim=True).float()),
        "arg max of all": one("ArgMax", "", (3, 20), lambda x: x.argmax(1).float().reshape(3, 1, 1)),
        "eltwise sum": two("Eltwise", "eltwise_param { operation: SUM coeff: 1 coeff: -0.5 }", {"a": image, "b": image}, lambda a, b: a - 0.5 * b),
        "eltwise product": two("Eltwise", "eltwise_param { operation: PROD }", {"a": image, "b": image}, lambda a, b: a * b),
        "eltwise max": two("Eltwise", "eltwise_param { operation: MAX }", {"a": image, "b": image}, torch.maximum),
        "concat": two("Concat", "concat_param { axis: 1 }", {"a": image, "b": (2, 3, 13, 11)}, lambda a, b: torch.cat((a, b), 1)),
        "crop": two("Crop", "crop_param { axis: 2 offset: 2 offset: 3 }", {"a": image, "b": (2, 8, 6, 5)}, lambda a, b: a[:, :, 2:8, 3:8]),
    }


def resnet_like(old=False):
    """In-place layers, BatchNorm and Scale, a residual sum, pooling that rounds up, a layer of training only."""
    torch.manual_seed(11)
    net, values = Net({"data": (1, 3, 61, 61)}), {}

    def conv(name, bottom, top, channels, inputs, kernel, stride, pad):
        w = normal(channels, inputs, kernel, kernel) * (2 / (inputs * kernel * kernel)) ** 0.5
        mean, var, gamma, beta = normal(channels) / 4, torch.rand(channels) + 0.5, torch.rand(channels) + 0.5, normal(channels) / 4
        net.add(name, "Convolution", bottom, top, f"convolution_param {{ num_output: {channels} bias_term: false kernel_size: {kernel} stride: {stride} pad: {pad} }}", [w])
        net.add("bn_" + name, "BatchNorm", top, top, "batch_norm_param { use_global_stats: true }", [mean * 3, var * 3, torch.tensor([3.0])])
        net.add("scale_" + name, "Scale", top, top, "scale_param { bias_term: true }", [gamma, beta])
        return lambda x: F.batch_norm(F.conv2d(x, w, None, stride, pad), mean, var, gamma, beta)

    first = conv("conv1", "data", "conv1", 16, 3, 7, 2, 3)
    net.add("relu1", "ReLU", "conv1", "conv1")
    net.add("pool1", "Pooling", "conv1", "pool1", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }")
    short = conv("short", "pool1", "short", 32, 16, 1, 2, 0)
    a = conv("a", "pool1", "a", 32, 16, 3, 2, 1)
    net.add("relu_a", "ReLU", "a", "a")
    b = conv("b", "a", "b", 32, 32, 3, 1, 1)
    net.add("sum", "Eltwise", "short b", "sum")
    net.add("relu_sum", "ReLU", "sum", "sum")
    net.add("pool2", "Pooling", "sum", "pool2", "pooling_param { pool: AVE kernel_size: 3 stride: 2 }")
    net.add("drop", "Dropout", "pool2", "pool2", "dropout_param { dropout_ratio: 0.5 }")
    net.add("loss", "SoftmaxWithLoss", "pool2 label", "loss", rest="include { phase: TRAIN }")
    w, bias = normal(10, 32 * 4 * 4) / 48, normal(10) / 4
    net.add("fc", "InnerProduct", "pool2", "fc", "inner_product_param { num_output: 10 }", [w, bias])
    net.add("prob", "Softmax", "fc", "prob")

    def reference(x):
        x = caffe_pool(F.relu(first(x)), 3, 2, 0, True)
        x = F.relu(short(x) + b(F.relu(a(x))))
        return F.linear(caffe_pool(x, 3, 2, 0, False).flatten(1), w, bias).softmax(1)

    return net, reference


def old_form():
    """AlexNet's parts in the form of 2014: `layers`, four-dimensional blobs, LRN, groups, an inner product of an image."""
    torch.manual_seed(12)
    net = Net({"data": (1, 3, 35, 35)}, old=True)
    w1, b1, w2, b2 = normal(16, 3, 5, 5) / 8, normal(16), normal(24, 8, 3, 3) / 8, normal(24)
    w3, b3 = normal(10, 24 * 4 * 4) / 16, normal(10)
    net.add("conv1", "CONVOLUTION", "data", "conv1", "convolution_param { num_output: 16 kernel_size: 5 stride: 2 }", [w1, b1])
    net.add("relu1", "RELU", "conv1", "conv1")
    net.add("norm1", "LRN", "conv1", "norm1", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")
    net.add("pool1", "POOLING", "norm1", "pool1", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }")
    net.add("conv2", "CONVOLUTION", "pool1", "conv2", "convolution_param { num_output: 24 kernel_size: 3 pad: 1 group: 2 }", [w2, b2])
    net.add("relu2", "RELU", "conv2", "conv2")
    net.add("pool2", "POOLING", "conv2", "pool2", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }")
    net.add("fc", "INNER_PRODUCT", "pool2", "fc", "inner_product_param { num_output: 10 }", [w3, b3])

    def reference(x):
        x = caffe_pool(lrn_across(F.relu(F.conv2d(x, w1, b1, 2)), 5, 1e-4, 0.75, 1), 3, 2, 0, True)
        return F.linear(caffe_pool(F.relu(F.conv2d(x, w2, b2, 1, 1, groups=2)), 3, 2, 0, True).flatten(1), w3, b3)

    return net, reference


def slices():
    """Several outputs, and blobs that are read twice through Split."""
    net = Net({"data": (1, 9, 6, 6)}).add("split", "Split", "data", "s0 s1").add("slice", "Slice", "s0", "a b c", "slice_param { axis: 1 slice_point: 2 slice_point: 5 }")
    net.add("max", "Eltwise", "data s1", "max", "eltwise_param { operation: MAX }")
    return net, lambda x: (x[:, :2], x[:, 2:5], x[:, 5:], x)


def check(tools, name, case, is_net):
    net, reference = case
    inputs = {n: normal(*shape) for n, shape in net.inputs.items()}
    wanted = reference(*inputs.values())
    arguments = ["--model=$DIR/net.prototxt", "--weight=$DIR/net.caffemodel", "--framework=0"]
    got, _, _ = frontend.run(tools, net.files(), arguments, {n: v.numpy() for n, v in inputs.items()})
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    if len(got) != len(wanted):
        print(f"{name:28} FAILED: outputs {sorted(got)}, PyTorch has {len(wanted)}")
        return False
    return all([frontend.report(name, g, w.detach().numpy(), is_net) for g, w in zip((got[k] for k in sorted(got)), wanted)])


if __name__ == "__main__":
    torch.manual_seed(7)
    torch.set_num_threads(1)
    nets = {"resnet-like": resnet_like(), "alexnet-like, layers": old_form()}
    sys.exit(frontend.main(__doc__, check, {**layer_cases(), "slice, split": slices()}, nets))
