"""The programs as a user starts them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alignment_tests.nanodet_common import hand_made

ROOT = Path(__file__).resolve().parents[3]
MODULES = {"nanodet_ref_torch": True, "nanodet_jittor": True, "nanodet_common.onnx": False}
"""Program -> whether it can export."""


def start(module: str, *arguments: object) -> subprocess.Popen:
    """The program in a process group of its own, as a shell starts it."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, start_new_session=True, **pipes)


@pytest.mark.parametrize(("module", "exports"), MODULES.items())
def test_help_lists_the_commands(module, exports):
    with start(module, "--help") as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    assert [name in out for name in ("eval", "infer", "export")] == [True, True, exports]


HIDE = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "{}" else found(name, *rest)
"""
"""Run before a program, it is as if a package were not installed."""


@pytest.mark.parametrize(("module", "framework"), [("nanodet_ref_torch", "torch"), ("nanodet_jittor", "jittor")])
def test_without_its_framework_a_program_says_so_in_one_line(tmp_path, module, framework):
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(framework))
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", module, "eval", "--weights", "a.pth"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {framework} is not installed: pip install 'jtmigrate[{framework}]'\n"


FORBID = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
def find(name, *rest):
    assert name not in ("torch", "jittor"), f"{name} was looked for"
    return found(name, *rest)
PathFinder.find_spec = find
"""
"""Run before a program, whoever only looks for a framework ends it."""


@pytest.mark.parametrize("module", ["nanodet_ref_torch", "nanodet_jittor"])
@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["train", "--help"], 0), (["train", "--seed"], 2)])
def test_help_and_wrong_usage_need_no_framework(tmp_path, module, arguments, code):
    (tmp_path / "sitecustomize.py").write_text(FORBID)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["nanodet_ref_torch", "nanodet_jittor"])
def test_interrupted_in_the_middle(material, tmp_path, module):
    """Ctrl-C reaches the whole group: exit code 130, nothing written, no worker left, no traceback."""
    voc = hand_made.voc_set(tmp_path / "voc", [(64, 64)] * 2000)
    options = ["--voc", voc, "--split", "val", "--classes", ",".join(hand_made.NAMES), "--workers", 2, "--batch", 1]
    with start(module, "eval", *material.model, *options, "--json", tmp_path / "out.json") as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "of 2,000 images" in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, "".join(lines) + rest
    assert "Traceback" not in rest
    assert not (tmp_path / "out.json").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
