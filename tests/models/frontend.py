# SPDX-License-Identifier: Apache-2.0
"""What the comparisons of the other front ends share: atc compiles a model, npu runs it on the emulated Ascend310, and the answer is
compared with PyTorch's in fp32."""
import argparse
import pathlib
import subprocess
import tempfile

import numpy as np

COSINE = 0.9999
# Of the largest value: fp16 rounds operands, results and what lies between by up to 2^-11 each.
DIFFERENCE = 8 * 2.0**-11


def call(program, *arguments, cwd):
    done = subprocess.run([str(pathlib.Path(program).resolve()), *(str(a) for a in arguments)], capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(program).name} says:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-30))


def run(tools, files, arguments, inputs):
    """files: {name: bytes} of the model; inputs: {name: array}. The outputs of the compiled model by name, and what --log=debug said."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        said = call(tools.atc, *(a.replace("$DIR", str(folder)) for a in arguments), f"--output={folder}/m", "--soc_version=Ascend310", cwd=folder)
        feeds = []
        for i, (name, value) in enumerate(inputs.items()):
            np.save(folder / f"{i}.npy", value)
            feeds += ["--input", f"{name}={folder}/{i}.npy"]
        call(tools.npu, "run", "--om", folder / "m.om", *feeds, "--outdir", folder / "out", "--threads", "1", cwd=folder)
        info = call(tools.npu, "info", "--om", folder / "m.om", cwd=folder)
        return {p.name.removesuffix(".npy"): np.load(p) for p in (folder / "out").rglob("*.npy")}, said, info


def report(name, got, wanted, is_net):
    """One line, and whether it is good: shapes equal, the difference within bounds; of a whole net the cosine."""
    if got.shape != wanted.shape:
        print(f"{name:28} FAILED: shape {got.shape}, PyTorch {wanted.shape}")
        return False
    largest = max(float(np.abs(wanted).max()), 1e-30)
    difference, angle = float(np.abs(got - wanted).max()) / largest, cosine(got, wanted)
    good = angle >= COSINE and (is_net or difference <= DIFFERENCE)
    print(f"{name:28} {'ok    ' if good else 'FAILED'} cosine {angle:.7f}, largest difference {difference:.2e} of the largest value {largest:.3g}")
    return good


def main(doc, check, cases, nets, more=None):
    """check(tools, name, case, is_net) for each; more: {name: function of tools}. The exit code."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--atc", required=True)
    parser.add_argument("--npu", required=True)
    parser.add_argument("--only", default="", help="cases whose names hold this")
    tools = parser.parse_args()
    checks = [(name, lambda n=name, c=case: check(tools, n, c, False)) for name, case in cases.items()]
    checks += [(name, lambda n=name, c=case: check(tools, n, c, True)) for name, case in nets.items()]
    checks += [(name, lambda f=function: f(tools)) for name, function in (more or {}).items()]
    results = [run_check() for name, run_check in checks if tools.only in name]
    print(f"{sum(results)} of {len(results)} agree")
    return 0 if all(results) and results else 1
