"""Kernels are compiled with headers that are compiled already; what they compute is the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from jtmigrate import runtime
if {fast}:
    with runtime.import_of_jittor():
        import jittor as jt
    runtime.compile_kernels_faster()
else:
    runtime.prepare()
    import jittor as jt
folder = Path({folder!r})
for name in ("jit", "obj_files"):
    (folder / name).mkdir(parents=True)
jt.flags.cache_path = str(folder)
x = jt.array([[0.1, 0.7, -2.0], [3.0, -0.3, 1e-3]])
marked = (x.broadcast([5, 2, 3], [0]) * x).sum(0)
values = (x.exp().tanh(), marked, jt.nn.softmax(x, 1), x.float64().sqrt().maximum(0))
values = [value.numpy().tobytes().hex() for value in values]
print(json.dumps({{"values": values, "cc_flags": jt.flags.cc_flags, "python_path": jt.flags.python_path}}))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What a process prints, and the files that compiling left."""
    found = {}
    for name, fast in (("fast", True), ("stock", False)):
        folder = tmp_path_factory.mktemp(name) / "cache"
        command = [sys.executable, "-c", PROGRAM.format(fast=fast, folder=str(folder))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        files = {path.name for path in (folder / "jit").iterdir()}
        found[name] = {**json.loads(done.stdout.splitlines()[-1]), "files": files, "folder": folder}
    return found


@pytest.mark.slow
def test_the_same_bits(runs):
    assert runs["fast"]["values"] == runs["stock"]["values"]


@pytest.mark.slow
def test_the_compiler_reads_compiled_headers(runs):
    """g++ says nothing when it cannot use a precompiled header; -Winvalid-pch makes it."""
    folder = runs["fast"]["folder"] / "jit"
    plain = next(path for path in folder.glob("*_op.cc") if "@begin" not in path.read_text())
    command = (folder / f"{plain.stem}.so.key").read_text().splitlines()[0]
    assert "headers.h" in command
    done = subprocess.run([*_shell(command + " -Winvalid-pch -H")], capture_output=True, text=True, check=True)
    assert "warning" not in done.stderr
    assert any(line.startswith("! ") and line.endswith("headers.h.gch") for line in done.stderr.splitlines())


def _shell(command: str) -> list[str]:
    return ["sh", "-c", command]


@pytest.mark.slow
def test_only_marked_kernels_go_through_jittors_program(runs):
    """It leaves assembly text behind; here there must be kernels of both kinds."""
    folder = runs["fast"]["folder"] / "jit"
    sources = {path.name.removesuffix("_op.cc"): path.read_text() for path in folder.glob("*_op.cc")}
    marked = {name for name, text in sources.items() if "@begin" in text}
    assert marked
    assert marked != set(sources)
    assert {name.removesuffix("_op.post.s") for name in runs["fast"]["files"] if name.endswith(".post.s")} == marked


@pytest.mark.slow
def test_flags_are_changed_once(runs):
    """The program calls `compile_kernels_faster` twice."""
    assert runs["fast"]["cc_flags"].count("-include") == 1
    assert Path(runs["fast"]["python_path"].split('"')[1]).name == "compile.sh"
    assert "-include" not in runs["stock"]["cc_flags"]
