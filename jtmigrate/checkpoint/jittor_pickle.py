"""Jittor's `.pkl`: a pickle of {name: array}, its SHA-1, and eight bytes of magic at the end."""

import hashlib
import os
import pickle
from collections.abc import Collection, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.checkpoint.byte_ranges import FileRange
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import COMPLEX, DTYPES
from jtmigrate.checkpoint.numpy_arrays import NUMPY_GLOBALS, PickledArray
from jtmigrate.checkpoint.pickle_opcodes import atom, bytes_header, call, global_, memorise, recall, tuple_
from jtmigrate.checkpoint.restricted_pickle import load_restricted
from jtmigrate.checkpoint.state_dict import contents_of
from jtmigrate.checkpoint.tensors import TensorLeaf, named_pieces

CONTAINER = "Jittor pickle"
KEEPS_TIES = True
HOLDS = tuple(dtype for dtype in DTYPES if dtype not in COMPLEX)

TRAILER = b"HCAJSLHD"
_SHA1_BYTES = 20


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a pickle of protocol 2 to 5."""
    return head[:1] == pickle.PROTO and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def read(file: BinaryIO, *, trust: Collection[str] = ()) -> Contents:
    """Like Jittor, accepts a pickle without the trailer too.

    Raises FormatError if the checksum does not match, the pickle is damaged, or it holds no arrays by name.
    """
    _check_trailer(file)
    file.seek(0)
    return contents_of(load_restricted(file, _ALLOWED, trust=trust), CONTAINER)


def check_name(name: str) -> None:
    """Any text is a key of a dict."""


def write(file: BinaryIO, tensors: Mapping[str, TensorLeaf]) -> None:
    """Write what stock `jittor.load` returns as a dict of numpy arrays, tied ones as one array."""
    with ThreadPoolExecutor(1) as executor:
        output = _Hashing(file, executor)
        _write_pickle(output, tensors)
        file.write(output.digest() + TRAILER)


def _write_pickle(output: "_Hashing", tensors: Mapping[str, TensorLeaf]) -> None:
    numbers: dict[TensorLeaf, int] = {}
    output.write(pickle.PROTO + b"\x04" + pickle.EMPTY_DICT + pickle.MARK)
    for name, tensor in tensors.items():
        if tensor in numbers:
            output.write(atom(name) + recall(numbers[tensor]))
            continue
        numbers[tensor] = len(numbers) + 1
        empty = call(_RECONSTRUCT, _NDARRAY, atom((0,)), atom("b")) + memorise(numbers[tensor])
        # The state of an array: version, shape, dtype, whether it is in Fortran's order, and its bytes.
        state = pickle.MARK + atom(1) + atom(tensor.shape) + _dtype(tensor.dtype) + pickle.NEWFALSE
        output.write(atom(name) + empty + state + bytes_header(tensor.nbytes))
        for piece in named_pieces(name, tensor):
            output.write(piece)
        output.write(pickle.TUPLE + pickle.BUILD)
    output.write(pickle.SETITEMS + pickle.STOP)


class _Hashing:
    """A file that is written to, and the SHA-1 of what was written, computed beside the writing."""

    def __init__(self, file: BinaryIO, executor: Executor) -> None:
        self._file = file
        self._executor = executor
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._update: Future[None] = executor.submit(self._sha1.update, b"")

    def write(self, data: bytes | np.ndarray) -> None:
        """`data` must not change before the next call."""
        self._update.result()
        self._update = self._executor.submit(self._sha1.update, data)
        self._file.write(data)

    def digest(self) -> bytes:
        self._update.result()
        return self._sha1.digest()


def _dtype(dtype: np.dtype) -> bytes:
    """As numpy pickles a dtype: its code, and its byte order as state; arrays here are little-endian."""
    order, code = dtype.newbyteorder("<").str[0], dtype.str[1:]
    state = (atom(3), atom(order), pickle.NONE * 3, atom(-1), atom(-1), atom(0))
    return call(_DTYPE, atom(code), pickle.NEWFALSE, pickle.NEWTRUE) + tuple_(*state) + pickle.BUILD


def _check_trailer(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    tail = _SHA1_BYTES + len(TRAILER)
    file.seek(max(0, size - tail))
    end = file.read()
    if not end.endswith(TRAILER):
        return
    sha1 = hashlib.sha1(usedforsecurity=False)
    for piece in FileRange(file, 0, size).pieces(0, max(0, size - tail)):
        sha1.update(piece)
    if sha1.digest() != end[: -len(TRAILER)]:
        raise FormatError("its checksum does not match its content: the file is damaged")


def _var(array: Any) -> PickledArray:
    """`jittor.save` pickles a Var as a call of its class with a numpy array."""
    if not isinstance(array, PickledArray):
        raise FormatError("a Var without an array")
    return array


_RECONSTRUCT = global_("numpy.core.multiarray", "_reconstruct")
_NDARRAY = global_("numpy", "ndarray")
_DTYPE = global_("numpy", "dtype")
_ALLOWED = {**NUMPY_GLOBALS, "jittor.jittor_core.Var": _var}
