"""The pairs of models that faults are injected into, and how each is compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import jittor as jt
import numpy as np
from torch import nn as tnn

from alignment_tests.jtmigrate import pairs
from alignment_tests.jtmigrate.models import lstm, residual, transformer, unet
from alignment_tests.mutations.detector import detector, trained_detector
from alignment_tests.mutations.fault import Draw
from alignment_tests.mutations.steps import STEPS, in_training
from jtmigrate import runtime
from jtmigrate.compare.result import DiffResult
from jtmigrate.diff import ModelPair, Plan, diff_pair
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import nn as pnn
from jtmigrate.plan import DEFAULT_PLAN
from jtmigrate.runs import Clock, ReferenceRuns, run_reference
from jtmigrate.trace.store import ArrayStore


@dataclass(frozen=True)
class Scene:
    """A faithful pair and how it is compared."""

    name: str
    pair: ModelPair
    plan: Plan = DEFAULT_PLAN

    @cached_property
    def reference(self) -> ReferenceRuns:
        """Run once: no fault is ever in it."""
        runtime.prepare()
        return run_reference(self.pair, self.plan, Clock(lambda stage: None), ArrayStore())

    @cached_property
    def clean(self) -> DiffResult:
        """The comparison without a fault."""
        return self.compare(self.pair)

    def compare(self, pair: ModelPair) -> DiffResult:
        """The comparison of the reference with a port that may have one."""
        return diff_pair(pair, self.plan, reference=self.reference)

    def draw(self, random: np.random.Generator) -> Draw:
        """What a fault may be drawn from: the modules that are called."""
        model = self.pair.build_jittor()
        modules = dict(model.named_modules())
        called = dict.fromkeys(layer.path for layer in self.clean.layers if layer.path and layer.path in modules)
        return Draw(
            random,
            {path: modules[path] for path in called},
            JittorAdapter().state(model),
            {layer.path: layer.floor for layer in self.clean.layers},
        )


def small(
    original: Callable[[], tnn.Module], port: Callable[[], jt.Module], inputs: Any, *, training: bool = False
) -> ModelPair:
    """A seeded model and its port, with the same parameters."""

    @cache
    def build_torch() -> tnn.Module:
        return pairs.seeded(original()).train(training)

    def build_jittor() -> jt.Module:
        model = port()
        JittorAdapter().load_state(model, TorchAdapter().state(build_torch()))
        (model.train if training else model.eval)()
        return model

    return ModelPair(build_torch, build_jittor, inputs)


WORDS = np.random.default_rng(0).integers(0, transformer.WORDS, (3, transformer.LENGTH))

BUILD: Mapping[str, Callable[[], ModelPair]] = {
    "detector": lambda: detector(training=False),
    "training": lambda: detector(training=True),
    "steps": lambda: in_training(small(pairs.TorchMLP, pairs.JittorMLP, pairs.VECTORS, training=True)),
    "resnet": lambda: small(residual.TorchResNet, residual.JittorResNet, pairs.IMAGE),
    "unet": lambda: small(unet.TorchUNet, unet.JittorUNet, pairs.IMAGE),
    "transformer": lambda: small(transformer.TorchTransformer, transformer.JittorTransformer, WORDS),
    "tagger": lambda: small(lstm.TorchTagger, lstm.JittorTagger, pairs.noise(3, 4, 5)),
    "norm": lambda: small(
        pairs.TorchNorm, lambda: pairs.JittorNorm(pnn.BatchNorm2d), pairs.noise(4, 4, 32, 32, mean=30), training=True
    ),
}
"""Name of a scene -> its pair, whose reference is built once and is the same object every time."""

FULL_SIZE: Mapping[str, Callable[[], ModelPair]] = {"detector": trained_detector}
"""Takes the place of `BUILD` where the whole detector is asked for."""

PLANS: Mapping[str, Plan] = {"training": Plan(backward=True), "steps": Plan(backward=True, steps=STEPS)}
"""Scenes that are compared otherwise than by a plain forward pass."""


@cache
def scene(name: str, *, full: bool = False) -> Scene:
    """The scene of this name; `full`: with the whole detector and trained weights where there is one."""
    build = FULL_SIZE.get(name, BUILD[name]) if full else BUILD[name]
    return Scene(name, build(), PLANS.get(name, DEFAULT_PLAN))
