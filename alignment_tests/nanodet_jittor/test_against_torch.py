"""The two detectors against each other where there are no goldens: other widths, images without objects."""

from importlib import resources
from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

import nanodet_jittor
import nanodet_ref_torch
from jtmigrate.diff import diff
from nanodet_common.config import STAGE_CHANNELS, load_config
from nanodet_common.initialise import lively_state
from nanodet_common.schema import tensor_specs


def scaled_config(folder: Path, model_size: str) -> Path:
    """The m_320 configuration with a backbone of another width."""
    text = (resources.files("nanodet_common") / "configs" / "nanodet-plus-m_320.yml").read_text()
    text = text.replace("model_size: 1.0x", f"model_size: {model_size}")
    text = text.replace("[116, 232, 464]", str(list(STAGE_CHANNELS[model_size])))
    path = folder / f"{model_size}.yml"
    path.write_text(text)
    return path


def both(config: str | Path, *, auxiliary: bool) -> tuple:
    """Both detectors with the same weights, under which every layer matters."""
    arch = load_config(config, num_classes=5).model.arch
    state = lively_state(tensor_specs(arch, training=auxiliary), seed=1)
    reference = nanodet_ref_torch.build_model(config, num_classes=5, auxiliary=auxiliary)
    reference.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    port = nanodet_jittor.build_model(config, num_classes=5, auxiliary=auxiliary)
    port.load_state_dict(state)
    return reference, port


@pytest.mark.slow
@pytest.mark.parametrize("model_size", STAGE_CHANNELS)
def test_every_width_is_aligned(model_size: str, tmp_path: Path) -> None:
    reference, port = both(scaled_config(tmp_path, model_size), auxiliary=False)
    images = np.random.RandomState(0).standard_normal((1, 3, 64, 96)).astype(np.float32)
    result = diff(
        reference.eval(),
        port.eval(),
        images,
        call_torch=lambda model, x: model.detect(x),
        call_jittor=lambda model, x: model.detect(x),
    )
    assert result, result.failures


@pytest.mark.slow
@pytest.mark.parametrize("objects", [(3, 1), (0, 2), (0, 0), (12, 40)], ids=str)
def test_losses_with_any_number_of_objects(objects: tuple[int, int]) -> None:
    """Equal to rounding in float64, an image without objects and a batch without any included."""
    reference, port = both("nanodet-plus-m_320", auxiliary=True)
    reference.double().train()
    generator = np.random.RandomState(sum(objects))
    images = generator.standard_normal((2, 3, 96, 128))
    corners = [np.sort(generator.uniform(0, 96, (count, 2, 2)), axis=1) for count in objects]
    boxes = [points.reshape(count, 4).astype(np.float32) for points, count in zip(corners, objects, strict=True)]
    labels = [generator.randint(0, 5, count) for count in objects]
    expected, expected_parts = reference.loss(torch.from_numpy(images), boxes, labels)
    with jt.flag_scope(auto_convert_64_to_32=0):
        port.float64()
        port.train()
        found, found_parts = port.loss(jt.array(images), boxes, labels)
        assert found.item() == pytest.approx(expected.item(), rel=1e-12)
        assert {name: part.item() for name, part in found_parts.items()} == pytest.approx(
            {name: part.item() for name, part in expected_parts.items()}, rel=1e-9, abs=1e-12
        )


@pytest.mark.slow
def test_gradients_of_the_lighter_auxiliary_head() -> None:
    """In float64 within 1e-9 of the largest gradient of each tensor: the same computation, sums in another order."""
    reference, port = both("nanodet-plus-m_320-voc-cpu", auxiliary=True)
    reference.double().train()
    generator = np.random.RandomState(0)
    images = generator.standard_normal((2, 3, 64, 96))
    boxes = [np.array([[4, 4, 60, 50], [20, 10, 90, 62]], np.float32), np.array([[0, 0, 30, 30]], np.float32)]
    labels = [np.array([1, 4]), np.array([0])]
    reference.loss(torch.from_numpy(images), boxes, labels)[0].backward()
    with jt.flag_scope(auto_convert_64_to_32=0):
        port.float64()
        port.train()
        parameters = dict(port.named_parameters())
        total, _ = port.loss(jt.array(images), boxes, labels)
        gradients = dict(zip(parameters, jt.grad(total, list(parameters.values())), strict=True))
        found = {name: gradient.numpy() for name, gradient in gradients.items() if name.startswith("aux_head.")}
    expected = {name: one.grad.numpy() for name, one in reference.named_parameters() if name.startswith("aux_head.")}
    assert set(found) == set(expected)
    for name, gradient in expected.items():
        assert np.abs(found[name] - gradient).max() <= 1e-9 * np.abs(gradient).max(), name
