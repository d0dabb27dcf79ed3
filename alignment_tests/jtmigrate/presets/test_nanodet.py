"""The preset without a framework: what it expects of a checkpoint, and what it says of one that does not fit."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.errors import UserError
from jtmigrate.presets import nanodet
from nanodet_common.config import known_configs, load_config

ROOT = Path(__file__).resolve().parents[3]
CONFIG = "nanodet-plus-m_320"


def shapes_of(state):
    return {name: array.shape for name, array in state.items()}


@pytest.fixture(scope="module")
def weights():
    """Parameters of a detector of 3 classes, auxiliary branch included."""
    _, state = nanodet.settings(CONFIG, num_classes=3, weights=None)
    return state | nanodet.fill(CONFIG, num_classes=None, shapes=shapes_of(state))


@pytest.fixture
def save(tmp_path):
    def save(tensors):
        path = tmp_path / "weights.pth"
        write_checkpoint(path, Checkpoint(tensors))
        return path

    return save


@pytest.mark.parametrize("config", known_configs())
def test_without_weights_the_state_is_seeded_and_fits(config):
    found, state = nanodet.settings(config, num_classes=None, weights=None)
    schema = nanodet.schema(config, num_classes=None, shapes=shapes_of(state), training=False)
    assert [(name, array.shape, array.dtype.name) for name, array in state.items()] == [
        (name, *spec) for name, spec in schema.items()
    ]
    assert found.model.arch.head.num_classes == load_config(config).model.arch.head.num_classes
    again = nanodet.settings(config, num_classes=None, weights=None)[1]
    assert all(np.array_equal(array, again[name]) for name, array in state.items())


def test_the_number_of_classes_is_that_of_the_head(weights, save):
    found, state = nanodet.settings(CONFIG, num_classes=None, weights=save(weights))
    assert found.model.arch.head.num_classes == 3
    assert len(found.class_names) == 3
    assert state["head.gfl_cls.0.bias"].shape == (3 + 32,)
    schema = nanodet.schema(CONFIG, num_classes=None, shapes=shapes_of(weights), training=True)
    assert schema["aux_head.gfl_cls.weight"].shape[0] == 3


def test_a_number_of_classes_that_the_head_contradicts(weights, save):
    with pytest.raises(UserError, match="head has 3 classes, but --num-classes says 20"):
        nanodet.settings(CONFIG, num_classes=20, weights=save(weights))
    with pytest.raises(UserError, match="head has 3 classes"):
        nanodet.schema(CONFIG, num_classes=20, shapes=shapes_of(weights), training=False)


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "avg_model."])
def test_the_auxiliary_branch_and_wrappers_are_ignored(weights, save, prefix):
    path = save({f"{prefix}{name}": array for name, array in weights.items()})
    _, state = nanodet.settings(CONFIG, num_classes=None, weights=path)
    assert state.keys() == {name for name in weights if not name.startswith("aux_")}
    assert all(np.array_equal(array, weights[name]) for name, array in state.items())


def test_fill_completes_what_training_needs(weights):
    inference = {name: array for name, array in weights.items() if not name.startswith("aux_")}
    added = nanodet.fill(CONFIG, num_classes=3, shapes=shapes_of(inference))
    schema = nanodet.schema(CONFIG, num_classes=3, shapes=shapes_of(inference), training=True)
    assert schema.keys() == inference.keys() | added.keys()
    assert not inference.keys() & added.keys()
    assert all(schema[name] == (array.shape, array.dtype.name) for name, array in added.items())


def test_an_unknown_configuration_is_told_the_known_ones(weights, save):
    for path in (None, save(weights)):
        with pytest.raises(UserError) as caught:
            nanodet.settings("nanodet-plus-x", num_classes=None, weights=path)
        message = str(caught.value)
        assert message.startswith("no configuration 'nanodet-plus-x'")
        assert all(name in message for name in known_configs())


def test_a_wider_model_is_told_by_the_first_shapes_that_differ(weights, save):
    with pytest.raises(UserError) as caught:
        nanodet.settings("nanodet-plus-m-1.5x_320", num_classes=None, weights=save(weights))
    message = str(caught.value)
    assert "does not fit nanodet-plus-m-1.5x_320" in message
    first = "backbone.stage2.0.branch1.2.weight: (58, 24, 1, 1) in the file, (88, 24, 1, 1) in the target"
    assert f"of other shape ({first}" in message


def test_another_architecture_is_told_by_the_first_names(save):
    other = {"conv1.weight": np.zeros((64, 3, 7, 7), np.float32), "fc.bias": np.zeros(1000, np.float32)}
    with pytest.raises(UserError) as caught:
        nanodet.settings(CONFIG, num_classes=None, weights=save(other))
    message = str(caught.value)
    assert "missing (backbone.conv1.0.weight, " in message
    assert "2 unexpected (conv1.weight, fc.bias)" in message
    schema = nanodet.schema(CONFIG, num_classes=None, shapes=shapes_of(other), training=False)
    assert schema.keys() & other.keys() == set()


def test_a_picture_is_what_the_network_is_given(tmp_path):
    found, _ = nanodet.settings(CONFIG, num_classes=None, weights=None)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    picture = nanodet.picture(found, tmp_path / "a.png")
    assert np.array_equal(picture.pixels, pixels)
    assert (picture.tensor.shape, picture.tensor.dtype) == ((1, 3, 320, 320), np.float32)
    corner = picture.warp_matrix @ [90, 60, 1]
    assert corner[:2] / corner[2] == pytest.approx([320, 320])


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\xff\xd8\xff\xe0 cut"])
def test_an_image_that_does_not_decode(tmp_path, content):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    found, _ = nanodet.settings(CONFIG, num_classes=None, weights=None)
    with pytest.raises(UserError, match=r"a\.jpg: "):
        nanodet.picture(found, tmp_path / "a.jpg")


def test_it_imports_no_framework_and_nothing_else_imports_it():
    code = """
import sys, jtmigrate.cli.main, jtmigrate.convert, jtmigrate.diff
assert not [name for name in sys.modules if name.startswith("nanodet")]
import jtmigrate.presets.nanodet
assert not {"torch", "jittor"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
