"""The real detector with its real weights: aligned as it is, and each injected fault found where it was injected."""

import dataclasses

import jittor as jt
import numpy as np
import pytest

from jtmigrate.compare.result import Verdict
from jtmigrate.diff import diff_pair
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.presets import nanodet

pytestmark = pytest.mark.slow

CONFIG = "nanodet-plus-m_416"
SEED = 20240611
"""Draws the parameters that are rounded; any other must do as well."""


@pytest.fixture(scope="module")
def pair(shared):
    weights = shared / "weights" / f"{CONFIG}_voc20.pth"
    return nanodet.pair(config=CONFIG, weights=weights, image=shared / "golden" / "2007_000032.jpg", num_classes=None)


@pytest.fixture(scope="module")
def state(shared):
    return nanodet.settings(CONFIG, num_classes=None, weights=shared / "weights" / f"{CONFIG}_voc20.pth")[1]


def damaged(pair, damage):
    """The pair, with something done to the port once it is built."""

    def build_jittor():
        model = pair.build_jittor()
        damage(model)
        return model

    return dataclasses.replace(pair, build_jittor=build_jittor)


def cropped(pair, size=96):
    """The pair on the middle of its image: every layer still runs, in a tenth of the time."""
    start = (pair.inputs.shape[2] - size) // 2
    middle = slice(start, start + size)
    return dataclasses.replace(pair, inputs=np.ascontiguousarray(pair.inputs[:, :, middle, middle]))


def through_float16(array):
    return array.astype(np.float16).astype(np.float32)


def test_the_port_is_aligned(pair):
    result = diff_pair(pair)
    counts, worst = result.counts, result.worst_propagated
    print(", ".join(f"{count} {verdict.value}" for verdict, count in counts.items()))
    print(f"worst propagated: {worst.propagated.scaled:.2e} at {worst.key or 'the whole model'}")
    print(f"seconds: {result.meta['seconds']}, peak memory: {result.meta['peak_memory_mb']:.0f} MB")
    assert result, result.failures
    assert counts[Verdict.MISMATCH] == counts[Verdict.UNCOMPARED] == 0
    assert counts[Verdict.ROUNDING] <= 0.01 * len(result.layers)
    assert worst.propagated.scaled < 1e-5


def test_a_pool_that_pads_with_zeros_is_found(pair):
    def pad_with_zeros(model):
        model.backbone.maxpool = jt.nn.Pool(3, 2, 1, op="max")

    result = diff_pair(damaged(pair, pad_with_zeros))
    assert not result
    assert result.first_fault.path == "backbone.maxpool"
    assert result.first_fault.own_fault


def drawn_parameters(state, count):
    """Names of parameters that float16 does not hold exactly; in this file it holds every convolution's."""
    names = [name for name, array in state.items() if not np.array_equal(through_float16(array), array)]
    return np.random.default_rng(SEED).choice(names, count, replace=False)


@pytest.mark.parametrize("draw", [None, 0, 1, 2], ids=["chosen", "drawn", "drawn", "drawn"])
def test_a_parameter_rounded_through_float16_is_found(pair, state, draw):
    name = "backbone.conv1.1.weight" if draw is None else str(drawn_parameters(state, 3)[draw])
    print(f"seed {SEED}: {name}")

    def round_it(model):
        JittorAdapter().load_state(model, {**state, name: through_float16(state[name])})

    result = diff_pair(damaged(cropped(pair), round_it))
    assert not result
    assert result.first_fault.path == name.rpartition(".")[0]
    assert "float16" in result.cause
    assert [parameter.name for parameter in result.parameters if parameter.verdict is Verdict.MISMATCH] == [name]
