import numpy as np
import pytest

from alignment_tests.nanodet_common.datasets.files import annotation_xml, object_xml, write_picture, write_voc
from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.datasets.voc import read_voc
from nanodet_common.errors import InputError

CLASSES = ("person", "cat", "traffic_light")
GOOD = annotation_xml(object_xml())


def test_the_real_sets(shared):
    """The counts are those of the reference material's README."""
    root = shared / "data" / "VOCdevkit"
    dataset = read_voc(root, ["2007:test", "2007:trainval", "2012:trainval"], VOC_CLASSES)
    assert len(dataset) == 1035 + 1084 + 3426
    assert dataset.problems == ()
    assert [image.image_id for image in dataset.images] == list(range(1, 5546))
    assert {image.file.parts[-3] for image in dataset.images[:2119]} == {"VOC2007"}
    assert {image.file.parts[-3] for image in dataset.images[2119:]} == {"VOC2012"}
    assert len(set(np.concatenate([image.labels for image in dataset.images]).tolist())) == 20
    assert sum(image.difficult.sum() for image in dataset.images) > 0
    assert not any(image.crowd.any() for image in dataset.images)


@pytest.mark.parametrize("wanted", ["test", "2007:test"])
def test_a_year_folder_is_a_root_too(wanted, shared):
    assert len(read_voc(shared / "data" / "VOCdevkit" / "VOC2007", [wanted], VOC_CLASSES)) == 1035


def test_a_set_that_one_year_alone_has_needs_no_year(shared):
    root = shared / "data" / "VOCdevkit"
    assert len(read_voc(root, ["test"], VOC_CLASSES)) == 1035
    with pytest.raises(InputError, match=r"'trainval' is ambiguous; give one of 2007:trainval, 2012:trainval"):
        read_voc(root, ["trainval"], VOC_CLASSES)


def test_boxes_stand_as_in_the_file_and_difficult_is_kept(tmp_path):
    hard = object_xml("traffic light", (0.5, 1.25, 40, 30), "<difficult>1</difficult>")
    root = write_voc(tmp_path, {"a": annotation_xml(object_xml(), hard)})
    (image,) = read_voc(root, ["test"], CLASSES).images
    assert (image.image_id, image.file, image.size) == (1, root / "JPEGImages" / "a.jpg", (40, 30))
    np.testing.assert_array_equal(image.boxes, np.float32([[5, 6, 20, 25], [0.5, 1.25, 40, 30]]))
    assert (image.boxes.dtype, image.labels.dtype) == (np.float32, np.int64)
    assert image.labels.tolist() == [1, 2]
    assert image.difficult.tolist() == [False, True]
    assert image.crowd.tolist() == [False, False]


def test_an_image_without_objects_and_an_empty_set_are_legal(tmp_path):
    root = write_voc(tmp_path, {"a": annotation_xml()})
    dataset = read_voc(root, ["test"], CLASSES)
    assert dataset.images[0].boxes.shape == (0, 4)
    assert dataset.problems == ()
    (root / "ImageSets/Main/test.txt").write_text("\n")
    assert len(read_voc(root, ["test"], CLASSES)) == 0


def test_lists_of_one_class_have_a_second_column(tmp_path):
    root = write_voc(tmp_path, {"a": GOOD, "my photo": GOOD, "c": GOOD}, listed=["a  1", "my photo -1", "c\t0"])
    assert [image.file.stem for image in read_voc(root, ["test"], CLASSES).images] == ["a", "my photo", "c"]


