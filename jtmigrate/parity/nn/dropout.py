"""Random zeros in training. Stock Jittor's Dropout drops nothing until `train()` is called."""

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace


class Dropout(_Dropout):
    """Single elements."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.dropout(input, self.p, self.is_training())


class Dropout1d(_Dropout):
    """Whole channels of (N, C, L)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.dropout1d(input, self.p, self.is_training())


class Dropout2d(_Dropout):
    """Whole channels of (N, C, H, W)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.dropout2d(input, self.p, self.is_training())


class Dropout3d(_Dropout):
    """Whole channels of (N, C, D, H, W)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.dropout3d(input, self.p, self.is_training())


class AlphaDropout(_Dropout):
    """Keeps mean 0 and variance 1 of what selu gives."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.alpha_dropout(input, self.p, self.is_training())


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.feature_alpha_dropout(input, self.p, self.is_training())
