"""The two NanoDet-Plus detectors, bound to the toolkit: what a checkpoint must hold, how the pair is built and run."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.training import Training
from jtmigrate.naming.schema import Schema
from nanodet_common.assignment_margin import assignment_margin
from nanodet_common.config import Config
from nanodet_common.initialise import initial_state, lively_state
from nanodet_common.preprocess import load_image, preprocess
from nanodet_common.schema import tensor_specs
from nanodet_common.targets import sample_targets
from nanodet_common.weights import Shapes, State, config_for, load_weights, schema_of

DEFAULT_CONFIG = "nanodet-plus-m_416"
TRAINING_ONLY = ("aux_*",)
"""Names of the auxiliary branch, which exists in training only."""


class Picture(NamedTuple):
    """An image and what becomes of it: (H, W, 3) pixels, the network's input (1, 3, h, w), the matrix between them."""

    pixels: np.ndarray
    tensor: np.ndarray
    warp_matrix: np.ndarray


def schema(config: str, *, num_classes: int | None, shapes: Shapes, training: bool) -> Schema:
    """What the model of a configuration expects of a checkpoint whose tensors have these shapes.

    The number of classes is that of the checkpoint's head. Raises UserError where `num_classes` contradicts it.
    """
    return schema_of(config_for(config, num_classes, shapes), training=training)


def fill(config: str, *, num_classes: int | None, shapes: Shapes) -> State:
    """Initial values of the auxiliary branch, for a checkpoint that comes without it; the same in both frameworks."""
    arch = config_for(config, num_classes, shapes).model.arch
    inference = tensor_specs(arch, training=False)
    values = initial_state(tensor_specs(arch, training=True), seed=0)
    return {name: value for name, value in values.items() if name not in inference}


def settings(config: str | None, *, num_classes: int | None, weights: Path | None) -> tuple[Config, State]:
    """The configuration, with the checkpoint's number of classes, and the inference model's state.

    Without weights, the state is a seeded one under which every layer matters.
    """
    name = config or DEFAULT_CONFIG
    if weights is None:
        found = config_for(name, num_classes, {})
        return found, lively_state(tensor_specs(found.model.arch, training=False), seed=0)
    return load_weights(name, weights, num_classes=num_classes)


def picture(config: Config, image: Path) -> Picture:
    """Read an image and prepare it as validation does."""
    data = config.data.val
    pixels = load_image(image)
    tensor, matrix = preprocess(
        pixels, data.input_size, data.pipeline.mean, data.pipeline.std, keep_ratio=data.keep_ratio
    )
    return Picture(pixels, tensor[None], matrix)


def pair(
    *, config: str | None, weights: Path | None, image: Path, num_classes: int | None, training: bool = False
) -> ModelPair:
    """Both detectors with the same weights, and an image for them; `training` for the pair of `training_models`."""
    name = config or DEFAULT_CONFIG
    found, state = settings(config, num_classes=num_classes, weights=weights)
    options = {
        "num_classes": found.model.arch.head.num_classes,
        "torch_state": state,
        "jittor_state": state,
        "inputs": picture(found, image).tensor,
        "title": f"{name}, {weights.name if weights else 'seeded weights'}, {image.name}",
    }
    return training_models(name, **options) if training else models(name, **options)


def source(
    framework: str, *, config: str | None, weights: Path | None, num_classes: int | None, training: bool = False
) -> str:
    """How one of the detectors is built, for `jtmigrate.repro.Sources`."""
    found, _ = settings(config, num_classes=num_classes, weights=weights)
    package = "nanodet_ref_torch" if framework == "torch" else "nanodet_jittor"
    classes = found.model.arch.head.num_classes
    return f"{package}:build_model({config or DEFAULT_CONFIG!r}, num_classes={classes}, auxiliary={training})"


