"""The small files that `jtmigrate diff` reads."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.errors import UserError

HOW = "write one of integers, booleans or real numbers with numpy.savez"


def read_inputs(path: Path) -> tuple[np.ndarray, ...] | dict[str, np.ndarray]:
    """Model inputs from an .npz: by position for `arr_0`, `arr_1`, ... or a single array, else by keyword.

    Raises UserError if the file does not exist or is no .npz of plain arrays of numbers.
    """
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not an .npz of plain arrays; {HOW}") from error
    if not arrays:
        raise UserError(f"{path} holds no array")
    _check_numbers(path, arrays)
    numbered = [f"arr_{index}" for index in range(len(arrays))]
    if len(arrays) == 1:
        return tuple(arrays.values())
    if sorted(arrays) == sorted(numbered):
        return tuple(arrays[name] for name in numbered)
    return arrays


def _check_numbers(path: Path, arrays: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy opens any zip archive
            raise UserError(f"{path} is not an .npz but another zip archive, such as a checkpoint; {HOW}")
        if array.dtype.kind not in "biuf":
            raise UserError(f"{path}: array {name} is {array.dtype}, which the frameworks do not share; {HOW}")


def read_exceptions(path: Path) -> tuple[tuple[str, str], ...]:
    """Lines of `path reason`; empty lines and those that begin with # are skipped.

    Raises UserError if the file cannot be read or a line lacks its reason.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    exceptions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        layer, *reason = line.split(maxsplit=1)
        if not reason:
            raise UserError(f"{path}, line {number}: {layer} needs a reason behind it")
        exceptions.append((layer, reason[0].strip()))
    return tuple(exceptions)
