"""The few opcodes in which checkpoints are written.

Python's own pickler looks up each global that it writes, which would need torch, and keeps all bytes that it has
written. Memo number 0 is overwritten time and again; what is to be found again takes the numbers from 1 on.
"""

import pickle
import struct


def atom(value: str | int | tuple[int, ...]) -> bytes:
    """Opcodes that push a plain value: its pickle without the protocol header and the final stop."""
    return pickle.dumps(value, 2)[2:-1]


def global_(module: str, name: str) -> bytes:
    """Push what `module` has under `name`."""
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def tuple_(*items: bytes) -> bytes:
    """Push a tuple of what the items push."""
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def call(function: bytes, *arguments: bytes) -> bytes:
    """Push what a function returns."""
    return function + tuple_(*arguments) + pickle.REDUCE


def bytes_header(length: int) -> bytes:
    """What comes before that many bytes, to push them."""
    if length < 1 << 32:
        return pickle.BINBYTES + struct.pack("<I", length)
    return pickle.BINBYTES8 + struct.pack("<Q", length)


def memorise(number: int) -> bytes:
    """Give the object on top a number."""
    return pickle.LONG_BINPUT + struct.pack("<I", number)


def recall(number: int) -> bytes:
    """Push the object of that number."""
    return pickle.LONG_BINGET + struct.pack("<I", number)
