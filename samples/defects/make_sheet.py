#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sheet.jpg and sheet.json: fresh pictures with their classes, side by side, for measuring accuracy in the page.

340 pictures (seed 7777, not one of training or of the shipped images): one of them is 0.29 percentage points. fp32_right, how many the
network names right in float32 from the JPEG's pixels, is what tests/ui/learn/lessons_test.cpp counts: after a change copy it from there.
"""
import json
import pathlib

import numpy as np
import torch
from torchvision.io import write_jpeg

from make_defects import kSize, make_defects

kColumns, kRows, kSeed, kQuality, kFp32Right = 20, 17, 7777, 80, 333
kHere = pathlib.Path(__file__).resolve().parent


def main():
    images, labels = make_defects(kColumns * kRows, kSeed)
    rows = images.reshape(kRows, kColumns, kSize, kSize, 3).transpose(0, 2, 1, 3, 4)
    sheet = torch.from_numpy(np.ascontiguousarray(rows.reshape(kRows * kSize, kColumns * kSize, 3).transpose(2, 0, 1)))
    write_jpeg(sheet, str(kHere / "sheet.jpg"), quality=kQuality)
    (kHere / "sheet.json").write_text(json.dumps({"image": "sheet.jpg", "columns": kColumns, "seed": kSeed, "labels": labels.tolist(), "fp32_right": kFp32Right}) + "\n")


if __name__ == "__main__":
    main()
