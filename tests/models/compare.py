#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles and runs models on the emulated NPU and compares every output with the reference answers.

The reference answers come from export_torchvision.py, export_bert.py (PyTorch) and reference_ort.mjs (ONNX Runtime): a model's folder
is usable when it has case.json and all outputs. Prints a table. Exit code 0: all compared models agree; 1: a failure
to compile or run, a cosine similarity below the limit, or another top-1; 77: nothing to compare.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-numpy)")
    sys.exit(77)

from model_cache import default_outdir


class Failure(Exception):
    pass


def output_of(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace")
    if done.returncode:
        tail = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Failure(f"{pathlib.Path(command[0]).name} returned {done.returncode}: " + " | ".join(tail))
    return done.stdout


def call(command):
    start = time.time()
    output_of(command)
    return time.time() - start


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    if norms == 0:
        return 1.0 if np.array_equal(a, b) else 0.0
    return float(a @ b / norms)


def feeds_of(case):
    """Name -> shape and pattern of the files, for each input."""
    return case.get("feeds") or {case["input"]: {"shape": case["shape"], "files": case["inputs"]}}


def compile_arguments(args, folder, case, om):
    shapes = ";".join(f"{name}:{','.join(map(str, feed['shape']))}" for name, feed in feeds_of(case).items())
    return [f"--model={folder / case['model']}", "--framework=5", f"--output={om.with_suffix('')}", f"--soc_version={args.soc}", f"--input_shape={shapes}"]


def compile_model(args, folder, case, om):
    seconds = call([args.atc, *compile_arguments(args, folder, case, om)])
    if not om.exists():
        raise Failure(f"atc succeeded but wrote no {om.name}")
    return seconds


def compare_model(args, folder, work):
    case = json.loads((folder / "case.json").read_text())
    om = work / f"{folder.name}.om"
    row = {"compile": compile_model(args, folder, case, om), "run": [], "cosine": 2.0, "error": 0.0, "same": 0}
    count = min(args.inputs, case["count"])
    for i in range(count):
        out = work / folder.name / f"{i:02}"
        out.mkdir(parents=True)
        command = [args.npu, "run", "--om", om, "--outdir", out]
        for name, feed in feeds_of(case).items():
            command += ["--input", f"{name}={folder / feed['files'].format(i)}"]
        row["run"].append(call(command + (["--threads", args.threads] if args.threads else [])))
        same = True
        for name, pattern in case["outputs"].items():
            want = np.load(folder / pattern.format(i))
            path = out / f"{name}.npy"
            if not path.exists():
                raise Failure(f"npu run wrote no {path.name}, only {sorted(p.name for p in out.iterdir())}")
            got = np.load(path).astype(np.float32)
            if got.size != want.size:
                raise Failure(f"output '{name}' has shape {got.shape}, the reference {want.shape}")
            if not np.isfinite(got).all():
                raise Failure(f"output '{name}' of input {i} has {np.count_nonzero(~np.isfinite(got))} values that are not finite")
            row["cosine"] = min(row["cosine"], cosine(got, want))
            row["error"] = max(row["error"], float(np.abs(got.ravel() - want.ravel()).max()))
            same &= not case["classifier"] or got.argmax() == want.argmax()
        row["same"] += same
    row["top1"] = f"{row['same']}/{count}" if case["classifier"] else "-"
    row["reference"] = case["reference"]
    row["ok"] = row["cosine"] >= max(args.min_cosine, case.get("min_cosine", 0)) and row["same"] == count
    return row


def exported(cache):
    return sorted(p.parent.name for p in cache.glob("*/case.json"))


def add_arguments(parser):
    parser.add_argument("--atc", type=pathlib.Path, required=True)
    parser.add_argument("--npu", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=default_outdir(), help="where the models' folders are")
    parser.add_argument("--models", default="", help="comma-separated; default: all that are there")
    parser.add_argument("--inputs", type=int, default=20, help="at most so many inputs of each model")
    parser.add_argument("--soc", default="Ascend310")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--min-cosine", type=float, default=0.999)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    args = parser.parse_args()

    there = exported(args.cache)
    wanted = args.models.split(",") if args.models else there
    compared, failed = 0, []
    print(f"{'model':20} {'reference':12} {'cosine min':>11} {'max error':>10} {'top-1':>7} {'compile s':>9} {'run s':>7}")
    for name in wanted:
        folder = args.cache / name
        case = json.loads((folder / "case.json").read_text()) if name in there else None
        if not case or not all((folder / p.format(case["count"] - 1)).exists() for p in case["outputs"].values()):
            print(f"{name:20} skipped: no reference answers in {folder}")
            continue
        compared += 1
        with tempfile.TemporaryDirectory() as work:
            try:
                r = compare_model(args, folder, pathlib.Path(work))
            except Failure as failure:
                print(f"{name:20} FAILED: {failure}", flush=True)
                failed.append(name)
                continue
        print(f"{name:20} {r['reference']:12} {r['cosine']:11.7f} {r['error']:10.2e} {r['top1']:>7} {r['compile']:9.2f} "
              f"{np.median(r['run']):7.2f}{'' if r['ok'] else '  FAILED'}", flush=True)
        if not r["ok"]:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    if not compared:
        print("skipped: nothing to compare")
        sys.exit(77)


if __name__ == "__main__":
    main()
