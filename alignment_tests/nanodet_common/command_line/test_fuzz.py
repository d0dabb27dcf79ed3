"""`eval` and `infer` on damaged files: an exit code that fits, and at most one line of complaint.

    JTMIGRATE_EXAMPLES=1000 python -m pytest alignment_tests/nanodet_common/command_line/test_fuzz.py

The detector costs nothing here and finds the same in every picture: what is tried is everything around it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from alignment_tests.mutated import fuzz_settings
from alignment_tests.nanodet_common import hand_made
from alignment_tests.nanodet_common.datasets.damage import CLASSES, JPEGS, damaged_json, damaged_picture, damaged_xml
from alignment_tests.nanodet_common.datasets.files import (
    annotation_xml,
    coco_content,
    object_xml,
    write_coco,
    write_voc,
)
from nanodet_common.command_line.application import application
from nanodet_common.command_line.data import Source, read_dataset
from nanodet_common.config import Config, load_config
from nanodet_common.errors import InputError
from nanodet_common.preprocess import load_image
from nanodet_common.priors import center_priors

GOOD = annotation_xml(object_xml())
ON_PROBLEM = st.sampled_from(["skip", "fail"])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = hand_made.write_config(tmp_path_factory.mktemp("config") / "config.yml")
    return load_config(path, num_classes=len(CLASSES)).with_class_names(CLASSES)


class SameEverywhere:
    """An engine with one answer for every picture: a few confident points, drawn once."""

    def __init__(self, config: Config) -> None:
        head = config.model.arch.head
        points = len(center_priors((hand_made.SIDE, hand_made.SIDE), head.strides))
        self._answer = np.random.default_rng(0).normal(-6, 3, (points, head.num_classes + 4 * (head.reg_max + 1)))

    def predict(self, images: np.ndarray) -> np.ndarray:
        return np.repeat(self._answer[None].astype(np.float32), len(images), axis=0)

    def state(self) -> dict[str, np.ndarray]:
        return {}

    def versions(self) -> dict[str, str]:
        return {}


@pytest.fixture
def code_of(call, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., int]:
    """The exit code of a command line, once it is certain that nothing else went wrong."""
    weights = tmp_path_factory.mktemp("weights") / "weights.pth"
    weights.write_bytes(b"weights")
    program = application("a fake", "fake", lambda *_: (config, SameEverywhere(config)))

    def code_of(command: str, *arguments: object) -> int:
        done = call(program, command, "--weights", weights, *arguments)
        complaints = [line for line in done.err.splitlines() if not line.startswith("a fake: ")]
        assert len(complaints) == (done.code == 2), done.err
        assert all(line.startswith("error: ") and line.isprintable() for line in complaints), done.err
        assert done.code == 0 or not done.out, done.out
        event(f"{command} ends with exit code {done.code}")
        return done.code

    return code_of


def expected(source: Source, config: Config) -> int:
    """What `eval` is to end with: 0 if what both protocols count is left in a picture that can be decoded, and what is
    lost may be."""
    try:
        dataset = read_dataset(source, config)
    except InputError:
        return 2
    readable = [image for image in dataset.images if decodes(image.file)]
    if source.on_problem == "fail" and len(readable) < len(dataset):
        return 2
    return 0 if any((~image.crowd & ~image.difficult).any() for image in readable) else 2


def decodes(path: Path) -> bool:
    try:
        load_image(path)
    except InputError:
        return False
    return True


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voc(tmp_path_factory.mktemp("voc"), {"a": GOOD, "b": GOOD})


def restored(voc: Path) -> Path:
    (voc / "Annotations" / "a.xml").write_text(GOOD)
    (voc / "JPEGImages" / "a.jpg").write_bytes((voc / "JPEGImages" / "b.jpg").read_bytes())
    return voc


def evaluate_voc(code_of: Callable[..., int], voc: Path, config: Config, sets: str, on_problem: str) -> None:
    options = ["--voc", voc, "--split", sets, "--on-problem", on_problem, "--workers", 0, "--batch", 2]
    assert code_of("eval", *options) == expected(Source(voc, sets, None, None, on_problem), config)


@given(content=damaged_xml(), on_problem=ON_PROBLEM, sets=st.sampled_from(["test", "first"]))
@fuzz_settings
def test_xml(code_of, config: Config, voc: Path, content: bytes, on_problem: str, sets: str) -> None:
    (restored(voc) / "Annotations" / "a.xml").write_bytes(content)
    (voc / "ImageSets" / "Main" / "first.txt").write_text("a\n")
    evaluate_voc(code_of, voc, config, sets, on_problem)


@pytest.mark.slow
@given(content=st.sampled_from(JPEGS).flatmap(damaged_picture), on_problem=ON_PROBLEM)
@fuzz_settings
def test_pictures(code_of, config: Config, voc: Path, tmp_path: Path, content: bytes, on_problem: str) -> None:
    picture = restored(voc) / "JPEGImages" / "a.jpg"
    picture.write_bytes(content)
    evaluate_voc(code_of, voc, config, "test", on_problem)
    found = code_of("infer", picture, "--out", tmp_path / "out", "--on-problem", on_problem)
    assert found == (0 if decodes(picture) else 2)


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_coco(tmp_path_factory.mktemp("coco"), coco_content())


@given(content=damaged_json(), on_problem=ON_PROBLEM)
@fuzz_settings
def test_json(code_of, config: Config, coco: tuple[Path, Path], content: bytes, on_problem: str) -> None:
    coco[0].write_bytes(content)
    options = ["--coco", coco[0], "--images", coco[1], "--on-problem", on_problem, "--workers", 0, "--batch", 2]
    assert code_of("eval", *options) == expected(Source(None, "test", *coco, on_problem), config)
