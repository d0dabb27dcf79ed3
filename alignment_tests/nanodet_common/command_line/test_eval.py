"""`eval` on small data sets of nobody's: what it writes, and that bad input is one line and exit code 2."""

import json
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.nanodet_common import hand_made
from nanodet_common.datasets.coco import read_coco
from nanodet_common.evaluation.results import read_results
from nanodet_common.record import read_record

FRAMEWORKS = ("torch", "jittor")
FAST = ("--workers", "0", "--batch", "4")


def coco_options(material) -> list[str]:
    annotations, images = material.coco
    return ["--coco", str(annotations), "--images", str(images)]


def voc_options(material) -> list[str]:
    return ["--voc", str(material.voc), "--split", "val", "--classes", ",".join(hand_made.NAMES)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_voc_set_with_classes_of_its_own(call, material, tmp_path, framework):
    files = [tmp_path / name for name in ("all.json", "page.html", "found.json")]
    options = ["--json", files[0], "--html", files[1], "--out", files[2]]
    done = call(framework, "eval", *material.model, *voc_options(material), *FAST, *options)
    assert done.code == 0, done.err
    assert "8 of 8 images" in done.err
    assert "COCO: 8 images, 8 objects" in done.out
    whole = json.loads(files[0].read_text())
    assert whole["dataset"]["objects"] == dict(zip(hand_made.NAMES, (3, 3, 2), strict=True))
    ((name, ran),) = whole["runs"].items()
    assert name == {"torch": "PyTorch", "jittor": "Jittor"}[framework]
    assert len(whole["images"]) == 8
    assert {len(one[name]["output"]) for one in whole["images"].values()} == {32}
    assert len(ran["facts"]["weights"]["sha256"]) == 64
    assert ran["coco"]["detections"] > 0
    assert name in files[1].read_text()
    assert {one["category_name"] for one in json.loads(files[2].read_text())} <= set(hand_made.NAMES)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_coco_set_lends_its_names_to_a_model_without(call, material, tmp_path, framework):
    out = tmp_path / "found.json"
    done = call(framework, "eval", *material.model, *coco_options(material), *FAST, "--out", out)
    assert done.code == 0, done.err
    assert "blaue Tür" in done.out
    dataset = read_coco(*material.coco, None)
    assert sum(len(one.scores) for one in read_results(out, dataset).values()) > 0


def test_the_order_of_the_classes_is_the_models(call, material, tmp_path):
    """Named in another order, the model's second output is the annotations' third class."""
    names = (hand_made.NAMES[0], hand_made.NAMES[2], hand_made.NAMES[1])
    path = tmp_path / "names.txt"
    path.write_text("\n".join(names) + "\n\n")
    found = []
    for classes in (",".join(hand_made.NAMES), path):
        out = tmp_path / f"{len(found)}.json"
        done = call(
            "torch", "eval", *material.model, *coco_options(material), *FAST, "--classes", classes, "--out", out
        )
        assert done.code == 0, done.err
        found.append([one["category_name"] for one in json.loads(out.read_text())])
    renamed = dict(zip(hand_made.NAMES, names, strict=True))
    assert [renamed[name] for name in found[0]] == found[1]


def test_workers_find_the_same(call, material, tmp_path):
    outs = [tmp_path / f"{workers}.npz" for workers in (0, 2)]
    for out, workers in zip(outs, (0, 2), strict=True):
        options = ["--workers", workers, "--batch", 3, "--record", out]
        assert call("torch", "eval", *material.model, *voc_options(material), *options).code == 0
    first, second = map(read_record, outs)
    assert first.inputs == second.inputs
    assert first.outputs == second.outputs


def test_both_frameworks_are_given_the_same_and_find_the_same(call, material, tmp_path):
    """Scores within 1e-5 and sides within 0.01 pixels, which is what `jtmigrate eval` allows."""
    records = []
    for framework in FRAMEWORKS:
        out = tmp_path / f"{framework}.npz"
        done = call(framework, "eval", *material.model, *voc_options(material), *FAST, "--record", out, "--raw")
        assert done.code == 0, done.err
        assert done.out == ""
        records.append(read_record(out))
    ours, theirs = records
    assert ours.inputs == theirs.inputs
    assert ours.facts["weights"] == theirs.facts["weights"]
    for image, (scores, boxes) in ours.raw.items():
        assert np.abs(scores - theirs.raw[image][0]).max() <= 1e-5
        assert np.abs(boxes - theirs.raw[image][1]).max() <= 1e-2
    assert sum(len(one.scores) for one in ours.found.values()) > 0


@pytest.mark.slow
def test_float64_is_the_same_computation_in_both(call, material, tmp_path):
    """1e-9 is far above the rounding of float64 and far below that of float32."""
    for framework in FRAMEWORKS:
        options = ["--only", "1,3", "--raw", "--dtype", "float64", "--record", tmp_path / f"{framework}.npz"]
        assert call(framework, "eval", *material.model, *voc_options(material), *FAST, *options).code == 0
    expected, found = (read_record(tmp_path / f"{framework}.npz").raw for framework in FRAMEWORKS)
    assert list(found) == [1, 3]
    for image, (scores, _) in expected.items():
        assert scores.dtype == found[image][0].dtype == np.float64
        assert np.abs(scores - found[image][0]).max() <= 1e-9


def test_pictures_of_extreme_sizes(call, material, tmp_path):
    voc = hand_made.voc_set(tmp_path / "voc", [(1, 1), (8000, 6000), (1, 3000)])
    done = call("torch", "eval", *material.model, *voc_options(material._replace(voc=voc)), *FAST)
    assert done.code == 0, done.err


def test_what_cannot_be_used_is_counted_or_refused(call, material, tmp_path):
    voc = hand_made.voc_set(tmp_path / "voc")
    (voc / "Annotations" / "p2.xml").write_text("<annotation>")
    (voc / "JPEGImages" / "p4.jpg").unlink()
    options = voc_options(material._replace(voc=voc))
    done = call("torch", "eval", *material.model, *options, *FAST)
    assert done.code == 0, done.err
    assert "problems: 2" in done.out
    assert "p2.xml" in done.out
    assert "COCO: 6 images" in done.out
    done = call("torch", "eval", *material.model, *options, *FAST, "--on-problem", "fail")
    assert done.code == 2
    assert "p2.xml" in done.err


@pytest.mark.parametrize("workers", [0, 1])
def test_pictures_that_break_off_are_left_out_or_end_the_run(call, material, tmp_path, workers):
    """p5 leaves another in its batch, p6 and p7 are one of their own; what is found in the others does not change."""
    voc = hand_made.voc_set(tmp_path / "voc")
    command = ["eval", *material.model, *voc_options(material._replace(voc=voc)), "--workers", workers, "--batch", 2]
    assert call("torch", *command, "--record", tmp_path / "whole.npz").code == 0
    hand_made.break_off(*(voc / "JPEGImages" / f"{name}.jpg" for name in ("p5", "p6", "p7")))
    done = call("torch", *command, "--json", tmp_path / "a.json")
    assert done.code == 0, done.err
    assert "broken image: 3" in done.out
    assert "COCO: 5 images" in done.out
    whole = json.loads((tmp_path / "a.json").read_text())["dataset"]
    assert [Path(one["source"]).name for one in whole["problems"]] == ["p5.jpg", "p6.jpg", "p7.jpg"]
    assert call("torch", *command, "--record", tmp_path / "broken.npz").code == 0
    before, after = (read_record(tmp_path / name) for name in ("whole.npz", "broken.npz"))
    assert len(after.problems) == 3
    assert set(before.found) - set(after.found) == {6, 7, 8}
    assert after.inputs == {image: before.inputs[image] for image in after.found}

    done = call("torch", *command, "--on-problem", "fail")
    assert (done.code, done.out) == (2, "")
    assert "p5.jpg: broken image: not an image" in done.err.splitlines()[-1]


def test_nothing_but_pictures_that_break_off(call, material, tmp_path):
    voc = hand_made.voc_set(tmp_path / "voc")
    hand_made.break_off(*(voc / "JPEGImages").iterdir())
    done = call("torch", "eval", *material.model, *voc_options(material._replace(voc=voc)), *FAST)
    assert (done.code, done.out) == (2, "")
    assert "nothing to evaluate: the data set has no images (8 problems" in done.err


def refused(material, folder: Path):
    """Command lines after `eval` with weights, each with a part of the complaint."""
    voc, coco = voc_options(material), coco_options(material)
    empty = hand_made.voc_set(folder / "empty", [])
    bare = hand_made.voc_set(folder / "bare", objects=False)
    no_images = folder / "no images.json"
    no_images.write_text(json.dumps({"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}))
    yield [], "no data set, or two"
    yield [*voc, *coco], "no data set, or two"
    yield coco[:2], "no data set, or two"
    yield coco[2:], "no data set, or two"
    yield voc[:4], "3 classes have no names: give them with --classes"
    yield [*voc[:4], "--classes", "a,b"], "2 classes are named, but the model has 3"
    yield [*voc[:2], "--split", "train", *voc[4:]], "train"
    yield ["--voc", str(folder / "none"), "--split", "val", *voc[4:]], "none"
    yield ["--voc", str(empty), *voc[2:]], "the data set has no images"
    yield ["--voc", str(bare), *voc[2:]], "8 images without an object that counts"
    yield ["--coco", str(no_images), *coco[2:], "--classes", "a,b,c"], "has no images"
    yield ["--coco", str(no_images), *coco[2:]], "has 1 categories, but the model 3 classes"
    yield ["--coco", str(folder / "none.json"), *coco[2:]], "none.json"
    yield [*voc, "--only", "1,x"], "--only is '1,x'"
    yield [*voc, "--only", "1,99"], "--only names images that the data set does not have: 99"
    yield [*voc, "--num-classes", "4"], "head has 3 classes, but --num-classes says 4"
    yield [*voc, "--json", str(material.config / "a.json")], "cannot write"
    yield [*voc, "--json", "a.json", "--record", "a.npz"], "--json means nothing with --record"
    yield [*voc, "--raw"], "--raw means nothing with no --record"
    yield [*voc, "--weights", str(folder / "none.pth")], "none.pth: no such file"
    yield [*voc, "--weights", str(material.config)], "neither a PyTorch checkpoint nor"
    yield [*voc, "--config", "nanodet-plus-m-1.5x_320"], "does not fit nanodet-plus-m-1.5x_320"
    yield [*voc, "--config", "m"], "no configuration 'm'"


def test_bad_input_is_one_line_and_nothing_runs(call, material, tmp_path):
    for options, complaint in refused(material, tmp_path):
        done = call("torch", "eval", *material.model, *options)
        assert (done.code, done.out) == (2, ""), options
        assert complaint in done.err, options
        assert len(done.err.splitlines()) == 1, done.err
