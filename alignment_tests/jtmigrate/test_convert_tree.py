"""`convert_tree` and `jtmigrate convert ZOO OUT --to SUFFIX`: every checkpoint in a folder, the bad ones named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.convert_tree import convert_tree
from jtmigrate.errors import UserError
from jtmigrate.report.conversion_tree import write_tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """Good, bad and irrelevant files in a tree."""
    folder = tmp_path / "zoo"
    (folder / "deep" / "sharded").mkdir(parents=True)
    for place in ("a.pth", "deep/b.safetensors", "deep/sharded/part.safetensors"):
        write_checkpoint(folder / place, Checkpoint({place: np.ones(2, np.float32)}))
    index = {"weight_map": {"deep/sharded/part.safetensors": "part.safetensors"}}
    (folder / "deep" / "sharded" / "c.safetensors.index.json").write_text(json.dumps(index))
    (folder / "broken.pkl").write_bytes(b"\x80\x04}")
    (folder / "config.json").write_text("{}")
    return folder


def test_all_but_the_broken_one(zoo: Path, tmp_path: Path) -> None:
    report = convert_tree(zoo, tmp_path / "out", ".npz")
    assert not report
    assert {
        Path(entry.dst).relative_to(tmp_path / "out").as_posix(): bool(entry.report) for entry in report.entries
    } == {
        "a.npz": True,
        "broken.npz": False,
        "deep/b.npz": True,
        "deep/sharded/c.npz": True,
    }
    refused = next(entry for entry in report.entries if entry.refusal)
    assert "broken.pkl: damaged or truncated pickle" in refused.refusal
    assert list(read_checkpoint(tmp_path / "out" / "deep" / "sharded" / "c.npz").tensors) == [
        "deep/sharded/part.safetensors"
    ]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.*")) == ["a.npz", "b.npz", "c.npz"]


def test_a_dry_run_writes_nothing(zoo: Path, tmp_path: Path) -> None:
    assert not convert_tree(zoo, tmp_path / "out", ".npz", dry_run=True)
    assert not (tmp_path / "out").exists()


def test_two_of_one_name(zoo: Path, tmp_path: Path) -> None:
    write_checkpoint(zoo / "a.pkl", Checkpoint({"w": np.ones(2)}))
    report = convert_tree(zoo, tmp_path / "out", ".npz")
    refusals = [entry.refusal for entry in report.entries if entry.refusal and "broken" not in entry.src]
    assert len(refusals) == 1
    assert "as" in refusals[0]
    assert "does: rename one" in refusals[0]


def test_a_folder_that_cannot_be_read_is_refused(zoo: Path, tmp_path: Path, monkeypatch) -> None:
    scandir = os.scandir

    def forbidden(path):
        if Path(path).name == "sharded":  # permissions do not keep root out
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    (zoo / "broken.pkl").unlink()
    report = convert_tree(zoo, tmp_path / "out", ".npz")
    assert not report
    assert [Path(entry.src).name for entry in report.entries] == ["a.pth", "b.safetensors", "sharded"]
    folder = zoo / "deep" / "sharded"
    assert report.entries[-1].refusal == f"{folder}: the folder cannot be read: Permission denied"
    write_tree(report, tmp_path / "report.md")
    assert "1 refused" in (tmp_path / "report.md").read_text()
    assert [entry.src for entry in convert_tree(folder, tmp_path / "other", ".npz").entries] == [str(folder)]


def test_nothing_to_convert(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no checkpoint"):
        convert_tree(tmp_path, tmp_path / "out", ".npz")
    with pytest.raises(UserError, match="unknown suffix"):
        convert_tree(tmp_path, tmp_path / "out", ".exe")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jtmigrate.cli.main", "convert", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("suffix", [".json", ".md"])
def test_command(zoo: Path, tmp_path: Path, suffix: str) -> None:
    done = run(zoo, tmp_path / "out", "--to", ".pkl", "--report", tmp_path / f"r{suffix}")
    assert done.returncode == 2
    assert done.stderr == ""
    assert "3 checkpoints converted, 1 refused" in done.stdout
    assert "refused: " in done.stdout
    text = (tmp_path / f"r{suffix}").read_text()
    assert "broken.pkl" in text
    if suffix == ".json":
        assert [bool(entry["report"]) for entry in json.loads(text)["entries"]] == [True, False, True, True]
    (zoo / "broken.pkl").unlink()
    assert run(zoo, tmp_path / "out", "--to", ".pkl").returncode == 0
