import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from alignment_tests.mutated import damaged, fuzz_settings
from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image, random_case
from nanodet_common.errors import InputError
from nanodet_common.evaluation.results import read_results, write_results

ONE = dataset(image([(10, 10, 50, 50)]))
ROW = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for image_id, detections in ours.items():
        for a, b in zip(detections, theirs[image_id], strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


@pytest.mark.parametrize("category_ids", [None, (17, 3, 90)])
def test_there_and_back_bit_for_bit(category_ids, tmp_path):
    images, detections = random_case(0)
    images = replace(images, category_ids=category_ids)
    path = tmp_path / "new" / "results.json"
    write_results(path, images, detections)
    assert_same(read_results(path, images), detections)
    assert list(path.parent.iterdir()) == [path]


def test_the_real_detections_there_and_back(golden_run, tmp_path):
    images, detections, _ = golden_run
    write_results(tmp_path / "results.json", images, detections)
    assert_same(read_results(tmp_path / "results.json", images), detections)


def test_the_form_is_coco_s(tmp_path):
    named = replace(ONE, category_ids=(5, 44))
    write_results(tmp_path / "a.json", named, {1: found([(1, 2, 4, 8)], [0.5], [1])})
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {"image_id": 1, "category_id": 44, "category_name": "dog", "bbox": [1.0, 2.0, 3.0, 6.0], "score": 0.5}
    ]


def test_nothing_found_is_an_empty_list(tmp_path):
    write_results(tmp_path / "a.json", ONE, {1: found()})
    assert json.loads((tmp_path / "a.json").read_text()) == []
    assert_same(read_results(tmp_path / "a.json", ONE), {1: found()})


def test_a_file_of_others_needs_no_names_and_no_order(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROW, {**ROW, "score": 1, "extra": None}]))
    detections = read_results(tmp_path / "a.json", ONE)[1]
    assert detections.scores.tolist() == [1, 0.5]
    np.testing.assert_array_equal(detections.boxes, [[1, 2, 4, 6]] * 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "not a COCO result file: expected a list"),
        ("[1, ", "not usable JSON"),
        ("[" * 100_000, "not usable JSON: nested too deeply"),
        ("[[]]", r"detection 1 is \[\], not an object"),
        ([{**ROW, "image_id": 2}], "detection 1 is in image 2, which the data set does not have"),
        ([{**ROW, "image_id": "1"}], "image_id is '1', not a whole number"),
        ([{**ROW, "image_id": True}], "image_id is True, not a whole number"),
        ([ROW, {**ROW, "category_id": 9}], "detection 2: category_id 9 is not one of the data set's 2"),
        ([{**ROW, "category_name": "dog"}], "category 1 is 'dog' there and 'cat' in the data set"),
        ([{**ROW, "category_name": 3}], "category 1 is 3 there"),
        ([{**ROW, "bbox": [1, 2, 3]}], r"bbox is \[1, 2, 3\], not four numbers"),
        ([{**ROW, "bbox": [1, 2, 3, "4"]}], "not four numbers"),
        ([{**ROW, "bbox": [1, 2, 3, 1e40]}], "not four numbers"),
        ([{**ROW, "bbox": [1, 2, -3, 4]}], "negative width or height"),
        ([{**ROW, "score": float("nan")}], "score is nan, not a number from 0 to 1"),
        ([{**ROW, "score": 1.5}], "score is 1.5"),
        ([{key: value for key, value in ROW.items() if key != "score"}], "score is None"),
    ],
)
def test_wrong_files_are_refused_with_the_place(content, message, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=message) as raised:
        read_results(path, ONE)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


@fuzz_settings
@given(damaged(json.dumps([ROW, {**ROW, "category_name": "cat"}]).encode()))
def test_damaged_files_are_read_or_refused_in_one_line(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        path.write_bytes(content)
        refusal, detections = "", found()
        try:
            detections = read_results(path, ONE)[1]
        except InputError as error:
            refusal = str(error)
    assert "\n" not in refusal
    assert np.isfinite(detections.boxes).all()
    assert ((detections.scores >= 0) & (detections.scores <= 1)).all()


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(InputError, match="not a finite number"):
        write_results(path, ONE, {1: found([(1, 2, 3, 4)], [np.nan])})
    assert path.read_text() == "old"
    with pytest.raises(InputError, match=r"cannot write .*; give another path"):
        write_results(path / "b.json", ONE, {1: found()})


def test_category_ids_must_fit():
    with pytest.raises(ValueError, match="2 classes need as many different category ids"):
        write_results(None, replace(ONE, category_ids=(1, 1)), {1: found()})
