#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Torchvision topologies with random weights and statistics, quantised by each method: cosine of the emulated int8 model's outputs
with PyTorch's (fp32), on inputs that the calibration has not seen.

The answers come from export_torchvision.py. Exit code 0: for every model the best method reaches the limit; 1: not; 77: nothing to
compare.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from compare import cosine
from model_cache import default_outdir

METHODS = {name: ("--method", name) for name in ("minmax", "percentile", "entropy", "ifmr")}
# Some layers in fp16: those that the sensitivity search picks.
METHODS["ifmr, budget"] = ("--method", "ifmr", "--score", "cosine", "--budget", "0.4%")
CALIBRATION = range(8)
HELD_OUT = range(12, 20)


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"{command[0]} returned {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def answers(args, case, om, folder, work):
    for i in HELD_OUT:
        call(args.npu, "run", "--om", om, "--input", f"{case['input']}={folder / case['inputs'].format(i)}", "--outdir", work)
        yield i, np.load(work / "output.npy")


def measure(args, folder, work):
    """Method -> (smallest cosine, equal top-1, what npu quantize says)."""
    case = json.loads((folder / "case.json").read_text())
    data = work / "data"
    data.mkdir()
    for i in CALIBRATION:
        (data / f"{i:02}.npy").symlink_to((folder / case["inputs"].format(i)).resolve())
    found = {}
    for method, options in METHODS.items():
        model, om = work / f"{method}.onnx", work / f"{method}.om"
        said = call(args.npu, "quantize", folder / case["model"], "--data", data, "--out", model, *options, "--soc", args.soc)
        shape = ",".join(map(str, case["shape"]))
        call(args.atc, f"--model={model}", "--framework=5", f"--output={om.with_suffix('')}", f"--soc_version={args.soc}", f"--input_shape={case['input']}:{shape}")
        expected = {i: np.load(folder / case["outputs"]["output"].format(i)) for i in HELD_OUT}
        got = dict(answers(args, case, om, folder, work))
        found[method] = (min(cosine(got[i], expected[i]) for i in HELD_OUT), sum(got[i].argmax() == expected[i].argmax() for i in HELD_OUT), "; ".join(said.splitlines()[-2:]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atc", required=True)
    parser.add_argument("--npu", required=True)
    parser.add_argument("--dir", type=pathlib.Path, default=default_outdir())
    parser.add_argument("--models", default="resnet18,mobilenet_v2")
    parser.add_argument("--soc", default="Ascend310P3")
    parser.add_argument("--limit", type=float, default=0.99)
    args = parser.parse_args()
    failed = compared = 0
    for name in args.models.split(","):
        folder = args.dir / name
        if not (folder / "case.json").exists() or not (folder / f"output_{HELD_OUT[-1]:02}.npy").exists():
            print(f"{name}: not exported")
            continue
        with tempfile.TemporaryDirectory() as work:
            found = measure(args, folder, pathlib.Path(work))
        compared += 1
        best = max(cosine for cosine, _, _ in found.values())
        failed += best < args.limit
        for method, (least, same, said) in found.items():
            print(f"{name:14} {method:12} cosine {least:.5f}  top-1 {same}/{len(HELD_OUT)}  {said}")
        print(f"{name}: best {best:.5f}{'' if best >= args.limit else '  FAILED'}")
    sys.exit(1 if failed else 0 if compared else 77)


if __name__ == "__main__":
    main()
