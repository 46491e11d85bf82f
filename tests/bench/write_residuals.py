#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures every published figure beside the predicted one, good or bad, and writes ui/residuals.def and web/residuals.html.

    tests/bench/export_published.py --published DIR --bin build/release/bin     # the models, once
    tests/bench/write_residuals.py --published DIR --bin build/release/bin [--models DIR]
    tests/bench/write_residuals.py --check                                      # is the page made from the figures?

ui/residuals.def is what the page's panel shows too. The texts on what the model does not know are in ui/residual_limits.def.
"""
import argparse
import html
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "models"))
from model_cache import default_outdir

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURES, LIMITS, PAGE = ROOT / "ui/residuals.def", ROOT / "ui/residual_limits.def", ROOT / "web/residuals.html"
CHIPS = {"Ascend310": (1, 4, 8, 16, 32), "Ascend310P3": (1, 4, 8, 16, 32, 64)}

LATENCY = re.compile(r"^(\S+)\s+(\S+) batch\s+(\d+)\s+published\s+([\d.]+) ms\s+predicted\s+([\d.]+) ms")
STEP = re.compile(r"^  (.+?)\s+published\s+([\d.]+) us\s+predicted\s+([\d.]+) us")
POWER = re.compile(r"^(\S+) \| (.+) \| published ([\d.]+) W \| predicted ([\d.]+) W \| ([\d.]+) TOPS/W$")
ROW = re.compile(r"^NPU_(\w+)\((.*)\)$")

STYLE = """@font-face{font-family:cjk;src:url(fonts/cjk.ttf)}body{font:15px/1.5 system-ui,sans-serif,cjk;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}
td,th{padding:.1rem .8rem;text-align:right;white-space:nowrap}td:first-child,th:first-child{text-align:left}.wide{overflow-x:auto}
tbody tr:nth-child(odd){background:#8881}.far{font-weight:bold}:root{color-scheme:light dark}@media(max-width:40rem){td,th{padding:.1rem .3rem}body{font-size:13px;margin:1rem auto;padding:0 .6rem}}
:root[lang^=en] [lang=zh],:root[lang^=zh] [lang=en]{display:none}"""
# The page's link carries its language; else the browser's.
SCRIPT = """const language = () => { document.documentElement.lang = /^#(zh|en)/.exec(location.hash)?.[1] ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'); };
language(); addEventListener('hashchange', language);"""


def measure(programs, models, published):
    """The rows of residuals.def."""
    run = lambda name, *args: subprocess.run([programs / name, *map(str, args)], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = []
    for chip, batches in CHIPS.items():
        found = []
        for batch in batches:  # one at a time: compiled models are large
            found += filter(None, map(LATENCY.match, run("fit_timing", "--models", models, "--published", published, "--soc", chip, "--batches", batch)))
        for name in dict.fromkeys(m[1] for m in found):
            for m in (m for m in found if m[1] == name):
                rows.append(f'NPU_RESIDUAL("{chip}", "{m[1]}", "{m[2]}", {m[3]}, {m[4]}, {m[5]})')
    for line in run("power"):
        if m := POWER.match(line):
            rows.append(f'NPU_POWER("{m[1]}", "{m[2]}", {m[3]}, {m[4]}, {m[5]})')
    title = ""
    for line in run("ladder"):
        if m := STEP.match(line):
            rows.append(f'NPU_LADDER("{title}", "{m[1]}", {m[2]}, {m[3]})')
        else:
            title = line
    return rows


def read_rows(text):
    """[(kind, [cells])] of a .def file whose rows hold strings and numbers; a row may go over several lines."""
    joined = re.sub(r",\n\s+", ", ", text)
    return [(m[1], [a or b for a, b in re.findall(r'"((?:[^"\\]|\\.)*)"|([\d.]+)', m[2])]) for m in map(ROW.match, joined.splitlines()) if m]


def both(en, zh):
    return f'<span lang="en">{html.escape(en)}</span><span lang="zh">{html.escape(zh)}</span>'


def table(head, rows):
    cells = "".join(f"<th>{both(*h)}</th>" for h in head)
    body = "\n".join("<tr>" + "".join(row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def cell(text):
    return f"<td>{html.escape(text)}</td>"


def error_cell(ratio, limit):
    far = ' class="far"' if abs(ratio - 1) > limit else ""
    return f"<td{far}>{100 * (ratio - 1):+.1f} %</td>"


def mean_error(rows, batches=None):
    errors = [abs(float(r[5]) / float(r[4]) - 1) for r in rows if batches is None or int(r[3]) in batches]
    return 100 * sum(errors) / len(errors), 100 * max(errors), len(errors)


def latencies(chip, rows):
    facts = []
    for precision in dict.fromkeys(r[2] for r in rows):
        of_type = [r for r in rows if r[2] == precision]
        (mean, worst, count), (few, few_worst, few_count) = mean_error(of_type), mean_error(of_type, (1, 16))
        facts.append("<p>" + both(
            f"{precision}: mean absolute error {mean:.1f} %, worst {worst:.1f} %, {count} figures; at batch 1 and 16: {few:.1f} %, worst {few_worst:.1f} %, {few_count} figures.",
            f"{precision}：平均绝对误差 {mean:.1f}%，最大 {worst:.1f}%，共 {count} 个数据；其中批大小 1 和 16：{few:.1f}%，最大 {few_worst:.1f}%，{few_count} 个数据。") + "</p>")
    return [f"<h2>{chip}</h2>", *facts,
            table((("network", "网络"), ("type", "类型"), ("batch", "批大小"), ("published ms", "公开实测 ms"), ("predicted ms", "预测 ms"), ("error", "误差")),
                  [[*map(cell, r[1:]), error_cell(float(r[5]) / float(r[4]), 0.25)] for r in rows])]


def ladder(title, rows):
    body, before = [], None
    for _, step, published, predicted in rows:
        here = float(published), float(predicted)
        ratio = error_cell(before[1] / here[1] / (before[0] / here[0]), 0.2) if before else "<td></td>"
        body.append([*map(cell, (step, published, predicted)), error_cell(here[1] / here[0], 0.2), ratio])
        before = here
    total = float(rows[0][3]) / float(rows[-1][3]) / (float(rows[0][2]) / float(rows[-1][2])) - 1
    return [f"<h3>{html.escape(title)}</h3>", "<p>" + both(f"Error of the whole gain: {100 * total:+.1f} %.", f"总加速比的误差：{100 * total:+.1f}%。") + "</p>",
            table((("step", "步骤"), ("published us", "公开实测 us"), ("predicted us", "预测 us"), ("error", "误差"), ("error of the gain over the step before", "相对上一步加速比的误差")), body)]


def make_page(figures, limits):
    rows = read_rows(figures)
    of = lambda kind: [cells for k, cells in rows if k == kind]
    parts = []
    for chip in CHIPS:
        parts += latencies(chip, [r for r in of("RESIDUAL") if r[0] == chip])
    parts += ["<h2>" + both("Power", "功耗") + "</h2>",
              "<p>" + both("The rated power of a chip beside the estimate for a network and for a load that keeps the cube busy, which is the one to compare.",
                           "芯片的额定功耗与估算值：一行是普通网络，一行是让 Cube 持续忙碌的负载，后者才可比。") + "</p>",
              table((("chip", "芯片"), ("load", "负载"), ("published W", "公开 W"), ("predicted W", "预测 W"), ("TOPS/W", "TOPS/W"), ("error", "误差")),
                    [[*map(cell, r), error_cell(float(r[3]) / float(r[2]), 1)] for r in of("POWER")])]
    parts.append("<h2>" + both("Tuning ladders, 910B at 1.85 GHz", "算子调优阶梯，910B，1.85 GHz") + "</h2>")
    for title in dict.fromkeys(r[0] for r in of("LADDER")):
        parts += ladder(title, [r for r in of("LADDER") if r[0] == title])
    items = "\n".join(f"<li>{both(*cells)}</li>" for _, cells in read_rows(limits))
    intro = both("The same constants for every model; core/soc/soc.def names those that are fitted. Bold: off by more than the target. Made by tests/bench/write_residuals.py.",
                 "所有模型使用同一组常数，其中拟合得到的在 core/soc/soc.def 中注明。加粗：误差超过目标。由 tests/bench/write_residuals.py 生成。")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>NPU Sandbox: predicted and published times</title>
<style>{STYLE}</style><script>{SCRIPT}</script></head><body>
<p><a href="#en">English</a> <a href="#zh">中文</a></p>
<h1>{both("Predicted and published times", "预测时间与公开实测")}</h1>
<p>{intro}</p>
{chr(10).join(parts)}
<h2>{both("What the model does not know", "模型不知道什么")}</h2>
<ul>{items}</ul>
</body></html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, help="folder of fit_timing, ladder and power")
    parser.add_argument("--published", type=pathlib.Path, help="folder of the published tables")
    parser.add_argument("--models", type=pathlib.Path, default=default_outdir().parent / "published")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.check:
        if PAGE.read_text() != make_page(FIGURES.read_text(), LIMITS.read_text()):
            sys.exit(f"{PAGE} was not made from {FIGURES} and {LIMITS}: run {sys.argv[0]} or edit neither by hand")
        return
    if args.bin:
        if not args.published:
            parser.error("--bin needs --published")
        head = "// SPDX-License-Identifier: Apache-2.0\n// Written by tests/bench/write_residuals.py; milliseconds, watts, microseconds: published, then predicted.\n"
        FIGURES.write_text(head + "\n".join(measure(args.bin, args.models, args.published)) + "\n")
    PAGE.write_text(make_page(FIGURES.read_text(), LIMITS.read_text()))


if __name__ == "__main__":
    main()
