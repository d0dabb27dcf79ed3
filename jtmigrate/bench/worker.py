"""A process that holds one subject and calls its methods as it is told.

    python -m jtmigrate.bench.worker MODULE:FUNCTION JSON

FUNCTION gets the JSON object as keyword arguments and returns the subject. Requests come over stdin, answers go to
stdout (`protocol.py`); whatever else the process prints, in C++ too, goes to stderr.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, BinaryIO

from jtmigrate.bench.protocol import Unavailable, encode, read_request


def main() -> None:
    """The command line."""
    factory, settings = sys.argv[1:]
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)
        serve(sys.stdin.buffer, answers, lambda: load(factory)(**json.loads(settings)))


def load(factory: str) -> Callable[..., Any]:
    """The function that MODULE:FUNCTION names."""
    module, _, function = factory.partition(":")
    return getattr(import_module(module), function)


def serve(requests: Iterable[bytes], answers: BinaryIO, build: Callable[[], Any]) -> None:
    """Answer until the requests end. The subject is built for the first of them, so that its failure is an answer."""
    subject = None
    for line in requests:
        try:
            request = read_request(line)
            subject = build() if subject is None else subject
            answer = encode({"result": getattr(subject, request.call)(**request.arguments)})
        except (Unavailable, ModuleNotFoundError) as error:
            answer = encode({"unavailable": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to know
            traceback.print_exc()
            answer = encode({"error": " ".join(f"{type(error).__name__}: {error}".split())})
        answers.write(answer)


if __name__ == "__main__":
    main()
