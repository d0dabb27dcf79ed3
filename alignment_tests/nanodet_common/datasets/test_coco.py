import json
import sys

import numpy as np
import pytest

from alignment_tests.nanodet_common.datasets.files import coco_content, write_coco, write_picture
from nanodet_common.class_names import COCO_CLASSES
from nanodet_common.datasets.coco import read_coco
from nanodet_common.errors import InputError


def test_categories_of_the_file_in_the_order_of_their_ids(tmp_path):
    dataset = read_coco(*write_coco(tmp_path, coco_content()), None)
    assert dataset.class_names == ("person", "traffic light", "cat")
    assert dataset.problems == ()
    first, second = dataset.images
    assert (first.image_id, first.file.name, first.size) == (3, "a.jpg", (40, 30))
    np.testing.assert_array_equal(first.boxes, np.float32([[0.5, 0.25, 10.5, 10.25], [1, 2, 4, 6]]))
    assert first.labels.tolist() == [1, 0]
    assert first.crowd.tolist() == [True, False]
    assert second.image_id == 70
    assert second.labels.tolist() == [2]
    assert not second.difficult.any()


def test_categories_are_found_by_name(tmp_path):
    dataset = read_coco(*write_coco(tmp_path, coco_content()), COCO_CLASSES)
    assert dataset.class_names == COCO_CLASSES
    assert [COCO_CLASSES[label] for label in dataset.images[0].labels] == ["traffic_light", "person"]
    assert dataset.problems == ()


def test_category_ids_are_those_of_the_file_and_never_two_alike(tmp_path):
    files = write_coco(tmp_path, coco_content())
    assert read_coco(*files, None).category_ids == (1, 10, 90)
    assert read_coco(*files, ("zebra", "cat", "person", "dog")).category_ids == (91, 90, 1, 92)


def test_an_area_is_that_of_the_outline_or_else_of_the_box(tmp_path):
    content = coco_content()
    content["annotations"][1]["area"] = 77.5
    for useless in (None, "12", 0, -3, 10**400):
        content["annotations"][2]["area"] = useless
        assert read_coco(*write_coco(tmp_path, content), None).images[0].areas.tolist() == [77.5, 12]


def test_depth_is_refused_whatever_limit_of_recursion_others_have_set(tmp_path):
    """Importing Jittor sets it to a million."""
    source, images = write_coco(tmp_path, coco_content())
    source.write_text("[" * 2_000)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        with pytest.raises(InputError, match="nested too deeply"):
            read_coco(source, images, None)
    finally:
        sys.setrecursionlimit(before)


def test_ignore_counts_as_crowd(tmp_path):
    content = coco_content()
    content["annotations"][0]["ignore"] = 1
    assert read_coco(*write_coco(tmp_path, content), None).images[1].crowd.tolist() == [True]


def test_empty_sets_are_legal(tmp_path):
    content = coco_content() | {"annotations": []}
    assert [image.boxes.shape for image in read_coco(*write_coco(tmp_path, content), None).images] == [(0, 4)] * 2
    content = {"images": [], "annotations": [], "categories": []}
    assert len(read_coco(*write_coco(tmp_path, content), None)) == 0


ANNOTATION_PROBLEMS = {
    "unknown image": ({"image_id": 4}, "unknown image", "annotation 3 belongs to no image"),
    "image by name": ({"image_id": "3"}, "unknown image", "annotation 3 belongs to no image"),
    "unknown category": ({"category_id": 2}, "unknown class", "annotation 3: there is no category 2"),
    "category is a list": ({"category_id": [[1]]}, "unknown class", "no category [[1]]"),
    "another class": ({"category_id": 90}, "unknown class", "'cat' is not in the class list"),
    "zero area": ({"bbox": [1, 2, 0, 4]}, "empty box", "annotation 3: box 1, 2, 1, 6 has no area"),
    "negative width": ({"bbox": [10, 2, -3, 4]}, "empty box", "has no area"),
    "outside": ({"bbox": [50, 2, 3, 4]}, "box outside", "lies outside 40 x 30 pixels"),
    "three numbers": ({"bbox": [1, 2, 3]}, "missing box", "bbox is [1, 2, 3], not four numbers"),
    "null": ({"bbox": None}, "missing box", "bbox is None"),
    "text": ({"bbox": ["1", 2, 3, 4]}, "missing box", "not four numbers"),
    "true": ({"bbox": [True, 2, 3, 4]}, "missing box", "not four numbers"),
    "NaN": ({"bbox": [float("nan"), 2, 3, 4]}, "bad coordinate", "box nan, 2, nan, 6"),
    "infinite": ({"bbox": [1, 2, float("inf"), 4]}, "bad coordinate", "box 1, 2, inf, 6"),
    "huge": ({"bbox": [1, 2, 10**400, 4]}, "bad coordinate", "inf"),
    "bad flag": ({"iscrowd": "yes"}, "bad flag", "neither 0 nor 1"),
}


