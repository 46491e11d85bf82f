#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exports torchvision architectures with seeded weights, and PyTorch fp32 answers to 20 inputs.

Nothing is downloaded. Layout of the output folder:
    inputs/input_00.npy ... input_19.npy     1x3x224x224 float32, shared by all models
    <model>/model.onnx                       input "actual_input" [batch,3,224,224], output "output" [batch,1000]
    <model>/output_00.npy ...                1x1000 float32
    <model>/facts.json                       parameters, MACs, fp16 noise of the model itself, top-1 margins
    <model>/case.json                        what compare.py needs to know

Random networks as torchvision initialises them are useless for comparing: activations vanish or explode
with depth and every input gets the same answer. So the weights are calibrated: BatchNorm statistics are measured
on data and then perturbed, networks without BatchNorm have each layer scaled to unit variance, and
the last layer is centred so that answers differ from input to input, as a trained network's do.
facts.json says what fp16 rounding alone costs the same network in PyTorch: the noise floor of a comparison.
"""
import json
import sys

try:
    import numpy as np
    import torch
    import torchvision
    from torch import nn
    from torchvision.models import mnasnet, mobilenetv2, resnet
except ImportError as error:
    print(f"skipped: {error} (Debian packages python3-torch and python3-torchvision)")
    sys.exit(77)

import calibrate
from model_cache import export_arguments

kInputs = 20
kSeed = 20240607
kMinMargin = 0.02

# keep_bn: True leaves BatchNormalization nodes in the file, False is torch.onnx's default (folded by PyTorch).
kModels = {
    "resnet18": dict(keep_bn=True),
    "resnet50": dict(keep_bn=False),
    "mobilenet_v2": dict(keep_bn=True),
    "squeezenet1_1": dict(keep_bn=False),
    "vgg16": dict(keep_bn=False),
    "vgg19": dict(keep_bn=False),
    "densenet121": dict(keep_bn=True),
    "googlenet": dict(keep_bn=True, kwargs=dict(aux_logits=False, init_weights=False)),
    "mnasnet1_0": dict(keep_bn=True),
    "shufflenet_v2_x1_0": dict(keep_bn=True),
}

# The last BatchNorm of a residual branch, where the block has a shortcut.
kBranchEnd = {
    resnet.BasicBlock: lambda m: m.bn2,
    resnet.Bottleneck: lambda m: m.bn3,
    mobilenetv2.InvertedResidual: lambda m: m.conv[-1] if m.use_res_connect else None,
    mnasnet._InvertedResidual: lambda m: m.layers[-1] if m.apply_residual else None,
}


def random_images(count, seed, side=224):
    """Noise at four scales, coarse ones strongest as in photographs, each with a random share, and a colour cast;
    mean about 0 and standard deviation about 1. (White noise would average out to the same answer for all.)"""
    gen = torch.Generator().manual_seed(seed)
    out = torch.zeros(count, 3, side, side)
    for size, strength in ((3, 1.0), (12, 0.6), (48, 0.3), (side, 0.1)):
        noise = torch.randn(count, 3, size, size, generator=gen)
        share = strength * torch.rand(count, 1, 1, 1, generator=gen)
        out += share * nn.functional.interpolate(noise, size=(side, side), mode="bilinear", align_corners=False)
    out /= out.std(dim=(1, 2, 3), keepdim=True)
    return out + 0.5 * torch.randn(count, 3, 1, 1, generator=gen)


def weight_layers(model):
    return [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]


def initialise(model, gen):
    for m in weight_layers(model):
        fan_in = m.weight[0].numel()
        m.weight.copy_(torch.randn(m.weight.shape, generator=gen) * (2.0 / fan_in) ** 0.5)
        if m.bias is not None:
            m.bias.copy_(0.1 * torch.randn(m.bias.shape, generator=gen))
    # A deep random network is chaotic: it blows the rounding of its first layers up until it hides the answer. Trained ones
    # are not. Two of the reasons, imitated: Relu passes more than half, and residual branches are weaker than their shortcuts.
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.copy_(0.5 + torch.rand(m.weight.shape, generator=gen))
            m.bias.copy_(0.7 + 0.3 * torch.randn(m.bias.shape, generator=gen))
    for m in model.modules():
        name = kBranchEnd.get(type(m))
        if name and (branch_end := name(m)) is not None:
            branch_end.weight *= 0.3
            branch_end.bias *= 0.3


def scale_to_unit_variance(model, images):
    """For networks without BatchNorm: layer by layer, in the order of execution."""
    def hook(m, _, out):
        std = out.std()
        m.weight /= std
        m.bias /= std
        return out / std
    handles = [m.register_forward_hook(hook) for m in weight_layers(model)]
    model(images)
    for h in handles:
        h.remove()


def top1_margins(outputs):
    """Distance from the best to the second best class, in standard deviations of the image's answers."""
    top2 = outputs.topk(2, dim=1).values
    return (top2[:, 0] - top2[:, 1]) / outputs.std(1)


