"""`MODULE:FACTORY`, as a user writes it, turned into a function."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from jtmigrate.errors import UserError, telling

if TYPE_CHECKING:
    from jtmigrate.frameworks.base import Adapter

HOW = "give MODULE:FACTORY, such as package.module:build or path/to/file.py:build"

MODELS = {"torch": "torch.nn.Module", "jittor": "jittor.Module"}


def check_factory(spec: str) -> None:
    """Raise UserError if `spec` is malformed or there is no such module; imports nothing."""
    module_name, _ = _split(spec)
    if _is_file(module_name):
        exists = Path(module_name).is_file()
    else:
        _prefer(Path.cwd())
        # Only the outermost package: looking for a submodule would import the packages around it.
        exists = importlib.util.find_spec(module_name.partition(".")[0]) is not None
    if not exists:
        raise UserError(f"{spec}: cannot import {module_name}: there is no such file or module; {HOW}")


def load_factory(spec: str) -> Callable[[], Any]:
    """The zero-argument function that `spec` names, imported from the current folder, a file or an installed package.

    Raises UserError if there is no such module or function, or if importing the module raises or ends the program.
    """
    check_factory(spec)
    module_name, function_name = _split(spec)
    with telling(f"{spec}: cannot import {module_name}: it"):
        module = _import_file(Path(module_name)) if _is_file(module_name) else importlib.import_module(module_name)
    factory = getattr(module, function_name, None)
    if not callable(factory):
        raise UserError(f"{spec}: {module_name} has no function {function_name!r}")
    return factory


def file_of(spec: str | None) -> Path | None:
    """The file that `spec` names, if its module is a file or lies in the current folder; it may not exist."""
    if not spec:
        return None
    module_name = spec.rpartition(":")[0]
    return Path(module_name if _is_file(module_name) else f"{module_name.replace('.', '/')}.py")


def build(spec: str) -> Any:
    """The model that the factory named by `spec` returns.

    Raises UserError as `load_factory` does, and if the factory raises, ends the program or wants arguments.
    """
    factory = load_factory(spec)
    with telling(f"{spec}: the factory"):
        return factory()


def build_for(framework: str, spec: str) -> Any:
    """The model of a framework, "torch" or "jittor", that the factory named by `spec` returns.

    Raises UserError as `build` does, and if the factory returns something else.
    """
    from jtmigrate.frameworks.inventory import framework_of

    model = build(spec)
    own = framework_of(model)
    if own and own != framework:
        raise UserError(f"{spec} returned a {MODELS[own]}, not a {MODELS[framework]}: give it to --{own}")
    if not own:
        raise UserError(f"{spec} returned {_described(model)}, not a {MODELS[framework]}: return the model")
    return model


class LiveModel(NamedTuple):
    """A model and the adapter of its framework."""

    module: Any
    adapter: "Adapter"


def build_model(spec: str) -> LiveModel:
    """The PyTorch or Jittor model that the factory named by `spec` returns.

    Raises UserError as `build` does, and if the factory returns something else.
    """
    from jtmigrate import runtime
    from jtmigrate.frameworks.inventory import framework_of, inventory

    check_factory(spec)
    if importlib.util.find_spec("jittor"):
        # Has to come before whatever imports Jittor, which may be the factory's module.
        runtime.prepare()
    model = build(spec)
    if not framework_of(model):
        raise UserError(f"{spec} returned {_described(model)}, no {' or '.join(MODELS.values())}: return the model")
    return LiveModel(model, inventory(model).adapter)


def _described(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _split(spec: str) -> tuple[str, str]:
    """Module or file, and function."""
    module_name, _, function_name = spec.rpartition(":")
    if not (module_name and function_name.isidentifier()):
        raise UserError(f"{spec!r} names no factory: {HOW}")
    return module_name, function_name


def _is_file(module_name: str) -> bool:
    return module_name.endswith(".py")


def _import_file(path: Path) -> ModuleType:
    _prefer(path.resolve().parent)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # A half-imported module must not pass for a whole one, should the same name be imported again.
        del sys.modules[path.stem]
        raise
    return module


def _prefer(folder: Path) -> None:
    """Search a folder first, as `python file.py` does for the file's own."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
