#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws handwritten-style digits: 28x28 grey, light ink on a dark ground, as MNIST has them.

Half of the digits are glyphs of handwriting and print fonts, half are pen strokes through jittered control points.
Both are then slanted, turned, stretched, warped elastically, drawn thinner or thicker, blurred and made noisy.
The same seed gives the same images (with the same font packages; README.md lists them).

make_digits(count, seed) -> (uint8 [count,28,28], int64 [count])
"""
import functools
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

kSize = 28
kCanvas = 96   # pixels a side of the unwarped drawing; the digit is kBox high and centred
kBox = 64
kWork = 56     # the warped drawing, halved at the end

kFontRoot = pathlib.Path("/usr/share/fonts")
kFonts = {  # Debian package: files
    "fonts-bwht": ["opentype/bwht/BecauseWe%s-Regular.otf" % w
                   for w in ("Build", "Connect", "Create", "Learn", "Mentor", "Organize")],
    "fonts-comic-neue": ["opentype/comic-neue/ComicNeue-%s.otf" % w for w in ("Regular", "Bold", "Italic")],
    "fonts-dancingscript": ["opentype/dancingscript/DancingScript-Regular.otf"],
    "fonts-kaushanscript": ["opentype/kaushanscript/KaushanScript-Regular.otf"],
    "fonts-breip": ["truetype/breip/Breip.ttf"],
    "fonts-comfortaa": ["truetype/comfortaa/Comfortaa-Regular.ttf"],
    "fonts-dkg-handwriting": ["truetype/fifthhorseman/dkg.ttf", "truetype/fifthhorseman/dkgBd.ttf"],
    "fonts-humor-sans": ["truetype/humor-sans/Humor-Sans.ttf"],
    "fonts-isabella": ["truetype/isabella/Isabella.ttf"],
    "fonts-kristi": ["truetype/kristi/Kristi.ttf"],
    "fonts-leckerli-one": ["truetype/leckerli-one/LeckerliOne-Regular.ttf"],
    "fonts-rufscript": ["truetype/rufscript/Rufscript010.ttf"],
    "fonts-sjfonts": ["truetype/sjfonts/SteveHand.ttf"],
    "fonts-tomsontalks": ["truetype/tomsontalks/TomsonTalks.ttf"],
    "fonts-dejavu-core": ["truetype/dejavu/DejaVuSans.ttf"],
    "fonts-liberation": ["truetype/liberation/LiberationSans-Regular.ttf", "truetype/liberation/LiberationSerif-Regular.ttf"],
}

# Ways to write each digit: strokes of control points in a box of 1 x 1, y downwards.
kStrokes = {
    0: [[[(.5, 0), (.12, .2), (.08, .6), (.4, 1), (.8, .85), (.92, .4), (.7, .05), (.42, .02)]],
        [[(.62, .05), (.25, .1), (.12, .5), (.3, .95), (.7, .95), (.88, .5), (.72, .08), (.5, .02)]]],
    1: [[[(.5, 0), (.5, .5), (.5, 1)]],
        [[(.25, .25), (.42, .14), (.55, 0), (.54, .5), (.53, 1)]],
        [[(.25, .25), (.42, .14), (.52, 0), (.52, .5), (.52, 1)], [(.25, 1), (.5, 1), (.78, 1)]]],
    2: [[[(.12, .25), (.3, .02), (.7, .02), (.85, .28), (.55, .65), (.12, 1)], [(.12, 1), (.5, .98), (.92, 1)]],
        [[(.15, .2), (.45, 0), (.82, .18), (.7, .5), (.35, .85), (.12, .97), (.2, .78), (.45, .88), (.9, .98)]]],
    3: [[[(.15, .12), (.5, 0), (.8, .16), (.7, .4), (.42, .47)], [(.42, .47), (.8, .55), (.86, .8), (.55, 1), (.12, .88)]],
        [[(.15, .03), (.5, .02), (.85, .03)], [(.85, .03), (.62, .25), (.45, .42)],
         [(.45, .42), (.8, .5), (.85, .8), (.5, 1), (.12, .9)]]],
    4: [[[(.25, 0), (.2, .3), (.15, .58)], [(.15, .58), (.5, .55), (.92, .54)], [(.72, .1), (.7, .55), (.68, 1)]],
        [[(.65, 0), (.4, .3), (.08, .66)], [(.08, .66), (.5, .66), (.95, .66)], [(.66, .0), (.66, .5), (.66, 1)]]],
    5: [[[(.82, .02), (.5, .02), (.22, .03)], [(.22, .03), (.2, .25), (.18, .45)],
         [(.18, .45), (.5, .36), (.85, .55), (.78, .88), (.45, 1), (.1, .9)]],
        [[(.85, 0), (.55, .03), (.28, .02), (.24, .2), (.2, .42), (.55, .38), (.86, .6), (.72, .93), (.35, 1), (.1, .88)]]],
    6: [[[(.7, 0), (.35, .25), (.12, .65), (.3, .97), (.7, .95), (.84, .7), (.6, .5), (.3, .58), (.15, .75)]],
        [[(.55, 0), (.28, .35), (.15, .75), (.42, 1), (.78, .85), (.72, .58), (.42, .55), (.2, .75)]]],
    7: [[[(.1, .04), (.5, .03), (.88, .03)], [(.88, .03), (.62, .45), (.4, 1)]],
        [[(.1, .04), (.5, .03), (.88, .03)], [(.88, .03), (.6, .45), (.42, 1)], [(.32, .5), (.55, .49), (.8, .48)]],
        [[(.1, .18), (.12, .04), (.5, .05), (.86, .03), (.65, .4), (.5, .7), (.45, 1)]]],
    8: [[[(.78, .12), (.45, 0), (.2, .2), (.45, .45), (.8, .7), (.65, .97), (.3, .97), (.15, .75), (.45, .48), (.8, .25), (.75, .08)]],
        [[(.5, .46), (.2, .3), (.3, .04), (.68, .03), (.8, .26), (.5, .46), (.15, .7), (.3, .98), (.7, .98), (.86, .72), (.52, .47)]]],
    9: [[[(.82, .2), (.5, 0), (.18, .2), (.3, .48), (.65, .46), (.82, .2)], [(.82, .15), (.78, .55), (.74, 1)]],
        [[(.8, .2), (.5, .01), (.18, .22), (.32, .5), (.65, .44), (.82, .18), (.8, .5), (.68, .85), (.38, 1), (.18, .9)]]],
}
kDrawingsPerWay = 60  # different hands for each way of writing


@functools.cache
def font_glyphs():
    """Per digit a list of float32 [kCanvas,kCanvas] masks, several pen widths of each font."""
    glyphs = [[] for _ in range(10)]
    for package, files in kFonts.items():
        for file in files:
            path = kFontRoot / file
            if not path.exists():
                raise SystemExit(f"make_digits: {path} is missing: install the package {package}")
            font = ImageFont.truetype(str(path), 160)
            for digit in range(10):
                glyphs[digit] += pen_widths(fit(glyph_image(font, str(digit))))
    return [np.stack(g) for g in glyphs]


def glyph_image(font, text):
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), text, font=font, fill=255)
    return image.crop(image.getbbox())


def fit(image):
    """Into the middle of the canvas, kBox high (or as wide, for a wide one)."""
    scale = kBox / max(image.height, image.width)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.BILINEAR)
    canvas = Image.new("L", (kCanvas, kCanvas))
    canvas.paste(image, ((kCanvas - image.width) // 2, (kCanvas - image.height) // 2))
    return canvas


def pen_widths(canvas):
    variants = [canvas.filter(ImageFilter.MinFilter(3)), canvas] + [canvas.filter(ImageFilter.MaxFilter(k)) for k in (3, 5, 7)]
    masks = [np.asarray(v, np.float32) / 255 for v in variants]
    kept = [m for m in masks if 3.5 < stroke_width(m) < 13]
    return kept or [masks[1]]


def stroke_width(mask):
    ink = mask > 0.5
    edge = np.count_nonzero(ink[1:] != ink[:-1]) + np.count_nonzero(ink[:, 1:] != ink[:, :-1])
    return 2.5 * np.count_nonzero(ink) / max(edge, 1)  # a long straight stroke has two edges; 2.5 corrects for slanting ones


def pen_drawings(rng):
    drawings = []
    for digit in range(10):
        masks = []
        for way in kStrokes[digit]:
            for _ in range(kDrawingsPerWay):
                width = rng.uniform(3.5, 11)
                jitter = rng.uniform(0.01, 0.05)
                aspect = rng.uniform(0.5, 0.85)
                image = Image.new("L", (kCanvas * 2, kCanvas * 2))
                draw = ImageDraw.Draw(image)
                for stroke in way:
                    points = np.array(stroke) + rng.normal(0, jitter, (len(stroke), 2))
                    points = (smooth(points) - 0.5) * [2 * kBox * aspect, 2 * kBox] + kCanvas
                    line(draw, points, 2 * width)
                masks.append(np.asarray(image.resize((kCanvas, kCanvas), Image.BOX), np.float32) / 255)
        drawings.append(np.stack(masks))
    return drawings


def smooth(points):
    """A Catmull-Rom curve through the points."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
              for a, b, c, d in zip(p, p[1:], p[2:], p[3:])]
    return np.concatenate(pieces + [points[-1:]])


