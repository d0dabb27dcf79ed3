"""Sequences of different lengths."""

from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity.functional.shape import pad


def pad_sequence(
    sequences: Sequence[jt.Var], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> jt.Var:
    """Sequences (L_i, ...) -> (longest, N, ...), or (N, longest, ...)."""
    longest = max(sequence.shape[0] for sequence in sequences)
    padded = []
    for sequence in sequences:
        missing = longest - sequence.shape[0]
        sides = (0, missing) if padding_side == "right" else (missing, 0)
        padded.append(pad(sequence, [0, 0] * (sequence.ndim - 1) + list(sides), value=padding_value))
    return jt.stack(padded, 0 if batch_first else 1)
