#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exports every model that a published table names, for fit_timing and write_residuals.py.

    tests/bench/export_published.py --published DIR --bin build/release/bin [--outdir DIR]

Names are torchvision's, or export_bert.py's. Timing does not depend on weights: they are whatever the constructors draw, and nothing is
downloaded. Writes NAME.onnx with a free batch (input "actual_input" [batch,3,224,224], or BERT's three); for rows of int8, NAME_int8.onnx,
which npu-quantize-model makes of it.
"""
import argparse
import csv
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "models"))
try:
    import torch
    import torchvision
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch and python3-torchvision)")
    sys.exit(77)

import export_bert
from model_cache import default_outdir


def named_models(folder):
    """(name, precision) of all rows that name a model, without repetitions."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            if row.get("model"):
                found[row["model"], row.get("precision", "fp16")] = None
    return list(found)


def build(name):
    """The network, its example inputs, and their names."""
    if name in export_bert.kModels:
        shape = export_bert.kModels[name]
        inputs = export_bert.make_inputs(shape, 0, torch.Generator().manual_seed(0))
        return export_bert.Bert(**shape), inputs, "last_hidden_state"
    heads = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    if heads:
        heads["init_weights"] = False  # minutes of drawing from a truncated normal
    return getattr(torchvision.models, name)(weights=None, **heads), {"actual_input": torch.zeros(1, 3, 224, 224)}, "output"


def export(name, path):
    torch.manual_seed(0)
    network, inputs, output = build(name)
    partial = path.with_suffix(".part")
    torch.onnx.export(network.eval(), tuple(inputs.values()), str(partial), opset_version=13, input_names=list(inputs), output_names=[output],
                      dynamic_axes={key: {0: "batch"} for key in (*inputs, output)})
    partial.rename(path)  # last: its presence says that it is complete


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=pathlib.Path, required=True, help="folder of the published tables")
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of npu-quantize-model")
    parser.add_argument("--outdir", type=pathlib.Path, default=default_outdir().parent / "published")
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    args.outdir.mkdir(parents=True, exist_ok=True)
    for name, precision in named_models(args.published):
        path = args.outdir / f"{name}.onnx"
        if not path.exists():
            export(name, path)
            print(path, flush=True)
        quantized = args.outdir / f"{name}_{precision}.onnx"
        if precision == "int8" and not quantized.exists():
            subprocess.run([args.bin / "npu-quantize-model", path, quantized], check=True)
            print(quantized, flush=True)


if __name__ == "__main__":
    main()
