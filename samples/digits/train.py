#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the digit classifier and writes digits.onnx, labels.json, sample.json and images/ beside this file."""
import pathlib
import sys

import torch
from torch import nn

kHere = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(kHere), str(kHere.parent)]
import training
from make_digits import kSize, make_digits

kTrainSeed, kTestSeed, kImageSeed = 1, 1001, 2002
kTrainCount, kTestCount = 30000, 5000
kMean, kStd = [0.1307], [0.3081]
kLabels = {"en": [str(d) for d in range(10)], "zh": list("零一二三四五六七八九")}


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * 3 * 3, 48), nn.ReLU(), nn.Linear(48, 10))


def generate(count, seed):
    images, labels = make_digits(count, seed)
    return images, training.to_input(images, kMean, kStd), labels


def augment(batch):
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    return torch.roll(batch, (dy, dx), (2, 3))


def main():
    torch.manual_seed(kTrainSeed)
    torch.set_num_threads(1)  # the same sums, and so the same weights, on every machine
    model = network()
    _, x, y = generate(kTrainCount, kTrainSeed)
    training.fit(model, x, y, epochs=9, augment=augment)
    training.export(model, (1, kSize, kSize), kHere / "digits.onnx")

    _, x, y = generate(kTestCount, kTestSeed)
    reached = training.accuracy(training.logits(model, x), y)
    print(f"accuracy on {kTestCount} fresh images (seed {kTestSeed}): {reached:.2f} %")

    images, x, labels = generate(200, kImageSeed)
    first = training.choose(training.logits(model, x), labels, per_class=1)
    entries = training.save_images(kHere / "images", images[first], labels[first], kLabels["en"])
    training.write_json(kHere / "labels.json", kLabels)
    training.write_json(kHere / "sample.json", {
        "name": "digits",
        "title": {"en": "Handwritten digits", "zh": "手写数字"},
        "description": {"en": "A small CNN that reads one digit, light ink on a dark ground",
                        "zh": "识别单个数字的小型卷积网络(深底浅字)"},
        "model": "digits.onnx",
        "input": {"name": "actual_input", "shape": ["batch", 1, kSize, kSize], "layout": "NCHW", "color": "GRAY",
                  "formula": "(pixel / 255 - mean) / std", "mean": kMean, "std": kStd},
        "output": {"name": "output", "kind": "logits"},
        "labels": "labels.json",
        "images": entries,
        "accuracy": {"percent": round(reached, 2), "images": kTestCount, "seed": kTestSeed, "by": "PyTorch fp32"},
    })


if __name__ == "__main__":
    main()
