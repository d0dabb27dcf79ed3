"""Downloads from a server on this machine that cuts, lies, stalls and refuses."""

import fcntl
import hashlib
import json
import resource
import shutil
import socket
from collections import namedtuple
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.nanodet_common.fetch.server import Server, serving
from nanodet_common.errors import InputError
from nanodet_common.fetch.catalogue import RemoteFile
from nanodet_common.fetch.download import Downloaded, Patience, download
from nanodet_common.fetch.http import Refused, _NoDowngrade

CONTENT = np.random.default_rng(0).bytes(3 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATIENCE = Patience(timeout=5.0, attempts=3, pause=0.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def start():
    """Starts servers, which end with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serving(Server(**{"content": CONTENT} | options)))


def remote(*servers: Server, size: int | None = len(CONTENT), checksum: str | None = f"sha256:{SHA256}") -> RemoteFile:
    return RemoteFile("a.bin", tuple(server.url for server in servers), size, checksum)


def bring(folder: Path, *servers: Server, patience: Patience = PATIENCE, **known: object) -> Downloaded:
    return download(remote(*servers, **known), folder, lambda done, total: None, patience=patience)


def assert_whole(folder: Path) -> None:
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["a.bin"]


def test_a_file_arrives_checked_and_told_of(start, tmp_path):
    told = []
    server = start()
    found = download(
        remote(server), tmp_path / "new" / "folder", lambda done, total: told.append((done, total)), patience=PATIENCE
    )
    assert found == (tmp_path / "new" / "folder" / "a.bin", len(CONTENT), SHA256, True)
    assert_whole(tmp_path / "new" / "folder")
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 3
    assert server.requests == [(None, None)]


def test_what_is_there_is_not_fetched_again(start, tmp_path):
    server = start()
    bring(tmp_path, server)
    found = bring(tmp_path, server)
    assert (found.fetched, found.sha256) == (False, SHA256)
    assert len(server.requests) == 1


@pytest.mark.parametrize("algorithm", ["md5", "sha384"])
def test_other_checksums(algorithm, start, tmp_path):
    checksum = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    assert bring(tmp_path, start(), checksum=checksum).sha256 == SHA256
    with pytest.raises(InputError, match=f"has the {algorithm} .* instead of 0000"):
        bring(tmp_path / "b", start(), checksum=f"{algorithm}:0000")


def test_without_anything_known_the_hash_is_reported(start, tmp_path):
    assert bring(tmp_path, start(), size=None, checksum=None).sha256 == SHA256


def test_a_cut_connection_is_continued(start, tmp_path):
    server = start(cuts=[1000, 2_000_000, 0])
    bring(tmp_path, server)
    assert_whole(tmp_path)
    assert server.requests == [
        (None, None),
        ("bytes=1000-", '"1"'),
        ("bytes=2001000-", '"1"'),
        ("bytes=2001000-", '"1"'),
    ]


@pytest.mark.parametrize("known", [{}, {"size": None, "checksum": None}])
def test_the_next_call_continues_too(known, start, tmp_path):
    server = start(cuts=[1000, 0, 0, 0])
    with pytest.raises(InputError, match=r"the connection ended after 1,000 of 3,145,728 bytes"):
        bring(tmp_path, server, **known)
    assert (tmp_path / "a.bin.part").stat().st_size == 1000
    bring(tmp_path, server, **known)
    assert_whole(tmp_path)
    assert server.requests[-1] == ("bytes=1000-", '"1"')


def test_a_file_that_changed_meanwhile_is_fetched_anew(start, tmp_path):
    server = start(content=b"x" * len(CONTENT), cuts=[1000, 0, 0, 0])
    with pytest.raises(InputError, match="ended after"):
        bring(tmp_path, server, checksum=None)
    server.content, server.etag = CONTENT, '"2"'
    bring(tmp_path, server, checksum=None)
    assert_whole(tmp_path)
    assert server.requests[-1] == ("bytes=1000-", '"1"')


def test_a_weak_etag_is_no_reason_to_join_two_halves(start, tmp_path):
    server = start(etag='W/"1"', cuts=[1000])
    bring(tmp_path, server, checksum=None)
    assert_whole(tmp_path)
    assert server.requests == [(None, None), (None, None)]


def test_with_a_checksum_two_halves_may_be_joined(start, tmp_path):
    server = start(etag=None, cuts=[1000])
    bring(tmp_path, server)
    assert_whole(tmp_path)
    assert server.requests == [(None, None), ("bytes=1000-", None)]


def test_a_server_without_ranges(start, tmp_path):
    server = start(ranges=False, cuts=[1000])
    bring(tmp_path, server)
    assert_whole(tmp_path)
    endless = start(ranges=False, cuts=[1000] * 9)
    with pytest.raises(InputError, match="the connection ended after 1,000"):
        bring(tmp_path / "b", endless)
    assert len(endless.requests) == 1 + PATIENCE.attempts


def test_wrong_bytes_left_over_are_thrown_away(start, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"wrong")
    server = start()
    bring(tmp_path, server)
    assert_whole(tmp_path)
    assert server.requests == [("bytes=5-", None), (None, None)]


@pytest.mark.parametrize("left_over", [CONTENT, CONTENT + b"more"])
def test_nothing_left_to_send(left_over, start, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(left_over)
    bring(tmp_path, start())
    assert_whole(tmp_path)


def test_a_part_that_does_not_say_which(start, tmp_path):
    with pytest.raises(InputError, match="sends a part of the file without saying which"):
        bring(tmp_path, start(told=False, cuts=[1000]), size=None, checksum=None)
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    server = start(told=False)
    (tmp_path / "a.bin.part.source").write_text(json.dumps({"url": server.url, "validator": server.etag}))
    bring(tmp_path, server, size=None, checksum=None)
    assert_whole(tmp_path)
    assert server.requests == [(f"bytes={len(CONTENT)}-", '"1"'), (None, None)]


def test_wrong_bytes_from_one_address_and_right_ones_from_the_next(start, tmp_path):
    wrong = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    bring(tmp_path, start(content=wrong), start())
    assert_whole(tmp_path)
    with pytest.raises(InputError, match=r"/file: has the sha256 \w+ instead of \w+\. Run this again later"):
        bring(tmp_path / "b", start(content=wrong))
    assert list((tmp_path / "b").iterdir()) == []


def test_a_page_instead_of_the_file(start, tmp_path):
    """As networks with a log-in page send."""
    with pytest.raises(InputError, match="offers 6 bytes instead of 3,145,728"):
        bring(tmp_path, start(content=b"log in"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [404, 403, 410])
def test_not_there(status, start, tmp_path):
    server = start(statuses=[status])
    with pytest.raises(InputError, match=rf"a\.bin cannot be fetched: http://.*/file: HTTP {status} "):
        bring(tmp_path, server)
    assert len(server.requests) == 1
    bring(tmp_path, start(statuses=[status]), start())
    assert_whole(tmp_path)


def test_a_busy_server_is_asked_again(start, tmp_path):
    bring(tmp_path, start(statuses=[503, 429]))
    assert_whole(tmp_path)
    with pytest.raises(InputError, match="HTTP 503"):
        bring(tmp_path / "b", start(statuses=[503] * 9))


def test_redirections(start, tmp_path):
    server = start()
    bring(tmp_path, start(location=server.url))
    assert_whole(tmp_path)
    circle = start()
    circle.location = circle.url
    with pytest.raises(InputError, match="HTTP 302"):
        bring(tmp_path / "b", circle)
    with pytest.raises(InputError, match="HTTP 302"):
        bring(tmp_path / "b", start(location="file:///etc/passwd"))


def test_a_redirection_never_gives_up_encryption():
    class Request:
        full_url = "https://example.org/file"

    with pytest.raises(Refused, match="not https"):
        _NoDowngrade().redirect_request(Request(), None, 302, "", {}, "http://example.org/file")


def test_a_server_that_does_not_answer(start, tmp_path):
    with pytest.raises(InputError, match="no answer in time"):
        bring(tmp_path, start(delay=0.5), patience=Patience(timeout=0.1, attempts=2, pause=0.0))


def test_a_server_that_does_not_say_how_much(start, tmp_path):
    bring(tmp_path, start(length=False))
    assert_whole(tmp_path)
    with pytest.raises(InputError, match="does not say how long the file is"):
        bring(tmp_path / "b", start(length=False), size=None, checksum=None)
    with pytest.raises(InputError, match="sends more than 3,145,728 bytes"):
        bring(tmp_path / "b", start(length=False, content=CONTENT + b"more"))
    with pytest.raises(InputError, match="ended after 0 of 3,145,728 bytes"):
        bring(tmp_path / "c", start(length=False, cuts=[0] * 9))


def test_off_line(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    nobody = Server(CONTENT, url=f"http://127.0.0.1:{port}/file")
    with pytest.raises(InputError, match=r"cannot be reached: Connection refused \(no network\?\)\. Run this again"):
        bring(tmp_path, nobody)
    unknown = Server(CONTENT, url="http://nowhere.invalid/file")
    with pytest.raises(InputError, match=rf"put the file at {tmp_path}/a\.bin yourself"):
        bring(tmp_path, unknown)
    assert list(tmp_path.iterdir()) == []


def test_another_file_of_that_name_is_left_alone(start, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"is there, but has 4 bytes instead of 3,145,728; move it away"):
        bring(tmp_path, start())
    (tmp_path / "a.bin").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(InputError, match="is there, but has the sha256"):
        bring(tmp_path, start())
    assert (tmp_path / "a.bin").read_bytes() == b"x" * len(CONTENT)


def test_too_little_space_is_told_before(start, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 1000))
    with pytest.raises(InputError, match="3,145,728 more bytes are needed, and the disk has 1,000 free"):
        bring(tmp_path, start())


def test_a_disk_that_fills_up(start, tmp_path):
    """A limit to the size of files makes the write fail as a full disk does."""
    server = start()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, before[1]))
    try:
        with pytest.raises(InputError, match=r"a\.bin: File too large; what has arrived is kept"):
            bring(tmp_path, server)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    bring(tmp_path, server)
    assert_whole(tmp_path)
    assert server.requests[-1][0] is not None


def test_a_folder_that_cannot_be_made(start, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Not a directory"):
        bring(tmp_path / "file" / "folder", start())


def test_two_at_once(start, tmp_path):
    with open(tmp_path / "a.bin.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process is fetching it"):
            bring(tmp_path, start())
