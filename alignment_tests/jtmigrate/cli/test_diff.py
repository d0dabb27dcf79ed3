import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.cli.factories import build
from jtmigrate.cli.files import read_exceptions, read_inputs
from jtmigrate.cli.main import main
from jtmigrate.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
MODELS = """
import numpy as np


def original():
    import torch
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())


def port():
    import jittor as jt
    print("building the port")
    return jt.nn.Sequential(jt.nn.Linear(4, 3), jt.nn.Tanh())


def wrong_port():
    import jittor as jt
    return jt.nn.Sequential(jt.nn.Linear(4, 3), jt.nn.Sigmoid())


def wants_arguments(size):
    return size
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "twomodels.py").write_text(MODELS)
    np.savez(tmp_path / "x.npz", x=np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4))
    return tmp_path


def jtmigrate_diff(folder, *arguments):
    command = [sys.executable, "-m", "jtmigrate.cli.main", "diff", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def models(torch="twomodels:original", jittor="twomodels.py:port", inputs="x.npz"):
    return ["--torch", torch, "--jittor", jittor, "--input", inputs]


def test_an_aligned_pair_exits_0_and_leaves_its_result(folder):
    done = jtmigrate_diff(folder, *models(), "--copy-weights", "--json", "result.json")
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / "result.json").read_text())
    assert [layer["key"] for layer in result["layers"]] == ["0", "1", ""]
    assert "torch float64 ..." in done.stderr
    assert "building the port" in done.stderr
    assert "building the port" not in done.stdout


def test_a_fault_exits_1_and_is_named(folder):
    done = jtmigrate_diff(folder, *models(jittor="twomodels.py:wrong_port"), "--copy-weights")
    assert done.returncode == 1, done.stderr
    assert "First fault" in done.stdout


def test_a_script_that_cannot_be_written_does_not_cost_the_result(folder, monkeypatch, capsys):
    def full(*_):
        raise UserError("cannot write rep/repro.npz: No space left on device")

    monkeypatch.setattr("jtmigrate.repro.write_repro", full)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    options = (*models(jittor="twomodels.py:wrong_port"), "--copy-weights", "--repro", "rep", "--json", "result.json")
    monkeypatch.setattr(sys, "argv", ["jtmigrate", "diff", *options])
    with pytest.raises(SystemExit) as left:
        main()
    written = capsys.readouterr()
    assert left.value.code == 2
    assert "First fault" in written.out
    assert json.loads((folder / "result.json").read_text())["first_fault"] == "1"
    assert written.err.splitlines()[-1] == "error: cannot write rep/repro.npz: No space left on device"


def test_a_factory_is_called_without_arguments(folder):
    with pytest.raises(UserError, match="TypeError"):
        build(f"{folder}/twomodels.py:wants_arguments")


def test_inputs_by_position_or_keyword(tmp_path):
    one, two = np.zeros(1), np.ones(2)
    np.savez(tmp_path / "single.npz", image=one)
    np.savez(tmp_path / "positional.npz", one, two)
    np.savez(tmp_path / "named.npz", image=one, mask=two)
    assert len(read_inputs(tmp_path / "single.npz")) == 1
    assert [array.size for array in read_inputs(tmp_path / "positional.npz")] == [1, 2]
    assert set(read_inputs(tmp_path / "named.npz")) == {"image", "mask"}


def test_exceptions_need_a_reason(tmp_path):
    listed = tmp_path / "except.txt"
    listed.write_text("# known\n\nhead.loss\ttraining only\n")
    assert read_exceptions(listed) == (("head.loss", "training only"),)
    listed.write_text("head.loss\n")
    with pytest.raises(UserError, match=r"line 1: head.loss needs a reason"):
        read_exceptions(listed)
