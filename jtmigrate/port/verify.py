"""Runs a model and its port on the same input, with the same weights, and says which ported line a fault belongs to."""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jtmigrate.compare.result import DiffResult
from jtmigrate.diff import ModelPair, Plan, diff_pair
from jtmigrate.errors import UserError, telling
from jtmigrate.port.rewrite.tree import package_of
from jtmigrate.runs import Progress


@dataclass(frozen=True)
class Place:
    """A module as it is imported: the folder to search, and its full name there."""

    root: Path
    module: str


@dataclass(frozen=True)
class Verified:
    """The comparison, and the line of the port that its first fault belongs to, "" without a fault.

    line  "net.py:12: self.conv = nn.Conv2d(3, 8, 3)"
    """

    result: DiffResult
    line: str


def verify_port(
    factory: str, inputs: Any, source: Path, out: Path, *, progress: Progress = lambda stage: None
) -> Verified:
    """Build MODULE:FACTORY from the source and from its port, carry the weights over and compare every layer.

    factory  the module by its full name or as a file of the source; the factory takes no arguments
    inputs   as for `jtmigrate.diff`

    Both models run in evaluation mode. Raises UserError if one cannot be imported or built.
    """
    module, _, function = factory.rpartition(":")
    if not (module and function.isidentifier()):
        raise UserError(
            f"{factory!r} names no factory: give MODULE:FACTORY, such as net:build or {source}/net.py:build"
        )
    original, port = places(module, source, out)
    built: list[Any] = []

    def build_port() -> Any:
        _forget(source)
        built.append(_build(port, function, out))
        return built[0]

    pair = ModelPair(
        build_torch=lambda: _build(original, function, source),
        build_jittor=build_port,
        inputs=inputs,
        title=f"{factory} and its port",
    )
    try:
        result = diff_pair(pair, Plan(copy_weights=True), progress=progress)
        fault = result.first_fault
        return Verified(result, "" if fault is None else ported_line(built[0], fault.path, out))
    finally:
        _forget(source)
        _forget(out)


def places(module: str, source: Path, out: Path) -> tuple[Place, Place]:
    """Where a module of the source is imported from, and its port. Raises UserError if there is no such module."""
    package = package_of(source)
    folder = source.resolve() if source.is_dir() else source.resolve().parent
    if module.endswith(".py"):
        inside = Path(module).resolve()
        if not inside.is_relative_to(folder):
            raise UserError(f"{module} is not in {source}: give a module that was ported")
        path = inside.relative_to(folder).with_suffix("")
        parts = [part for part in path.parts if part != "__init__"]
    else:
        parts = module.split(".")
        prefix = package.split(".") if package else []
        if prefix and parts[: len(prefix)] == prefix:
            parts = parts[len(prefix) :]
    file = folder.joinpath(*parts)
    if not (file.with_suffix(".py").is_file() or (file / "__init__.py").is_file()):
        raise UserError(f"{source} has no module {module}: give one by its full name or its file")
    depth = len(package.split(".")) if package else 0
    original = Place(
        folder.parents[depth - 1] if depth else folder, ".".join([*([package] if package else []), *parts])
    )
    if not (package and source.is_dir()):
        return original, Place(out.resolve(), ".".join(parts))
    return original, Place(out.resolve().parent, ".".join([out.resolve().name, *parts]))


def ported_line(model: Any, path: str, out: Path) -> str:
    """The line of the port that a layer comes from: its class if that is in the port, else where it is made."""
    folder = str(out.resolve())
    owner, names = model, path.split(".") if path else []
    found = _class_line(owner, folder)
    for name in names:
        owner_line = _making_line(owner, name, folder)
        owner = _child(owner, name)
        if owner is None:
            break
        found = _class_line(owner, folder) or owner_line or found
    return found


def _build(place: Place, function: str, folder: Path) -> Any:
    module = _import(place, folder)
    factory = getattr(module, function, None)
    if not callable(factory):
        raise UserError(f"{place.module} has no function {function!r}")
    with telling(f"{place.module}:{function} in {folder}"):
        model = factory()
        model.eval()
    return model


def _import(place: Place, folder: Path) -> ModuleType:
    sys.path.insert(0, str(place.root))
    importlib.invalidate_caches()
    try:
        with telling(f"cannot import {place.module} from {folder}: it"):
            module = importlib.import_module(place.module)
    finally:
        sys.path.remove(str(place.root))
    inside = folder.resolve() if folder.is_dir() else folder.resolve().parent
    if not Path(module.__file__ or "").resolve().is_relative_to(inside):
        raise UserError(f"{place.module} is {module.__file__}, not the one in {folder}: another module has its name")
    return module


def _forget(place: Path) -> None:
    """Let modules be imported anew, from another folder, under the same names."""
    folder = place.resolve() if place.is_dir() else place.resolve().parent
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).resolve().is_relative_to(folder):
            del sys.modules[name]


def _class_line(module: Any, folder: str) -> str:
    try:
        file = inspect.getsourcefile(type(module)) or ""
        lines, start = inspect.getsourcelines(type(module))
    except (OSError, TypeError):
        return ""
    if not Path(file).resolve().is_relative_to(folder):
        return ""
    return _shown(file, start, lines[0], folder)


def _making_line(owner: Any, name: str, folder: str) -> str:
    """Where a class of the port sets an attribute."""
    for class_ in type(owner).__mro__:
        try:
            file = inspect.getsourcefile(class_) or ""
            lines, start = inspect.getsourcelines(class_)
        except (OSError, TypeError):
            continue
        if not Path(file).resolve().is_relative_to(folder):
            continue
        for node in ast.walk(ast.parse(textwrap.dedent("".join(lines)))):
            if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store):
                return _shown(file, start + node.lineno - 1, lines[node.lineno - 1], folder)
    return ""


def _child(owner: Any, name: str) -> Any:
    children: Mapping[str, Any] = dict(getattr(owner, "named_children", dict)())
    found = children.get(name)
    return found if found is not None else getattr(owner, name, None)


def _shown(file: str, line: int, text: str, folder: str) -> str:
    return f"{Path(file).resolve().relative_to(folder)}:{line}: {text.strip()}"
