#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whole detectors of torchvision, from an image in [0, 1] to boxes, labels and scores: exported once, compiled, run and compared with PyTorch.

How many boxes there are depends on data, so a detection is found again when the other side has one of the same label that overlaps it by
kLeastOverlap, or whose corners are all within kMostPixels (boxes clipped to nothing overlap nothing), and whose score differs by at most kMostScore. Weights are random; the threshold of scores stands in the widest gap between
neighbours, so that rounding does not decide which detections count. Before it, rounding does decide: which proposals a second stage looks at,
for one. So PyTorch itself, rounded to fp16, is the yardstick where it finds less than kLeastFound again.
A detector's measurements stay in its folder as result.json, from which write_topologies.py writes its table.
Exit code 0: each side finds kLeastFound of the other's, or as many as PyTorch in fp16; 1: not; 77: no PyTorch.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

try:
    import numpy as np
    import onnx
    import torch
    from torchvision.models import detection
    from torchvision.ops import box_iou
    import calibrate
    from export_torchvision import random_images
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch, python3-torchvision and python3-onnx)")
    sys.exit(77)

import compare

kSeed = 20240607
kClasses = 91
kOutputs = ("boxes", "labels", "scores")
kLeastOverlap, kMostPixels, kMostScore, kLeastFound = 0.9, 1.0, 0.05, 0.9
kWanted = range(30, 61)  # how many detections the threshold leaves
kDetectors = {  # the side of the image, and what the last layer's weights are multiplied with: random classes are too much alike
    "ssd300_vgg16": (300, 3.0),
    "ssdlite320_mobilenet_v3_large": (320, 3.0),
    "retinanet_resnet50_fpn": (320, 1.0),
    "fcos_resnet50_fpn": (320, 1.0),
    "fasterrcnn_mobilenet_v3_large_320_fpn": (320, 2.0),
    "fasterrcnn_resnet50_fpn": (320, 2.0),
}


def images(count, seed, side):
    return list((0.25 * random_images(count, seed, side) + 0.5).clamp(0, 1))


def build(name):
    side, gain = kDetectors[name]
    torch.manual_seed(kSeed)
    gen = torch.Generator().manual_seed(kSeed + sum(name.encode()))
    sizes = {} if name.startswith("ssd") else {"min_size": side, "max_size": side}
    model = getattr(detection, name)(weights=None, weights_backbone=None, **sizes).eval()
    calibrate.draw(model, gen)
    calibrate.weaken_branches(model)
    calibrate.fit_to_data(model, [images(4, kSeed + 1, side)], gen)
    for m in model.modules():
        if isinstance(m, calibrate.kLayers) and m.weight.shape[0] % kClasses == 0:
            m.weight *= gain
    return model


def set_threshold(model, image):
    """In the widest gap of scores that leaves as many detections as are wanted."""
    scores = model([image])[0]["scores"].sort(descending=True).values
    count = max(kWanted, key=lambda n: scores[n - 1] - scores[n])
    (model.roi_heads if hasattr(model, "roi_heads") else model).score_thresh = (scores[count - 1] + scores[count]).item() / 2


def share_found(wanted, given):
    """Of `wanted`, the share that has its like in `given`."""
    if not len(wanted["scores"]):
        return 1.0
    apart = (wanted["boxes"][:, None] - given["boxes"][None]).abs().amax(2)
    alike = ((box_iou(wanted["boxes"], given["boxes"]) >= kLeastOverlap) | (apart <= kMostPixels)) & (wanted["labels"][:, None] == given["labels"][None])
    alike &= (wanted["scores"][:, None] - given["scores"][None]).abs() <= kMostScore
    return alike.any(1).float().mean().item()


def export(name, folder):
    folder.mkdir(parents=True, exist_ok=True)
    model = build(name)
    image = images(1, kSeed, kDetectors[name][0])[0]
    set_threshold(model, image)
    wanted = model([image])[0]
    half = calibrate.outputs_in_half(model, [[image]])[0]
    np.save(folder / "image.npy", image.numpy())
    for key in kOutputs:
        np.save(folder / f"{key}.npy", wanted[key].numpy())
    (folder / "facts.json").write_text(json.dumps({"fp16_found": [share_found(wanted, half), share_found(half, wanted)]}) + "\n")
    partial = folder / "model.onnx.part"
    torch.onnx.export(model, ([image],), str(partial), opset_version=14, input_names=["image"], output_names=list(wanted))
    partial.rename(folder / "model.onnx")  # last: its presence says that the folder is complete


def read(folder):
    return {key: torch.from_numpy(np.load(folder / f"{key}.npy")) for key in kOutputs}


def measure(args, folder, work):
    compare.output_of([args.atc, f"--model={folder / 'model.onnx'}", "--framework=5", f"--output={work / 'model'}", f"--soc_version={args.soc}"])
    start = time.time()
    text = compare.output_of([args.npu, "run", "--om", work / "model.om", "--input", f"image={folder / 'image.npy'}", "--outdir", work])
    seconds = time.time() - start
    wanted, given = read(folder), {key: value.to(torch.float32) if key != "labels" else value for key, value in read(work).items()}
    nodes = onnx.load(str(folder / "model.onnx"), load_external_data=False).graph.node
    return {"input": "x".join(map(str, np.load(folder / "image.npy").shape)), "file": sum(node.op_type != "Constant" for node in nodes),
            "stages": sum(line.startswith("stage ") for line in text.splitlines()), "wanted": len(wanted["scores"]), "given": len(given["scores"]),
            "found": [share_found(wanted, given), share_found(given, wanted)], "fp16_found": json.loads((folder / "facts.json").read_text())["fp16_found"], "seconds": round(seconds, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compare.add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)  # as in export_topologies.py
    torch.set_grad_enabled(False)
    failed = []
    for name in args.models.split(",") if args.models else kDetectors:
        folder = args.cache / f"whole_{name}"
        if not (folder / "model.onnx").exists():
            export(name, folder)
        try:
            with tempfile.TemporaryDirectory() as work:
                result = measure(args, folder, pathlib.Path(work))
        except compare.Failure as error:
            print(f"{name} FAILED: {error}", flush=True)
            failed.append(name)
            continue
        (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
        ok = all(found >= min(kLeastFound, half) for found, half in zip(result["found"], result["fp16_found"]))
        print(name, json.dumps(result), "" if ok else "FAILED", flush=True)
        if not ok:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
