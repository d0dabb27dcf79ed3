import re

import pytest

from alignment_tests import browser
from alignment_tests.nanodet_common.evaluation.sets import random_case
from nanodet_common.errors import InputError
from nanodet_common.evaluation import page
from nanodet_common.evaluation.agreement import compare_runs
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.page import Run, to_html, write_html
from nanodet_common.evaluation.voc import voc_metrics

needs_chromium = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
PNG = b"\x89PNG"
SORT = """
const column = (table, index) => $$(`#${table} tbody tr`).map((row) => row.cells[index].textContent);
const press = (table, index) => $(`#${table}`).tHead.rows[0].cells[index].querySelector("button").click();
"""


def run(name, images, found):
    return Run(name, coco_metrics(images, found), voc_metrics(images, found), [(0.0, 700.0), (9.0, 720.0)])


@pytest.fixture
def _without_drawings(monkeypatch):
    """They take a second."""
    monkeypatch.setattr(page, "drawn", lambda *_: {"wide": "data:,", "narrow": "data:,"})


@pytest.fixture(scope="module")
def alone():
    images, found = random_case(0)
    return to_html("One run", [run("torch", images, found)])


@pytest.fixture(scope="module")
def apart():
    """Two runs of which one lacks a detection in every image."""
    images, found = random_case(0)
    fewer = {
        image_id: one._replace(boxes=one.boxes[1:], scores=one.scores[1:], labels=one.labels[1:])
        for image_id, one in found.items()
    }
    runs = [run("torch", images, found), run("jittor", images, fewer)]
    result = compare_runs(images, found, fewer, metrics=(runs[0].coco, runs[1].coco))
    assert not result
    return to_html("Two runs", runs, agreement=result, facts={"command": "x " * 200}, pictures=[("Batch", PNG)])


def test_one_run_has_no_verdict_and_nothing_of_a_second(alone):
    assert 'class="banner' not in alone
    assert "difference" not in alone
    assert "Detection by detection" not in alone


def test_a_disagreement_is_told(apart):
    assert '<section class="banner bad"' in apart
    assert "Not in agreement" in apart
    assert "differences are not explained by a close decision." in apart
    assert "Detection by detection" in apart


@pytest.mark.usefixtures("_without_drawings")
def test_an_agreement_is_told():
    images, found = random_case(0)
    both = [run("torch", images, found), run("jittor", images, found)]
    text = to_html("Equal", both, agreement=compare_runs(images, found, found))
    assert '<section class="banner good"' in text
    assert "What only one of them found" not in text


def test_it_needs_no_network(apart):
    assert "http://" not in apart
    assert "https://" not in apart
    assert "@import" not in apart
    assert re.findall(r'(?:src|srcset|href)="(?!data:)', apart) == []


@pytest.mark.usefixtures("_without_drawings")
def test_text_is_escaped():
    images, found = random_case(0)
    evil = "</script><script>alert(1)</script>"
    text = to_html(evil, [run(evil, images, found)], facts={evil: evil}, pictures=[(evil, PNG)])
    assert "<script>alert" not in text


@pytest.mark.usefixtures("_without_drawings")
def test_many_differences_are_cut_short_and_it_is_said(monkeypatch):
    monkeypatch.setattr(page, "MOST_DIFFERENCES", 2)
    images, found = random_case(0)
    nothing = {
        image_id: one._replace(**{k: getattr(one, k)[:0] for k in one._fields}) for image_id, one in found.items()
    }
    runs = [run("torch", images, found), run("jittor", images, nothing)]
    text = to_html("Two", runs, agreement=compare_runs(images, found, nothing))
    assert text.count('<td class="text wrong">') == 2
    assert "The first 2 of " in text


@pytest.mark.usefixtures("_without_drawings")
def test_it_is_written_whole_or_not_at_all(tmp_path):
    images, found = random_case(0)
    runs = [run("torch", images, found)]
    write_html(tmp_path / "new" / "a.html", "One run", runs)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.html"]
    with pytest.raises(InputError, match="cannot write"):
        write_html(tmp_path / "new" / "a.html" / "b.html", "One run", runs)


@needs_chromium
def test_tables_sort(apart, tmp_path):
    down, up, names = browser.browse(
        tmp_path,
        apart,
        """press("classes", 2);
        const down = column("classes", 2);
        press("classes", 2);
        const up = column("classes", 2);
        press("classes", 0);
        return [down, up, column("classes", 0)];""",
        width=1280,
        tools=SORT,
    )
    assert down == sorted(down, reverse=True)
    assert up == down[::-1]
    assert names == ["a", "b", "c"]


@needs_chromium
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("which", ["alone", "apart"])
def test_the_page_is_as_wide_as_the_screen(which, width, tmp_path, request):
    """Nothing is cut off: a table scrolls within itself. A telephone gets pictures of its own."""
    inner, needed, pictures = browser.browse(
        tmp_path,
        request.getfixturevalue(which),
        "return [innerWidth, $('html').scrollWidth, $$('picture img').map((one) => one.currentSrc === one.src)];",
        width=width,
    )
    assert inner == width
    assert needed <= width
    assert set(pictures) == {width == 1280}
