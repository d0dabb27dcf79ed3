"""Losses: every reduction, with weights, labels to leave out, and targets at the ends of their range."""

from collections.abc import Callable
from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."
Draw = Callable[[Random], tuple[Any, ...]]
WEIGHTS = ("weight", "pos_weight")
"""No loss of PyTorch can be differentiated by them, or only by accident."""


def _both(
    module: str, function: str, draw: Draw, *options: dict[str, Any], frozen: tuple[str, ...] = WEIGHTS
) -> dict[str, tuple[Case, ...]]:
    """Cases of the module and the function; a tensor among the options is drawn by a function."""

    def filled(random: Random, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value(random) if callable(value) else value for name, value in given.items()}

    def of_module(given: dict[str, Any]) -> Case:
        return Case(lambda random: call(**filled(random, given), inputs=draw(random)), frozen=frozen)

    def of_function(given: dict[str, Any]) -> Case:
        return Case(lambda random: call(*draw(random), **filled(random, given)), frozen=frozen)

    return {
        MODULE + module: tuple(map(of_module, options or ({},))),
        FUNCTION + function: tuple(map(of_function, options or ({},))),
    }


def _pair(random: Random) -> tuple[np.ndarray, np.ndarray]:
    x, target = random.standard_normal((2, random.randint(2, 5), 4))
    target[0, 0] = x[0, 0]
    return x, target


def _vectors(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((5, 4)), random.standard_normal((5, 4))


def _probabilities(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.uniform(0.01, 0.99, (5, 4)), random.uniform(size=(5, 4))


def _certainties(random: Random) -> Call:
    return call(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0]))


def _logits(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((5, 4)) * 10, random.uniform(size=(5, 4)).round(1)


def _labels(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((6, 4)) * 3, random.randint(0, 4, 6)


def _some_labels(random: Random) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = _labels(random)
    labels[::3] = -100
    return logits, labels


def _pixels(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((2, 4, 3, 2)), random.randint(0, 4, (2, 3, 2))


def _distributions(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return np.log(random.dirichlet(np.ones(4), 5)), random.dirichlet(np.ones(4), 5)


def _certain_distributions(random: Random) -> Call:
    return call(np.log(random.dirichlet(np.ones(4), 3)), np.eye(4)[:3], reduction="sum")


def _log_distributions(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.log(random.dirichlet(np.ones(4), (2, 5))))


def _signed(*shapes: tuple[int, ...]) -> Draw:
    def draw(random: Random) -> tuple[np.ndarray, ...]:
        return *(random.standard_normal(shape) for shape in shapes), random.choice([-1.0, 1.0], shapes[0][:1])

    return draw


def _signs(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((5, 4)), random.choice([-1.0, 1.0], (5, 4))


def _classes(random: Random) -> np.ndarray:
    return random.uniform(0.5, 2, 4)


def _counts(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.uniform(0.5, 2, (5, 4)), random.choice([0.5, 2.0, 3.0, 7.0], (5, 4))


def _normal(random: Random) -> tuple[np.ndarray, ...]:
    return random.standard_normal((5, 4)), random.standard_normal((5, 4)), random.uniform(0.1, 2, (5, 1))


def _triplet(random: Random) -> tuple[np.ndarray, ...]:
    return tuple(random.standard_normal((3, 6, 4)))


SUM, NONE = {"reduction": "sum"}, {"reduction": "none"}

CASES = {
    **_both("L1Loss", "l1_loss", _pair, {}, SUM, NONE),
    **_both("MSELoss", "mse_loss", _pair, {}, NONE),
    **_both("SmoothL1Loss", "smooth_l1_loss", _pair, {}, {"beta": 0.3, **SUM}),
    **_both("HuberLoss", "huber_loss", _pair, {"delta": 0.7}),
    **_both("BCELoss", "binary_cross_entropy", _probabilities, {}, {"weight": _classes, **NONE}),
    **_both(
        "BCEWithLogitsLoss",
        "binary_cross_entropy_with_logits",
        _logits,
        {},
        {"pos_weight": _classes, "weight": _classes, **SUM},
    ),
    **_both("KLDivLoss", "kl_div", _distributions, {"reduction": "batchmean"}, NONE),
    **_both("PoissonNLLLoss", "poisson_nll_loss", _counts, {}, {"log_input": False, "full": True}),
    **_both("GaussianNLLLoss", "gaussian_nll_loss", _normal, {}, {"full": True, **NONE}),
    **_both("HingeEmbeddingLoss", "hinge_embedding_loss", _signs, {"margin": 0.7}),
    **_both("MarginRankingLoss", "margin_ranking_loss", _signed((5,), (5,)), {"margin": 0.3}),
    **_both("CosineEmbeddingLoss", "cosine_embedding_loss", _signed((5, 4), (5, 4)), {"margin": 0.1}),
    **_both("TripletMarginLoss", "triplet_margin_loss", _triplet, {}, {"margin": 0.5, "p": 1.0, "swap": True}),
    **_both("TripletMarginWithDistanceLoss", "triplet_margin_with_distance_loss", _triplet, {"margin": 0.3}),
    **_both("SoftMarginLoss", "soft_margin_loss", _signs, frozen=("1",)),
    **_both("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", _logits, {"weight": _classes}),
    **_both("MultiMarginLoss", "multi_margin_loss", _labels, {}, {"p": 2, "margin": 0.7, "weight": _classes}),
    **_both("CosineSimilarity", "cosine_similarity", _vectors, {}, {"dim": 0}),
    **_both("PairwiseDistance", "pairwise_distance", _vectors, {}, {"p": 1.0, "keepdim": True}),
    **_both("NLLLoss", "nll_loss", _some_labels, {}, {"weight": _classes, **NONE}),
    **_both(
        "CrossEntropyLoss",
        "cross_entropy",
        _some_labels,
        {},
        {"weight": _classes},
        {"label_smoothing": 0.1, "weight": _classes},
        NONE,
    ),
}
CASES[FUNCTION + "cross_entropy"] += (
    Case(lambda random: call(*_pixels(random))),
    Case(lambda random: call(_logits(random)[0], random.dirichlet(np.ones(4), 5), label_smoothing=0.2)),
    Case(lambda random: call(*_labels(random), ignore_index=2)),
)
CASES[FUNCTION + "binary_cross_entropy"] += (Case(_certainties, gradient=False),)
CASES[FUNCTION + "kl_div"] += (
    Case(lambda random: call(*_log_distributions(random), log_target=True)),
    Case(_certain_distributions, frozen=("1",)),
)
