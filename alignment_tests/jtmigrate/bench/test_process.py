"""A worker process: answers, refusals, and every way of not answering, none of which may hang."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jtmigrate.bench.process import Worker
from jtmigrate.bench.protocol import Unavailable, WorkerError

ROOT = Path(__file__).resolve().parents[3]
FACTORY = "alignment_tests.jtmigrate.bench.faulty:Subject"


def worker(patience: float = 60, factory: str = FACTORY, **settings: object) -> Worker:
    return Worker(factory, settings, {"PYTHONPATH": str(ROOT)}, patience=patience)


@pytest.fixture
def started() -> Iterator[Worker]:
    with worker() as found:
        yield found


def test_what_a_worker_prints_is_no_answer(started: Worker) -> None:
    assert started.call("echo", value={"a": [1, 2.5, None]}) == {"a": [1, 2.5, None]}
    assert started.call("echo", value="again") == "again"


def test_a_worker_goes_on_after_an_exception(started: Worker) -> None:
    with pytest.raises(WorkerError, match="ZeroDivisionError: nothing to divide"):
        started.call("fail")
    with pytest.raises(WorkerError, match="AttributeError"):
        started.call("no_such_method")
    with pytest.raises(WorkerError, match="not JSON serializable"):
        started.call("secret")
    with pytest.raises(Unavailable, match="no_such_package"):
        started.call("lack")
    assert started.call("echo", value=1) == 1


def test_a_subject_may_be_unavailable() -> None:
    with worker(needs="GPU") as found, pytest.raises(Unavailable, match="no GPU here"):
        found.call("echo", value=1)
    with worker(factory="no_such_package:Subject") as found, pytest.raises(Unavailable, match="no_such_package"):
        found.call("echo", value=1)


def test_a_worker_that_dies_is_an_error(started: Worker) -> None:
    with pytest.raises(WorkerError, match=r"ended with exit code 7: \.\.\.my last words"):
        started.call("die")
    with pytest.raises(WorkerError, match="ended with exit code 7"):
        started.call("echo", value=1)


def test_a_worker_that_hangs_is_an_error_and_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(WorkerError, match=r"no answer within 1\.5 s"), worker(patience=1.5) as found:
        found.call("hang")
    assert time.monotonic() - begin < 30
    assert found._process.returncode is not None
