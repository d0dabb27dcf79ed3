"""The detectors' programs, called in this process on material that the tests write."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from alignment_tests.nanodet_common import hand_made
from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application
from nanodet_common.engine import from_checkpoint


class Called(NamedTuple):
    """What a command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


class Material(NamedTuple):
    """A folder with a configuration, weights for three classes without names, and a data set in either format."""

    folder: Path
    config: Path
    weights: Path
    voc: Path
    coco: tuple[Path, Path]

    @property
    def model(self) -> list[str]:
        """Options that name configuration and weights."""
        return ["--config", str(self.config), "--weights", str(self.weights)]


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("material")
    config = hand_made.write_config(folder / "config.yml")
    return Material(
        folder,
        config,
        hand_made.write_weights(folder / "weights.pth", config),
        hand_made.voc_set(folder / "voc"),
        hand_made.coco_set(folder / "coco"),
    )


def program(framework: str) -> Callable[[], None]:
    """The application of "torch", "jittor" or "onnx"."""
    if framework == "torch":
        from nanodet_ref_torch.engine import Engine
        from nanodet_ref_torch.export import export

        return application("PyTorch", "nanodet_ref_torch", from_checkpoint(Engine), export)
    if framework == "jittor":
        from nanodet_jittor.engine import Engine
        from nanodet_jittor.export import export

        return application("Jittor", "nanodet_jittor", from_checkpoint(Engine), export)
    from nanodet_common.onnx.engine import load

    return application("ONNX", "nanodet_common.onnx", load)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Call a framework's program, or another, with a command line. Only its own ways to end are no failure."""

    def call(framework: str | Callable[[], None], *arguments: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["program", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            run(program(framework) if isinstance(framework, str) else framework)
        written = capsys.readouterr()
        return Called(left.value.code, written.out, written.err)

    return call
