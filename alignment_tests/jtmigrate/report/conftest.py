"""Synthetic results: a large aligned run and a failed one, made of plain data without a framework."""

import math
import random
from types import SimpleNamespace

import pytest

from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    Coverage,
    DiffResult,
    DriftPoint,
    FaultMap,
    LayerResult,
    ParameterResult,
    Quantity,
    QuantityResult,
    SettingDifference,
    TensorError,
    Verdict,
)

FLOOR = 2.0**-22
FLOAT32_SPACING = 2.0**-23


def error(scaled: float | None, scale: float = 3.0, cosine: float = 1.0) -> TensorError | None:
    """An error whose percentiles keep the proportions of a real one; None for None."""
    if scaled is None:
        return None
    ulp = scaled / FLOAT32_SPACING if math.isfinite(scaled) else math.inf
    return TensorError(scaled * scale, scale, scaled, cosine, ulp / 12, ulp / 2, ulp)


def layer(key: str = "conv", order: int = 0, isolated: float | None = 3e-7, **changes) -> LayerResult:
    """An aligned layer, but for `changes`."""
    facts = {
        "kind": "Conv2d",
        "is_leaf": True,
        "shape": (1, 24, 80, 80),
        "verdict": Verdict.ALIGNED,
        "reason": "",
        "propagated": error(isolated and 2 * isolated),
        "isolated": error(isolated),
        "float64": error(2e-15),
        "floor": FLOOR,
    }
    return LayerResult(key=key, order=order, **{**facts, **changes})


def mismatch(key: str, order: int, isolated: float | None = 0.31, **changes) -> LayerResult:
    """A layer that computes something else; at fault itself where its isolated error says so."""
    facts = {
        "verdict": Verdict.MISMATCH,
        "propagated": error(0.31),
        "float64": error(0.31, cosine=0.93),
        "own_fault": isolated is not None and not isolated <= 1e-6,
    }
    return layer(key, order, isolated, **{**facts, **changes})


def quantity(
    name: str = "conv.weight",
    order: int = 0,
    isolated: float | None = 3e-7,
    kind: Quantity = Quantity.PARAMETER_GRADIENT,
    **changes,
) -> QuantityResult:
    """An aligned quantity, but for `changes`."""
    facts = {
        "path": name.rpartition(".")[0],
        "shape": (24, 24, 3, 3),
        "verdict": Verdict.ALIGNED,
        "reason": "",
        "propagated": error(isolated and 2 * isolated),
        "isolated": error(isolated),
        "float64": error(2e-15),
        "floor": FLOOR,
    }
    return QuantityResult(quantity=kind, name=name, order=order, **{**facts, **changes})


def wrong_quantity(name: str, order: int = 0, isolated: float | None = 0.5, **changes) -> QuantityResult:
    """A quantity that differs; by its own fault where its isolated error says so."""
    facts = {
        "verdict": Verdict.MISMATCH,
        "reason": "5.0e-01 of its maximum off on the reference's own inputs",
        "propagated": error(0.5),
        "float64": error(0.5),
        "own_fault": isolated is not None and not isolated <= 1e-6,
    }
    return quantity(name, order, isolated, **{**facts, **changes})


def result(layers=(), **changes) -> DiffResult:
    layers = tuple(layers)
    rows = (*layers, *changes.get("quantities", ()))
    first = next((one for one in rows if one.verdict is Verdict.MISMATCH), None)
    facts = {
        "parameters": (),
        "tolerances": DEFAULT_TOLERANCES,
        "first_fault": first,
        "cause": "",
        "failures": () if first is None else ("1 layer does not compute the same.",),
        "meta": {},
    }
    return DiffResult(layers=layers, **{**facts, **changes})


@pytest.fixture
def make() -> SimpleNamespace:
    """The functions above, for tests that make a small result of their own."""
    return SimpleNamespace(
        error=error,
        layer=layer,
        mismatch=mismatch,
        quantity=quantity,
        wrong_quantity=wrong_quantity,
        result=result,
    )


META = {
    "title": "nanodet-plus-m_416",
    "reference": "nanodet_ref_torch",
    "candidate": "nanodet_jittor",
    "versions": {"jtmigrate": "0.1.0", "torch": "2.13.0", "jittor": "1.3.11.0", "numpy": "1.26.4"},
    "inputs": {"images": {"shape": (1, 3, 416, 416), "sha256": "ab12" * 16}},
    "seconds": {"torch float32": 1.24, "torch float64": 2.9, "jittor float32": 3.1, "isolated": 6.4, "float64": 17.8},
    "peak_memory_mb": 1843.2,
    "command": "jtmigrate diff --config nanodet-plus-m_416 --image photo.jpg",
    "date": "2025-01-31 14:02",
}


