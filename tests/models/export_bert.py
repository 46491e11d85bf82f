#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exports BERT encoders with seeded weights, and PyTorch fp32 answers.

Nothing is downloaded: the encoder (Devlin et al., 2018) is written out below. Layout of the output folder:
    <model>/model.onnx          inputs "input_ids", "attention_mask", "token_type_ids" int64 [batch, sequence],
                                output "last_hidden_state" [batch, sequence, hidden]
    <model>/<input>_00.npy ...  1 x sequence int64
    <model>/output_00.npy ...   1 x sequence x hidden float32
    <model>/case.json           what compare.py needs to know

Weights are drawn so that every part matters: queries and keys are large enough for attention to prefer some tokens,
LayerNorm has scales and shifts, and each input ends in a different number of masked tokens.
"""
import json
import math
import sys

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    print(f"skipped: {error} (Debian package python3-torch)")
    sys.exit(77)

from model_cache import export_arguments

kSeed = 20240607
kBase = dict(layers=12, hidden=768, heads=12, inner=3072, vocabulary=30522, positions=512)
kModels = {
    "bert_small_seq32": dict(layers=2, hidden=128, heads=2, inner=512, vocabulary=1000, positions=64, sequence=32, opset=13, count=4),
    "bert_base_seq128": dict(**kBase, sequence=128, opset=13, count=2),
    "bert_base_seq512": dict(**kBase, sequence=512, opset=13, count=1),
}


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads, self.width = heads, hidden // heads
        self.query, self.key, self.value, self.dense = (nn.Linear(hidden, hidden) for _ in range(4))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, self.width).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        scores = self.split(self.query(x)) @ self.split(self.key(x)).transpose(-1, -2) / math.sqrt(self.width)
        context = torch.softmax(scores + mask, dim=-1) @ self.split(self.value(x))
        return self.dense(context.permute(0, 2, 1, 3).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, hidden, heads, inner):
        super().__init__()
        self.attention, self.norm1 = Attention(hidden, heads), nn.LayerNorm(hidden, eps=1e-12)
        self.widen, self.narrow, self.norm2 = nn.Linear(hidden, inner), nn.Linear(inner, hidden), nn.LayerNorm(hidden, eps=1e-12)

    def forward(self, x, mask):
        x = self.norm1(self.attention(x, mask) + x)
        return self.norm2(self.narrow(nn.functional.gelu(self.widen(x))) + x)


class Bert(nn.Module):
    def __init__(self, layers, hidden, heads, inner, vocabulary, positions, **_):
        super().__init__()
        self.word, self.position, self.kind = nn.Embedding(vocabulary, hidden), nn.Embedding(positions, hidden), nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner) for _ in range(layers))
        self.register_buffer("position_ids", torch.arange(positions)[None])

    def forward(self, input_ids, attention_mask, token_type_ids):
        mask = (1.0 - attention_mask[:, None, None, :].to(self.word.weight.dtype)) * -10000.0
        x = self.word(input_ids) + self.kind(token_type_ids) + self.position(self.position_ids[:, : input_ids.shape[1]])
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, mask)
        return x


def initialise(model, gen):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.copy_(torch.randn(module.weight.shape, generator=gen) / math.sqrt(module.in_features))
            module.bias.copy_(torch.randn(module.bias.shape, generator=gen) * 0.1)
        elif isinstance(module, nn.Embedding):
            module.weight.copy_(torch.randn(module.weight.shape, generator=gen))
        elif isinstance(module, nn.LayerNorm):
            module.weight.copy_(1 + 0.2 * torch.randn(module.weight.shape, generator=gen))
            module.bias.copy_(0.2 * torch.randn(module.bias.shape, generator=gen))
    for layer in model.layers:
        layer.attention.query.weight.mul_(1.5)
        layer.attention.key.weight.mul_(1.5)


def make_inputs(shape, index, gen):
    sequence = shape["sequence"]
    ids = torch.randint(0, shape["vocabulary"], (1, sequence), generator=gen)
    used = sequence - index * sequence // 5
    mask = (torch.arange(sequence) < used).long()[None]
    kinds = (torch.arange(sequence) >= sequence // 3).long()[None]
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


def export(name, folder):
    shape = kModels[name]
    gen = torch.Generator().manual_seed(kSeed)
    model = Bert(**shape).eval()
    initialise(model, gen)
    folder.mkdir(parents=True, exist_ok=True)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    for i in range(shape["count"]):
        inputs = make_inputs(shape, i, gen)
        for key in names:
            np.save(folder / f"{key}_{i:02}.npy", inputs[key].numpy())
        np.save(folder / f"output_{i:02}.npy", model(*inputs.values()).numpy())
    partial = folder / "model.onnx.part"
    torch.onnx.export(model, tuple(inputs.values()), str(partial), opset_version=shape["opset"], input_names=names,
                      output_names=["last_hidden_state"], dynamic_axes={key: {0: "batch"} for key in (*names, "last_hidden_state")})
    (folder / "case.json").write_text(json.dumps({
        "model": "model.onnx", "feeds": {key: {"shape": [1, shape["sequence"]], "files": key + "_{:02}.npy"} for key in names},
        "outputs": {"last_hidden_state": "output_{:02}.npy"}, "count": shape["count"], "classifier": False, "reference": "PyTorch",
        "min_cosine": 0.9999,
    }, indent=1) + "\n")
    partial.rename(folder / "model.onnx")  # last: its presence says that the folder is complete
    print(name, sum(p.numel() for p in model.parameters()), "parameters", flush=True)


def main():
    args = export_arguments(__doc__, kModels, "bert_small_seq32")
    torch.set_num_threads(1)  # the order of summation, and so the reference bits, must not depend on the machine
    torch.set_grad_enabled(False)
    for name in args.models:
        if args.force or not (args.outdir / name / "model.onnx").exists():
            export(name, args.outdir / name)


if __name__ == "__main__":
    main()
