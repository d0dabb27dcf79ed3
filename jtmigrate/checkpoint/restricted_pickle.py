"""Read a pickle without importing or calling anything that it names, and without fetching the arrays in it.

A pickle is a program: each global in it is imported and may be called. Here a global is looked up in an allow-list
of harmless stand-ins, and any other becomes an `Opaque` that swallows whatever the pickle does with it. So the
hyper-parameters of a training framework do not stop the tensors beside them from being read.

Python's own unpickler written in Python is the base, because its opcodes can be replaced one by one. Those that call,
hash or change what the pickle chooses are replaced: a nest of tuples as the key of a dict takes longer to hash than
anybody waits, and the state that a pickle hands to an object may replace its methods.
"""

import pickle
import struct
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import reduce
from importlib import import_module
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.pickle_source import PickleSource
from jtmigrate.checkpoint.tensors import PickledLeaf
from jtmigrate.errors import USERS_CODE, raised

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
    struct.error,
)

OPAQUE_LIMIT = 10_000
"""Globals beyond the allow-list that one pickle may name."""

DEPTH_LIMIT = 10_000
"""Lists, tuples and dicts of a pickle that may be begun within each other."""

_INTEGER_KEYS = range(-(2**63), 2**64)


class Opaque:
    """Stands for what is not on the allow-list, and for all that is made of it; `origin` is the name of the global."""

    __slots__ = ("origin",)

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def __str__(self) -> str:
        return f"<{self.origin}>"

    def __setstate__(self, state: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        pass

    def extend(self, items: Any) -> None:
        pass


class PlainDict(dict):
    """Stands for `OrderedDict` and its like, without the attributes that a pickle may hang on one."""

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
    *,
    trust: Collection[str] = (),
) -> Unpickled:
    """Unpickle one object from `file`, which stands behind it afterwards.

    allowed          "module.name" -> what stands for that global
    persistent_load  answers the references that a format keeps outside of its pickle
    trust            globals to be imported and called all the same, with arrays for tensors: this runs their code

    Bytes objects are not read: they become `ByteRange`s of the file, which has to be seekable. Raises FormatError if
    the pickle is damaged or beyond the limits of `pickle_source`.
    """
    unpickler = _Unpickler(file, allowed, persistent_load, trust)
    try:
        return Unpickled(unpickler.load(), tuple(unpickler.opaque))
    except FormatError:
        raise
    except _DAMAGE as error:
        raise FormatError(f"damaged or truncated pickle ({error or type(error).__name__})") from error


