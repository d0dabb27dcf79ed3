"""What this machine can do at most, measured: products of float32 matrices, copies in memory. A worker's subject."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

SIDE = 1024
"""Of the matrices: large enough that the CPU's arithmetic is the limit."""
COPIED = 1 << 26
"""Bytes a thread: much more than the caches that belong to it."""
TRIES = 15


class Limits:
    """On so many threads; the best of several tries, since whatever disturbs makes it slower."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def measure(self) -> dict[str, float]:
        """`gflops`: 10^9 additions and multiplications a second; `copied_gb`: 10^9 bytes read and written a second."""
        a, b = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), np.float32)
        product = np.empty_like(a)
        seconds = _least(lambda: np.matmul(a, b, out=product))
        return {"gflops": 2 * SIDE**3 / seconds / 1e9, "copied_gb": self._copied() / 1e9}

    def _copied(self) -> float:
        pairs = [(np.ones(COPIED, np.uint8), np.zeros(COPIED, np.uint8)) for _ in range(self._threads)]
        with ThreadPoolExecutor(self._threads) as pool:
            seconds = _least(lambda: list(pool.map(lambda pair: np.copyto(*pair), pairs)))
        return 2 * COPIED * self._threads / seconds


def _least(run: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin

    return min(once() for _ in range(TRIES))
