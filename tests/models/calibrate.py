# SPDX-License-Identifier: Apache-2.0
"""Weights for networks of any kind such that a comparison means something: every layer's output has unit variance on data,
BatchNorm has the statistics of data and not of nothing, residual branches are weaker than their shortcuts."""
import torch
from torch import nn

kLayers = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
kBatchNorms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
kShortcutGain = 0.3  # of the last normalisation of a residual branch
kResidualBlocks = ("BasicBlock", "Bottleneck", "ResBottleneckBlock")  # torchvision's; others have an attribute that says so


def draw(model, gen):
    """Seeded weights. Parameters that belong to no known layer keep what the network's constructor drew."""
    for m in model.modules():
        if isinstance(m, kLayers):
            m.weight.copy_(torch.randn(m.weight.shape, generator=gen) * (2.0 / m.weight[0].numel()) ** 0.5)
            if m.bias is not None:
                m.bias.copy_(0.1 * torch.randn(m.bias.shape, generator=gen))
        elif isinstance(m, kBatchNorms):
            m.weight.copy_(0.5 + torch.rand(m.weight.shape, generator=gen))
            m.bias.copy_(0.7 + 0.3 * torch.randn(m.bias.shape, generator=gen))
        elif isinstance(m, (nn.LayerNorm, nn.GroupNorm)) and m.weight is not None:
            m.weight.copy_(1 + 0.2 * torch.randn(m.weight.shape, generator=gen))
            m.bias.copy_(0.2 * torch.randn(m.bias.shape, generator=gen))
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):  # ConvNeXt starts with 1e-6: its blocks would do nothing
            parameter.copy_(0.1 + 0.4 * torch.rand(parameter.shape, generator=gen))
        if name.endswith(("relative_position_bias_table", "pos_embedding", "class_token")):
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=gen))


def weaken_branches(model):
    """In blocks that add their input to their result."""
    for block in model.modules():
        shortcut = getattr(block, "use_res_connect", getattr(block, "apply_residual", type(block).__name__ in kResidualBlocks))
        norms = [m for name, m in block.named_modules() if isinstance(m, kBatchNorms) and not name.startswith(("downsample", "proj"))]
        if shortcut and norms:
            norms[-1].weight *= kShortcutGain
            norms[-1].bias *= kShortcutGain


def perturbed_statistics(norms, run, gen):
    """Gives BatchNorm layers the statistics of what `run` feeds them, moved a little."""
    momenta = [m.momentum for m in norms]
    for m in norms:
        m.momentum = 1.0
        m.train()
    run()
    for m, momentum in zip(norms, momenta):
        m.momentum = momentum
        m.eval()
        m.running_mean += 0.1 * m.running_var.sqrt() * torch.randn(m.running_mean.shape, generator=gen)
        m.running_var *= 0.8 + 0.45 * torch.rand(m.running_var.shape, generator=gen)


def fit_to_data(model, feeds, gen):
    """One run over `feeds` (a batch) that scales each layer to unit variance as it comes and measures the statistics of each BatchNorm,
    which are then perturbed."""
    fitted = set()

    def scale(m, _, out):
        if m in fitted:
            return out
        fitted.add(m)
        std = out.std()
        m.weight /= std
        if m.bias is not None:
            m.bias /= std
        return out / std

    handles = [m.register_forward_hook(scale) for m in model.modules() if type(m) in kLayers]
    perturbed_statistics([m for m in model.modules() if isinstance(m, kBatchNorms)], lambda: model(*feeds), gen)
    for handle in handles:
        handle.remove()


def outputs_in_half(model, feeds):
    """The outputs with weights and every module's result rounded to fp16: what half precision alone costs this network."""
    saved = {name: p.clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.copy_(p.half().float())
    leaves = [m for m in model.modules() if not list(m.children())]
    handles = [m.register_forward_hook(lambda m, _, out: out.half().float() if torch.is_tensor(out) and out.is_floating_point() else out) for m in leaves]
    result = model(*feeds)
    for handle in handles:
        handle.remove()
    for name, p in model.named_parameters():
        p.copy_(saved[name])
    return result
