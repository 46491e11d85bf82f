#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""torchvision's answers with the weights of our own zoo: shows that the builders make the same networks.

Writes each model with npu-zoo into <outdir>/zoo_<model>/, loads its weights into torchvision's network of that name (every
parameter must have a place there, by name) and keeps what that answers, for compare.py.
"""
import argparse
import json
import pathlib
import subprocess
import sys

try:
    import numpy as np
    import onnx
    import torch
    import torchvision
    from onnx import numpy_helper
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch, python3-torchvision and python3-onnx)")
    sys.exit(77)

from export_torchvision import kSeed, random_images
from model_cache import default_outdir

kModels = ["resnet18", "resnet50", "mobilenet_v2", "squeezenet1_1"]
kInputs = 3


def torchvision_twin(name, path):
    model = getattr(torchvision.models, name)(weights=None).eval()
    held = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in onnx.load(str(path)).graph.initializer}
    held = {key: value for key, value in held.items() if value.dim() > 0}  # the bounds of Clip
    missing, unexpected = model.load_state_dict(held, strict=False)
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"{name}: torchvision's parameters without a value: {missing}; values without a parameter: {unexpected}")
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", required=True, help="the program npu-zoo")
    parser.add_argument("--models", default=",".join(kModels))
    parser.add_argument("--outdir", type=pathlib.Path, default=default_outdir())
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    inputs = random_images(kInputs, kSeed)
    for name in args.models.split(","):
        folder = args.outdir / f"zoo_{name}"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([args.zoo, name, folder / "model.onnx"], check=True)
        model = torchvision_twin(name, folder / "model.onnx")
        for i, image in enumerate(inputs):
            out = model(image[None])
            np.save(folder / f"input_{i:02}.npy", image[None].numpy())
            np.save(folder / f"output_{i:02}.npy", out.numpy())
        (folder / "case.json").write_text(json.dumps({
            "model": "model.onnx", "input": "actual_input", "shape": [1, 3, 224, 224], "inputs": "input_{:02}.npy",
            "outputs": {"output": "output_{:02}.npy"}, "count": kInputs, "classifier": True, "reference": "torchvision",
        }, indent=1) + "\n")
        print(f"zoo_{name}: answers within {out.min():.3f} .. {out.max():.3f}, deviation {out.std():.3f}", flush=True)


if __name__ == "__main__":
    main()