def line(draw, points, width):
    flat = [tuple(p) for p in points]
    draw.line(flat, fill=255, width=round(width), joint="curve")
    for x, y in (flat[0], flat[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)


def upsample(grid, size):
    """[n,k,k] control values -> [n,size,size], bilinear."""
    k = grid.shape[1]
    at = np.linspace(0, k - 1, size)
    low = np.minimum(at.astype(int), k - 2)
    part = at - low
    weights = np.zeros((size, k))
    weights[np.arange(size), low] = 1 - part
    weights[np.arange(size), low + 1] = part
    return np.einsum("ak,nkl,bl->nab", weights, grid, weights)


def sampling_positions(rng, n):
    """Where each pixel of the warped drawing looks in the canvas: x and y, [n,kWork,kWork]."""
    angle, shear = rng.uniform(-0.3, 0.3, n), rng.uniform(-0.35, 0.35, n)
    # A digit of kBox canvas pixels shall be 16 to 23 pixels high in the end, as MNIST's 20.
    height = rng.uniform(16, 23, n) * kWork / kSize / kBox
    width = height * rng.uniform(0.75, 1.15, n)
    shift = rng.uniform(-3.5, 3.5, (2, n))
    y, x = np.mgrid[:kWork, :kWork] - (kWork - 1) / 2
    x, y = x[None] - shift[0][:, None, None], y[None] - shift[1][:, None, None]
    c, s = (f(angle)[:, None, None] for f in (np.cos, np.sin))
    x, y = c * x + s * y, c * y - s * x
    x = (x + shear[:, None, None] * y) / width[:, None, None]
    y = y / height[:, None, None]
    strength = rng.uniform(0, 4.5, n)[:, None, None]
    x = x + upsample(rng.normal(0, 1, (n, 5, 5)) * strength, kWork)
    y = y + upsample(rng.normal(0, 1, (n, 5, 5)) * strength, kWork)
    middle = (kCanvas - 1) / 2
    return (x + middle).astype(np.float32), (y + middle).astype(np.float32)


def bilinear(images, x, y):
    n = np.arange(len(images))[:, None, None]
    x, y = np.clip(x, 0, kCanvas - 1.001), np.clip(y, 0, kCanvas - 1.001)
    x0, y0 = x.astype(int), y.astype(int)
    fx, fy = x - x0, y - y0
    top = images[n, y0, x0] * (1 - fx) + images[n, y0, x0 + 1] * fx
    low = images[n, y0 + 1, x0] * (1 - fx) + images[n, y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + low * fy


def soften(images, amount):
    """Blends in a 3x3 binomial blur; amount [n] from 0 to 1."""
    p = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 4
    blurred = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    amount = amount[:, None, None]
    return images * (1 - amount) + blurred * amount


def draw_batch(rng, pen, n):
    labels = rng.integers(0, 10, n)
    masks = np.empty((n, kCanvas, kCanvas), np.float32)
    for i, digit in enumerate(labels):
        source = pen[digit] if rng.random() < 0.5 else font_glyphs()[digit]
        masks[i] = source[rng.integers(len(source))]
    x, y = sampling_positions(rng, n)
    image = bilinear(masks, x, y).reshape(n, kSize, 2, kSize, 2).mean((2, 4))
    image = soften(image, rng.uniform(0, 1, n))
    ink = rng.uniform(0.65, 1.0, n)[:, None, None]
    ground = (rng.uniform(0, 0.12, n) * (rng.random(n) < 0.4))[:, None, None]
    noise = (rng.uniform(0, 0.1, n) * (rng.random(n) < 0.6))[:, None, None]
    image = ground + (ink - ground) * image + noise * rng.normal(0, 1, image.shape)
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8), labels


def make_digits(count, seed):
    rng = np.random.default_rng(seed)
    pen = pen_drawings(rng)
    batches = [draw_batch(rng, pen, min(500, count - start)) for start in range(0, count, 500)]
    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches]).astype(np.int64)
