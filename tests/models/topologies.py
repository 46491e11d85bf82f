# SPDX-License-Identifier: Apache-2.0
"""The networks of topologies.md: how each is built, what it is fed and what it gives."""
import dataclasses
import typing

import torch
import torchvision
from torchvision.models import detection, segmentation, video

import detection_parts
import own_networks
from export_torchvision import random_images


@dataclasses.dataclass
class Topology:
    build: typing.Callable          # () -> module, in evaluation mode
    feeds: typing.Callable          # (count, seed) -> {name: tensor whose first axis is the batch of `count`}
    outputs: tuple                  # their names, in the module's order
    classifier: bool = False
    opset: int = 14
    rows: int = 1                   # of a feed's first axis that make one input
    fitted: bool = True             # calibrate.fit_to_data; else the network draws its own weights


def images(side):
    return lambda count, seed: {"images": random_images(count, seed, side)}


def clips(count, seed):
    """Sixteen frames of a picture that moves by two pixels a frame."""
    still = random_images(count, seed, 144)
    return {"clips": torch.stack([still[:, :, 2 * t:2 * t + 112, 16:128] for t in range(16)], dim=2)}


def classifier(name, side=224, **kwargs):
    return Topology(lambda: getattr(torchvision.models, name)(weights=None, **kwargs).eval(), images(side), ("scores",), classifier=True)


def segmenter(name, side=520):
    build = lambda: detection_parts.TensorsOf(getattr(segmentation, name)(weights=None, weights_backbone=None).eval(), "out")
    return Topology(build, images(side), ("classes",))


def film(name):
    return Topology(lambda: getattr(video, name)(weights=None).eval(), clips, ("scores",), classifier=True)


def detector(name, side, outputs):
    build = lambda: detection_parts.RawDetector(getattr(detection, name)(weights=None, weights_backbone=None).eval())
    return Topology(build, images(side), outputs)


kTopologies = {
    "alexnet": classifier("alexnet"),
    "vgg11_bn": classifier("vgg11_bn"),
    "resnet34": classifier("resnet34"),
    "resnet101": classifier("resnet101"),
    "resnext50_32x4d": classifier("resnext50_32x4d"),
    "wide_resnet50_2": classifier("wide_resnet50_2"),
    "squeezenet1_0": classifier("squeezenet1_0"),
    "densenet169": classifier("densenet169"),
    "inception_v3": classifier("inception_v3", 299, aux_logits=False, init_weights=False),
    "shufflenet_v2_x0_5": classifier("shufflenet_v2_x0_5"),
    "shufflenet_v2_x2_0": classifier("shufflenet_v2_x2_0"),
    "mobilenet_v3_small": classifier("mobilenet_v3_small"),
    "mobilenet_v3_large": classifier("mobilenet_v3_large"),
    "mnasnet0_5": classifier("mnasnet0_5"),
    "efficientnet_b0": classifier("efficientnet_b0"),
    "efficientnet_b1": classifier("efficientnet_b1", 240),
    "efficientnet_v2_s": classifier("efficientnet_v2_s", 384),
    "regnet_x_400mf": classifier("regnet_x_400mf"),
    "regnet_x_1_6gf": classifier("regnet_x_1_6gf"),
    "regnet_y_400mf": classifier("regnet_y_400mf"),
    "regnet_y_1_6gf": classifier("regnet_y_1_6gf"),
    "convnext_tiny": classifier("convnext_tiny"),
    "vit_b_16": classifier("vit_b_16"),
    "vit_b_32": classifier("vit_b_32"),
    "swin_t": classifier("swin_t"),
    "swin_v2_t": classifier("swin_v2_t", 256),
    "maxvit_t": classifier("maxvit_t"),
    "fcn_resnet50": segmenter("fcn_resnet50"),
    "deeplabv3_resnet50": segmenter("deeplabv3_resnet50"),
    "deeplabv3_mobilenet_v3_large": segmenter("deeplabv3_mobilenet_v3_large"),
    "lraspp_mobilenet_v3_large": segmenter("lraspp_mobilenet_v3_large"),
    "ssd300_vgg16": detector("ssd300_vgg16", 300, ("boxes", "classes")),
    "ssdlite320_mobilenet_v3_large": detector("ssdlite320_mobilenet_v3_large", 320, ("boxes", "classes")),
    "retinanet_resnet50_fpn": detector("retinanet_resnet50_fpn", 512, ("classes", "boxes")),
    "retinanet_resnet50_fpn_v2": detector("retinanet_resnet50_fpn_v2", 512, ("classes", "boxes")),
    "fcos_resnet50_fpn": detector("fcos_resnet50_fpn", 512, ("classes", "boxes", "centres")),
    "fasterrcnn_resnet50_fpn": Topology(
        lambda: detection_parts.TwoStages(detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None).eval()),
        detection_parts.image_and_regions(512, 4), ("objectness", "anchors", "classes", "boxes")),
    "fasterrcnn_mobilenet_v3_large_320_fpn": Topology(
        lambda: detection_parts.TwoStages(detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None).eval()),
        detection_parts.image_and_regions(320, 2), ("objectness", "anchors", "classes", "boxes")),
    "r3d_18": film("r3d_18"),
    "mc3_18": film("mc3_18"),
    "r2plus1d_18": film("r2plus1d_18"),
    "gpt2_small_seq128": Topology(own_networks.gpt2_small, own_networks.tokens(50257, 128), ("logits",), fitted=False),
    "transformer_small": Topology(own_networks.encoder_decoder, own_networks.sentence_pair, ("logits",), fitted=False),
    "lstm_tagger": Topology(own_networks.Tagger, own_networks.tokens(20000, 64), ("tags",), fitted=False),
    "gru_tagger": Topology(lambda: own_networks.Tagger(torch.nn.GRU), own_networks.tokens(20000, 64), ("tags",), fitted=False),
    "edsr_x2": Topology(own_networks.SuperResolver, images(96), ("picture",)),
    "dlrm": Topology(own_networks.Recommender, own_networks.visits, ("click",), fitted=False, rows=32),
}
