"""Subjects of workers that do what no worker should; built by processes that the tests start."""

import os
import sys
import time

from jtmigrate.bench.protocol import Unavailable


class Subject:
    """What it does, it does when told."""

    def __init__(self, needs: str = "") -> None:
        if needs:
            raise Unavailable(f"no {needs} here")

    def echo(self, value: object) -> object:
        """The value, after noise on stdout from Python and from the C side."""
        print("noise")
        os.write(1, b"more noise\n")
        return value

    def fail(self) -> None:
        """An ordinary exception."""
        raise ZeroDivisionError("nothing\nto divide")

    def lack(self) -> None:
        """A package is missing."""
        import no_such_package  # noqa: F401

    def die(self) -> None:
        """Without a word on stdout."""
        print("\x1b[1;31mmy\x1b[m last words", file=sys.stderr, flush=True)
        os._exit(7)

    def hang(self) -> None:
        """For longer than anybody waits."""
        time.sleep(600)

    def secret(self) -> object:
        """What JSON cannot hold."""
        return object()
