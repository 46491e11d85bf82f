# SPDX-License-Identifier: Apache-2.0
"""Parts of torchvision's dense predictors whose results have fixed shapes: everything before the boxes are sorted and thinned out."""
import torch
from torch import nn
from torchvision.ops import roi_align

from export_torchvision import random_images

kBoxes = 25


class TensorsOf(nn.Module):
    """One entry of a model's dictionary."""
    def __init__(self, model, key):
        super().__init__()
        self.model, self.key = model, key

    def forward(self, x):
        return self.model(x)[self.key]


class RawDetector(nn.Module):
    """Backbone and head of a one-stage detector: scores and offsets of every anchor."""
    def __init__(self, detector):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, x):
        return tuple(self.head(list(self.backbone(x).values())).values())


class TwoStages(nn.Module):
    """Faster R-CNN without what depends on data: the proposals' scores and offsets, and the answers for boxes that are given, kBoxes for each
    level of the pyramid (the network itself chooses a box's level by its size).
    Inputs: images [1,3,S,S] and regions [1, levels * kBoxes, 4] in pixels, x1 y1 x2 y2."""
    def __init__(self, detector):
        super().__init__()
        self.backbone, self.proposals = detector.backbone, detector.rpn.head
        self.pool, self.head, self.predictor = detector.roi_heads.box_roi_pool, detector.roi_heads.box_head, detector.roi_heads.box_predictor

    def forward(self, x, regions):
        features = self.backbone(x)
        scores, offsets = self.proposals(list(features.values()))
        flat = lambda maps: torch.cat([m.flatten(1) for m in maps], 1)
        pooled = []
        for name, boxes in zip(self.pool.featmap_names, regions[0].split(kBoxes)):
            if name in features:
                pooled.append(roi_align(features[name], [boxes], self.pool.output_size, features[name].shape[3] / x.shape[3], self.pool.sampling_ratio))
        classes, refined = self.predictor(self.head(torch.cat(pooled)))
        return flat(scores), flat(offsets), classes, refined


def image_and_regions(side, levels):
    def make(count, seed):
        gen = torch.Generator().manual_seed(seed)
        corner = torch.rand(count, levels * kBoxes, 2, generator=gen) * 0.6
        size = 0.02 + 0.38 * torch.rand(count, levels * kBoxes, 2, generator=gen)
        return {"images": random_images(count, seed, side), "regions": torch.cat((corner, corner + size), 2) * side}
    return make
