"""What a report says of how a run was made."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import Sketch, values_digest
from jtmigrate.trace.structure import map_leaves

Progress = Callable[[str], None]
"""Is told the name of every stage as it begins."""
FINGERPRINTS = ("inputs", "weights", "code", "versions")
"""Entries of a result's meta that say what it rests on."""


@dataclass
class Clock:
    """Announces stages and times them."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.progress(name)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def versions_of(*traces: Trace | None) -> dict[str, str]:
    """Of everything that took part in these runs."""
    versions = {"numpy": np.__version__, "python": sys.version.split()[0]}
    for trace in traces:
        versions |= trace.meta["versions"] if trace else {}
    return versions


def named_inputs(inputs: Any) -> list[tuple[str, Any]]:
    """(name, member) of everything in nested inputs, arrays and others."""
    found: list[tuple[str, Any]] = []
    map_leaves(inputs, lambda name, member: found.append((name, member)))
    return found


def describe_inputs(inputs: Any) -> dict[str, dict[str, Any]]:
    """Shape, dtype and hash of every input array: what one needs to be sure that two reports are of the same run."""
    return {
        name or "input": {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
        }
        for name, array in named_inputs(inputs)
        if isinstance(array, np.ndarray)
    }


def weights_digest(state: Mapping[str, np.ndarray | Sketch]) -> str:
    """One SHA-256 for all parameters and buffers of a model: names, shapes, dtypes and values."""
    facts = [
        (name, list(array.shape), array.dtype.name, array.sha256 if isinstance(array, Sketch) else values_digest(array))
        for name, array in sorted(state.items())
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def code_of(model: Any) -> dict[str, str]:
    """SHA-256 of every source file that defines a module of a model, by its module's name; frameworks' own left out."""
    found = {}
    for kind in {type(module) for _, module in model.named_modules()}:
        name = kind.__module__
        if name.partition(".")[0] in ("torch", "jittor") or name in found:
            continue
        source = getattr(sys.modules.get(name), "__file__", None)
        if source and Path(source).is_file():
            found[name] = hashlib.sha256(Path(source).read_bytes()).hexdigest()
    return dict(sorted(found.items()))
