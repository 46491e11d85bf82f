#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Predicted times of ResNet-50 in fp16 and int8 on one Ascend310P3 chip, beside the published int8 throughput.

    tests/bench/int8_speedup.py --bin build/release/bin --published DIR [--batches 1,4,8,16,32,64]
"""
import argparse
import csv
import pathlib
import re
import subprocess
import tempfile

SOC, MODEL = "Ascend310P3", "resnet50"
PREDICTED = re.compile(r"([\d.]+) us predicted")


def call(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def predicted_us(programs, model, batch, work):
    call(programs / "atc", f"--model={model}", "--framework=5", f"--output={work / 'model'}", f"--soc_version={SOC}", f"--input_shape=actual_input:{batch},3,224,224")
    return float(PREDICTED.search(call(programs / "npu", "profile", "--om", work / "model.om", "--outdir", work / "profile"))[1])


def published_fps(folder):
    """Batch -> images a second."""
    lines = [line for line in (folder / "ascend310p3_throughput.csv").read_text().splitlines() if not line.startswith("#")]
    row = next(row for row in csv.DictReader(lines) if (row["model"], row["precision"]) == (MODEL, "int8"))
    return {int(key[len("fps_bs"):]): float(value) for key, value in row.items() if key.startswith("fps_bs") and value}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--published", type=pathlib.Path, required=True)
    parser.add_argument("--batches", default="1,4,8,16,32,64")
    args = parser.parse_args()
    published = published_fps(args.published)
    print("| batch | fp16, predicted | int8, predicted | times as fast | int8, images/s predicted | published |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        call(args.bin / "npu-zoo", MODEL, work / "float.onnx")
        call(args.bin / "npu-quantize-model", work / "float.onnx", work / "int8.onnx")
        for batch in map(int, args.batches.split(",")):
            fp16, int8 = (predicted_us(args.bin, work / f"{name}.onnx", batch, work) for name in ("float", "int8"))
            print(f"| {batch} | {fp16:.0f} us | {int8:.0f} us | {fp16 / int8:.2f} | {batch / int8 * 1e6:.0f} | {published[batch]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
