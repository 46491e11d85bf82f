#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exports the networks of topologies.py with seeded weights, and PyTorch's fp32 answers to a few inputs.

Nothing is downloaded. A model's folder holds model.onnx, <feed>_00.npy ..., <output>_00.npy ..., facts.json and case.json (see compare.py).
BatchNormalization nodes stay in the file with statistics of data, perturbed; nothing is folded by the exporter.
"""
import contextlib
import json
import sys
import time

try:
    import numpy as np
    import torch
    from torch import nn
    import calibrate
    from export_torchvision import set_last_layer
    from topologies import kTopologies
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch and python3-torchvision)")
    sys.exit(77)

from model_cache import export_arguments

kSeed = 20240607
kInputs = 2
kBatch = 4  # of the run that calibrates


def avoid_fused_attention(model):
    """In evaluation mode PyTorch takes a fused kernel that its exporter has no operators for. Nothing is dropped in either mode."""
    for m in model.modules():
        if isinstance(m, (nn.MultiheadAttention, nn.TransformerEncoderLayer)):
            m.training = True


def clear_key_biases(model):
    """Swin V2 zeroes them in place while it runs, for which the exporter has no operator: see without_zeroing."""
    for m in model.modules():
        if type(m).__name__ == "ShiftedWindowAttentionV2":
            width = m.qkv.bias.numel() // 3
            m.qkv.bias[width:2 * width] = 0


@contextlib.contextmanager
def without_zeroing():
    """Tensor.zero_ does nothing: right for tensors that are zero already."""
    zero = torch.Tensor.zero_
    torch.Tensor.zero_ = lambda tensor: tensor
    try:
        yield
    finally:
        torch.Tensor.zero_ = zero


def build(name, topology, inputs):
    torch.manual_seed(kSeed)
    gen = torch.Generator().manual_seed(kSeed + sum(name.encode()))
    model = topology.build()
    avoid_fused_attention(model)
    if not topology.fitted:
        return model
    calibrate.draw(model, gen)
    calibrate.weaken_branches(model)
    samples = topology.feeds(kBatch, kSeed + 1)
    calibrate.fit_to_data(model, list(samples.values()), gen)
    if topology.classifier:
        set_last_layer(model, *samples.values(), *inputs.values(), gen)
    clear_key_biases(model)
    return model


def tensors(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def smallest_cosine(a, b):
    return min(nn.functional.cosine_similarity(x.flatten(), y.flatten(), 0).item() for x, y in zip(a, b))


def export(name, folder):
    start = time.time()
    topology = kTopologies[name]
    inputs = topology.feeds(kInputs * topology.rows, kSeed)
    model = build(name, topology, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    noise = 1.0
    for i in range(kInputs):
        feeds = {key: value[i * topology.rows:(i + 1) * topology.rows].contiguous() for key, value in inputs.items()}
        wanted = tensors(model(*feeds.values()))
        noise = min(noise, smallest_cosine(wanted, tensors(calibrate.outputs_in_half(model, feeds.values()))))
        for key, value in (*feeds.items(), *zip(topology.outputs, wanted)):
            np.save(folder / f"{key}_{i:02}.npy", value.numpy())
    partial = folder / "model.onnx.part"
    with without_zeroing():
        torch.onnx.export(model, tuple(feeds.values()), str(partial), opset_version=topology.opset, training=torch.onnx.TrainingMode.PRESERVE,
                          do_constant_folding=False, input_names=list(feeds), output_names=list(topology.outputs))
    facts = {"parameters": sum(p.numel() for p in model.parameters()), "fp16_rounding_cosine_min": round(noise, 7), "seconds": round(time.time() - start, 1)}
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    (folder / "case.json").write_text(json.dumps({
        "model": "model.onnx", "feeds": {key: {"shape": list(value.shape), "files": key + "_{:02}.npy"} for key, value in feeds.items()},
        "outputs": {key: key + "_{:02}.npy" for key in topology.outputs}, "count": kInputs, "classifier": topology.classifier, "reference": "PyTorch",
    }, indent=1) + "\n")
    partial.rename(folder / "model.onnx")  # last: its presence says that the folder is complete
    print(name, json.dumps(facts), flush=True)


def main():
    args = export_arguments(__doc__, kTopologies)
    torch.set_num_threads(1)  # the order of summation, and so the reference bits, must not depend on the machine
    torch.set_grad_enabled(False)
    failed = []
    for name in args.models:
        if not args.force and (args.outdir / name / "model.onnx").exists():
            continue
        try:
            export(name, args.outdir / name)
        except Exception as error:  # one network that PyTorch cannot export must not hide the others
            print(f"{name} FAILED: {type(error).__name__}: {str(error)[:600]}", flush=True)
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
