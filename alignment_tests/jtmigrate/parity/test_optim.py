"""The optimizer steps of `jtmigrate.parity.optim` against PyTorch's."""

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity.optim import AdamW, clip_grad_norm

START = np.random.RandomState(0).standard_normal((4, 5))
DIRECTIONS = np.random.RandomState(1).standard_normal((3, 4, 5))


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("max_norm", [0.5, 100.0], ids=["clipped", "unclipped"])
def test_adamw_and_clipping(dtype: str, limit: float, max_norm: float) -> None:
    """Three steps with the same gradients, default decay included."""
    weight = torch.nn.Parameter(torch.from_numpy(START.astype(dtype)))
    original = torch.optim.AdamW([weight], lr=0.01)
    with jt.flag_scope(auto_convert_64_to_32=0):
        variable = jt.array(START.astype(dtype))
        port = AdamW([variable], lr=0.01)
        for direction in DIRECTIONS.astype(dtype):
            weight.grad = torch.from_numpy(direction.copy())
            norm = torch.nn.utils.clip_grad_norm_([weight], max_norm)
            original.step()
            port.backward((variable * jt.array(direction)).sum())
            assert clip_grad_norm(port, max_norm).item() == pytest.approx(norm.item(), rel=limit)
            port.step()
        state = original.state[weight]
        group = port.param_groups[0]
        for found, expected in (
            (variable, weight.detach()),
            (group["m"][0], state["exp_avg"]),
            (group["values"][0], state["exp_avg_sq"]),
        ):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=limit, atol=limit)
