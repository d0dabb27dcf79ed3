"""Lines between parent and worker, those included that are none."""

import io
import json
import os
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from jtmigrate.bench.protocol import Lines, Request, Unavailable, WorkerError, encode, read_answer, read_request
from jtmigrate.bench.worker import serve


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    ends = os.pipe()
    with os.fdopen(ends[0], "rb", buffering=0) as reads, os.fdopen(ends[1], "wb", buffering=0) as writes:
        yield reads, writes


def test_requests_and_answers() -> None:
    request = {"call": "measure", "arguments": {"repeats": 3}}
    assert read_request(encode(request)) == Request("measure", {"repeats": 3})
    assert read_answer(encode({"result": [1.5, None]})) == [1.5, None]
    with pytest.raises(Unavailable, match="no graph"):
        read_answer(encode({"unavailable": "no graph"}))
    with pytest.raises(WorkerError, match="too bad"):
        read_answer(encode({"error": "too bad"}))


@pytest.mark.parametrize("line", [b"", b"Compiling 1/150", b"{}", b"[]", b'{"error": 5}', b"\xff"])
def test_what_is_no_answer(line: bytes) -> None:
    with pytest.raises(WorkerError, match="is no answer"):
        read_answer(line)


@pytest.mark.parametrize("line", [b"", b"[]", b'{"call": "run"}', b'{"call": "a", "arguments": {}, "more": 1}'])
def test_what_is_no_request(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a request|Expecting value"):
        read_request(line)


def test_lines_arrive_in_pieces(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    reads, writes = pipe
    lines = Lines(reads)
    writes.write(b"one\ntw")
    assert lines.next(1) == b"one"
    with pytest.raises(TimeoutError):
        lines.next(0.01)
    writes.write(b"o\nthree\n")
    assert [lines.next(1), lines.next(1)] == [b"two", b"three"]
    writes.close()
    assert lines.next(1) == b""


def test_a_worker_answers_what_is_no_request_too() -> None:
    answers = io.BytesIO()
    serve([b"nonsense\n", encode({"call": "upper", "arguments": {}})], answers, lambda: "text")
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert "JSONDecodeError" in first["error"]
    assert second == {"result": "TEXT"}
