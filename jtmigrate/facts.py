"""What a report says of how a run was made."""

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import Sketch, values_digest
from jtmigrate.trace.structure import map_leaves

FINGERPRINTS = ("inputs", "weights", "code", "versions")
"""Entries of a result's meta that say what it rests on."""


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


def loaded_code() -> dict[str, str]:
    """SHA-256 of every Python source file that this process has imported, by module.

    Not of installed packages, whose version says as much, nor of this toolkit.
    """
    installed = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = {}
    for name, module in sorted(sys.modules.items()):
        source = getattr(module, "__file__", None)
        path = Path(source).resolve() if source and name.partition(".")[0] != __package__ else None
        if path and path.suffix == ".py" and path.is_file() and not any(map(path.is_relative_to, installed)):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def provenance(program: str) -> dict[str, str]:
    """The command line that is running, when, and of which commit: enough to run it again."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"command": shlex.join([*program.split(), *sys.argv[1:]]), "date": now} | _commit()


def _commit() -> dict[str, str]:
    """The commit of the checkout that this code runs from, "-dirty" if changed; nothing for an installed copy."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists() or not shutil.which("git"):
        return {}
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    return {"commit": described.stdout.strip()} if described.returncode == 0 else {}
