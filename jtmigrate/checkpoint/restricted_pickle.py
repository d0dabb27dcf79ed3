"""Read a pickle without importing or calling anything that it names.

A pickle is a program: each global in it is imported and may be called. Here a global is looked up in an allow-list
of harmless stand-ins, and any other becomes an `Opaque` that swallows whatever the pickle does with it. So the
hyper-parameters of a training framework do not stop the tensors beside them from being read.
"""

import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple

from jtmigrate.checkpoint.errors import FormatError

# Damage can make any opcode fail, and the opcodes work on plain Python objects: these are the ways in which they do.
_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)


# Picklers number objects from 0 or 1 without a gap; others may have left some out.
_MEMO_SLACK = 1024


class Opaque:
    """Stands for an object of a class that is not on the allow-list; `origin` is the name of that class."""

    origin = ""

    def __new__(cls, *args: Any, **kwargs: Any) -> "Opaque":
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        pass

    def extend(self, items: Any) -> None:
        pass

    def add(self, item: Any) -> None:
        pass


class PlainDict(dict):
    """Stands for `OrderedDict`, without the attributes that a pickle may hang on one (torch's `_metadata`)."""

    def __setstate__(self, state: Any) -> None:
        pass


class Unpickled(NamedTuple):
    """One unpickled object, and the globals beyond the allow-list that its pickle named, each once."""

    value: Any
    opaque: tuple[str, ...]


def load_restricted(
    file: BinaryIO,
    allowed: Mapping[str, Any],
    persistent_load: Callable[[Any], Any] | None = None,
) -> Unpickled:
    """Unpickle one object from `file`.

    allowed          "module.name" -> what stands for that global
    persistent_load  answers the references that a format keeps outside of its pickle

    `file` must be seekable. Raises FormatError if the pickle is damaged.
    """
    unpickler = _Unpickler(file, allowed, persistent_load)
    try:
        _check_memo(file)
        return Unpickled(unpickler.load(), tuple(unpickler.opaque))
    except FormatError:
        raise
    except _DAMAGE as error:
        raise FormatError(f"damaged or truncated pickle ({error or type(error).__name__})") from error


def _check_memo(file: BinaryIO) -> None:
    """Raise FormatError if the pickle numbers its objects beyond reason; otherwise leave the file where it was.

    Python's unpickler allocates a table up to the largest number: ten bytes could ask for 32 GB.
    """
    begin, numbered = file.tell(), 0
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT"):
            numbered += 1
            if argument > 2 * numbered + _MEMO_SLACK:
                raise FormatError(f"damaged pickle: object {argument} of {numbered}")
    file.seek(begin)


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        file: BinaryIO,
        allowed: Mapping[str, Any],
        persistent_load: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(file)
        self._allowed = {"collections.OrderedDict": PlainDict, **allowed}
        self._persistent_load = persistent_load
        self.opaque: dict[str, None] = {}

    def find_class(self, module: str, name: str) -> Any:
        origin = f"{module}.{name}"
        if origin in self._allowed:
            return self._allowed[origin]
        self.opaque[origin] = None
        return type("Opaque", (Opaque,), {"origin": origin})

    def persistent_load(self, reference: Any) -> Any:
        if self._persistent_load is None:
            raise FormatError("refers to data outside of its pickle")
        return self._persistent_load(reference)
