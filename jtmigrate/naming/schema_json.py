"""A schema as a JSON file: {"name": {"shape": [64, 3, 3, 3], "dtype": "float32"}, ...}."""

import json
from os import PathLike
from typing import Any

from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.errors import UserError
from jtmigrate.naming.schema import Schema, TensorSpec


def read_schema(path: str | PathLike[str]) -> Schema:
    """Raises UserError if the file cannot be read or an entry is not of that form."""
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(entries, dict):
        raise UserError(f'{path}: a schema is one object, {{"name": {{"shape": [...], "dtype": "float32"}}}}')
    return {name: _spec(entry, f"{path}: {name}") for name, entry in entries.items()}


def schema_text(schema: Schema) -> str:
    """What `read_schema` reads, one tensor a line."""
    lines = (f" {json.dumps(name)}: {json.dumps(spec._asdict())}" for name, spec in schema.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _spec(entry: Any, where: str) -> TensorSpec:
    match entry:
        case {"shape": [*sizes], "dtype": str(dtype)} if len(entry) == 2 and dtype in DTYPES:
            if all(type(size) is int and size >= 0 for size in sizes):
                return TensorSpec(tuple(sizes), dtype)
    raise UserError(f'{where}: needs "shape", a list of sizes, and "dtype", one of {", ".join(DTYPES)}')
