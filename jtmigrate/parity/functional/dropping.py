"""Random zeros. Jittor's generator is not PyTorch's: equal seeds give other zeros."""

import jittor as jt

from jtmigrate.parity.functional.numerics import draw, scalar

ALPHA = -1.7580993408473766
"""What a dropped unit of a self-normalising network is set to: -selu's scale times its alpha."""


def dropout(input: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """Zero with probability p, else x / (1 - p). Jittor's own drops nothing unless it is told that it trains."""
    return _dropped(input, p, training, tuple(input.shape))


def dropout1d(input: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """Whole channels of (N, C, L) or (C, L)."""
    return _dropped(input, p, training, _channels(input, 1))


def dropout2d(input: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """Whole channels of (N, C, H, W)."""
    return _dropped(input, p, training, (*input.shape[:2], *(1,) * (input.ndim - 2)))


def dropout3d(input: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """Whole channels of (N, C, D, H, W)."""
    return _dropped(input, p, training, (*input.shape[:2], *(1,) * (input.ndim - 2)))


def alpha_dropout(input: jt.Var, p: float = 0.5, training: bool = False, inplace: bool = False) -> jt.Var:
    """Dropout that keeps mean 0 and variance 1 of what selu gives."""
    return _alpha_dropped(input, p, training, tuple(input.shape))


def feature_alpha_dropout(input: jt.Var, p: float = 0.5, training: bool = False, inplace: bool = False) -> jt.Var:
    """alpha_dropout of whole channels."""
    return _alpha_dropped(input, p, training, (*input.shape[:2], *(1,) * (input.ndim - 2)))


def _channels(x: jt.Var, dims: int) -> tuple[int, ...]:
    return (*x.shape[: x.ndim - dims], *(1,) * dims)


def _kept(x: jt.Var, p: float, shape: tuple[int, ...]) -> jt.Var:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return (draw(shape, x) >= p).cast(x.dtype).stop_grad().broadcast(x.shape)


def _dropped(x: jt.Var, p: float, training: bool, shape: tuple[int, ...]) -> jt.Var:
    if not training or p == 0:
        return x
    return x * _kept(x, p, shape) * scalar(1 / (1 - p) if p < 1 else 0.0, x)


def _alpha_dropped(x: jt.Var, p: float, training: bool, shape: tuple[int, ...]) -> jt.Var:
    if not training or p == 0:
        return x
    scale = ((1 - p) * (1 + p * ALPHA**2)) ** -0.5 if p < 1 else 0.0
    kept = _kept(x, p, shape)
    mixed = x * kept + (1 - kept) * scalar(ALPHA, x)
    return mixed * scalar(scale, x) - scalar(scale * p * ALPHA, x)
