"""How much of the newest weights enters their average."""

import math


def new_share(decay: float, updates: int) -> float:
    """Share of the new values in update number `updates`, counted from 1: nearly 1 at first, 1 - decay in the end."""
    return decay * math.exp(-(1 + updates) / 2000) + (1 - decay)