def set_last_layer(model, images, inputs, gen):
    """Centres the last layer's answers over `images`. Draws it again while one of `inputs` is a near tie, which
    half precision could not decide: then a different top-1 is an error and not bad luck."""
    last = weight_layers(model)[-1]
    if last.bias is None:
        last.bias = nn.Parameter(torch.zeros(last.weight.shape[0]))
    seen = {}
    handle = last.register_forward_hook(lambda m, i, out: seen.update(x=i[0]))
    features = []
    for batch in (images, *inputs.split(4)):
        model(batch)
        features.append(seen["x"])
    handle.remove()
    test_features = torch.cat(features[1:])
    for _ in range(100):
        last.weight.copy_(torch.randn(last.weight.shape, generator=gen))
        last.bias.zero_()
        out = last(features[0])
        out = out.flatten(2).mean(2) if out.dim() == 4 else out
        scale = 3.0 / out.std(0).mean()
        last.weight *= scale
        last.bias.copy_(-out.mean(0) * scale)
        answers = last(test_features)
        answers = answers.relu().mean((2, 3)) if answers.dim() == 4 else answers  # SqueezeNet ends so
        if top1_margins(answers).min() > kMinMargin:
            return
    raise RuntimeError("no last layer without near ties in 100 attempts")


def count_macs(model):
    macs = {"all": 0}
    def hook(m, _, out):
        macs["all"] += out.numel() * m.weight[0].numel()
    handles = [m.register_forward_hook(hook) for m in weight_layers(model)]
    model(torch.zeros(1, 3, 224, 224))
    for h in handles:
        h.remove()
    return macs["all"]


def fp16_outputs(model, images):
    """The same network with weights and every module's output rounded to fp16: what half precision alone costs."""
    saved = [m.weight.clone() for m in weight_layers(model)]
    def hook(m, _, out):
        return out.half().float()
    leaves = [m for m in model.modules() if not list(m.children()) and not isinstance(m, nn.Identity)]
    for m in weight_layers(model):
        m.weight.copy_(m.weight.half().float())
    handles = [m.register_forward_hook(hook) for m in leaves]
    out = torch.cat([model(i[None].half().float()) for i in images])
    for h in handles:
        h.remove()
    for m, weight in zip(weight_layers(model), saved):
        m.weight.copy_(weight)
    return out


def build(name, inputs):
    torch.manual_seed(kSeed)  # torchvision's own constructors draw numbers; ours below use `gen`
    gen = torch.Generator().manual_seed(kSeed + sum(name.encode()))
    model = getattr(torchvision.models, name)(weights=None, **kModels[name].get("kwargs", {})).eval()
    images = random_images(8, kSeed + 1)
    initialise(model, gen)
    if norms := [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]:
        calibrate.perturbed_statistics(norms, lambda: model(images), gen)
    else:
        scale_to_unit_variance(model, images)
    set_last_layer(model, images, inputs, gen)
    return model


def export(name, folder, inputs):
    model = build(name, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    outputs = torch.cat([model(i[None]) for i in inputs])
    half = fp16_outputs(model, inputs)
    facts = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": count_macs(model),
        "seed": kSeed,
        "distinct_top1": len(set(outputs.argmax(1).tolist())),
        "top1_margin_min_in_std": round(top1_margins(outputs).min().item(), 5),
        "fp16_rounding_cosine_min": round(nn.functional.cosine_similarity(outputs, half).min().item(), 7),
        "fp16_rounding_top1_same": int((outputs.argmax(1) == half.argmax(1)).sum()),
    }
    for i, out in enumerate(outputs):
        np.save(folder / f"output_{i:02}.npy", out[None].numpy())
    training = torch.onnx.TrainingMode.PRESERVE if kModels[name]["keep_bn"] else torch.onnx.TrainingMode.EVAL
    partial = folder / "model.onnx.part"
    torch.onnx.export(model, inputs[:1], str(partial), opset_version=13, training=training,
                      do_constant_folding=not kModels[name]["keep_bn"],
                      input_names=["actual_input"], output_names=["output"],
                      dynamic_axes={"actual_input": {0: "batch"}, "output": {0: "batch"}})
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    (folder / "case.json").write_text(json.dumps({
        "model": "model.onnx", "input": "actual_input", "shape": [1, 3, 224, 224], "inputs": "../inputs/input_{:02}.npy",
        "outputs": {"output": "output_{:02}.npy"}, "count": kInputs, "classifier": True, "reference": "PyTorch",
    }, indent=1) + "\n")
    partial.rename(folder / "model.onnx")  # last: its presence says that the folder is complete
    print(name, json.dumps(facts), flush=True)


def main():
    args = export_arguments(__doc__, kModels)
    torch.set_num_threads(1)  # the order of summation, and so the reference bits, must not depend on the machine
    torch.set_grad_enabled(False)

    inputs = random_images(kInputs, kSeed)
    input_dir = args.outdir / "inputs"
    input_dir.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(inputs):
        path = input_dir / f"input_{i:02}.npy"
        if args.force or not path.exists():
            np.save(path, image[None].numpy())
    for name in args.models:
        if args.force or not (args.outdir / name / "model.onnx").exists():
            export(name, args.outdir / name, inputs)


if __name__ == "__main__":
    main()
