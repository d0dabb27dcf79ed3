"""The average of the weights in PyTorch, against its formula."""

import math

import numpy as np
import torch

from nanodet_ref_torch.ema import Average


def test_new_values_enter_by_a_share_that_falls() -> None:
    """Within 1e-6: the formula in float64, the average in float32."""
    model = torch.nn.BatchNorm1d(3)
    average = Average(model, 0.9998)
    expected = {name: tensor.double().numpy().copy() for name, tensor in model.state_dict().items()}
    for step in range(1, 4):
        with torch.no_grad():
            for tensor in model.state_dict().values():
                tensor += step
        average.update(model)
        share = 0.9998 * math.exp(-(1 + step) / 2000) + 0.0002
        for name, tensor in model.state_dict().items():
            expected[name] = expected[name] * (1 - share) + tensor.numpy() * share
    counter = "num_batches_tracked"
    found = average.state()
    assert found.keys() == expected.keys()
    assert found.pop(counter) == model.num_batches_tracked
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-6)


def test_state_is_a_copy() -> None:
    model = torch.nn.Linear(2, 2)
    average = Average(model, 0.5)
    kept = average.state()["weight"]
    before = kept.copy()
    with torch.no_grad():
        model.weight += 1
    average.update(model)
    np.testing.assert_array_equal(kept, before)
