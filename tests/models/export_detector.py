#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exports a detector of the YOLOX-nano kind (depthwise CSP backbone, feature pyramid, decoupled heads, SiLU everywhere)
with seeded weights, and PyTorch's fp32 answers. Input "images" [1,3,416,416], output "output" [1,3549,85]; 0.5 GMAC.
The layout of the output folder is export_torchvision.py's."""
import argparse
import json
import pathlib
import sys

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-torch)")
    sys.exit(77)

from model_cache import default_outdir

kName = "yolox_nano_like"
kCount = 4
kClasses = 80
kChannels = (16, 32, 64, 128, 256)


class ConvUnit(nn.Sequential):
    def __init__(self, cin, cout, kernel, stride=1, groups=1):
        super().__init__(nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout), nn.SiLU())


class DepthwiseUnit(nn.Sequential):
    def __init__(self, cin, cout, kernel, stride=1):
        super().__init__(ConvUnit(cin, cin, kernel, stride, cin), ConvUnit(cin, cout, 1))


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.body = nn.Sequential(ConvUnit(channels, channels, 1), DepthwiseUnit(channels, channels, 3))
        self.shortcut = shortcut

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


class CrossStage(nn.Module):
    def __init__(self, cin, cout, count, shortcut=True):
        super().__init__()
        half = cout // 2
        self.left, self.right, self.out = ConvUnit(cin, half, 1), ConvUnit(cin, half, 1), ConvUnit(cout, cout, 1)
        self.body = nn.Sequential(*[Bottleneck(half, shortcut) for _ in range(count)])

    def forward(self, x):
        return self.out(torch.cat((self.body(self.left(x)), self.right(x)), 1))


class Pyramid(nn.Module):
    """Max pooling at three sizes beside the input."""
    def __init__(self, channels):
        super().__init__()
        self.enter, self.leave = ConvUnit(channels, channels // 2, 1), ConvUnit(channels * 2, channels, 1)
        self.pools = nn.ModuleList([nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13)])

    def forward(self, x):
        x = self.enter(x)
        return self.leave(torch.cat([x] + [pool(x) for pool in self.pools], 1))


class Head(nn.Module):
    def __init__(self, cin, channels):
        super().__init__()
        self.stem = ConvUnit(cin, channels, 1)
        self.classes = nn.Sequential(*[DepthwiseUnit(channels, channels, 3) for _ in range(2)])
        self.boxes = nn.Sequential(*[DepthwiseUnit(channels, channels, 3) for _ in range(2)])
        self.class_scores, self.box, self.object = nn.Conv2d(channels, kClasses, 1), nn.Conv2d(channels, 4, 1), nn.Conv2d(channels, 1, 1)

    def forward(self, x):
        x = self.stem(x)
        boxes = self.boxes(x)
        return torch.cat((self.box(boxes), self.object(boxes).sigmoid(), self.class_scores(self.classes(x)).sigmoid()), 1).flatten(2)


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        c0, c1, c2, c3, c4 = kChannels
        self.stem = ConvUnit(12, c0, 3)
        self.stage1 = nn.Sequential(DepthwiseUnit(c0, c1, 3, 2), CrossStage(c1, c1, 1))
        self.stage2 = nn.Sequential(DepthwiseUnit(c1, c2, 3, 2), CrossStage(c2, c2, 3))
        self.stage3 = nn.Sequential(DepthwiseUnit(c2, c3, 3, 2), CrossStage(c3, c3, 3))
        self.stage4 = nn.Sequential(DepthwiseUnit(c3, c4, 3, 2), Pyramid(c4), CrossStage(c4, c4, 1, False))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.lateral4, self.merge3 = ConvUnit(c4, c3, 1), CrossStage(2 * c3, c3, 1, False)
        self.lateral3, self.merge2 = ConvUnit(c3, c2, 1), CrossStage(2 * c2, c2, 1, False)
        self.down2, self.merge_down3 = DepthwiseUnit(c2, c2, 3, 2), CrossStage(2 * c2, c3, 1, False)
        self.down3, self.merge_down4 = DepthwiseUnit(c3, c3, 3, 2), CrossStage(2 * c3, c4, 1, False)
        self.heads = nn.ModuleList([Head(c, c2) for c in (c2, c3, c4)])

    def forward(self, x):
        x = torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1)
        p2 = self.stage2(self.stage1(self.stem(x)))
        p3 = self.stage3(p2)
        p4 = self.stage4(p3)
        l4 = self.lateral4(p4)
        l3 = self.lateral3(self.merge3(torch.cat((self.up(l4), p3), 1)))
        out2 = self.merge2(torch.cat((self.up(l3), p2), 1))
        out3 = self.merge_down3(torch.cat((self.down2(out2), l3), 1))
        out4 = self.merge_down4(torch.cat((self.down3(out3), l4), 1))
        return torch.cat([head(x) for head, x in zip(self.heads, (out2, out3, out4))], 2).permute(0, 2, 1)


def build(images):
    gen = torch.Generator().manual_seed(20240607)
    torch.manual_seed(20240607)
    model = Detector().eval()
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            m.weight.copy_(torch.randn(m.weight.shape, generator=gen) * (2.0 / m.weight[0].numel()) ** 0.5)
            if m.bias is not None:
                m.bias.copy_(0.5 * torch.randn(m.bias.shape, generator=gen))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for m in norms:
        m.weight.copy_(0.5 + torch.rand(m.weight.shape, generator=gen))
        m.bias.copy_(0.7 + 0.3 * torch.randn(m.bias.shape, generator=gen))
        m.momentum = 1.0
        m.train()
    # As in export_torchvision.py: a random network must not blow its rounding up until it hides the answer.
    for m in model.modules():
        if isinstance(m, Bottleneck) and m.shortcut:
            m.body[-1][-1][1].weight *= 0.3
    model(images)  # statistics of data, not of nothing
    for m in norms:
        m.momentum = 0.1
        m.eval()
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outdir", type=pathlib.Path, default=default_outdir())
    args = parser.parse_args()
    folder = args.outdir / kName
    if (folder / "model.onnx").exists():
        return
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    folder.mkdir(parents=True, exist_ok=True)
    gen = torch.Generator().manual_seed(7)
    coarse = torch.randn(kCount, 3, 26, 26, generator=gen)
    images = nn.functional.interpolate(coarse, size=(416, 416), mode="bilinear", align_corners=False) + 0.2 * torch.randn(kCount, 3, 416, 416, generator=gen)
    model = build(images)
    for i, image in enumerate(images):
        np.save(folder / f"input_{i:02}.npy", image[None].numpy())
        np.save(folder / f"output_{i:02}.npy", model(image[None]).numpy())
    partial = folder / "model.onnx.part"
    torch.onnx.export(model, images[:1], str(partial), opset_version=13, input_names=["images"], output_names=["output"])
    (folder / "case.json").write_text(json.dumps({
        "model": "model.onnx", "input": "images", "shape": [1, 3, 416, 416], "inputs": "input_{:02}.npy",
        "outputs": {"output": "output_{:02}.npy"}, "count": kCount, "classifier": False, "reference": "PyTorch",
    }, indent=1) + "\n")
    partial.rename(folder / "model.onnx")


if __name__ == "__main__":
    main()
