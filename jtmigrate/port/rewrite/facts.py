"""What the files of a package tell about each other: classes, functions, what a module holds."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from jtmigrate.port.rewrite.kinds import MIXED, UNKNOWN, Kind, Type, join, named

MODULE = "torch.nn.Module"


@dataclass
class ClassFacts:
    """A class of the package.

    bases       full names, "" for one that cannot be told
    attributes  what `self.NAME = ...`, class-level assignments and annotations make of each
    methods     names defined in its body; properties are attributes
    """

    bases: tuple[str, ...] = ()
    attributes: dict[str, Type] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)


@dataclass
class Facts:
    """Filled by one round of inference, read by the next.

    classes     full name -> class
    results     full name of a function or method -> what it returns
    parameters  full name of a function -> parameter -> what calls hand to it
    exports     module -> name -> what stands under that name there
    """

    classes: dict[str, ClassFacts] = field(default_factory=dict)
    results: dict[str, Type] = field(default_factory=dict)
    parameters: dict[str, dict[str, Type]] = field(default_factory=lambda: defaultdict(dict))
    exports: dict[str, dict[str, Type]] = field(default_factory=dict)

    def ancestors(self, name: str) -> Iterator[str]:
        """Full names of a class and of all that it derives from, as far as the package tells; never one twice."""
        waiting, seen = [name], set()
        while waiting:
            current = self.resolve(waiting.pop(0))
            if current in seen:
                continue
            seen.add(current)
            yield current
            waiting.extend(self.classes[current].bases if current in self.classes else ())

    def resolve(self, name: str) -> str:
        """The full name of what another module may only hand on: "pkg.Net" -> "pkg.net.Net"."""
        seen = set()
        while name not in seen:
            seen.add(name)
            module, _, last = name.rpartition(".")
            found = self.exports.get(module, {}).get(last, UNKNOWN)
            if found.kind is not Kind.NAME:
                break
            name = found.name
        return name

    def is_module(self, name: str) -> bool:
        """Whether a class derives from `torch.nn.Module`."""
        return any(is_torch_module(ancestor) for ancestor in self.ancestors(name))

    def mixed_into_modules(self) -> frozenset[str]:
        """Classes that some Module of the package derives from, beside Module itself."""
        modules = [name for name in self.classes if self.is_module(name)]
        return frozenset(ancestor for name in modules for ancestor in self.ancestors(name))

    def attribute(self, name: str, attribute: str) -> Type:
        """What an object of this class has under this name."""
        for ancestor in self.ancestors(name):
            held = self.classes.get(ancestor)
            if held is None:
                continue
            if attribute in held.attributes:
                return held.attributes[attribute]
            if attribute in held.methods:
                return named(f"{ancestor}.{attribute}")
        return UNKNOWN

    def merge(self, other: "Facts") -> None:
        """Take over what one file adds."""
        self.classes.update(other.classes)
        self.results.update(other.results)
        self.exports.update(other.exports)
        for function, handed in other.parameters.items():
            for name, type_ in handed.items():
                self.add(self.parameters[function], name, type_)

    def add(self, table: dict[str, Type], key: str, type_: Type) -> None:
        """Note that something is, at least at times, of this type."""
        known = table.get(key, UNKNOWN)
        table[key] = known if known is MIXED else join(known, type_)


def is_torch_module(name: str) -> bool:
    """Whether this is a class of `torch.nn`, all of which are Modules, or its counterpart."""
    package, _, last = name.rpartition(".")
    return (
        package in ("torch.nn", "jtmigrate.parity.nn", "jittor.nn", "jittor")
        and last[:1].isupper()
        and last
        not in (
            "Parameter",
            "Var",
            "Function",
        )
    )