@pytest.mark.parametrize("case", ANNOTATION_PROBLEMS)
def test_an_annotation_that_is_left_out_is_named_and_counted(case, tmp_path):
    change, kind, reason = ANNOTATION_PROBLEMS[case]
    content = coco_content()
    del content["annotations"][0]
    content["annotations"].append(content["annotations"][0] | {"iscrowd": 0} | change)
    source, images = write_coco(tmp_path, content)
    dataset = read_coco(source, images, ["person", "traffic_light"])
    (problem,) = dataset.problems
    assert (problem.kind, problem.source) == (kind, source)
    assert reason in problem.reason
    assert sum(len(image.boxes) for image in dataset.images) == 2
    with pytest.raises(InputError, match=rf"instances\.json: {kind}: "):
        read_coco(source, images, ["person", "traffic_light"], on_problem="fail")


def test_a_box_partly_outside_is_clipped_and_never_fatal(tmp_path):
    content = coco_content()
    content["annotations"][0]["bbox"] = [-5, 20, 20, 20.5]
    dataset = read_coco(*write_coco(tmp_path, content), None, on_problem="fail")
    assert dataset.images[1].boxes.tolist() == [[0, 20, 15, 30]]
    assert [problem.kind for problem in dataset.problems] == ["clipped box"]


def test_images_that_are_left_out(tmp_path):
    content = coco_content()
    content["images"] += [
        {"id": 3, "file_name": "b.jpg"},
        {"id": "4", "file_name": "b.jpg"},
        {"id": 5},
        7,
        {"id": 6, "file_name": "absent.jpg"},
        {"id": 8, "file_name": "nul\0.jpg"},
        {"id": 9, "file_name": "half \ud800.jpg"},
        {"id": 10, "file_name": "broken.jpg"},
        {"id": 10**40, "file_name": "a.jpg"},
    ]
    source, images = write_coco(tmp_path, content)
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    dataset = read_coco(source, images, None)
    assert [image.image_id for image in dataset.images] == [3, 70]
    assert [problem.kind for problem in dataset.problems] == [
        "duplicate image",
        "broken image entry",
        "broken image entry",
        "broken image entry",
        "broken image entry",
        "missing image",
        "missing image",
        "missing image",
        "broken image",
    ]
    assert "image 6: no 'absent.jpg' in" in dataset.problems[5].reason


def test_the_picture_decides_its_size(tmp_path):
    content = coco_content()
    del content["images"][0]["width"]
    content["images"][1]["width"] = 10**9
    source, images = write_coco(tmp_path, content)
    write_picture(images / "a.jpg", 100, 80)
    assert [image.size for image in read_coco(source, images, None).images] == [(100, 80), (40, 30)]


BROKEN_FILES = {
    "cut": (json.dumps(coco_content())[:100], "not usable JSON"),
    "empty": ("", "not usable JSON"),
    "depth": ("[" * 200_000, "nested too deeply"),
    "depth of objects": ('{"images":' * 100_000, "nested too deeply"),
    "thousands of digits": ("9" * 5000, "not usable JSON"),
    "a key twice": ('{"images": [], "images": []}', "key 'images' stands twice"),
    "a list": ("[]", "not COCO annotations: no object"),
    "no annotations": ('{"images": [], "categories": []}', "'annotations' is missing or no list"),
    "images no list": ('{"images": {}, "annotations": [], "categories": []}', "'images' is missing or no list"),
    "category without name": (
        json.dumps(coco_content() | {"categories": [{"id": 1}]}),
        "category 1 has no usable id and name",
    ),
    "category twice": (
        json.dumps(coco_content() | {"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}),
        "two categories have the id 1",
    ),
    "names alike": (
        json.dumps(coco_content() | {"categories": [{"id": 1, "name": "a b"}, {"id": 2, "name": "a_b"}]}),
        "count as one name",
    ),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_files_that_hold_no_annotations(case, tmp_path):
    text, reason = BROKEN_FILES[case]
    with pytest.raises(InputError, match=reason):
        read_coco(*write_coco(tmp_path, text), None)


def test_missing_file_and_folder(tmp_path):
    source, images = write_coco(tmp_path, coco_content())
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_coco(tmp_path / "absent.json", images, None)
    with pytest.raises(InputError, match="no such folder of images"):
        read_coco(source, tmp_path / "absent", None)