def detector_layers() -> list[LayerResult]:
    """About 380 layers named and ordered as in a detector, with errors that grow along the way as real ones do."""
    chance = random.Random(0)
    found: list[LayerResult] = []

    def add(path: str, kind: str, shape: tuple[int, ...], is_leaf: bool = True) -> None:
        identical = kind in ("ReLU", "LeakyReLU", "MaxPool2d", "Identity") or chance.random() < 0.25
        own = 0.0 if identical else 10 ** chance.uniform(-7.3, -6.1)
        depth = 1 + len(found) / 60
        found.append(
            layer(
                path,
                len(found),
                own,
                kind=kind,
                is_leaf=is_leaf,
                shape=shape,
                verdict=Verdict.IDENTICAL if identical else Verdict.ALIGNED,
                reason="the same bits" if identical else "",
                propagated=error(depth * 10 ** chance.uniform(-7.0, -6.4)) if found else error(own),
                float64=error(10 ** chance.uniform(-15.6, -14.4)),
                floor=max(FLOOR, depth * 10 ** chance.uniform(-7.1, -6.5)),
            )
        )

    def block(path: str, kinds: str, shape: tuple[int, ...], container: str) -> None:
        names = {"c": "Conv2d", "b": "BatchNorm2d", "r": "LeakyReLU"}
        for index, letter in enumerate(kinds):
            add(f"{path}.{index}", names[letter], shape)
        add(path, container, shape, is_leaf=False)

    block("backbone.conv1", "cbr", (1, 24, 208, 208), "Sequential")
    add("backbone.maxpool", "MaxPool2d", (1, 24, 104, 104))
    for stage, (repeats, channels, side) in enumerate(((4, 116, 52), (8, 232, 26), (4, 464, 13)), start=2):
        shape = (1, channels, side, side)
        for repeat in range(repeats):
            unit = f"backbone.stage{stage}.{repeat}"
            if repeat == 0:
                block(f"{unit}.branch1", "cbcbr", shape, "Sequential")
            block(f"{unit}.branch2", "cbrcbcbr", shape, "Sequential")
            add(unit, "ShuffleV2Block", shape, is_leaf=False)
        add(f"backbone.stage{stage}", "Sequential", shape, is_leaf=False)
    add("backbone", "ShuffleNetV2", (1, 116, 52, 52), is_leaf=False)
    for level, side in enumerate((52, 26, 13)):
        block(f"fpn.reduce_layers.{level}", "cbr", (1, 96, side, side), "ConvModule")
    for name, sides in (("top_down_blocks", (26, 52)), ("bottom_up_blocks", (26, 13))):
        for index, side in enumerate(sides):
            shape = (1, 96, side, side)
            resize = "fpn.upsample" if name == "top_down_blocks" else "fpn.downsample"
            add(f"{resize}#{index}" if index else resize, "Upsample", shape)
            inner = f"fpn.{name}.{index}.blocks.0"
            for ghost in ("ghost1", "ghost2"):
                block(f"{inner}.{ghost}.primary_conv", "cbr", shape, "Sequential")
                block(f"{inner}.{ghost}.cheap_operation", "cbr", shape, "Sequential")
                add(f"{inner}.{ghost}", "GhostModule", shape, is_leaf=False)
            block(f"{inner}.shortcut", "cbcb", shape, "Sequential")
            add(inner, "GhostBottleneck", shape, is_leaf=False)
            add(f"fpn.{name}.{index}", "GhostBlocks", shape, is_leaf=False)
    add("fpn", "GhostPAN", (1, 96, 52, 52), is_leaf=False)
    for level, side in enumerate((52, 26, 13, 7)):
        for conv in range(2):
            block(f"head.cls_convs.{level}.{conv}", "cbrcbr", (1, 96, side, side), "DepthwiseConvModule")
        add(f"head.gfl_cls.{level}", "Conv2d", (1, 52, side, side))
    add("head", "NanoDetPlusHead", (1, 3598, 52), is_leaf=False)
    add("", "NanoDetPlus", (1, 3598, 52), is_leaf=False)
    return found


