#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes topologies.md: what becomes of each exported network, measured by compiling and running it.

A network's measurements stay in its folder as result.json: the table has all that there are, --models says which to measure (again),
--check leaves it as it is. Exit code 0: all is well; 1: a network does not compile or run, its answers miss the limit, or too little of
it is on the AI core; 77: nothing is exported.
"""
import argparse
import collections
import json
import pathlib
import re
import sys
import tempfile

try:
    import onnx
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-onnx)")
    sys.exit(77)

import compare
from model_cache import default_outdir

kLeastShare = 0.95  # of the nodes; of the MACs all
kProducts = {"Conv2D", "DepthwiseConv2D", "MatMulV2", "TransposeBatchMatMul", "DynamicRNN", "DynamicGRUV2", "Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN",
             "Einsum", "Attention"}  # what has MACs
kTask = re.compile(r"^task +\d+ (\S+) +(\S+) +blocks +\d+ instructions +\d+ macs +(\d+) (.*)$")
kMissed = re.compile(r"^\[DEBUG\] assign-engine: (\S+) '(.*)': (.*)$")
kHead = """# Topologies

Networks as PyTorch exports them (`export_torchvision.py`, `export_topologies.py`, `export_bert.py`, `export_detector.py`), compiled for {soc} with fp16,
run on the emulator and compared with PyTorch's fp32 answers. Weights are random, BatchNorm has perturbed statistics of data. Written by `write_topologies.py`.

- nodes: run-time nodes, that is operators of the compiled tasks, fused ones counted each and views not; in brackets the operators of the file.
- AI core: the share of these nodes, and of the MACs, that runs there. Target: 95 % and 99 %.
- latency: predicted for the chip, batch 1 (dlrm: 32). cosine: the worst output of the worst input.
- Detectors here end where sizes begin to depend on data: scores and offsets of every anchor, for Faster R-CNN also the answers for given regions.
  Whole ones are below.
- There is no fp32 on the AI core's cube here, so there is no second column for a `force_fp32` compile.

| network | input | nodes (file) | MACs | tasks | nodes on the AI core | MACs on it | latency | cosine | not on the AI core |
|---|---|---|---|---|---|---|---|---|---|
"""

kDetectors = """
## Whole detectors

From an image to boxes, labels and scores (`compare_detectors.py`): number and sizes of what is computed depend on data, so the programs are made while the
model runs, a stage up to each size that has to be found. A detection is found again when the other side has one with the same label, an overlap
of at least 0.9 (or all corners within a pixel) and a score within 0.05; beside it what PyTorch itself finds again with weights and layers rounded to fp16.

| network | input | operators of the file | stages | detections: PyTorch, NPU | found again by the NPU, by PyTorch | the same for PyTorch in fp16 |
|---|---|---|---|---|---|---|
"""


def count_file_nodes(path):
    model = onnx.load(str(path), load_external_data=False)
    return sum(node.op_type != "Constant" for node in model.graph.node)


def tasks_of(text):
    """(engine, operators, MACs, name) of each task."""
    for line in text.splitlines():
        if match := kTask.match(line):
            yield match[1], match[2].split("+"), int(match[3]), match[4]


def reasons_of(log):
    return {match[2]: match[3] for line in log.splitlines() if (match := kMissed.match(line))}


def describe(args, folder, case, om):
    inputs = ", ".join("x".join(map(str, feed["shape"])) for feed in compare.feeds_of(case).values())
    log = compare.output_of([args.atc, *compare.compile_arguments(args, folder, case, om), "--log=debug"])
    tasks = list(tasks_of(compare.output_of([args.npu, "info", "--om", om])))
    speed = json.loads(compare.output_of([args.npu, "bench", "--om", om, "--warmup", "0", "--iterations", "1", "--json"]).splitlines()[-1])
    reasons = reasons_of(log)
    left = collections.Counter()
    for engine, operators, _, name in tasks:
        if engine != "AI_CORE":
            left[operators[0], reasons.get(name, "")] += len(operators)
    nodes = sum(len(operators) for _, operators, _, _ in tasks)
    on_core = nodes - sum(left.values())
    return {"input": inputs, "file": count_file_nodes(folder / case["model"]), "nodes": nodes, "share": on_core / nodes, "tasks": len(tasks),
            "macs": sum(macs for _, _, macs, _ in tasks), "macs_on_core": not any(op in kProducts for op, _ in left), "us": speed["device_us"],
            "left": "; ".join(f"{count} {op} ({reason})" if reason else f"{count} {op}" for (op, reason), count in left.items())}


def row_of(name, r):
    macs = "100 %" if r["macs_on_core"] else "less"
    return (f"| {name} | {r['input']} | {r['nodes']} ({r['file']}) | {r['macs'] / 1e6:,.0f} M | {r['tasks']} | {100 * r['share']:.1f} % | {macs} | "
            f"{r['us'] / 1000:.2f} ms | {r['cosine']:.6f} | {r['left']} |\n")


def detector_row_of(name, r):
    percent = lambda shares: ", ".join(f"{100 * share:.0f} %" for share in shares)
    return f"| {name} | {r['input']} | {r['file']} | {r['stages']} | {r['wanted']}, {r['given']} | {percent(r['found'])} | {percent(r['fp16_found'])} |\n"


def written(args, there):
    results = [args.cache / name / "result.json" for name in there]
    text = kHead.format(soc=args.soc) + "".join(row_of(path.parent.name, json.loads(path.read_text())) for path in results if path.exists())
    detectors = sorted(args.cache.glob("whole_*/result.json"))
    return text + (kDetectors + "".join(detector_row_of(path.parent.name.removeprefix("whole_"), json.loads(path.read_text())) for path in detectors) if detectors else "")


def is_pytorch(folder):
    return not folder.name.startswith("zoo_") and json.loads((folder / "case.json").read_text())["reference"] == "PyTorch"


def measure(args, folder):
    """Whether the answers and the AI core's share are within their limits; leaves result.json."""
    case = json.loads((folder / "case.json").read_text())
    try:
        with tempfile.TemporaryDirectory() as work:
            result = compare.compare_model(args, folder, pathlib.Path(work))
            row = describe(args, folder, case, pathlib.Path(work) / f"{folder.name}.om")
    except compare.Failure as failure:
        print(f"{folder.name} FAILED: {failure}", flush=True)
        return False
    row |= {"cosine": result["cosine"], "compile_s": round(result["compile"], 1), "run_s": round(min(result["run"]), 1)}
    (folder / "result.json").write_text(json.dumps(row, indent=1) + "\n")
    ok = result["ok"] and row["share"] >= kLeastShare and row["macs_on_core"]
    print(row_of(folder.name, row).strip(), f"compile {row['compile_s']} s, run {row['run_s']} s{'' if ok else ' FAILED'}", flush=True)
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compare.add_arguments(parser)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).with_name("topologies.md"))
    parser.add_argument("--check", action="store_true", help="measure only")
    args = parser.parse_args()
    there = [name for name in compare.exported(args.cache) if is_pytorch(args.cache / name)]
    wanted = [name for name in args.models.split(",") if name in there] if args.models else there
    if not wanted:
        print("skipped: nothing is exported")
        sys.exit(77)
    failed = [name for name in wanted if not measure(args, args.cache / name)]
    if not args.check:
        args.out.write_text(written(args, there))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
