"""Losses and distances as modules."""

from collections.abc import Callable

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _Weighted(Module):
    """With a weight a class, which is a buffer."""

    def __init__(self, weight: jt.Var | None, reduction: str):
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction


class CrossEntropyLoss(_Weighted):
    """Of logits (N, C, ...) and labels (N, ...) or probabilities (N, C, ...)."""

    def __init__(
        self,
        weight: jt.Var | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ):
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(_Weighted):
    """Of logarithmic probabilities (N, C, ...) and labels (N, ...)."""

    def __init__(self, weight: jt.Var | None = None, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class BCELoss(_Weighted):
    """Of probabilities."""

    def __init__(self, weight: jt.Var | None = None, reduction: str = "mean"):
        super().__init__(weight, reduction)

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(_Weighted):
    """Of logits."""

    def __init__(self, weight: jt.Var | None = None, reduction: str = "mean", pos_weight: jt.Var | None = None):
        super().__init__(weight, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)


class MultiLabelSoftMarginLoss(_Weighted):
    """The mean over classes of binary cross entropies with logits."""

    def __init__(self, weight: jt.Var | None = None, reduction: str = "mean"):
        super().__init__(weight, reduction)

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.multilabel_soft_margin_loss(input, target, self.weight, self.reduction)


class MultiMarginLoss(_Weighted):
    """How much further below the label's score the others should be."""

    def __init__(self, p: int = 1, margin: float = 1.0, weight: jt.Var | None = None, reduction: str = "mean"):
        super().__init__(weight, reduction)
        self.p = p
        self.margin = margin

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class TripletMarginWithDistanceLoss(Module):
    """TripletMarginLoss with another distance."""

    def __init__(
        self,
        *,
        distance_function: Callable[[jt.Var, jt.Var], jt.Var] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ):
        super().__init__()
        self.distance_function = distance_function
        self.margin = margin
        self.swap = swap
        self.reduction = reduction

    def execute(self, anchor: jt.Var, positive: jt.Var, negative: jt.Var) -> jt.Var:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class CosineSimilarity(Module):
    """The cosine between vectors along `dim`."""

    def __init__(self, dim: int = 1, eps: float = 1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def execute(self, x1: jt.Var, x2: jt.Var) -> jt.Var:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 along the last dimension."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def execute(self, x1: jt.Var, x2: jt.Var) -> jt.Var:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class L1Loss(Module):
    """|x - t|."""

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Module):
    """(x - t) ** 2."""

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Module):
    """|x - t|, rounded off below beta."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        super().__init__()
        self.reduction = reduction
        self.beta = beta

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Module):
    """delta times SmoothL1Loss."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__()
        self.reduction = reduction
        self.delta = delta

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Module):
    """target * (log(target) - input)."""

    def __init__(self, reduction: str = "mean", log_target: bool = False):
        super().__init__()
        self.reduction = reduction
        self.log_target = log_target

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Module):
    """Of counts, given their logarithmic or plain expectation."""

    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"):
        super().__init__()
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.poisson_nll_loss(
            input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class HingeEmbeddingLoss(Module):
    """x where the target is 1, max(0, margin - x) where it is -1."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean"):
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(Module):
    """log(1 + exp(-t * x))."""

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MarginRankingLoss(Module):
    """max(0, -t * (x1 - x2) + margin)."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def execute(self, input1: jt.Var, input2: jt.Var, target: jt.Var) -> jt.Var:
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Module):
    """1 - cosine where the target is 1, max(0, cosine - margin) where it is -1."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def execute(self, input1: jt.Var, input2: jt.Var, target: jt.Var) -> jt.Var:
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Module):
    """How much further away by `margin` the negative should be."""

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: str = "mean"
    ):
        super().__init__()
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap
        self.reduction = reduction

    def execute(self, anchor: jt.Var, positive: jt.Var, negative: jt.Var) -> jt.Var:
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class GaussianNLLLoss(Module):
    """Of normally distributed targets."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__()
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def execute(self, input: jt.Var, target: jt.Var, var: jt.Var) -> jt.Var:
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
