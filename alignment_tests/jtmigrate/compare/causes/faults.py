"""Two models run as a diff runs them, and what is then known about the first fault.

The candidate is a PyTorch model too: causes are found in arrays, whatever framework they came from, and PyTorch needs
no compiler. Faults in real Jittor ports are in `test_ports.py`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from jtmigrate.compare.causes import all_causes
from jtmigrate.compare.compare import compare
from jtmigrate.compare.evidence import suspect_of
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.parameters import compare_parameters
from jtmigrate.compare.result import DEFAULT_TOLERANCES, DiffResult
from jtmigrate.compare.suspect import Suspect
from jtmigrate.frameworks.base import Adapter, plain_call
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.frameworks.torch_settings import model_settings


class Outcome(NamedTuple):
    """What a diff says, and what the hypotheses are told."""

    result: DiffResult
    runs: Runs

    @property
    def suspect(self) -> Suspect:
        return self.suspect_at(self.result.first_fault)

    @property
    def causes(self) -> dict[str, str]:
        """Name of every hypothesis that fits -> its sentence, the likeliest first."""
        return dict(all_causes(self.suspect))

    def suspect_at(self, fault: Any) -> Suspect:
        return suspect_of(
            fault,
            self.runs,
            parameters=self.result.parameters,
            quantities=self.result.quantities,
            tolerances=DEFAULT_TOLERANCES,
        )


class Side(NamedTuple):
    """One of two models: who runs it, and how."""

    adapter: Adapter
    model: Any
    settings: Callable[[Any], dict]
    call: Callable = plain_call
    tells_settings: bool = True


def outcome(reference: Side, candidate: Side, inputs: Any) -> Outcome:
    """Both models recorded in float32 and float64, the candidate layer by layer too, and compared."""
    sides = (reference, candidate)
    traces = [
        one.adapter.record(one.model, inputs, dtype=dtype, call=one.call)
        for one in sides
        for dtype in ("float32", "float64")
    ]
    isolated = candidate.adapter.replay(candidate.model, traces[0], call=candidate.call)
    told = [
        one.settings(one.model) if one.tells_settings else {} for one in (reference, reference, candidate, candidate)
    ]
    runs = Runs(
        *(replace(trace, settings=settings) for trace, settings in zip(traces, told, strict=True)),
        replace(isolated, settings=told[-1]),
    )
    result = compare(runs)
    assert result.parameters == compare_parameters(runs.reference.state, runs.candidate.state, ())
    return Outcome(result, runs)


def torch_pair(
    reference: nn.Module,
    candidate: nn.Module,
    inputs: Any,
    *,
    call: Callable = plain_call,
    copies: bool = True,
    tells_settings: bool = True,
) -> Outcome:
    """Two PyTorch models.

    call            how the candidate is run
    copies          the candidate gets those of the reference's parameters that fit
    tells_settings  whether the candidate's settings are known
    """
    if copies:
        own = candidate.state_dict()
        fitting = {
            name: tensor
            for name, tensor in reference.state_dict().items()
            if name in own and own[name].shape == tensor.shape
        }
        candidate.load_state_dict(fitting, strict=False)
    candidate.train(reference.training)
    adapter = TorchAdapter()
    return outcome(
        Side(adapter, reference, model_settings),
        Side(adapter, candidate, model_settings, call, tells_settings),
        inputs,
    )


def seeded(model: nn.Module, seed: int = 0) -> nn.Module:
    """A model in evaluation mode with random parameters, variances positive."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                values = torch.randn(tensor.shape, generator=generator)
                tensor.copy_(values.abs() + 0.5 if name.endswith("running_var") else values)
    return model.eval()


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    """Standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def patched(layer: nn.Module, forward: Callable) -> nn.Module:
    """The layer with another forward(self, ...), its class name and parameters kept."""
    layer.__class__ = type(type(layer).__name__, (type(layer),), {"forward": forward})
    return layer
