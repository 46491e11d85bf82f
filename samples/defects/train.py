#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the defect classifier and writes defects.onnx, labels.json, sample.json and images/ beside this file."""
import pathlib
import sys

import torch
from torch import nn

kHere = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(kHere), str(kHere.parent)]
import training
from make_defects import kKinds, kSize, make_defects

kTrainSeed, kTestSeed, kImageSeed = 1, 1001, 2002
kTrainCount, kTestCount = 9000, 3000
kMean, kStd = [0.55, 0.55, 0.55], [0.25, 0.25, 0.25]
kLabels = {"en": kKinds, "zh": ["划痕", "凹坑", "夹杂", "裂纹", "污渍", "无缺陷"]}


class Block(nn.Module):
    """The basic block of ResNet."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.short = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.short(x))


def network():
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, len(kKinds)))


def generate(count, seed):
    images, labels = make_defects(count, seed)
    return images, training.to_input(images, kMean, kStd), labels


def augment(batch):
    """Mirrors and quarter turns: a defect has no right way up."""
    dims = [d for d in (2, 3) if torch.rand(()) < 0.5]
    return torch.rot90(torch.flip(batch, dims), int(torch.randint(0, 2, ())), (2, 3))


def main():
    torch.manual_seed(kTrainSeed)
    torch.set_num_threads(1)  # the same sums, and so the same weights, on every machine
    model = network()
    _, x, y = generate(kTrainCount, kTrainSeed)
    training.fit(model, x, y, epochs=9, augment=augment)
    training.export(model, (3, kSize, kSize), kHere / "defects.onnx")

    _, x, y = generate(kTestCount, kTestSeed)
    scores = training.logits(model, x)
    reached = training.accuracy(scores, y)
    print(f"accuracy on {kTestCount} fresh images (seed {kTestSeed}): {reached:.2f} %")
    for i, kind in enumerate(kKinds):
        print(f"  {kind}: recall {training.accuracy(scores[y == i], y[y == i]):.2f} %")

    images, x, labels = generate(200, kImageSeed)
    first = training.choose(training.logits(model, x), labels, per_class=2)
    entries = training.save_images(kHere / "images", images[first], labels[first], kKinds)
    training.write_json(kHere / "labels.json", kLabels)
    training.write_json(kHere / "sample.json", {
        "name": "defects",
        "title": {"en": "Surface defects on metal", "zh": "金属表面缺陷"},
        "description": {"en": "A small residual network that names the defect on a piece of sheet metal",
                        "zh": "识别金属板表面缺陷种类的小型残差网络"},
        "model": "defects.onnx",
        "input": {"name": "actual_input", "shape": ["batch", 3, kSize, kSize], "layout": "NCHW", "color": "RGB",
                  "formula": "(pixel / 255 - mean) / std", "mean": kMean, "std": kStd},
        "output": {"name": "output", "kind": "logits"},
        "labels": "labels.json",
        "images": entries,
        "accuracy": {"percent": round(reached, 2), "images": kTestCount, "seed": kTestSeed, "by": "PyTorch fp32"},
    })


if __name__ == "__main__":
    main()
