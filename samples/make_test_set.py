#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fresh test data of a trained sample, and PyTorch's answers, for comparing accuracy on another device.

    make_test_set.py digits --count 1000 --seed 4321 --outdir D
writes D/images.npy (float32, ready for the network), D/labels.npy (int64), D/logits.npy (PyTorch, fp32).
"""
import argparse
import importlib.util
import pathlib
import sys

import numpy as np
import torch

kHere = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(kHere))
import training


def load_sample(name):
    """The sample's train.py as a module: network() and generate(count, seed)."""
    spec = importlib.util.spec_from_file_location(f"{name}_train", kHere / name / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", choices=("digits", "defects"))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=4321, help="other than those of train.py")
    parser.add_argument("--outdir", type=pathlib.Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    sample = load_sample(args.sample)
    if args.seed in (sample.kTrainSeed, sample.kImageSeed):
        parser.error(f"seed {args.seed} is one that train.py uses: the data would not be fresh")
    model = training.load_weights(sample.network(), kHere / args.sample / f"{args.sample}.onnx")
    _, x, labels = sample.generate(args.count, args.seed)
    scores = training.logits(model, x)
    args.outdir.mkdir(parents=True, exist_ok=True)
    for name, value in (("images", x), ("labels", labels), ("logits", scores)):
        np.save(args.outdir / f"{name}.npy", value)
    print(f"{args.sample}: {args.count} images, seed {args.seed}, PyTorch accuracy {training.accuracy(scores, labels):.2f} %")


if __name__ == "__main__":
    main()
