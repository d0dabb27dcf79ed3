"""A port is run against its source; a fault is traced to the line of the port that it belongs to."""

import re
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.port.program import run
from jtmigrate.errors import UserError
from jtmigrate.port.rewrite.output import write
from jtmigrate.port.rewrite.run import port
from jtmigrate.port.verify import places, verify_port

BLOCKS = """
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.cat([x, self.bn(self.conv(x))], dim=1)
"""
NET = """
from torch import nn

from .blocks import Block


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.block = Block(4)

    def forward(self, x):
        return self.block(self.stem(x)).flatten(1)


def build():
    return Net()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "verified_net"
    folder.mkdir()
    for name, text in {"__init__": "", "blocks": BLOCKS, "net": NET}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def inputs() -> tuple[np.ndarray, ...]:
    return (np.random.RandomState(0).randn(2, 3, 9, 9).astype(np.float32),)


def test_a_port_that_computes_the_same(source: Path, tmp_path: Path, inputs: tuple[np.ndarray, ...]):
    out = tmp_path / "out" / "verified_net"
    write(port(source, out).output, out)
    verified = verify_port("verified_net.net:build", inputs, source, out)
    assert verified.result
    assert {layer.path for layer in verified.result.layers} == {"", "stem", "block", "block.conv", "block.bn"}
    assert verified.line == ""


def test_a_fault_belongs_to_a_line(source: Path, tmp_path: Path, inputs: tuple[np.ndarray, ...]):
    out = tmp_path / "out" / "verified_faulty"
    write(port(source, out).output, out)
    file = out / "blocks.py"
    file.write_text(file.read_text().replace("nn.BatchNorm2d(channels)", "nn.BatchNorm2d(channels, eps=0.1)"))
    verified = verify_port(f"{source}/net.py:build", inputs, source, out)
    assert not verified.result
    assert verified.result.first_fault.path == "block.bn"
    assert verified.line == "blocks.py:10: self.bn = nn.BatchNorm2d(channels, eps=0.1)"


def test_the_command_line_says_what_it_found(source: Path, tmp_path: Path, inputs: tuple[np.ndarray, ...]):
    np.savez(tmp_path / "input.npz", *inputs)
    options = ("--verify", "verified_net.net:build", "--input", tmp_path / "input.npz")
    done = run("port", source, "--out", tmp_path / "out" / "aligned", *options)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert "0 left" in done.stdout
    verdict = " ".join(done.stdout.partition("ALIGNED: ")[2].split())
    assert verdict.startswith("5 layers compared")
    assert "worst propagated float32 error" in verdict
    assert "the first fault" not in done.stdout

    # Something that the two frameworks answer differently, so that the port computes something else.
    blocks = source / "blocks.py"
    text = blocks.read_text()
    blocks.write_text(text.replace("self.bn(", "(2 - nn.__name__.startswith('torch')) * self.bn("))
    done = run("port", source, "--out", tmp_path / "out" / "faulty", *options)
    assert done.returncode == 1
    assert "the first fault belongs to blocks.py:6: class Block(nn.Module):" in done.stdout

    done = run("port", source, "--out", tmp_path / "out" / "none", "--verify", "net:nothing", *options[2:])
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert re.fullmatch("error: .*nothing.*", done.stderr.splitlines()[-1])


def test_what_cannot_be_found(source: Path, tmp_path: Path):
    with pytest.raises(UserError, match="has no module nothing"):
        places("nothing", source, tmp_path)
    with pytest.raises(UserError, match="is not in"):
        places("/elsewhere/net.py", source, tmp_path)
    assert places("net", source, tmp_path / "new") == places("verified_net.net", source, tmp_path / "new")
