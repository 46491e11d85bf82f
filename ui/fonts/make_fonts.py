#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the fonts of the interface: subsets with just the characters it can show.

make_fonts.py SOURCES OUT TEXT...
  SOURCES  folder with the unpacked font packages and fontTools (fetch_deps.sh fonts)
  OUT      folder for body.otf, strong.otf, mono.ttf, icons.ttf and language.ttf (embedded), and cjk.ttf (loaded when
           Chinese is chosen)
  TEXT     files whose non-Latin characters cjk.ttf must have; the icons are those of icons.def, the first of them
"""
import logging
import pathlib
import re
import sys

# ASCII, Latin-1, Latin Extended-A, then the punctuation and arrows that the interface uses.
kLatin = [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x3BC,
          0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212]
kFonts = [("opentype/inter/Inter-Regular.otf", "body.otf"),
          ("opentype/inter/Inter-SemiBold.otf", "strong.otf"),
          ("truetype/jetbrains-mono/JetBrainsMono-Regular.ttf", "mono.ttf")]
kLanguageName = "中文"  # on the button that switches the language, before cjk.ttf is there
kCjk = "truetype/wqy/wqy-microhei.ttc"
kIcons = "truetype/material-design-icons-iconfont/MaterialIcons-Regular.ttf"


def gb2312_level_1():
    """The 3755 most frequent characters, and GB2312's punctuation: names of the user's files are written with them."""
    rows = [*range(0xA1, 0xA4), *range(0xB0, 0xD8)]
    for row in rows:
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass


def icons(definitions):
    """The code points in the rows NPU_ICON(name, "\\uXXXX")."""
    return [int(code, 16) for code in re.findall(r'NPU_ICON\(\w+, "\\u([0-9A-F]{4})"\)', definitions.read_text(encoding="utf-8"))]


def make(source, target, characters, subset, face=-1):
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.glyph_names = False
    options.notdef_outline = True
    options.font_number = face
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "FFTM"]
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def main(sources, out, *texts):
    sys.path.insert(0, str(pathlib.Path(sources) / "python"))
    from fontTools import subset
    logging.disable(logging.WARNING)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    fonts = pathlib.Path(sources) / "fonts"
    for source, target in kFonts:
        make(fonts / source, out / target, kLatin, subset)
    make(fonts / kCjk, out / "language.ttf", [ord(c) for c in kLanguageName], subset, face=0)
    make(fonts / kIcons, out / "icons.ttf", icons(pathlib.Path(texts[0])), subset)
    used = {ord(c) for text in texts for c in pathlib.Path(text).read_text(encoding="utf-8") if ord(c) > 0x2E7F}
    make(fonts / kCjk, out / "cjk.ttf", sorted(used.union(gb2312_level_1())), subset, face=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
