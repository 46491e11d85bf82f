#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prepares the trained models of the shared data for comparison: random crops of its photographs as inputs.

Writes <outdir>/<model>/input_NN.npy and case.json, which reference_ort.mjs and compare.py read. Detectors fed
with noise answer 'nothing' everywhere and would agree with anything; on photographs, for the text detector with lines of
text drawn on them, they have something to say.
"""
import argparse
import json
import pathlib
import sys

try:
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-numpy and python3-pil)")
    sys.exit(77)

from model_cache import default_outdir

kSeed = 20240607
kRgbMean, kRgbStd = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def chw(image):
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def luminance(crop):
    return np.asarray(crop.convert("L"), np.float32)[None, None]


# name: input, its shape, outputs, number of inputs, RGB crop -> input
kModels = {
    "mnist-8": ("Input3", (1, 1, 28, 28), ["Plus214_Output_0"], 20, luminance),
    "super-resolution": ("input", (1, 1, 224, 224), ["output"], 20, lambda crop: luminance(crop) / 255),
    "ultraface-rfb-320": ("input", (1, 3, 240, 320), ["scores", "boxes"], 20,
                          lambda crop: chw((np.asarray(crop, np.float32) - 127) / 128)),
    "ppocrv3-det": ("x", (1, 3, 736, 736), ["4"], 5,
                    lambda crop: chw((np.asarray(crop, np.float32) / 255 - kRgbMean) / kRgbStd)),
}


def random_crop(rng, photos, height, width):
    photo = photos[rng.integers(len(photos))]
    scale = min(photo.width / width, photo.height / height) * rng.uniform(0.4, 1.0)
    w, h = width * scale, height * scale
    x, y = rng.uniform(0, photo.width - w), rng.uniform(0, photo.height - h)
    return photo.resize((width, height), Image.BILINEAR, box=(x, y, x + w, y + h))


def write_text(rng, crop):
    draw = ImageDraw.Draw(crop)
    for line in range(5):
        font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", int(rng.integers(24, 64)))
        text = "".join(rng.choice(list("abcdefghijklmnoprstuvwyz 0123456789"), rng.integers(5, 16)))
        at = (rng.uniform(0, crop.width / 2), (line + rng.uniform(0, 0.5)) * crop.height / 5)
        draw.text(at, text, font=font, fill=(0, 0, 0), stroke_width=3, stroke_fill=(255, 255, 255))
    return crop


def digit_drawings(source):
    """The committed digit images, and each once more moved by two pixels."""
    for dy, dx in ((0, 0), (2, -2)):
        for path in sorted((source / "samples/digits/images").glob("*.png")):
            yield Image.fromarray(np.roll(np.asarray(Image.open(path).convert("L")), (dy, dx), (0, 1)))


def save_input(folder, i, value, outputs):
    """Removes the reference answers of an input that changes."""
    path = folder / f"input_{i:02}.npy"
    if path.exists() and np.array_equal(np.load(path), value):
        return
    np.save(path, value)
    for name in outputs:
        (folder / f"{name}_{i:02}.npy").unlink(missing_ok=True)


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=source.parent / "shared" / "data")
    parser.add_argument("--outdir", type=pathlib.Path, default=default_outdir())
    args = parser.parse_args()
    photos = [Image.open(p).convert("RGB") for p in sorted((args.data / "images").glob("*.jpg"))]
    if not photos:
        print(f"skipped: no photographs in {args.data / 'images'}")
        sys.exit(77)
    for name, (input_name, shape, outputs, count, prepare) in kModels.items():
        rng = np.random.default_rng(kSeed)
        folder = args.outdir / name
        folder.mkdir(parents=True, exist_ok=True)
        crops = (digit_drawings(source) if name.startswith("mnist")
                 else (random_crop(rng, photos, *shape[2:]) for _ in range(count)))
        for i, crop in enumerate(crops):
            if name == "ppocrv3-det":
                crop = write_text(rng, crop)
            value = np.ascontiguousarray(prepare(crop), np.float32)
            assert value.shape == shape, (name, value.shape)
            save_input(folder, i, value, outputs)
        (folder / "case.json").write_text(json.dumps({
            "model": str((args.data / "models" / f"{name}.onnx").resolve()),
            "input": input_name, "shape": shape, "inputs": "input_{:02}.npy",
            "outputs": {o: f"{o}_{{:02}}.npy" for o in outputs},
            "count": i + 1, "classifier": name.startswith("mnist"), "reference": "ONNX Runtime",
        }, indent=1) + "\n")


if __name__ == "__main__":
    main()
