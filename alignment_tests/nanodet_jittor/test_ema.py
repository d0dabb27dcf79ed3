"""The average of the weights in Jittor, against PyTorch's."""

import jittor as jt
import numpy as np
import torch

import nanodet_jittor.ema
import nanodet_ref_torch.ema
from jtmigrate.parity import nn


def test_average_is_pytorchs() -> None:
    """Within 3e-7 relative: Jittor fuses product and sum, PyTorch rounds between them."""
    reference, port = torch.nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    averages = nanodet_ref_torch.ema.Average(reference, 0.9998), nanodet_jittor.ema.Average(port, 0.9998)
    for step in range(1, 4):
        for name, var in port.state_dict().items():
            value = np.float32([0.1, 1.7, -3.3]) * step
            var.update(jt.array(value))
            reference.state_dict()[name].copy_(torch.from_numpy(value))
        for average, model in zip(averages, (reference, port), strict=True):
            average.update(model)
    expected, found = (average.state() for average in averages)
    assert found.keys() == expected.keys() - {"num_batches_tracked"}
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=3e-7)
    assert averages[0].updates == averages[1].updates == 3


def test_average_holds_no_graph() -> None:
    model = nn.BatchNorm2d(3)
    average = nanodet_jittor.ema.Average(model, 0.9998)
    alive = []
    for _ in range(4):
        model.weight.update(model.weight * 1.5)
        average.update(model)
        jt.sync_all()
        alive.append(jt.liveness_info()["lived_ops"])
    assert alive[-1] == alive[1]