def identical_parameters(names: int = 430) -> tuple[ParameterResult, ...]:
    return tuple(
        ParameterResult(f"backbone.block{index}.weight", (24, 24, 3, 3), Verdict.IDENTICAL, "", 0.0)
        for index in range(names)
    )


@pytest.fixture
def aligned() -> DiffResult:
    """A whole detector, aligned; 20 running counters have no counterpart, for a reason."""
    counters = tuple(
        ParameterResult(f"backbone.{i}.num_batches_tracked", (), Verdict.UNCOMPARED, "Jittor keeps no counter")
        for i in range(20)
    )
    return result(detector_layers(), parameters=identical_parameters() + counters, meta=META)


@pytest.fixture
def failed() -> DiffResult:
    """The same detector with a wrong pool: what follows differs in float64 and is in order by itself."""
    layers = detector_layers()
    fault = next(index for index, one in enumerate(layers) if one.key == "backbone.maxpool")
    broken = layers[:fault]
    broken.append(
        mismatch(
            "backbone.maxpool", fault, kind="MaxPool2d", shape=(1, 24, 104, 104), reason="3.1e-01 of its maximum off"
        )
    )
    for one in layers[fault + 1 :]:
        isolated = one.isolated.scaled
        drift = 0.31 * 0.985 ** (one.order - fault) * (1 + 0.4 * math.sin(one.order))
        changes = {"kind": one.kind, "is_leaf": one.is_leaf, "shape": one.shape, "floor": one.floor}
        broken.append(
            mismatch(
                one.key,
                one.order,
                isolated,
                propagated=error(drift, cosine=0.97),
                reason="3.1e-01 of its maximum off in float64",
                **changes,
            )
        )
    return result(
        broken,
        parameters=identical_parameters(),
        cause="its border fits a pool that pads with 0 instead of -inf",
        failures=("362 layers do not compute the same.",),
        meta=META,
    )


def training_quantities() -> list[QuantityResult]:
    """About 2,000 aligned rows: gradients of a backward pass, and three training steps."""
    layers = detector_layers()
    found = [
        quantity(one.key, one.order, 2e-7, Quantity.ACTIVATION_GRADIENT, path=one.path, shape=one.shape)
        for one in layers
    ]
    convolutions = [one for one in layers if one.kind == "Conv2d"]
    for step in (None, 0, 1, 2):
        kinds = [Quantity.PARAMETER_GRADIENT] + [Quantity.UPDATE, Quantity.MOMENT] * (step is not None)
        for kind in kinds:
            order = {} if step is None else {"step": step}
            found += [quantity(f"{one.key}.weight", one.order, 1e-7, kind, **order) for one in convolutions]
        found.append(quantity("loss", 0, 1e-8, Quantity.LOSS, path="", shape=(), step=step))
    return found


@pytest.fixture
def trained() -> DiffResult:
    """A whole detector, aligned, with gradients and three training steps."""
    return result(
        detector_layers(),
        quantities=tuple(training_quantities()),
        coverage=(
            Coverage("modules", 365, 366, (("head.aux", "listed: training only"),)),
            Coverage("loss terms", 3, 3),
        ),
        drift=tuple(DriftPoint(step, 10.0 ** (step - 8), 10.0 ** (step - 7), "head.weight") for step in range(3)),
        sources={"": ("/port/torch/model.py:10", "/port/jittor/model.py:12")},
        meta=META,
    )


@pytest.fixture
def stuck(trained: DiffResult) -> DiffResult:
    """The same with a branch that is detached in the candidate: outputs agree, gradients do not."""
    fault = wrong_quantity("backbone.conv1.0.weight", 0, reason="1.0e+00 of its maximum off")
    others = [
        wrong_quantity(f"backbone.stage2.{number}.branch2.0.weight", 30, 2e-7, reason="3.0e-01 of its maximum off")
        for number in range(4)
    ]
    kept = [row for row in trained.quantities if row.key not in {one.key for one in (fault, *others)}]
    errors = tuple((float(row < 2), 1e-3 * row) for row in range(24))
    return result(
        trained.layers,
        quantities=(fault, *others, *kept),
        settings=(SettingDifference("backbone.conv1.0", "requires_grad.weight", "True", "False"),),
        fault_map=FaultMap("gradient of weight", (24, 2), "", ("output channel", "weight"), 24, 2, errors),
        sources={"backbone.conv1.0": ("/port/torch/conv.py:553", "/port/jittor/conv.py:40")},
        cause="a detached branch",
        failures=("5 parameter gradients mismatch: backbone.conv1.0.weight, ...",),
        meta=META,
    )
