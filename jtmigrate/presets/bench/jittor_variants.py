"""The detector in Jittor: layer by layer with plain operators, and as it runs by default."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import nanodet_jittor  # noqa: F401  (prepares Jittor)

import jittor as jt  # isort: skip

from jtmigrate.parity import kernels
from nanodet_common.config import Config
from nanodet_common.weights import State
from nanodet_jittor.engine import Engine, Trainer

PLAIN = "jittor"


def engine(variant: str, config: Config, state: State) -> Engine:
    """What predicts, for a variant of that name; to be used within `operators`."""
    return Engine(config, state, execution="layers" if variant == PLAIN else "compiled")


def trainer(variant: str, config: Config, state: State) -> Trainer:
    """What trains; to be used within `operators`, in which alone the variants differ."""
    return Trainer(config, state)


def operators(variant: str) -> AbstractContextManager[None]:
    """A context in which the variant runs."""
    return kernels.plain() if variant == PLAIN else nullcontext()


def facts() -> dict[str, Any]:
    """Threads that the OpenMP library of this process says it has, and versions."""
    return {"threads": _threads(), "versions": {"jittor": jt.__version__}}


@contextmanager
def no_kernels(folder: Path) -> Iterator[None]:
    """Jittor with an empty folder of kernels, its core as it is: everything that runs is compiled anew.

    Within this process only; the folder of the user's kernels is not touched.
    """
    for name in ("jit", "obj_files"):
        (folder / name).mkdir()
    before = jt.flags.cache_path
    jt.flags.cache_path = str(folder)
    try:
        yield
    finally:
        jt.flags.cache_path = before


def _threads() -> int:
    """Of the libgomp that this process has loaded; 0 where there is none."""
    found = re.search(r"\S*/libgomp[^/\s]*\.so\S*$", Path("/proc/self/maps").read_text(), re.MULTILINE)
    return ctypes.CDLL(found[0]).omp_get_max_threads() if found else 0