class _Unpickler(pickle._Unpickler):
    def __init__(
        self,
        file: BinaryIO,
        allowed: Mapping[str, Any],
        persistent_load: Callable[[Any], Any] | None,
        trust: Collection[str],
    ) -> None:
        self._source = PickleSource(file)
        # Texts of Python 2 may hold any byte, and this encoding has a character for each.
        super().__init__(self._source, encoding="latin1")
        self._allowed = {**_CONTAINERS, **allowed}
        self._persistent_load = persistent_load
        self._trust = trust
        self._trusted: dict[int, tuple[str, Any]] = {}
        self.opaque: dict[str, None] = {}

    def find_class(self, module: str, name: str) -> Any:
        origin = f"{module}.{name}"
        if origin in self._trust:
            return self._import(module, name)
        return self._allowed[origin] if origin in self._allowed else self._unknown(origin)

    def get_extension(self, code: int) -> None:
        self.append(self._unknown(f"extension {code} of copyreg"))

    def persistent_load(self, reference: Any) -> Any:
        if self._persistent_load is None:
            raise FormatError("refers to data outside of its pickle")
        return self._persistent_load(reference)

    def _unknown(self, origin: str) -> Opaque:
        self.opaque[origin] = None
        if len(self.opaque) > OPAQUE_LIMIT:
            raise FormatError(f"its pickle names more than {OPAQUE_LIMIT} classes and functions")
        return Opaque(origin)

    def _import(self, module: str, name: str) -> Any:
        origin = f"{module}.{name}"
        found = _running(origin, lambda: reduce(getattr, name.split("."), import_module(module)))
        self._trusted[id(found)] = origin, found
        return found

    def _call(self, function: Any, arguments: Iterable[Any]) -> Any:
        if isinstance(function, Opaque):
            return Opaque(function.origin)
        if id(function) in self._trusted:
            with self._source.kept_place():
                given = [_as_array(argument) for argument in arguments]
            return _running(self._trusted[id(function)][0], lambda: function(*given))
        return function(*arguments)

    def _instantiate(self, klass: Any, args: list[Any]) -> None:
        self.append(self._call(klass, args))

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = self._call(self.stack[-1], arguments)

    def load_newobj(self) -> None:
        self._new({})

    def load_newobj_ex(self) -> None:
        self._new(self.stack.pop())

    def _new(self, keywords: Mapping[str, Any]) -> None:
        arguments = self.stack.pop()
        klass = self.stack.pop()
        if id(klass) in self._trusted:
            self.append(_running(self._trusted[id(klass)][0], lambda: klass.__new__(klass, *arguments, **keywords)))
        else:
            self.append(self._call(klass, arguments))

    def load_build(self) -> None:
        kind = type(self.stack[-2])
        if id(kind) in self._trusted:
            _running(self._trusted[id(kind)][0], super().load_build)
            return
        state = self.stack.pop()
        set_state = getattr(kind, "__setstate__", None)
        if set_state:
            set_state(self.stack[-1], state)

    def load_mark(self) -> None:
        if len(self.metastack) == DEPTH_LIMIT:
            raise FormatError(f"its pickle is nested deeper than {DEPTH_LIMIT}")
        super().load_mark()

    def load_setitem(self) -> None:
        value = self.stack.pop()
        key = self.stack.pop()
        self._set_items(self.stack[-1], [key, value])

    def load_setitems(self) -> None:
        items = self.pop_mark()
        self._set_items(self.stack[-1], items)

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._set_items(self.stack[-1], items)

    def _set_items(self, target: Any, items: list[Any]) -> None:
        if isinstance(target, Opaque):
            return
        if not isinstance(target, dict):
            raise FormatError("damaged pickle (entries of what is no dict)")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def load_empty_set(self) -> None:
        self.append(Opaque("set"))

    def load_frozenset(self) -> None:
        self.pop_mark()
        self.append(Opaque("frozenset"))

    def load_additems(self) -> None:
        self.pop_mark()

    def load_frame(self) -> None:
        """Only a hint on how much to read at once."""
        self.read(8)

    def load_binbytes(self) -> None:
        self._take("<I")

    def load_short_binbytes(self) -> None:
        self._take("<B")

    def load_binbytes8(self) -> None:
        self._take("<Q")

    def _take(self, length: str) -> None:
        self.append(self._source.take(*struct.unpack(length, self.read(struct.calcsize(length)))))

    dispatch = {  # noqa: RUF012  (the base class reads it)
        **pickle._Unpickler.dispatch,
        pickle.REDUCE[0]: load_reduce,
        pickle.NEWOBJ[0]: load_newobj,
        pickle.NEWOBJ_EX[0]: load_newobj_ex,
        pickle.BUILD[0]: load_build,
        pickle.MARK[0]: load_mark,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.EMPTY_SET[0]: load_empty_set,
        pickle.FROZENSET[0]: load_frozenset,
        pickle.ADDITEMS[0]: load_additems,
        pickle.FRAME[0]: load_frame,
        pickle.BINBYTES[0]: load_binbytes,
        pickle.SHORT_BINBYTES[0]: load_short_binbytes,
        pickle.BINBYTES8[0]: load_binbytes8,
        pickle.BYTEARRAY8[0]: load_binbytes8,
    }


def _running(origin: str, code: Callable[[], Any]) -> Any:
    try:
        return code()
    except USERS_CODE as error:
        raise FormatError(f"the trusted {origin} {raised(error)}") from error


def _key(value: Any) -> Any:
    """A key that is quick to hash and to print; a key of another kind is swallowed."""
    if value is None or isinstance(value, str | float | bool | Opaque):
        return value
    if isinstance(value, int) and value in _INTEGER_KEYS:
        return value
    return Opaque(type(value).__name__)


def _as_array(value: Any) -> Any:
    return value.leaf().to_array() if isinstance(value, PickledLeaf) else value


def _ordered_dict(items: Iterable[tuple[Any, Any]] = ()) -> PlainDict:
    return PlainDict({_key(key): value for key, value in items})


def _counter(counts: Mapping[Any, Any] = MappingProxyType({})) -> PlainDict:
    """The milestones of a schedule, for one."""
    return PlainDict(counts)


def _default_dict(_factory: Any = None) -> PlainDict:
    return PlainDict()


_CONTAINERS: dict[str, Any] = {
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "collections.defaultdict": _default_dict,
}
