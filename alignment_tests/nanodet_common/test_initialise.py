import math

import numpy as np
import pytest

from nanodet_common.config import load_config
from nanodet_common.initialise import LIVELY_GAIN, initial_state, lively_state
from nanodet_common.schema import tensor_specs

SPECS = tensor_specs(load_config("nanodet-plus-m_320", num_classes=20).model.arch, training=True)


@pytest.fixture(scope="module")
def initial():
    return initial_state(SPECS, seed=0)


@pytest.fixture(scope="module")
def lively():
    return lively_state(SPECS, seed=0)


@pytest.mark.parametrize("make", [initial_state, lively_state])
def test_shapes_dtypes_and_order_follow_the_specs(make):
    state = make(SPECS, seed=0)
    assert [(name, value.shape, value.dtype.name) for name, value in state.items()] == [
        (name, spec.shape, spec.dtype) for name, spec in SPECS.items()
    ]


@pytest.mark.parametrize("make", [initial_state, lively_state])
def test_a_value_depends_on_name_and_seed_alone(make):
    some = ["head.gfl_cls.2.weight", "backbone.conv1.0.weight"]
    alone = make({name: SPECS[name] for name in some}, seed=3)
    complete, other = make(SPECS, seed=3), make(SPECS, seed=4)
    for name in some:
        np.testing.assert_array_equal(alone[name], complete[name])
        assert not np.array_equal(alone[name], other[name])


@pytest.mark.parametrize("make", [initial_state, lively_state])
def test_auxiliary_neck_is_a_copy_of_the_neck(make):
    state = make(SPECS, seed=0)
    for name in [name for name in SPECS if name.startswith("aux_fpn.")]:
        np.testing.assert_array_equal(state[name], state[name.removeprefix("aux_")])


# Standard deviations as the original code initialises them, layer by layer.
@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("backbone.stage4.0.branch1.0.weight", 1.0),  # depthwise: a filter sees one channel
        ("backbone.stage4.0.branch1.2.weight", 1 / 232),
        ("fpn.reduce_layers.2.conv.weight", math.sqrt(2 / 96)),  # He, fan-out
        ("fpn.downsamples.0.depthwise.weight", math.sqrt(2 / (96 * 25))),
        ("fpn.top_down_blocks.0.blocks.0.ghost1.primary_conv.0.weight", 1 / math.sqrt(3 * 192)),  # uniform
        ("head.cls_convs.0.0.pointwise.weight", 0.01),
        ("head.gfl_cls.0.weight", 0.01),
        ("aux_head.reg_convs.3.conv.weight", 0.01),
    ],
)
def test_spread_of_initial_weights(name, std, initial):
    assert initial[name].std() == pytest.approx(std, rel=0.08)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backbone.conv1.1.bias", 0.0001),
        ("backbone.conv1.1.weight", 1),
        ("backbone.conv1.1.running_var", 1),
        ("backbone.conv1.1.num_batches_tracked", 0),
        ("fpn.reduce_layers.0.bn.bias", 0),
        ("head.gfl_cls.3.bias", -4.595),
        ("aux_head.gfl_cls.bias", -4.595),
        ("aux_head.gfl_reg.bias", 0),
        ("aux_head.scales.1.scale", 1),
    ],
)
def test_initial_constants(name, value, initial):
    np.testing.assert_array_equal(initial[name], np.float32(value))


def test_projection_counts_to_reg_max(initial, lively):
    for state in (initial, lively):
        np.testing.assert_array_equal(state["head.distribution_project.project"], np.arange(8))


def test_lively_convolutions_keep_the_size_of_their_input(lively):
    for name, spec in SPECS.items():
        if len(spec.shape) == 4 and lively[name].size > 5000:
            fan_in = math.prod(spec.shape[1:])
            assert lively[name].std() == pytest.approx(math.sqrt(LIVELY_GAIN / fan_in), rel=0.08), name


def test_lively_channels_differ_and_variances_are_positive(lively):
    for name, value in lively.items():
        if value.ndim == 1 and not name.endswith("project"):
            assert np.unique(value).size == value.size, name
        if name.endswith("running_var"):
            assert value.min() > 0, name
        if name.endswith("num_batches_tracked"):
            assert value == 0, name
