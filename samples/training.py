# SPDX-License-Identifier: Apache-2.0
"""What the training scripts of the samples share: fitting, measuring, exporting, reading weights back."""
import json
import pathlib
import time

import numpy as np
import torch
from PIL import Image
from torch import nn


def to_input(images, mean, std):
    """uint8 [n,h,w] or [n,h,w,3] -> float32 [n,c,h,w], (pixel / 255 - mean) / std."""
    x = images[:, :, :, None] if images.ndim == 3 else images
    x = (x.astype(np.float32) / 255 - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def fit(model, x, y, epochs, augment, rate=3e-3, batch=64):
    """One-cycle Adam; `augment` gets and returns a batch."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    steps = epochs * (len(x) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.02)
    model.train()
    start = time.time()
    for epoch in range(epochs):
        total = 0.0
        for pick in torch.randperm(len(x))[: len(x) // batch * batch].split(batch):
            loss = loss_of(model(augment(x[pick])), y[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * batch
        print(f"epoch {epoch + 1}: loss {total / len(x):.4f}, {time.time() - start:.0f} s", flush=True)
    model.eval()


@torch.no_grad()
def logits(model, x):
    return torch.cat([model(part) for part in torch.from_numpy(x).split(250)]).numpy()


def accuracy(scores, labels):
    """Percent."""
    return 100.0 * float((scores.argmax(1) == labels).mean())


def export(model, shape, path):
    # PRESERVE keeps BatchNormalization nodes in the file, for a compiler to fold.
    torch.onnx.export(model, torch.zeros(1, *shape), str(path), opset_version=13,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      input_names=["actual_input"], output_names=["output"],
                      dynamic_axes={"actual_input": {0: "batch"}, "output": {0: "batch"}})


def load_weights(model, path):
    """Fills the model with the initialisers of an exported file, so that no second copy of the weights is kept."""
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(str(path)).graph
    held = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    for node in graph.node:  # equal weights are written once, and passed on by an Identity
        if node.op_type == "Identity" and node.input[0] in held:
            held[node.output[0]] = held[node.input[0]]
    missing, unexpected = model.load_state_dict(held, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{path}: missing {missing}, unexpected {unexpected}")
    return model.eval()


def choose(scores, labels, per_class):
    """Positions of the first images of each class that the network names right: they are to show it working."""
    right = scores.argmax(1) == labels
    return [int(i) for k in range(scores.shape[1]) for i in np.flatnonzero((labels == k) & right)[:per_class]]


def save_images(folder, images, labels, names):
    """PNGs named after their label; returns the list for sample.json."""
    folder.mkdir(exist_ok=True)
    entries = []
    for image, label in zip(images, labels):
        copy = sum(e["label"] == int(label) for e in entries) + 1
        file = f"{names[label]}_{copy}.png"
        Image.fromarray(image).save(folder / file, optimize=True)
        entries.append({"file": f"{folder.name}/{file}", "label": int(label)})
    return entries


def write_json(path, value):
    pathlib.Path(path).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
