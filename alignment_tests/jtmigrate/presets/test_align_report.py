"""`make align-report` as it is called: the report of a whole run, without arguments and with real weights."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


def align_report(out, *arguments):
    """What the command left: stdout, and the parsed report.json."""
    command = [sys.executable, "-m", "jtmigrate.presets.align_report", "--out", out, *arguments]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {"weights.pkl", "report.json", "report.md", "index.html"}
    return done.stdout, json.loads((out / "report.json").read_text())


def assert_complete(out, report):
    assert report["aligned"] is True
    assert report["counts"]["mismatch"] == report["counts"]["uncompared"] == 0
    assert (out / "report.md").read_text().startswith("## Aligned: ")
    page = (out / "index.html").read_text()
    addresses = set(re.findall(r"https?://[^\s\"'<>)]*", page.replace('xmlns="http://www.w3.org/2000/svg"', "")))
    assert addresses == set()
    assert page.count("data:image/png;base64,") >= 1


def test_without_arguments(tmp_path):
    stdout, report = align_report(tmp_path / "report")
    assert_complete(tmp_path / "report", report)
    assert report["meta"]["title"] == "nanodet-plus-m_256-voc-scratch, nanodet-plus-m_256_voc20.pth, grace_hopper.jpg"
    assert "[i " not in stdout


def test_of_another_configuration_the_weights_are_seeded(tmp_path):
    _, report = align_report(tmp_path / "report", "--config", "nanodet-plus-m_320")
    assert_complete(tmp_path / "report", report)
    assert report["meta"]["title"] == "nanodet-plus-m_320, seeded weights, grace_hopper.jpg"


def test_with_real_weights_in_a_wrapper_and_an_image(tmp_path, shared):
    """As a Lightning task saves them, so that the file's names are not the model's."""
    tensors = read_checkpoint(shared / "weights" / "nanodet-plus-m_416_voc20.pth").tensors
    weights = tmp_path / "voc20.ckpt"
    write_checkpoint(weights, Checkpoint({f"model.{name}": array for name, array in tensors.items()}))
    image = shared / "golden" / "2007_000032.jpg"
    _, report = align_report(tmp_path / "report", "--weights", weights, "--image", image)
    assert_complete(tmp_path / "report", report)
    assert report["meta"]["title"] == "nanodet-plus-m_416, voc20.ckpt, 2007_000032.jpg"
    converted = read_checkpoint(tmp_path / "report" / "weights.pkl").tensors
    assert all(np.array_equal(array, tensors[name]) for name, array in converted.items())
    assert converted.keys() == {name for name in tensors if not name.startswith("aux_")}