def models(
    config: str, *, num_classes: int, torch_state: State, jittor_state: State, inputs: np.ndarray, title: str
) -> ModelPair:
    """Both detectors in evaluation mode; a run is everything up to scores and boxes before NMS.

    Raw head output alone would leave out the decoding of boxes.
    """

    def build_torch() -> Any:
        import nanodet_ref_torch
        from jtmigrate.frameworks.torch_adapter import TorchAdapter

        model = nanodet_ref_torch.build_model(config, num_classes=num_classes, auxiliary=False)
        TorchAdapter().load_state(model, torch_state)
        return model.eval()

    def build_jittor() -> Any:
        import nanodet_jittor
        from jtmigrate.frameworks.jittor_adapter import JittorAdapter

        model = nanodet_jittor.build_model(config, num_classes=num_classes, auxiliary=False)
        JittorAdapter().load_state(model, jittor_state)
        return model.eval()

    def detect(model: Any, images: Any) -> Any:
        return model.detect(images)

    return ModelPair(build_torch, build_jittor, inputs, call_torch=detect, call_jittor=detect, title=title)


def training_models(
    config: str, *, num_classes: int, torch_state: State, jittor_state: State, inputs: np.ndarray, title: str
) -> ModelPair:
    """Both detectors in training mode, auxiliary branch included; a run is the loss of made-up objects in the image.

    Training is the configuration's: AdamW at its full learning rate, gradients clipped. What a state lacks of the
    auxiliary branch is initialised alike on both sides.
    """
    found = config_for(config, num_classes, {})
    arch = found.model.arch
    spare = initial_state(tensor_specs(arch, training=True), seed=0)
    height, width = inputs.shape[2:]
    boxes, labels = sample_targets((width, height), num_classes, seed=0)

    def build_torch() -> Any:
        import nanodet_ref_torch
        from jtmigrate.frameworks.torch_adapter import TorchAdapter

        model = nanodet_ref_torch.build_model(config, num_classes=num_classes, auxiliary=True)
        TorchAdapter().load_state(model, spare | dict(torch_state))
        return model.train()

    def build_jittor() -> Any:
        import nanodet_jittor
        from jtmigrate.frameworks.jittor_adapter import JittorAdapter

        model = nanodet_jittor.build_model(config, num_classes=num_classes, auxiliary=True)
        JittorAdapter().load_state(model, spare | dict(jittor_state))
        model.train()
        return model

    def losses(model: Any, images: Any) -> Any:
        return model.loss(images, [boxes] * len(images), [labels] * len(images))

    def total(_: Any, output: Any) -> Any:
        return output[0]

    return ModelPair(
        build_torch,
        build_jittor,
        inputs,
        call_torch=losses,
        call_jittor=losses,
        title=f"{title}, training",
        loss_torch=total,
        loss_jittor=total,
        training_torch=_torch_training(found),
        training_jittor=_jittor_training(found),
        margins={"assigner.match": _margin},
    )


def _torch_training(config: Config) -> Training:
    def build_optimizer(model: Any) -> Any:
        from nanodet_ref_torch.optimizer import build_optimizer

        return build_optimizer(model, config.schedule.optimizer)

    def clip(optimizer: Any) -> Any:
        from nanodet_ref_torch.optimizer import clip_gradients

        return clip_gradients(optimizer, config.grad_clip)

    return Training(build_optimizer, clip)


def _jittor_training(config: Config) -> Training:
    def build_optimizer(model: Any) -> Any:
        from nanodet_jittor.optimizer import build_optimizer

        return build_optimizer(model, config.schedule.optimizer)

    def clip(optimizer: Any) -> Any:
        from nanodet_jittor.optimizer import clip_gradients

        return clip_gradients(optimizer, config.grad_clip)

    return Training(build_optimizer, clip)


def _margin(inputs: State) -> np.ndarray:
    cost, ious, usable = inputs["0"], inputs["1"], inputs["2"]
    return assignment_margin(cost, ious, usable.astype(bool))
