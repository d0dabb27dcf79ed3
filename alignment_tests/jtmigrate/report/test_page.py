"""The page in a real browser: no error, and everything that can be pressed does what it says."""

import pytest

from alignment_tests import browser
from jtmigrate.report.html import to_html

TOOLS = """
const names = (table) => $$(`#${table} tbody tr[data-key]:not([hidden])`).map((row) => row.dataset.key);
const column = (table, label) => $$(`#${table} td[data-label=${label}]`).map((cell) => Number(cell.textContent));
const press = (table, sort) => $(`#${table} [data-sort=${sort}]`).click();
const change = (input, value) => {
  input.value = value;
  input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input"));
};
"""

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")


@pytest.fixture
def browse(tmp_path):
    """A function: (page, body of a script, width) -> what the script returned, after no error at all."""
    return lambda page, script, width=1280: browser.browse(tmp_path, page, script, width=width, tools=TOOLS)


def test_tables_sort(browse, trained):
    isolated, ascending, kinds = browse(
        to_html(trained),
        """press("layers", "isolated");
        const down = column("layers", "isolated");
        press("layers", "isolated");
        const up = column("layers", "isolated");
        press("quantities", "kind");
        return [down, up, $$("#quantities td.kind").map((cell) => cell.textContent)];""",
    )
    assert isolated == sorted(isolated, reverse=True)
    assert ascending == sorted(ascending)
    assert kinds == sorted(kinds)


def test_tables_filter(browse, stuck):
    fault, gradients, none, shown = browse(
        to_html(stuck),
        """const section = $("section.rows[data-rows=quantities]");
        change(section.querySelector("input[type=search]"), "BACKBONE.CONV1.0.weight, step 2");
        const fault = names("quantities");
        change(section.querySelector("input[type=search]"), "");
        change(section.querySelector("select"), "parameter gradient|0");
        const gradients = names("quantities");
        section.querySelectorAll("input[type=checkbox]").forEach((box) => box.click());
        return [fault, gradients, names("quantities"), section.querySelector("output").textContent];""",
    )
    assert fault
    assert all(name.endswith("of backbone.conv1.0.weight, step 2") for name in fault)
    assert len(gradients) == sum(row.kind == "parameter gradient" and row.step is None for row in stuck.quantities)
    assert none == []
    assert shown == f"0 of {len(stuck.quantities)}"


def test_a_row_unfolds_with_its_numbers_and_links(browse, stuck):
    text, links, folded = browse(
        to_html(stuck),
        """const row = $('#quantities tr[data-key="parameter gradient of backbone.conv1.0.weight"]');
        row.click();
        const detail = row.nextElementSibling;
        const found = [detail.textContent, [...detail.querySelectorAll("a")].map((link) => link.href)];
        row.click();
        return [...found, $$("tr.detail").length];""",
    )
    assert "1.0e+00 of its maximum off" in text
    assert "max |a \N{MINUS SIGN} b|" in text
    assert links == ["file:///port/torch/conv.py#L553", "file:///port/jittor/conv.py#L40"]
    assert folded == 0


def test_the_fault_and_the_drawings_lead_to_the_table(browse, stuck):
    unfolded = browse(
        to_html(stuck),
        """const opened = () => $$("[aria-expanded=true]").map((button) => button.closest("tr").dataset.key);
        const press = (item) => item.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        press($(".fault .reveal"));
        const first = opened();
        press($$(".plot.wide[data-rows=layers] .column")[4]);
        const second = opened();
        press($$(".tree .reveal")[0]);
        return [first, second, opened()];""",
    )
    assert unfolded[0] == [stuck.first_fault.key]
    assert "backbone.maxpool" in unfolded[1]
    assert "" in unfolded[2]


def test_the_tree_unfolds_and_folds(browse, failed):
    counts = browse(
        to_html(failed),
        """const open = () => $$(".tree details[open]").length;
        $("#unfold").click();
        const all = open();
        $("#fold").click();
        return [all, open(), $$(".tree details").length];""",
    )
    assert counts[0] == counts[2] > 10
    assert counts[1] == 1


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("which", ["stuck", "failed"])
def test_the_page_is_as_wide_as_the_screen(browse, which, width, request):
    """Nothing is cut off: a table scrolls within itself, and names are folded."""
    page = to_html(request.getfixturevalue(which))
    inner, needed = browse(page, "return [innerWidth, $('html').scrollWidth];", width)
    assert inner == width
    assert needed <= width


@pytest.mark.parametrize("which", ["trained", "failed"])
def test_thousands_of_rows_sort_and_filter_at_once(browse, which, request):
    """2 s is far more than it takes (a few tenths), and still bearable."""
    milliseconds = browse(
        to_html(request.getfixturevalue(which)),
        """const began = performance.now();
        const table = $$("section.rows").at(-1);
        table.querySelector("[data-sort=isolated]").click();
        change(table.querySelector("input[type=search]"), "stage3");
        document.body.offsetHeight;
        return performance.now() - began;""",
    )
    assert milliseconds < 2000
