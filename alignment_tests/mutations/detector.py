"""NanoDet-Plus small enough to be compared a hundred times: 0.5x at 96 px, everything in it once or more."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

import nanodet_jittor
import nanodet_ref_torch
from alignment_tests.conftest import SHARED
from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.presets import nanodet
from nanodet_common.config import ArchConfig, load_config
from nanodet_common.initialise import lively_state
from nanodet_common.schema import tensor_specs

SIZE, CLASSES = 96, 5
NECK, AUXILIARY = 32, 64
BATCHES = 20
BOXES = [np.array([[10, 12, 60, 70], [40, 30, 90, 88]], np.float32), np.array([[5, 5, 40, 44]], np.float32)]
LABELS = [np.array([1, 3]), np.array([0])]


@cache
def architecture() -> ArchConfig:
    """The m_320 configuration with a 0.5x backbone, a narrow neck and one convolution in each tower."""
    arch = load_config("nanodet-plus-m_320", num_classes=CLASSES).model.arch.model_dump()
    arch["backbone"]["model_size"] = "0.5x"
    arch["fpn"] |= {"in_channels": (48, 96, 192), "out_channels": NECK}
    arch["head"] |= {"input_channel": NECK, "feat_channels": NECK, "stacked_convs": 1}
    arch["aux_head"] |= {"input_channel": 2 * NECK, "feat_channels": AUXILIARY, "stacked_convs": 1}
    return ArchConfig.model_validate(arch)


def images(seed: int = 0) -> np.ndarray:
    """Two synthetic pictures (2, 3, 96, 96), normalised: an object is a rectangle of another shade."""
    random = np.random.default_rng(seed)
    pictures = random.normal(scale=0.5, size=(2, 3, SIZE, SIZE))
    for picture, boxes in zip(pictures, BOXES, strict=True):
        for x1, y1, x2, y2 in boxes.astype(int):
            picture[:, y1:y2, x1:x2] += random.normal(size=(3, 1, 1))
    return pictures.astype(np.float32)


def detector(*, training: bool) -> ModelPair:
    """Both detectors with the same lively weights: everything up to boxes, or in training mode the loss."""
    arch = architecture()
    state = lively_state(tensor_specs(arch, training=training), seed=0)

    @cache
    def build_torch() -> torch.nn.Module:
        model = nanodet_ref_torch.NanoDetPlus(arch, auxiliary=training)
        TorchAdapter().load_state(model, state)
        return model.train(training)

    def build_jittor() -> nanodet_jittor.NanoDetPlus:
        model = nanodet_jittor.NanoDetPlus(arch, auxiliary=training)
        JittorAdapter().load_state(model, state)
        (model.train if training else model.eval)()
        return model

    if training:
        return replace(
            published(),
            build_torch=build_torch,
            build_jittor=build_jittor,
            call_torch=loss,
            call_jittor=loss,
            batches=[images(seed) for seed in range(BATCHES)],
            title="small detector, training",
        )
    return ModelPair(build_torch, build_jittor, images(), call_torch=detect, call_jittor=detect, title="small detector")


def published() -> ModelPair:
    """NanoDet-Plus's own loss, optimizer and clipping, for a model of any size."""
    return nanodet.training_models(
        "nanodet-plus-m_320", num_classes=CLASSES, torch_state={}, jittor_state={}, inputs=images(), title=""
    )


def trained_detector() -> ModelPair:
    """Both detectors at full size with trained weights, on a photograph."""
    name = "nanodet-plus-m_416"
    weights, image = SHARED / "weights" / f"{name}_voc20.pth", SHARED / "golden" / "2007_000032.jpg"
    pair = nanodet.pair(config=name, weights=weights, image=image, num_classes=None)
    return replace(pair, build_torch=cache(pair.build_torch))


def detect(model: object, pictures: object) -> object:
    """Scores and boxes before suppression."""
    return model.detect(pictures)


def loss(model: object, pictures: object) -> object:
    """Total loss and its parts."""
    return model.loss(pictures, BOXES, LABELS)
