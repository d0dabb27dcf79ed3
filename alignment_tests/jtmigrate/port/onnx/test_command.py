"""`jtmigrate port model.onnx`: what is written, what is refused, and that the comparison catches faults."""

from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.port.onnx.graphs import Op, floats, write
from alignment_tests.jtmigrate.port.program import run

pytest.importorskip("onnxruntime")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    nodes = [
        Op("Conv", ["x", floats(3, 2, 3, 3), floats(3)], {"pads": [1, 1, 1, 1]}),
        Op("Relu", ["y0"]),
        Op("ReduceMean", ["y1", np.array([2, 3])], {"keepdims": 0}),
    ]
    return write(tmp_path / "model.onnx", nodes, ["y2"], x=("n", 2, 5, 5))


TEXT = '''"""The graph of model.onnx, line by line. The weights are in weights.npz beside this file."""

from pathlib import Path

from jtmigrate.load import load
from jtmigrate.parity import functional as F
from jtmigrate.parity import nn, ops


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)

    def execute(self, x):
        # x: (n, 2, 5, 5)
        y0 = self.conv(x)  # (n, 3, 5, 5)
        y1 = F.relu(y0)  # (n, 3, 5, 5)
        y2 = ops.mean(y1, dim=(2, 3))  # (n, 3)
        return y2


def build() -> Model:
    """The model with its weights, in evaluation mode."""
    model = Model()
    load(model, Path(__file__).with_name("weights.npz"))
    model.eval()
    return model
'''


def test_a_graph(model: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert run("port", model, "--out", out, "--check").returncode == 1
    done = run("port", model, "--out", out)
    assert done.returncode == 0, done
    assert done.stdout.startswith(f"3 nodes written to {out / 'model.py'}\ny2: largest error ")
    assert (out / "model.py").read_text() == TEXT
    assert sorted(np.load(out / "weights.npz").files) == ["conv.bias", "conv.weight"]
    assert run("port", model, "--out", out, "--check").returncode == 0
    assert run("lint", out).returncode == 0


def test_on_a_given_input(model: Path, tmp_path: Path):
    np.savez(tmp_path / "in.npz", x=floats(1, 2, 5, 5))
    assert run("port", model, "--out", tmp_path / "out", "--input", tmp_path / "in.npz").returncode == 0
    np.savez(tmp_path / "two.npz", x=floats(1, 2, 5, 5), z=floats(1))
    done = run("port", model, "--out", tmp_path / "out", "--input", tmp_path / "two.npz")
    assert (done.returncode, done.stderr) == (2, "error: the graph's inputs are x: give an array for each\n")


def test_a_fault_is_found(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A writer that forgets the padding's sign would be caught; here one that gives another activation."""
    from jtmigrate.port.onnx import run as whole
    from jtmigrate.port.onnx.operators import OPERATORS
    from jtmigrate.port.onnx.operators.pointwise import unary

    monkeypatch.setattr(whole, "OPERATORS", {**OPERATORS, "Relu": unary("F.relu({x} + 0.001)")})
    done = run("port", model, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout.endswith(": NOT the same\n")


def test_what_is_not_supported_is_listed_at_once(tmp_path: Path):
    nodes = [
        Op("Det", ["x"]),
        Op("Softmax", ["x"], {"axis": -1}),
        Op("NonMaxSuppression", ["y1", "y1"]),
        Op("DepthToSpace", ["x"], {"blocksize": 1}),
    ]
    path = write(tmp_path / "model.onnx", nodes, ["y0", "y2", "y3"], x=(1, 4, 4, 4))
    done = run("port", path, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "n0: Det: this operator is not supported",
            "n2: NonMaxSuppression: this operator is not supported",
            "n3: DepthToSpace: mode DCR is not supported",
            "3 of 4 nodes not supported, nothing written",
        ],
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no model", bytes(range(256)) * 9])
def test_what_is_no_model(tmp_path: Path, content: bytes):
    (tmp_path / "model.onnx").write_bytes(content)
    done = run("port", tmp_path / "model.onnx", "--out", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "out").exists()


def test_options_that_mean_nothing(model: Path, tmp_path: Path):
    assert run("port", model, "--out", tmp_path / "out", "--diff", "-").returncode == 2
    assert run("port", tmp_path / "none.onnx", "--out", tmp_path / "out").returncode == 2
