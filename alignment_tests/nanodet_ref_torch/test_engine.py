"""The torch engine: trained weights give the original's head output."""

from pathlib import Path

import numpy as np

from nanodet_common.weights import load_weights
from nanodet_ref_torch.engine import Engine


def test_head_output_with_trained_weights(shared: Path) -> None:
    """Within 2e-5 of values up to 27: float32 rounding. Float64: the golden's own, 4.6e-5."""
    config, state = load_weights("nanodet-plus-m_416", shared / "weights" / "nanodet-plus-m_416_voc20.pth")
    arrays = np.load(shared / "golden" / "forward_voc20_416.npz")
    found = Engine(config, state).predict(arrays["img"])
    assert found.dtype == np.float32
    assert np.abs(found - arrays["head"]).max() <= 2e-5
    exact = Engine(config, state, "float64").predict(arrays["img"])
    assert exact.dtype == np.float64
    assert np.abs(exact - arrays["head"]).max() <= 1e-4


def test_state_is_what_was_given_and_a_copy(shared: Path) -> None:
    config, state = load_weights("nanodet-plus-m_320", shared / "weights" / "nanodet-plus-m_320_voc20.pth")
    engine = Engine(config, state)
    held = engine.state()
    assert list(held) == list(state)
    assert all(np.array_equal(held[name], array) for name, array in state.items())
    held["head.gfl_cls.0.bias"][:] = 0
    assert np.array_equal(engine.state()["head.gfl_cls.0.bias"], state["head.gfl_cls.0.bias"])
