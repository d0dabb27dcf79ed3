"""The Jittor engine: trained weights give the original's head output, run after run in the same memory."""

from pathlib import Path

import numpy as np
import pytest

from jtmigrate.allowances import jittor_lacks
from jtmigrate.runtime.memory import resident_mb
from nanodet_common.weights import load_weights
from nanodet_jittor.engine import Engine


@pytest.mark.slow
def test_head_output_with_trained_weights(shared: Path) -> None:
    """Layer by layer within 2e-5 of values up to 27, as the torch engine, and 1e-4 of float64.

    Compiled, no further from float64 than the original's own float32 is (4.6e-5): with BatchNorm folded, it rounds
    elsewhere.
    """
    config, state = load_weights("nanodet-plus-m_416", shared / "weights" / "nanodet-plus-m_416_voc20.pth")
    arrays = np.load(shared / "golden" / "forward_voc20_416.npz")
    found = Engine(config, state, execution="layers").predict(arrays["img"])
    assert found.dtype == np.float32
    assert np.abs(found - arrays["head"]).max() <= 2e-5
    exact = Engine(config, state, "float64").predict(arrays["img"])
    assert exact.dtype == np.float64
    assert np.abs(exact - arrays["head"]).max() <= 1e-4
    compiled = Engine(config, state).predict(arrays["img"])
    assert compiled.dtype == np.float32
    assert np.abs(compiled - exact).max() <= np.abs(arrays["head"] - exact).max()


def test_state_is_what_was_given_and_a_copy(shared: Path) -> None:
    """Without the counters of batches, which Jittor does not have."""
    config, state = load_weights("nanodet-plus-m_320", shared / "weights" / "nanodet-plus-m_320_voc20.pth")
    engine = Engine(config, state)
    held = engine.state()
    assert sorted(held) == sorted(name for name in state if not jittor_lacks(name))
    assert all(np.array_equal(array, state[name]) for name, array in held.items())
    held["head.gfl_cls.0.bias"][:] = 0
    assert np.array_equal(engine.state()["head.gfl_cls.0.bias"], state["head.gfl_cls.0.bias"])


def test_memory_stays(shared: Path) -> None:
    """40 batches leave less than two of them behind: 30 MB, where one batch and what is computed of it takes 80."""
    config, state = load_weights("nanodet-plus-m_320", shared / "weights" / "nanodet-plus-m_320_voc20.pth")
    engine = Engine(config, state)
    images = np.random.default_rng(0).standard_normal((8, 3, 320, 320)).astype(np.float32)
    for _ in range(4):
        engine.predict(images)
    before = resident_mb()
    for _ in range(40):
        engine.predict(images)
    assert resident_mb() - before < 30
