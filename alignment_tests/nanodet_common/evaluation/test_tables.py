import io

import pytest
from rich.console import Console

from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image
from nanodet_common.evaluation.agreement import compare_runs
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.tables import print_agreement, print_metrics
from nanodet_common.evaluation.voc import voc_metrics
from nanodet_common.evaluation.words import distance, fraction, share

BOX, OTHER = (10, 10, 50, 50), (100, 10, 140, 50)
SET = dataset(image([BOX, OTHER], difficult=[False, True]), names=("cat", "[dog]"))
RUN = {1: found([BOX, OTHER], [0.9, 0.6])}
FEWER = {1: found([BOX], [0.9])}


def printed(show, *arguments, width: int = 100) -> list[list[str]]:
    """The words of every line."""
    text = io.StringIO()
    show(*arguments, Console(file=text, width=width))
    return [line.split() for line in text.getvalue().splitlines()]


def test_one_run_shows_every_value_of_a_class():
    lines = printed(print_metrics, {"torch": coco_metrics(SET, FEWER)})
    assert ["COCO:", "1", "images,", "2", "objects,", "1", "detections"] in lines
    assert ["AP50", "0.5050"] in lines
    assert ["cat", "2", "0.5050", "0.5050", "0.5050"] in lines
    assert ["[dog]", "0", "-", "-", "-"] in lines


def test_two_runs_stand_side_by_side():
    runs = {"torch": coco_metrics(SET, RUN), "jittor": coco_metrics(SET, FEWER)}
    lines = printed(print_metrics, runs)
    assert ["mAP", "1.0000", "0.5050"] in lines
    assert ["class", "objects", "AP", "torch", "AP", "jittor"] in lines
    assert ["cat", "2", "1.0000", "0.5050"] in lines


def test_ignored_objects_are_mentioned():
    lines = printed(print_metrics, {"torch": voc_metrics(SET, RUN)})
    assert ["VOC:", "1", "images,", "1", "objects", "without", "the", "difficult", "ones,", "2", "detections"] in lines
    assert ["mAP07", "1.0000"] in lines


def test_agreement():
    metrics = coco_metrics(SET, RUN)
    lines = printed(print_agreement, compare_runs(SET, RUN, RUN, metrics=(metrics, metrics)), ("torch", "jittor"))
    assert ["mAP", "1.0000", "1.0000", "0"] in lines
    assert ["In", "agreement:", "2", "of", "2", "detections", "matched"] in lines


def test_disagreement_names_what_differs():
    lines = printed(print_agreement, compare_runs(SET, RUN, FEWER), ("torch", "jittor"))
    assert ["000001.jpg", "cat", "only", "torch,", "score", "0.6000", "not", "known", "no"] in lines
    assert lines[-1] == ["Not", "in", "agreement"]


def test_only_the_worst_of_many_are_listed():
    corners = [(10 * index, 0, 10 * index + 8, 8) for index in range(15)]
    many = {1: found(corners, [0.9] * 15)}
    lines = printed(print_agreement, compare_runs(SET, many, {1: found()}), ("torch", "jittor"))
    assert sum(line[:1] == ["000001.jpg"] for line in lines) == 10
    assert ["...", "and", "5", "more"] in lines


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (3.14e-7, "3.1e-7"), (1e-5, "1e-5"), (-0.123, "-0.12"), (12.3, "12"), (250.0, "2.5e2")],
)
def test_distances(value, text):
    assert distance(value) == text


def test_fractions_and_shares():
    assert (fraction(0.41937), fraction(None)) == ("0.4194", "-")
    assert (share(1.0), share(0.9999999), share(0.999), share(None)) == ("100 %", "99.999 %", "99.9 %", "-")
