"""Damaged XML, JSON and JPEG files end in a data set with named problems, or in an InputError of one line."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_tests.mutated import fuzz_settings
from alignment_tests.nanodet_common.datasets.damage import (
    CLASSES,
    JPEGS,
    LARGE,
    LARGE_SIDES,
    damaged_json,
    damaged_picture,
    damaged_xml,
)
from alignment_tests.nanodet_common.datasets.files import (
    annotation_xml,
    coco_content,
    object_xml,
    write_coco,
    write_voc,
)
from nanodet_common.datasets.coco import read_coco
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.summary import summary
from nanodet_common.datasets.voc import read_voc
from nanodet_common.errors import InputError
from nanodet_common.image_header import header_size
from nanodet_common.preprocess import MAX_PIXELS, image_size, load_image

GOOD = annotation_xml(object_xml())


def check_dataset(dataset: Dataset) -> None:
    for image in dataset.images:
        width, height = image.size
        assert image.boxes.shape == (len(image.labels), 4)
        assert np.isfinite(image.boxes).all()
        assert (image.boxes[:, :2] >= 0).all()
        assert (image.boxes[:, 2:] <= (width, height)).all()
        assert (image.boxes[:, 2:] > image.boxes[:, :2]).all()
    for problem in dataset.problems:
        assert problem.kind
        assert problem.reason
        assert len(problem.reason) < 20_000
    assert summary(dataset)


@pytest.fixture(scope="module")
def voc(tmp_path_factory):
    return write_voc(tmp_path_factory.mktemp("voc"), {"a": GOOD, "b": GOOD})


@given(content=damaged_xml())
@fuzz_settings
def test_xml(voc: Path, content: bytes) -> None:
    (voc / "Annotations" / "a.xml").write_bytes(content)
    dataset = read_voc(voc, ["test"], CLASSES)
    check_dataset(dataset)
    assert dataset.images[-1].file.name == "b.jpg"
    assert len(dataset.images[-1].boxes) == 1
    assert all(problem.source.name == "a.xml" for problem in dataset.problems)
    assert len(dataset) == 2 or dataset.problems
    left_out = [problem for problem in dataset.problems if problem.kind != "clipped box"]
    if left_out:
        with pytest.raises(InputError, match=re.escape(f"a.xml: {left_out[0].kind}: ")):
            read_voc(voc, ["test"], CLASSES, on_problem="fail")


@pytest.fixture(scope="module")
def coco(tmp_path_factory):
    return write_coco(tmp_path_factory.mktemp("coco"), coco_content())


@given(content=damaged_json(), own=st.booleans())
@fuzz_settings
def test_json(coco: tuple[Path, Path], content: bytes, own: bool) -> None:
    coco[0].write_bytes(content)
    try:
        dataset = read_coco(*coco, None if own else CLASSES)
    except InputError as error:
        assert str(error).startswith(str(coco[0])) or "class" in str(error)  # noqa: PT017 - either outcome is right
    else:
        check_dataset(dataset)


def check_picture(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        height, width, channels = load_image(path).shape
    except InputError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - either outcome is right
        return
    assert channels == 3
    assert image_size(path) == (width, height)
    in_header = header_size(io.BytesIO(content))
    assert in_header in ((width, height), None)
    assert in_header is None or width * height <= MAX_PIXELS


@given(content=st.sampled_from(JPEGS).flatmap(damaged_picture))
@fuzz_settings
def test_pictures(tmp_path: Path, content: bytes) -> None:
    check_picture(tmp_path / "a.jpg", content)


@given(kind=st.sampled_from(["2007_000032.jpg", "2007_000027.jpg"]), data=st.data())
@fuzz_settings
def test_photographs(tmp_path: Path, shared: Path, kind: str, data: st.DataObject) -> None:
    content = (shared / "golden" / kind).read_bytes()
    check_picture(tmp_path / "a.jpg", data.draw(damaged_picture(content)))


@pytest.mark.slow
@given(content=damaged_picture(LARGE, LARGE_SIDES))
@settings(fuzz_settings, max_examples=fuzz_settings.max_examples // 10)
def test_pictures_of_8000_by_6000(tmp_path: Path, content: bytes) -> None:
    check_picture(tmp_path / "a.jpg", content)
