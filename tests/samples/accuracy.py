#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Accuracy of the trained samples on freshly generated data: PyTorch (fp32), the emulated NPU in fp16, and in int8 after
calibration on other fresh data, by each method.

Exit code 0: within the tolerance; 1: not; 77: PyTorch or a font of the generator is not installed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

kSource = pathlib.Path(__file__).resolve().parents[2]
kTolerance = 0.3  # percentage points
kMethods = ("minmax", "percentile", "entropy", "ifmr")
kCalibrationSeed, kCalibrationCount = 8642, 100


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"{command[0]} returned {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def make_test_set(name, count, folder, *more):
    done = subprocess.run([sys.executable, kSource / "samples/make_test_set.py", name, "--count", str(count), "--outdir", folder, *more],
                          capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1]
        print(f"skipped: {reason}")
        sys.exit(77 if "is missing" in reason or "ModuleNotFoundError" in reason else 1)


def npu_logits(args, model, images, work):
    om = work / "model.om"
    shape = ",".join(map(str, (args.batch, *images.shape[1:])))
    call(args.atc, f"--model={model}", "--framework=5", f"--output={om.with_suffix('')}",
         f"--soc_version={args.soc}", f"--input_shape=actual_input:{shape}")
    scores = []
    for start in range(0, len(images), args.batch):
        np.save(work / "batch.npy", images[start:start + args.batch])
        call(args.npu, "run", "--om", om, "--input", f"actual_input={work / 'batch.npy'}", "--outdir", work)
        scores.append(np.load(work / "output.npy").astype(np.float32))
    return np.concatenate(scores)


def quantised(args, model, method, data, work):
    made = work / "int8.onnx"
    call(args.npu, "quantize", model, "--data", data, "--out", made, "--method", method, "--soc", args.soc)
    return made


def check_int8(args, name, model, images, labels, fp16_percent, work):
    """Prints a line for each method; whether one loses more than the tolerance."""
    make_test_set(name, kCalibrationCount, work / "calibration", "--seed", str(kCalibrationSeed))
    failed = False
    for method in kMethods:
        scores = npu_logits(args, quantised(args, model, method, work / "calibration/images.npy", work), images, work)
        percent = 100 * (scores.argmax(1) == labels).mean()
        ok = fp16_percent - percent <= kTolerance
        failed |= not ok
        print(f"{name}: int8 by {method:10} {percent:.2f} %, fp16 {fp16_percent:.2f} %{'' if ok else '  FAILED'}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atc", required=True)
    parser.add_argument("--npu", required=True)
    parser.add_argument("--soc", default="Ascend310")
    parser.add_argument("--count", type=int, default=1000, help="images of each sample; a multiple of --batch")
    parser.add_argument("--batch", type=int, default=50)
    args = parser.parse_args()
    args.count -= args.count % args.batch
    failed = False
    for name in ("digits", "defects"):
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            make_test_set(name, args.count, work)
            images, labels, expected = (np.load(work / f"{n}.npy") for n in ("images", "labels", "logits"))
            model = kSource / "samples" / name / f"{name}.onnx"
            scores = npu_logits(args, model, images, work)
            failed |= check_int8(args, name, model, images, labels, 100 * (scores.argmax(1) == labels).mean(), work)
        torch_percent, npu_percent = (100 * (s.argmax(1) == labels).mean() for s in (expected, scores))
        differ = int((scores.argmax(1) != expected.argmax(1)).sum())
        ok = abs(torch_percent - npu_percent) <= kTolerance
        failed |= not ok
        print(f"{name}: {args.count} images, PyTorch {torch_percent:.2f} %, NPU {npu_percent:.2f} %, {differ} answers differ, "
              f"largest logit error {np.abs(scores - expected).max():.4f}{'' if ok else '  FAILED'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