PROBLEMS = {
    "not XML": ("<annotation><object></annotation>", "broken XML", "mismatched tag"),
    "empty file": ("", "broken XML", "no element found"),
    "another format": ("<svg/>", "broken XML", "'svg', not 'annotation'"),
    "entities": (
        '<!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>',
        "broken XML",
        "declares a document type",
    ),
    "external entity": (
        '<!DOCTYPE annotation SYSTEM "file:///etc/passwd"><annotation/>',
        "broken XML",
        "declares a document type",
    ),
    "undeclared entity": ("<annotation>&lol;</annotation>", "broken XML", "undefined entity"),
    "depth": ("<annotation>" + "<a>" * 100_000, "broken XML", "nested more than 32 deep"),
    "encoding": ('<?xml version="1.0" encoding="klingon"?><annotation/>', "broken XML", "unknown encoding"),
    "size": ("<annotation>" + " " * (16 << 20), "broken XML", "larger than 16 MB"),
    "unknown class": (annotation_xml(object_xml("zebra")), "unknown class", "'zebra' is not in the class list"),
    "no name": (annotation_xml("<object/>"), "unknown class", "'' is not in the class list"),
    "no box": (annotation_xml("<object><name>cat</name></object>"), "missing box", "object 1 has no bndbox"),
    "zero area": (annotation_xml(object_xml(box=(5, 6, 5, 25))), "empty box", "object 1: box 5, 6, 5, 25 has no area"),
    "upside down": (annotation_xml(object_xml(box=(5, 25, 20, 6))), "empty box", "has no area"),
    "too thin": (annotation_xml(object_xml(box=(20, 6, 20.0000001, 25))), "empty box", "thinner than float32 can tell"),
    "outside": (annotation_xml(object_xml(box=(40, 6, 50, 25))), "box outside", "lies outside 40 x 30 pixels"),
    "not a number": (annotation_xml(object_xml(box=("x", 6, 20, 25))), "bad coordinate", "object 1: xmin is 'x'"),
    "NaN": (annotation_xml(object_xml(box=(5, "nan", 20, 25))), "bad coordinate", "ymin is 'nan'"),
    "infinity": (annotation_xml(object_xml(box=(5, 6, "1e999", 25))), "bad coordinate", "xmax is '1e999'"),
    "Python's number": (annotation_xml(object_xml(box=(5, 6, "2_0", 25))), "bad coordinate", "xmax is '2_0'"),
    "no coordinate": (
        annotation_xml("<object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object>"),
        "bad coordinate",
        "ymin is None",
    ),
    "bad flag": (annotation_xml(object_xml(more="<difficult>so-so</difficult>")), "bad flag", "difficult is 'so-so'"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_is_left_out_is_named_and_counted(case, tmp_path):
    xml, kind, reason = PROBLEMS[case]
    root = write_voc(tmp_path, {"a": xml, "b": GOOD})
    dataset = read_voc(root, ["test"], CLASSES)
    (problem,) = dataset.problems
    assert problem.kind == kind
    assert problem.source == root / "Annotations" / "a.xml"
    assert reason in problem.reason
    assert sum(len(image.boxes) for image in dataset.images) == 1
    assert len(dataset) == (1 if kind == "broken XML" else 2)
    with pytest.raises(InputError, match=rf"a\.xml: {kind}: "):
        read_voc(root, ["test"], CLASSES, on_problem="fail")


def test_a_box_partly_outside_is_clipped_and_never_fatal(tmp_path):
    root = write_voc(tmp_path, {"a": annotation_xml(object_xml(box=(-3, 6, 41, 1e300)))})
    dataset = read_voc(root, ["test"], CLASSES, on_problem="fail")
    assert dataset.images[0].boxes.tolist() == [[0, 6, 40, 30]]
    assert [problem.kind for problem in dataset.problems] == ["clipped box"]


def test_the_picture_decides_its_size(tmp_path):
    root = write_voc(tmp_path, {"a": annotation_xml(object_xml(box=(5, 6, 90, 70)))})
    write_picture(root / "JPEGImages" / "a.jpg", 100, 80)
    dataset = read_voc(root, ["test"], CLASSES)
    assert dataset.images[0].size == (100, 80)
    assert dataset.images[0].boxes.tolist() == [[5, 6, 90, 70]]
    assert dataset.problems == ()


def test_missing_files(tmp_path):
    root = write_voc(tmp_path, {"a": GOOD, "b": GOOD, "c": GOOD}, listed=["a", "b", "c", "d", "c"])
    (root / "JPEGImages" / "a.jpg").unlink()
    (root / "JPEGImages" / "b.jpg").write_bytes(b"no image")
    dataset = read_voc(root, ["test"], CLASSES)
    assert [image.file.stem for image in dataset.images] == ["c"]
    found = [(problem.kind, problem.source.name, problem.reason) for problem in dataset.problems]
    assert [(kind, source) for kind, source, _ in found] == [
        ("missing image", "a.xml"),
        ("broken image", "b.jpg"),
        ("missing annotation", "test.txt"),
        ("duplicate image", "test.txt"),
    ]
    assert found[1][2] == "not an image that OpenCV can decode (JPEG, PNG, BMP, ... are)"
    with pytest.raises(InputError, match=r"a\.xml: missing image: no a\.jpg in"):
        read_voc(root, ["test"], CLASSES, on_problem="fail")


def test_a_picture_of_another_kind_is_found_by_the_name_in_the_xml(tmp_path):
    root = write_voc(tmp_path, {"a": annotation_xml(file_name=r"C:\photos\a.png")})
    (root / "JPEGImages" / "a.jpg").unlink()
    write_picture(root / "JPEGImages" / "a.png", 7, 9)
    (image,) = read_voc(root, ["test"], CLASSES).images
    assert (image.file.name, image.size) == ("a.png", (7, 9))


@pytest.mark.parametrize("line", ["../a", "x" * 300, "a\0b", "/etc/passwd"])
def test_odd_names_in_a_list(line, tmp_path):
    dataset = read_voc(write_voc(tmp_path, {"a": GOOD}, listed=[line]), ["test"], CLASSES)
    assert [problem.kind for problem in dataset.problems] == ["missing annotation"]


def test_wrong_roots_and_sets(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_voc(tmp_path / "absent", ["test"], CLASSES)
    with pytest.raises(InputError, match="neither it nor a folder VOC"):
        read_voc(tmp_path, ["test"], CLASSES)
    write_voc(tmp_path / "VOC2007", {"a": GOOD})
    write_voc(tmp_path / "VOC2012", {"a": GOOD}, name="val")
    with pytest.raises(InputError, match=r"no set '2012:test'; there is 2007:test, 2012:val"):
        read_voc(tmp_path, ["2012:test"], CLASSES)
    with pytest.raises(InputError, match="no set is named"):
        read_voc(tmp_path, [], CLASSES)
    (tmp_path / "VOC2007/ImageSets/Main/test.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(InputError, match="not a list of images"):
        read_voc(tmp_path, ["test"], CLASSES)


@pytest.mark.parametrize("names", [("cat", "cat"), ("hot_dog", "hot dog"), ("cat", " ")])
def test_a_class_list_that_cannot_be_told_apart(names, tmp_path):
    with pytest.raises(InputError, match="class"):
        read_voc(write_voc(tmp_path, {"a": GOOD}), ["test"], names)
