"""The two NanoDet-Plus detectors, bound to the toolkit: what a checkpoint must hold, how the pair is built and run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.diff import ModelPair
from jtmigrate.errors import UserError
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.naming.schema import Schema, TensorSpec
from jtmigrate.naming.validate import check_schema
from nanodet_common.config import Config, load_config
from nanodet_common.errors import InputError
from nanodet_common.initialise import initial_state, lively_state
from nanodet_common.preprocess import load_image, preprocess
from nanodet_common.schema import num_classes_of, tensor_specs

DEFAULT_CONFIG = "nanodet-plus-m_416"
TRAINING_ONLY = ("aux_*",)
"""Names of the auxiliary branch, which exists in training only."""

Shapes = Mapping[str, tuple[int, ...]]
State = Mapping[str, np.ndarray]


class Picture(NamedTuple):
    """An image and what becomes of it: (H, W, 3) pixels, the network's input (1, 3, h, w), the matrix between them."""

    pixels: np.ndarray
    tensor: np.ndarray
    warp_matrix: np.ndarray


def schema(config: str, *, num_classes: int | None, shapes: Shapes, training: bool) -> Schema:
    """What the model of a configuration expects of a checkpoint whose tensors have these shapes.

    The number of classes is that of the checkpoint's head. Raises UserError where `num_classes` contradicts it.
    """
    return _schema(_config(config, num_classes, shapes), training=training)


def fill(config: str, *, num_classes: int | None, shapes: Shapes) -> State:
    """Initial values of the auxiliary branch, for a checkpoint that comes without it; the same in both frameworks."""
    arch = _config(config, num_classes, shapes).model.arch
    inference = tensor_specs(arch, training=False)
    values = initial_state(tensor_specs(arch, training=True), seed=0)
    return {name: value for name, value in values.items() if name not in inference}


def settings(config: str | None, *, num_classes: int | None, weights: Path | None) -> tuple[Config, State]:
    """The configuration, with the checkpoint's number of classes, and the inference model's state.

    Without weights, the state is a seeded one under which every layer matters.
    """
    name = config or DEFAULT_CONFIG
    if weights is None:
        found = _config(name, num_classes, {})
        return found, lively_state(tensor_specs(found.model.arch, training=False), seed=0)
    checkpoint = read_checkpoint(weights)
    tensors = unwrap(checkpoint.tensors).apply(checkpoint.tensors)
    found = _config(name, num_classes, {tensor: array.shape for tensor, array in tensors.items()})
    used = {tensor: array for tensor, array in tensors.items() if not tensor.startswith("aux_")}
    if not (check := check_schema(used, _schema(found, training=False))):
        raise UserError(
            f"{weights}: does not fit {name}: {check.summary()}; give the --config that this file was made for"
        )
    return found, used


def picture(config: Config, image: Path) -> Picture:
    """Read an image and prepare it as validation does."""
    data = config.data.val
    with _mendable():
        pixels = load_image(image)
    tensor, matrix = preprocess(
        pixels, data.input_size, data.pipeline.mean, data.pipeline.std, keep_ratio=data.keep_ratio
    )
    return Picture(pixels, tensor[None], matrix)


def pair(*, config: str | None, weights: Path | None, image: Path, num_classes: int | None) -> ModelPair:
    """Both detectors with the same weights, and an image for them."""
    found, state = settings(config, num_classes=num_classes, weights=weights)
    return models(
        config or DEFAULT_CONFIG,
        num_classes=found.model.arch.head.num_classes,
        torch_state=state,
        jittor_state=state,
        inputs=picture(found, image).tensor,
        title=f"{config or DEFAULT_CONFIG}, {weights.name if weights else 'seeded weights'}, {image.name}",
    )


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


def _schema(config: Config, *, training: bool) -> Schema:
    specs = tensor_specs(config.model.arch, training=training)
    return {name: TensorSpec(spec.shape, spec.dtype) for name, spec in specs.items()}


def _config(name: str, num_classes: int | None, shapes: Shapes) -> Config:
    """A configuration with the number of classes of a checkpoint whose tensors have these shapes.

    Tensors without the detector's head leave the number alone: nothing of theirs will fit, and the check of all names
    and shapes says so better than a word about the head.
    """
    with _mendable():
        config = load_config(name, num_classes=num_classes)
    try:
        found = num_classes_of(shapes, config.model.arch.head.reg_max)
    except InputError:
        return config
    if num_classes not in (None, found):
        raise UserError(f"the checkpoint's head has {found} classes, but --num-classes says {num_classes}")
    return config.with_num_classes(found)


@contextmanager
def _mendable() -> Iterator[None]:
    """What the detectors' common code calls bad input is a user's mistake to the toolkit."""
    try:
        yield
    except InputError as error:
        raise UserError(str(error)) from error
