"""What dropout draws: the generators differ, so the distribution is looked at. Bounds are six standard deviations."""

from collections.abc import Callable

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import functional as F
from jtmigrate.parity import nn

P = 0.3
SHAPE = (40, 50, 6, 4)


def test_single_elements_are_dropped_and_the_others_enlarged() -> None:
    y = F.dropout(jt.ones(SHAPE), P).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - P)], rtol=1e-6)
    assert abs((y == 0).mean() - P) < 6 * (P * (1 - P) / y.size) ** 0.5


@pytest.mark.parametrize("drop", [F.dropout2d, F.feature_alpha_dropout, nn.Dropout3d(P)], ids=["2d", "alpha", "3d"])
def test_whole_channels_are_dropped(drop: Callable) -> None:
    y = drop(jt.ones(SHAPE), p=P, training=True) if not isinstance(drop, nn.Module) else drop(jt.ones(SHAPE))
    channels = y.numpy().reshape(2000, -1)
    assert (channels == channels[:, :1]).all()
    dropped = (channels[:, 0] != channels.max()).mean()
    assert abs(dropped - P) < 6 * (P * (1 - P) / 2000) ** 0.5


def test_alpha_dropout_draws_torchs_values() -> None:
    ours = np.unique(F.alpha_dropout(jt.ones((1000,)), P, True).numpy())
    theirs = np.unique(torch.nn.functional.alpha_dropout(torch.ones(1000), P, True).numpy())
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_module_drops_as_soon_as_it_is_made() -> None:
    """Stock Jittor's does not until `train()` is called."""
    layer = nn.Dropout(P)
    assert (layer(jt.ones(SHAPE)).numpy() == 0).any()
    layer.eval()
    assert (layer(jt.ones(SHAPE)).numpy() == 1).all()


def test_the_gradient_is_that_of_what_was_kept() -> None:
    x = jt.ones((200,))
    y = F.dropout(x, P)
    gradient = jt.grad(y.sum(), x)
    np.testing.assert_array_equal(gradient.numpy(), y.numpy())


def test_an_impossible_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.Dropout(1.5)
