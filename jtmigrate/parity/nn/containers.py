"""Containers of modules and parameters."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

import jittor as jt
from jittor import nn as stock

from jtmigrate.parity.nn.module import Module


class Sequential(Module, stock.Sequential):
    """Modules one after the other."""

    def __init__(self, *args: stock.Module | Mapping[str, stock.Module] | list[stock.Module]):
        Module.__init__(self)
        stock.Sequential.__init__(self, *(OrderedDict(arg) if isinstance(arg, Mapping) else arg for arg in args))

    def __getitem__(self, index: int | slice | str) -> stock.Module:
        if isinstance(index, slice):
            return type(self)._of(list(self.layers.values())[index])
        return self.layers[self._key(index)]

    def __setitem__(self, index: int | str, module: stock.Module) -> None:
        self.layers[self._key(index)] = module

    def __delitem__(self, index: int | slice) -> None:
        kept = list(self.layers.values())
        del kept[index]
        self.layers.clear()
        self.extend(kept)

    def append(self, module: stock.Module) -> "Sequential":
        """Add a module at the end."""
        stock.Sequential.append(self, module)
        return self

    def extend(self, modules: Iterable[stock.Module]) -> "Sequential":
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: stock.Module) -> "Sequential":
        """Add a module before the one at `index`; those after it get another number."""
        modules = list(self.layers.values())
        modules.insert(index, module)
        self.layers.clear()
        return self.extend(modules)

    def pop(self, key: int) -> stock.Module:
        """Take a module out; those after it get another number."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: Iterable[stock.Module]) -> "Sequential":
        return type(self)._of([*self, *other])

    def _key(self, index: int | str) -> str:
        if isinstance(index, str):
            return index
        return list(self.layers)[index]

    @classmethod
    def _of(cls, modules: Iterable[stock.Module]) -> "Sequential":
        return cls(*modules)


class ModuleList(Sequential):
    """Modules in a list, which are not called together."""

    def __init__(self, modules: Iterable[stock.Module] | None = None):
        super().__init__(*(modules or ()))

    def execute(self, *args: object) -> None:
        """Raises NotImplementedError."""
        raise NotImplementedError("a ModuleList is not called: call its modules")

    @classmethod
    def _of(cls, modules: Iterable[stock.Module]) -> "ModuleList":
        return cls(modules)


class ModuleDict(ModuleList):
    """Modules by name, which are not called together."""

    def __init__(self, modules: Mapping[str, stock.Module] | Iterable[tuple[str, stock.Module]] | None = None):
        super().__init__()
        self.update(modules or {})

    def update(self, modules: Mapping[str, stock.Module] | Iterable[tuple[str, stock.Module]]) -> None:
        """Add modules, in place of those of the same names."""
        for name, module in dict(modules).items():
            self[name] = module

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __contains__(self, name: str) -> bool:
        return name in self.layers

    def __delitem__(self, name: str) -> None:
        del self.layers[name]

    def pop(self, key: str) -> stock.Module:
        """Take a module out."""
        return self.layers.pop(key)

    def clear(self) -> None:
        """Take all modules out."""
        self.layers.clear()


class ParameterList(Module, stock.ParameterList):
    """Parameters in a list."""

    def __init__(self, values: Iterable[jt.Var] | None = None):
        Module.__init__(self)
        stock.ParameterList.__init__(self, *(values or ()))

    def extend(self, values: Iterable[jt.Var]) -> "ParameterList":
        """Add parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def append(self, value: jt.Var) -> "ParameterList":
        """Add a parameter at the end."""
        stock.ParameterList.append(self, value)
        return self


class ParameterDict(Module, stock.ParameterList):
    """Parameters by name."""

    def __init__(self, parameters: Mapping[str, jt.Var] | None = None):
        Module.__init__(self)
        stock.ParameterList.__init__(self, dict(parameters or {}))

    def __iter__(self) -> Iterator[str]:
        return iter(self.params)

    def __contains__(self, name: str) -> bool:
        return name in self.params

    def update(self, parameters: Mapping[str, jt.Var]) -> None:
        """Add parameters, in place of those of the same names."""
        for name, parameter in parameters.items():
            self[name] = parameter
