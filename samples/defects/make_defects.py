#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Renders metal surfaces with one kind of defect each: 96x96 RGB.

The surface is a relief: brushing or rolling texture plus the defect's own dents, lit from one side, times the metal's
colour and the defect's. So pits and scratches catch light on one flank and lie in shadow on the other, inclusions are
flat and matt, cracks are dark and jagged, stains let the texture show through.
The same seed gives the same images.

make_defects(count, seed) -> (uint8 [count,96,96,3], int64 [count])
"""
import numpy as np

kSize = 96
kKinds = ["scratch", "pit", "inclusion", "crack", "stain", "none"]
kMetals = np.array([  # colour of the ground, sRGB 0..1
    [0.62, 0.63, 0.65],  # steel
    [0.54, 0.57, 0.61],  # bluish steel
    [0.72, 0.72, 0.72],  # aluminium
    [0.50, 0.49, 0.48],  # cast iron, machined
    [0.70, 0.62, 0.44],  # brass
])
kY, kX = np.mgrid[:kSize, :kSize].astype(np.float32)
kFy, kFx = np.meshgrid(np.fft.fftfreq(kSize), np.fft.rfftfreq(kSize), indexing="ij")


def filtered_noise(rng, response):
    """White noise through a real frequency response; zero mean, unit variance."""
    noise = np.fft.irfft2(np.fft.rfft2(rng.normal(0, 1, (kSize, kSize))) * response, (kSize, kSize))
    noise -= noise.mean()
    return (noise / (noise.std() + 1e-9)).astype(np.float32)


def blobs(rng, scale):
    """Smooth noise whose features are about `scale` pixels wide."""
    return filtered_noise(rng, np.exp(-((kFx**2 + kFy**2) * (2.2 * scale) ** 2)))


def brushed(rng, angle):
    along = kFx * np.cos(angle) + kFy * np.sin(angle)
    across = kFy * np.cos(angle) - kFx * np.sin(angle)
    length = rng.uniform(20, 70)
    fine = np.exp(-(along * length) ** 2) / (0.06 + np.abs(across)) ** rng.uniform(0.2, 0.8)
    return filtered_noise(rng, fine)


def rolled(rng, angle):
    """Rolled or blasted sheet: short grains in all directions, a little longer along the rolling direction."""
    along = kFx * np.cos(angle) + kFy * np.sin(angle)
    across = kFy * np.cos(angle) - kFx * np.sin(angle)
    return filtered_noise(rng, np.exp(-((along * 4) ** 2 + (across * 1.6) ** 2)))


def surface(rng):
    """Returns (brightness factor of the texture and lighting, colour, direction of the grain)."""
    angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.12)
    texture = brushed(rng, angle) if rng.random() < 0.75 else rolled(rng, angle)
    texture = texture * rng.uniform(0.03, 0.11) + rng.normal(0, 1, texture.shape) * rng.uniform(0.005, 0.025)
    direction = rng.uniform(0, 2 * np.pi)
    ramp = ((kX - kSize / 2) * np.cos(direction) + (kY - kSize / 2) * np.sin(direction)) / kSize
    # The sheen of brushed metal: a soft bright band across the grain.
    place = (kY if abs(np.cos(angle)) > 0.5 else kX) / kSize - rng.uniform(-0.3, 1.3)
    sheen = rng.uniform(0, 0.25) * np.exp(-((place / rng.uniform(0.15, 0.5)) ** 2))
    light = 1 + texture + rng.uniform(0, 0.35) * ramp + sheen + 0.03 * blobs(rng, 20)
    colour = kMetals[rng.integers(len(kMetals))] * rng.uniform(0.75, 1.15) + rng.normal(0, 0.006, 3)
    return light.astype(np.float32), colour.astype(np.float32), angle


def distance_to(points):
    """Distance of every pixel to a polyline, and how far along it (0..1) the nearest point is."""
    best = np.full((kSize, kSize), 1e9, np.float32)
    along = np.zeros((kSize, kSize), np.float32)
    count = len(points) - 1
    for i in range(count):
        (x0, y0), (x1, y1) = points[i], points[i + 1]
        dx, dy = x1 - x0, y1 - y0
        t = np.clip(((kX - x0) * dx + (kY - y0) * dy) / (dx * dx + dy * dy + 1e-6), 0, 1)
        d = np.hypot(kX - x0 - t * dx, kY - y0 - t * dy)
        nearer = d < best
        best = np.where(nearer, d, best)
        along = np.where(nearer, (i + t) / count, along)
    return best, along


def lit(height, sun):
    """Change of brightness of a relief under a low light from direction `sun`."""
    gy, gx = np.gradient(height)
    return -(gx * np.cos(sun) + gy * np.sin(sun))


def place(rng, margin):
    return rng.uniform(margin, kSize - margin, 2)


def add_scratch(rng, light, colour, grain):
    sun = rng.uniform(0, 2 * np.pi)
    main = grain + rng.choice([-1, 1]) * rng.uniform(0.35, np.pi / 2)
    for _ in range(rng.choice([1, 1, 2, 3])):
        angle = main + rng.normal(0, 0.15)
        centre, length, bend = place(rng, 26), rng.uniform(38, 95), rng.normal(0, 0.05)
        t = np.linspace(-0.5, 0.5, 12)
        turn = angle + bend * np.sign(t) * (2 * t) ** 2
        points = centre + length * t[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
        d, along = distance_to(points)
        width = rng.uniform(0.7, 1.4)
        depth = rng.uniform(0.5, 1.0) * np.clip(6 * along, 0, 1) * np.clip(6 * (1 - along), 0, 1)
        groove = np.exp(-((d / width) ** 2)) * depth
        # A burr is thrown up beside the groove; the bare metal in it shines.
        burr = 0.4 * np.exp(-(((d - 2 * width) / width) ** 2)) * depth
        light += 0.6 * lit(burr - groove, sun) + rng.uniform(0.2, 0.5) * groove
    return light[..., None] * colour


def add_pit(rng, light, colour, grain):
    sun = rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(1, 6)):
        x, y = place(rng, 10)
        radius, squeeze, turn = rng.uniform(2.6, 6.0), rng.uniform(0.8, 1.0), rng.uniform(0, np.pi)
        u = (kX - x) * np.cos(turn) + (kY - y) * np.sin(turn)
        v = ((kY - y) * np.cos(turn) - (kX - x) * np.sin(turn)) / squeeze
        r = np.hypot(u, v) / radius * (1 + 0.06 * blobs(rng, 5))
        bowl = -np.clip(1 - r**2, 0, None) * radius * rng.uniform(0.35, 0.8) + 0.5 * np.exp(-(((r - 1.15) / 0.2) ** 2))
        inside = 1 / (1 + np.exp(np.clip(r - 0.95, -3, 3) * 12))
        light += 0.42 * lit(bowl, sun) - inside * rng.uniform(0.18, 0.4)
    return light[..., None] * colour


def add_inclusion(rng, light, colour, grain):
    """Foreign matter rolled in: dark, matt, ragged islands, strung out along the grain."""
    matter = np.array([0.13, 0.11, 0.10]) * rng.uniform(0.7, 2.2) + rng.normal(0, 0.015, 3)
    cover = np.zeros((kSize, kSize), np.float32)
    centre, ragged = place(rng, 22), blobs(rng, rng.uniform(2.5, 4))
    for _ in range(rng.integers(1, 5)):
        along, across = rng.normal(0, 11), rng.normal(0, 3.5)
        x = centre[0] + along * np.cos(grain) - across * np.sin(grain)
        y = centre[1] + along * np.sin(grain) + across * np.cos(grain)
        long, short = rng.uniform(5, 15), rng.uniform(2.5, 5.5)
        u = ((kX - x) * np.cos(grain) + (kY - y) * np.sin(grain)) / long
        v = ((kY - y) * np.cos(grain) - (kX - x) * np.sin(grain)) / short
        inside = 1 - np.hypot(u, v) + 0.28 * ragged
        cover = np.maximum(cover, np.clip(inside * short * 1.6, 0, 1))
    cover = (cover * rng.uniform(0.75, 1.0))[..., None]
    grainy = 1 + 0.25 * blobs(rng, 1.2)[..., None]
    return light[..., None] * colour * (1 - cover) + matter * grainy * cover


def jagged(rng, start, angle, length):
    points, heading = [np.array(start)], angle
    while length > 0:
        step = rng.uniform(2, 6)
        heading = angle + rng.normal(0, 0.65) + 0.4 * (heading - angle)
        points.append(points[-1] + step * np.array([np.cos(heading), np.sin(heading)]))
        length -= step
    return points


def add_crack(rng, light, colour, grain):
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(45, 90)
    start = np.array([kSize / 2] * 2) + rng.normal(0, 8, 2) - length / 2 * np.array([np.cos(angle), np.sin(angle)])
    main = jagged(rng, start, angle, length)
    lines = [(main, rng.uniform(0.8, 1.7))]
    for _ in range(rng.integers(0, 4)):
        fork = main[rng.integers(len(main))]
        lines.append((jagged(rng, fork, angle + rng.choice([-1, 1]) * rng.uniform(0.4, 1.1), rng.uniform(10, 30)),
                      rng.uniform(0.5, 1.0)))
    gap = np.zeros((kSize, kSize), np.float32)
    wobble = 1 + 0.25 * blobs(rng, 3)
    for points, width in lines:
        d, along = distance_to(points)
        narrow = width * np.clip(1.25 - along, 0.25, 1) * wobble
        gap = np.maximum(gap, np.clip(narrow + 0.6 - d, 0, 1))
    light += 0.25 * lit(-gap, rng.uniform(0, 2 * np.pi))
    gap = (gap * rng.uniform(0.6, 0.95))[..., None]
    return light[..., None] * colour * (1 - gap) + 0.06 * gap


def add_stain(rng, light, colour, grain):
    """Rust, oil or a dried drop: the texture shows through, the edge is soft, or darker where a drop dried."""
    x, y = place(rng, 24)
    turn, long = rng.uniform(0, np.pi), rng.uniform(15, 34)
    short = long * rng.uniform(0.55, 1.0)
    u = ((kX - x) * np.cos(turn) + (kY - y) * np.sin(turn)) / long
    v = ((kY - y) * np.cos(turn) - (kX - x) * np.sin(turn)) / short
    inside = 1 - np.hypot(u, v) + 0.22 * blobs(rng, rng.uniform(7, 13))
    soft = rng.uniform(3, 9)
    cover = 1 / (1 + np.exp(np.clip(-inside * soft * 1.5, -30, 30)))
    tint = np.array([[0.72, 0.48, 0.30], [0.62, 0.58, 0.45], [0.66, 0.72, 0.82], [0.55, 0.53, 0.52]])[rng.integers(4)]
    strength = rng.uniform(0.6, 1.0)
    if rng.random() < 0.4:  # a dried rim
        rim = np.exp(-((inside * soft / 1.4) ** 2))
        cover = np.clip(0.45 * cover + 0.75 * rim, 0, 1)
    cover = (cover * strength * (1 + 0.12 * blobs(rng, 4)))[..., None]
    return light[..., None] * colour * (1 - cover + cover * tint)


def add_none(rng, light, colour, grain):
    return light[..., None] * colour


kAdd = {"scratch": add_scratch, "pit": add_pit, "inclusion": add_inclusion, "crack": add_crack, "stain": add_stain,
        "none": add_none}


def camera(rng, image):
    """A little defocus, exposure and sensor noise."""
    amount = rng.uniform(0, 0.5)
    p = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    blurred = (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] + 4 * image) / 8
    image = image * (1 - amount) + blurred * amount
    image = np.clip(image, 0, None) ** rng.uniform(0.9, 1.15) * rng.uniform(0.9, 1.1)
    image = image + rng.normal(0, rng.uniform(0.002, 0.018), image.shape)
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def make_defects(count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(kKinds), count)
    images = np.empty((count, kSize, kSize, 3), np.uint8)
    for i, label in enumerate(labels):
        light, colour, grain = surface(rng)
        images[i] = camera(rng, kAdd[kKinds[label]](rng, light, colour, grain))
    return images, labels.astype(np.int64)
