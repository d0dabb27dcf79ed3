"""`jtmigrate port` on files and folders: what is written where, what is refused, what strange files do."""

import ast
import os
from pathlib import Path

import pytest

from alignment_tests.jtmigrate.port.program import run

GOOD = "import torch\n\n\ndef f(x: torch.Tensor):\n    return x.argmax(1)\n"
BAD = "import torch\n\n\ndef f(x: torch.Tensor):\n    return torch.no_such_name(x)\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "net.py").write_text(GOOD)
    (folder / "sub" / "net.py").write_text(GOOD.replace("\n", "\r\n"))
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "net.pyc").write_bytes(b"")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_folder(source: Path, tmp_path: Path):
    before = files(source)
    done = run("port", source, "--out", tmp_path / "out" / "model")
    assert done.returncode == 0, done
    assert done.stdout.endswith("ported (100.0%), 0 left\n")
    written = files(tmp_path / "out" / "model")
    assert sorted(written) == [".jtmigrate-port.json", "__init__.py", "net.py", "sub/net.py", "weights.bin"]
    assert written["weights.bin"] == before["weights.bin"]
    assert written["sub/net.py"].replace(b"\r\n", b"\n") == written["net.py"]
    assert b"\n" not in written["sub/net.py"].replace(b"\r\n", b"")
    assert files(source) == before


def test_once_more_and_check(source: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert run("port", source, "--out", out, "--check").returncode == 1
    assert not out.exists()
    assert run("port", source, "--out", out).returncode == 0
    first = files(out)
    assert run("port", source, "--out", out, "--check").returncode == 0
    assert run("port", source, "--out", out).returncode == 0
    assert files(out) == first
    (source / "net.py").write_text(BAD)
    changed = run("port", source, "--out", out, "--check")
    assert (changed.returncode, changed.stdout) == (1, "differs: net.py\n")
    (source / "weights.bin").unlink()
    assert run("port", source, "--out", out).returncode == 1
    assert not (out / "weights.bin").exists()


def test_a_file_and_its_diff(source: Path, tmp_path: Path):
    done = run("port", source / "net.py", "--out", tmp_path / "out", "--diff", "-")
    assert done.stdout.startswith("--- a/net.py\n+++ b/net.py\n@@ ")
    assert "\n-import torch\n" in done.stdout
    run("port", source / "net.py", "--out", tmp_path / "out", "--diff", tmp_path / "changes.diff")
    assert (tmp_path / "changes.diff").read_text() in done.stdout


def test_the_result_is_left_as_it_is(source: Path, tmp_path: Path):
    (source / "bad.py").write_text(BAD)
    first = run("port", source, "--out", tmp_path / "one" / "model")
    again = run("port", tmp_path / "one" / "model", "--out", tmp_path / "two" / "model")
    assert (first.returncode, again.returncode) == (1, 1)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert {path: data for path, data in one.items() if path.endswith(".py")} == {
        path: data for path, data in two.items() if path.endswith(".py")
    }


def test_what_is_left_is_listed_with_its_place(source: Path, tmp_path: Path):
    (source / "net.py").write_text(BAD)
    done = run("port", source, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "net.py:5: torch.no_such_name is not in the atlas\n" in done.stdout
    assert "    # jtmigrate: torch.no_such_name is not in the atlas\n" in (tmp_path / "out" / "net.py").read_text()


@pytest.mark.parametrize("place", ["model", "model/sub", "."])
def test_never_into_the_source(source: Path, place: str):
    done = run("port", source, "--out", source.parent / place)
    assert done.returncode == 2
    assert "lie in each other" in done.stderr


def test_nothing_of_others_is_lost(source: Path, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.py").write_text("1\n")
    assert "was not written by jtmigrate port" in run("port", source, "--out", out).stderr
    (out / "mine.py").unlink()
    assert run("port", source, "--out", out).returncode == 0
    (out / "net.py").write_text("edited = True\n")
    refused = run("port", source, "--out", out)
    assert (refused.returncode, (out / "net.py").read_text()) == (2, "edited = True\n")
    assert "was changed since jtmigrate port wrote it" in refused.stderr


def test_strange_files(source: Path, tmp_path: Path):
    strange = {
        "old.py": b"print 'hello'\n",
        "latin.py": "# -*- coding: latin-1 -*-\nimport torch\nx = torch.argmax('\xe9')\n".encode("latin-1"),
        "bom.py": b"\xef\xbb\xbfimport torch\nx = torch.argmax(1)\n",
        "zero.py": b"x = 1\x00\n",
        "binary.py": bytes(range(128, 256)),
        "deep.py": b"x = " + b"(" * 3000 + b"1" + b")" * 3000 + b"\n",
        "long.py": b"x = " + b"+".join([b"1"] * 5000) + b"\n",
        "empty.py": b"",
        "no_newline.py": b"import torch\nx = torch.argmax(1)",
        "form\nfeed.py": b"\x0cimport torch\n",
    }
    for name, data in strange.items():
        (source / name).write_bytes(data)
    (source / "link.py").symlink_to("net.py")
    (source / "nowhere.py").symlink_to("gone.py")
    (source / "loop").symlink_to(".")
    (source / "root").symlink_to("/")
    os.mkfifo(source / "pipe")
    done = run("port", source, "--out", tmp_path / "out")
    assert done.returncode == 1, done
    for name in ("old.py", "zero.py", "binary.py", "deep.py", "long.py"):
        assert (tmp_path / "out" / name).read_bytes() == strange[name]
        assert f"\n{name}:" in f"\n{done.stdout}"
    assert b"ops.argmax('\xe9')" in (tmp_path / "out" / "latin.py").read_bytes()
    assert (tmp_path / "out" / "bom.py").read_bytes().startswith(b"\xef\xbb\xbffrom jtmigrate")
    assert (tmp_path / "out" / "link.py").readlink() == Path("net.py")
    assert not (tmp_path / "out" / "root").exists()
    for path in (tmp_path / "out").glob("*.py"):
        if path.name not in ("old.py", "zero.py", "binary.py", "deep.py", "long.py", "nowhere.py"):
            ast.parse(path.read_bytes())


def test_a_package_under_another_name(tmp_path: Path):
    package = tmp_path / "ref"
    package.mkdir()
    (package / "__init__.py").write_text("from ref.net import f\n")
    (package / "net.py").write_text(GOOD)
    assert run("port", package, "--out", tmp_path / "ported").returncode == 0
    assert (tmp_path / "ported" / "__init__.py").read_text() == "from ported.net import f\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("port", "/no/such/place", "--out", "/tmp/nowhere"),
        ("port", "SOURCE"),
        ("port", "SOURCE", "--out", "OUT", "--verify", "m:f"),
        ("port", "SOURCE", "--out", "OUT", "--check", "--verify", "m:f", "--input", "x.npz"),
    ],
)
def test_mistakes(source: Path, tmp_path: Path, arguments: tuple[str, ...]):
    places = {"SOURCE": source, "OUT": tmp_path / "out"}
    done = run(*(places.get(argument, argument) for argument in arguments))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
