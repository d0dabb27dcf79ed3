"""Jittor's `.pkl`: a pickle of {name: array}, its SHA-1, and eight bytes of magic at the end."""

import hashlib
import pickle
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.checkpoint.contents import Contents, TensorLeaf
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.numpy_arrays import NUMPY_GLOBALS
from jtmigrate.checkpoint.restricted_pickle import load_restricted
from jtmigrate.checkpoint.state_dict import contents_of

CONTAINER = "Jittor pickle"
KEEPS_TIES = True

_TRAILER = b"HCAJSLHD"
_SHA1_BYTES = 20


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a pickle of protocol 2 to 5."""
    return head[:1] == pickle.PROTO and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def read(file: BinaryIO) -> Contents:
    """Like Jittor, accepts a pickle without the trailer too.

    Raises FormatError if the checksum does not match, the pickle is damaged, or it holds no arrays by name.
    """
    data = file.read()
    if data.endswith(_TRAILER):
        data, checksum = data[: -_SHA1_BYTES - len(_TRAILER)], data[-_SHA1_BYTES - len(_TRAILER) : -len(_TRAILER)]
        if hashlib.sha1(data).digest() != checksum:
            raise FormatError("its checksum does not match its content: the file is damaged")
    allowed = {**NUMPY_GLOBALS, "jittor.jittor_core.Var": _var}
    return contents_of(load_restricted(BytesIO(data), allowed), CONTAINER)


def write(file: BinaryIO, tensors: Mapping[str, np.ndarray]) -> None:
    """Write what stock `jittor.load` returns as a dict of numpy arrays."""
    data = pickle.dumps(dict(tensors), 4)
    file.write(data)
    file.write(hashlib.sha1(data).digest())
    file.write(_TRAILER)


def _var(array: Any) -> TensorLeaf:
    """`jittor.save` pickles a Var as a call of its class with a numpy array."""
    if not isinstance(array, TensorLeaf):
        raise FormatError("a Var without an array")
    return array
