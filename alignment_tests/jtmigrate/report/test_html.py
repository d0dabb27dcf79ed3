import base64
import json
import re
from html.parser import HTMLParser

import pytest

from jtmigrate.compare.result import ParameterResult, Verdict
from jtmigrate.report.html import file_url, to_html, write_html

VOID = {"meta", "link", "input", "img", "br", "path", "circle", "rect", "wbr"}


class Outline(HTMLParser):
    """Fails where an element is not closed, and collects the text outside scripts and styles."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.text = [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def text_of(page: str) -> str:
    return " ".join(" ".join(Outline(page).text).split())


def data_of(page: str) -> dict:
    return json.loads(re.search('id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_a_failure_is_told_in_plain_words(failed):
    text = text_of(to_html(failed))
    assert "Not aligned" in text
    assert "The two models part at backbone.maxpool (MaxPool2d, layer 5 of 366)." in text
    assert failed.cause in text
    assert "What to try next" in text


def test_nothing_says_aligned_when_it_failed(failed):
    page = to_html(failed)
    assert "<title>Not aligned" in page
    assert "<h2>Aligned" not in page
    assert "banner good" not in page


def test_the_numbers_are_there(aligned):
    text = text_of(to_html(aligned))
    assert "Aligned" in text
    for number in ("366 of 366", "7.94e-7", "2.60e-6", "3.85e-15", "220 aligned", "146 identical"):
        assert number in text


def test_every_layer_is_in_the_table_and_in_the_data(failed):
    page = to_html(failed)
    data = data_of(page)["layers"]
    assert page.count("<tr data-key=") == len(failed.layers)
    assert set(data) == {layer.key for layer in failed.layers}
    assert data["backbone.maxpool"]["isolated"]["scaled"] == failed.first_fault.isolated.scaled


def test_the_way_to_the_fault_is_unfolded(failed):
    tree = to_html(failed).split('class="tree"')[1]
    before_fault = tree.split("first fault")[0]
    assert before_fault.count("<details open>") == 2


def test_it_needs_no_network(aligned):
    page = to_html(aligned, pictures=[("one", b"\x89PNG")])
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert re.findall(r'(?:src|href)="(?!data:|file:)', page) == []


def test_text_is_escaped(make):
    evil = "</script><script>alert(1)</script>"
    wrong = ParameterResult(evil, (1,), Verdict.MISMATCH, evil, 1.0)
    fault = make.mismatch(evil, 0, kind=evil, reason=evil)
    run = make.result([fault], parameters=(wrong,), cause=evil, failures=(evil,), warnings=(evil,), meta={evil: evil})
    page = to_html(run, pictures=[(evil, b"")])
    assert "<script>alert" not in page
    assert evil in text_of(page)


def test_pictures_are_inside(make):
    page = to_html(make.result([make.layer()]), pictures=[("Reference", b"one"), ("Candidate", b"two")])
    for png in (b"one", b"two"):
        assert f"data:image/png;base64,{base64.b64encode(png).decode()}" in page
    assert page.index("Reference</figcaption>") < page.index("Candidate</figcaption>")


@pytest.mark.parametrize("situation", ["propagated", "isolated", "float64", "floor"])
def test_a_run_that_measured_less_is_shown_too(make, situation):
    Outline(to_html(make.result([make.layer(**{situation: None})])))


def test_an_empty_run(make):
    text = text_of(to_html(make.result([], failures=("No layer was compared.",))))
    assert "No layer was compared." in text
    assert "not measured" in text


def test_write_html(aligned, tmp_path):
    write_html(aligned, tmp_path / "index.html")
    assert (tmp_path / "index.html").read_text() == to_html(aligned)
    assert len(list(tmp_path.iterdir())) == 1


def test_quantities_settings_coverage_and_drawings_are_there(trained, stuck):
    page = to_html(trained)
    assert page.count("<tr data-key=") == len(trained.layers) + len(trained.quantities)
    assert set(data_of(page)["quantities"]) == {row.key for row in trained.quantities}
    for text in ("modules 365 of 366", "How many layers are how far off", "Each trains on its own", "Backward"):
        assert text in text_of(page)
    text = text_of(to_html(stuck))
    assert "requires_grad.weight is False instead of True" in text
    assert "Where it is off" in text
    assert "The two models part at the parameter gradient of backbone.conv1.0.weight." in text


def test_code_is_linked(stuck):
    assert 'href="file:///port/jittor/conv.py#L40"' in to_html(stuck)
    assert file_url("/a b/#1.py:3") == "file:///a%20b/%231.py#L3"
