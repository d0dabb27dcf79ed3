"""What the options of `jtmigrate trace` mean."""

import json
import re
from pathlib import Path

from jtmigrate.errors import UserError

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def size_in_bytes(text: str) -> int:
    """ "500MB", "1.5 GB" or a number of bytes. Raises UserError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Z]*)", text.strip().upper())
    if not found or found[2] not in UNITS:
        raise UserError(f"{text!r} is no size: give one such as 500MB or 2GB")
    return int(float(found[1]) * UNITS[found[2]])


def read_suspects(path: Path) -> tuple[str, ...]:
    """Paths of the layers that are a mismatch in the JSON of a result, the first fault's included.

    Raises UserError if the file is no such JSON, or if nothing in it is a mismatch.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        keys = [layer["path"] for layer in result["layers"] if layer["verdict"] == "mismatch"]
        own = [layer["path"] for layer in result["layers"] if layer["own_fault"]]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not the JSON of a result: write one with --json") from error
    # Where layers are wrong by themselves, those that only inherit an error are no suspects.
    suspects = tuple(dict.fromkeys(own or keys))
    if not suspects:
        raise UserError(f"{path}: no layer is a mismatch there, so there is no suspect: give --suspect PATTERN")
    return suspects
