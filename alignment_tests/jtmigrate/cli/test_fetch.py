"""`jtmigrate fetch` as a user meets it, with a catalogue that lies on this machine."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alignment_tests.nanodet_common.fetch.archives import write_tar
from alignment_tests.nanodet_common.fetch.server import Server, serving

ROOT = Path(__file__).resolve().parents[3]
FILES = {"kit/a": b"1" * 10, "kit/b": b"2"}

COMMAND = """
import sys
from nanodet_common.fetch import catalogue
url, size, checksum, members = sys.argv[1:5]
file = catalogue.RemoteFile("kit.tar", (url,), int(size), checksum or None, ("*",) if members else ())
catalogue.CATALOGUE["kit"] = catalogue.Entry("a kit", "place", (file,), "look into {folder}")
sys.argv[1:] = sys.argv[5:]
from jtmigrate.cli.main import main
main()
"""


@pytest.fixture
def kit(tmp_path):
    content = write_tar(tmp_path / "kit.tar", FILES).read_bytes()
    with serving(Server(content)) as server:
        yield server


def start(server: Server, *arguments: str, checksum: str | None = None, members: bool = True) -> subprocess.Popen:
    known = f"sha256:{hashlib.sha256(server.content).hexdigest()}" if checksum is None else checksum
    catalogue = [server.url, str(len(server.content)), known, "unpack" if members else ""]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *catalogue, "fetch", *arguments],
        cwd=ROOT,
        env=os.environ | {"no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(server: Server, *arguments: str, **known: object) -> tuple[int, str, str]:
    with start(server, *arguments, **known) as process:
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_fetched_then_kept(kit, tmp_path):
    to = tmp_path / "data"
    sha256 = hashlib.sha256(kit.content).hexdigest()
    code, output, errors = run(kit, "kit", "--to", str(to))
    assert code == 0, errors
    assert output.splitlines() == [
        f"{to}/place/kit.tar: 10.2 kB, fetched, SHA-256 {sha256} (checked), 2 files unpacked",
        f"next: look into {to}/place",
    ]
    assert {"kit.tar: 10.2 kB of 10.2 kB", "unpacking kit.tar: 11 bytes of 11 bytes"} <= set(errors.splitlines())
    assert (to / "place/kit/a").read_bytes() == FILES["kit/a"]
    code, output, _ = run(kit, "kit", "--to", str(to))
    assert code == 0
    assert "10.2 kB, was there, SHA-256" in output
    assert len(kit.requests) == 1


def test_without_a_checksum_it_is_said_openly(kit, tmp_path):
    code, output, _ = run(kit, "kit", "--to", str(tmp_path / "data"), checksum="", members=False)
    assert code == 0
    assert "(not checked, as none is published)" in output
    assert "unpacked" not in output


def test_a_failure_is_one_line(kit, tmp_path):
    kit.statuses = [404]
    code, output, errors = run(kit, "kit", "--to", str(tmp_path / "data"))
    assert (code, output) == (2, "")
    assert errors.startswith("error: kit.tar cannot be fetched: http://127.0.0.1:")
    assert errors.count("\n") == 1


def test_names_and_list(kit):
    code, output, _ = run(kit, "--list")
    assert code == 0
    assert "voc2007: PASCAL VOC 2007" in output
    assert "    VOCtest_06-Nov-2007.tar  451.0 MB  sha256:6836888e" in output
    assert "    nanodet-plus-m_416_checkpoint.ckpt  size not known  no checksum known" in output
    assert "    kit.tar  10.2 kB  sha256:" in output
    code, _, errors = run(kit, "voc1812")
    assert (code, errors.count("\n")) == (2, 1)
    assert "nothing is called 'voc1812'; there is voc2007, voc2012, coco-val, weights, kit" in errors
    code, _, errors = run(kit)
    assert code == 2
    assert "nothing to fetch: give one of voc2007" in errors


def test_interrupted(kit, tmp_path):
    kit.delay = 20.0
    with start(kit, "kit", "--to", str(tmp_path / "data")) as process:
        deadline = time.monotonic() + 30
        while not kit.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
