#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Models whose shapes are open or depend on data, exported by PyTorch, compiled once and run in several sizes: PyTorch's shapes
exactly and its values within fp16, and where nothing but sizes is open the bits of the model compiled for that size.

Weights and inputs are small multiples of powers of two, so that what decides on a size is exact in fp16.
Exit code 0: all agree; 1: not; 77: no PyTorch.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torchvision
    from torch import nn
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch, python3-torchvision)")
    sys.exit(77)


def exact(module):
    """Weights of eighths between -1/2 and 1/2, biases of halves."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randint(-4, 5, weight.shape) / 8 if weight.dim() > 1 else torch.randint(-2, 3, weight.shape) / 2)
    return module.eval()


def whole(*shape):
    return torch.randint(-2, 3, shape).float()


class Classifier(nn.Module):
    """Any batch and any size of image."""
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 1))
        self.last = nn.Linear(24, 10)

    def forward(self, x):
        up = nn.functional.interpolate(self.body(x), scale_factor=2.0, mode="nearest")
        return self.last(up.mean((2, 3)))


class Selector(nn.Module):
    """NonZero, then gathers the features of the places it found, and goes on with them."""
    def __init__(self):
        super().__init__()
        self.features, self.score, self.head = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 1, 1), nn.Linear(8, 5)

    def forward(self, x):
        features = torch.relu(self.features(x))
        places = torch.nonzero(self.score(features)[0, 0] > 1)
        found = features[0, :, places[:, 0], places[:, 1]].transpose(0, 1)
        return places, torch.relu(self.head(found))


class Detector(nn.Module):
    """NonMaxSuppression, then the boxes it kept and what a head makes of them."""
    def __init__(self):
        super().__init__()
        self.boxes, self.scores, self.head = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(3, 1, 3, 2, 1), nn.Linear(4, 6)

    def forward(self, x):
        corner = self.boxes(x)[0].flatten(1).t()
        places = torch.arange(corner.shape[0], dtype=torch.float32)[:, None].remainder(16)
        boxes = torch.cat((corner[:, :2] + places, corner[:, :2] + places + corner[:, 2:].abs() + 1), 1)
        scores = self.scores(x).flatten()
        kept = torchvision.ops.nms(boxes, scores, 0.25)
        return kept, self.head(boxes[kept])


class Branches(nn.Module):
    """A loop as often as an input says, and a branch that depends on data."""
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x, count):
        y = self.first(x)
        for _ in range(int(count)):
            y = torch.relu(y * 0.5 + 1.0)
        if bool(y.sum() > 40):
            y = y + 1.0
        else:
            y = y * 2.0
        return self.last(y)


class Case:
    def __init__(self, name, module, inputs, shapes=None, axes=None, scripted=False, opset=13, outputs=1):
        self.name, self.module, self.inputs, self.shapes = name, exact(module), inputs, shapes
        self.outputs = [f"out{i}" for i in range(outputs)]
        self.axes, self.scripted, self.opset = axes, scripted, opset

    def export(self, path):
        module = torch.jit.script(self.module) if self.scripted else self.module
        names = [f"in{i}" for i in range(len(self.inputs[0]))]
        torch.onnx.export(module, self.inputs[0], str(path), input_names=names, output_names=self.outputs, opset_version=self.opset, dynamic_axes=self.axes)


def cases():
    torch.manual_seed(5)
    images = [(whole(b, 3, h, w),) for b, h, w in ((1, 32, 32), (3, 40, 24), (1, 32, 32), (2, 64, 48))]
    open_axes = {"in0": {0: "n", 2: "h", 3: "w"}}
    return [
        Case("sizes", Classifier(), images, "in0:-1,3,16~64,-1", open_axes),
        Case("nonzero", Selector(), [(whole(1, 3, 12, 12),) for _ in range(3)] + [(torch.zeros(1, 3, 12, 12),)], outputs=2),
        Case("nonzero_sizes", Selector(), [(whole(1, 3, 12, 12),), (whole(1, 3, 8, 20),)], "in0:1,3,-1,-1", {"in0": {2: "h", 3: "w"}}, outputs=2),
        Case("nms", Detector(), [(whole(1, 3, 16, 16),) for _ in range(4)], outputs=2),
        Case("branches", Branches(), [(whole(6, 8), torch.tensor(n)) for n in (0, 2, 5)], scripted=True),
    ]


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{pathlib.Path(command[0]).name} returned {done.returncode}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def compile_model(args, model, om, shapes):
    call(args.atc, f"--model={model}", f"--output={om.with_suffix('')}", f"--soc_version={args.soc}", *([f"--input_shape={shapes}"] if shapes else []))


def run_model(args, case, om, inputs, folder):
    folder.mkdir()
    command = [args.npu, "run", "--om", om, "--outdir", folder]
    for i, tensor in enumerate(inputs):
        np.save(folder / f"given{i}.npy", tensor.numpy())
        command += ["--input", f"in{i}={folder / f'given{i}.npy'}"]
    text = call(*command)
    return [np.load(folder / f"{name}.npy") for name in case.outputs], text.count("stage ")


def check_outputs(got, want):
    """The largest difference in parts of the largest value; integers and shapes must agree."""
    worst = 0.0
    if len(got) != len(want):
        raise RuntimeError(f"{len(got)} outputs, PyTorch has {len(want)}")
    for a, b in zip(got, want):
        if a.shape != b.shape:
            raise RuntimeError(f"shape {a.shape}, PyTorch has {b.shape}")
        if b.dtype.kind in "iu" and not np.array_equal(a, b):
            raise RuntimeError(f"{a.tolist()}, PyTorch has {b.tolist()}")
        if b.size:
            worst = max(worst, float(np.abs(a.astype(np.float64) - b).max() / max(1.0, np.abs(b).max())))
    if worst > 2e-3:
        raise RuntimeError(f"differs by {worst:.2g} of the largest value")
    return worst


def run_case(args, case, work):
    model, om = work / f"{case.name}.onnx", work / f"{case.name}.om"
    case.export(model)
    compile_model(args, model, om, case.shapes)
    worst, sizes, stages = 0.0, [], 0
    for i, inputs in enumerate(case.inputs):
        with torch.no_grad():
            want = case.module(*inputs)
        want = [w.numpy() for w in (want if isinstance(want, tuple) else (want,))]
        got, stages = run_model(args, case, om, inputs, work / f"{case.name}_{i}")
        worst = max(worst, check_outputs(got, want))
        sizes.append("x".join(map(str, got[-1].shape)))
        if case.name == "sizes":
            fixed = work / f"fixed_{i}.om"
            compile_model(args, model, fixed, f"in0:{','.join(map(str, inputs[0].shape))}")
            again, _ = run_model(args, case, fixed, inputs, work / f"fixed_{i}")
            if any(a.tobytes() != b.tobytes() for a, b in zip(got, again)):
                raise RuntimeError(f"{tuple(inputs[0].shape)}: other bits than the model compiled for this size")
    print(f"{case.name:14} {stages} stages, last outputs {', '.join(sizes)}: largest difference {worst:.1e}")


def check_refusal(args, work):
    """A size out of range names input, axis, value and range."""
    np.save(work / "large.npy", np.zeros((1, 3, 65, 32), np.float32))
    done = subprocess.run([args.npu, "run", "--om", work / "sizes.om", "--input", f"in0={work / 'large.npy'}"], capture_output=True, text=True)
    want = "input 'in0': is 1x3x65x32: dimension 2 is 65, the model takes 16~64 there"
    if done.returncode != 1 or want not in done.stderr:
        raise RuntimeError(f"a size out of range: returned {done.returncode}: {done.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atc", required=True, type=pathlib.Path)
    parser.add_argument("--npu", required=True, type=pathlib.Path)
    parser.add_argument("--soc", default="Ascend310")
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for case in cases():
            try:
                run_case(args, case, work)
            except RuntimeError as error:
                failed += 1
                print(f"{case.name:14} FAILED: {error}")
        check_refusal(args, work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
