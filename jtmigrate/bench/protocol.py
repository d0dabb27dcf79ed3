"""How a parent asks and a worker answers: one JSON object a line.

A request is {"call": METHOD, "arguments": {...}}; an answer {"result": ...}, {"unavailable": REASON} or
{"error": REASON}.
"""

import json
import os
import selectors
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

CHUNK = 1 << 16


class Unavailable(Exception):
    """What a worker was asked for needs something that is not here. The message says what."""


class WorkerError(Exception):
    """A worker raised, died, did not answer in time, or said something else than an answer."""


class Request(NamedTuple):
    """A method of the worker's subject, and its arguments by name."""

    call: str
    arguments: Mapping[str, Any]


def encode(message: Mapping[str, Any]) -> bytes:
    """One line. Raises TypeError for what JSON cannot hold."""
    return json.dumps(message).encode() + b"\n"


def read_request(line: bytes) -> Request:
    """Raises ValueError for a line that is none."""
    message = json.loads(line)
    if not isinstance(message, dict) or message.keys() != {"call", "arguments"}:
        raise ValueError(f"not a request: {line[:100]!r}")
    return Request(message["call"], message["arguments"])


def read_answer(line: bytes) -> Any:
    """The result. Raises Unavailable or WorkerError for answers of that kind, and WorkerError for no answer at all."""
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    match message:
        case {"result": result}:
            return result
        case {"unavailable": str(reason)}:
            raise Unavailable(reason)
        case {"error": str(reason)}:
            raise WorkerError(reason)
    raise WorkerError(f"the worker said {line[:100]!r}, which is no answer")


class Lines:
    """Lines from a pipe, each waited for only so long."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe, self._rest = pipe, b""

    def next(self, patience: float) -> bytes:
        """The next line; b"" at the end of the pipe. Raises TimeoutError after so many seconds."""
        deadline = time.monotonic() + patience
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = os.read(self._pipe.fileno(), CHUNK)
                if not chunk:
                    return b""
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line
