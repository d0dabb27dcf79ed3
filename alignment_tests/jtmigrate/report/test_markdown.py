from jtmigrate.report.markdown import to_markdown


def test_a_failure_is_told_at_the_top(failed):
    text = to_markdown(failed)
    assert text.startswith("## Not aligned: nanodet-plus-m_416\n")
    assert "**First fault:** `backbone.maxpool` (MaxPool2d)" in text
    assert failed.cause in text
    assert "## Aligned" not in text


def test_counts_errors_and_command_are_there(aligned):
    text = to_markdown(aligned)
    assert text.startswith("## Aligned: nanodet-plus-m_416\n")
    assert "| aligned | 220 |" in text
    assert "worst propagated float32 error: 2.6" in text
    assert aligned.meta["command"] in text


def test_the_ten_worst_layers_begin_with_the_fault(failed):
    rows = [line for line in to_markdown(failed).splitlines() if line.startswith("| `")]
    assert len(rows) == 10
    assert rows[0].startswith("| `backbone.maxpool` |")


def test_it_stays_short(failed):
    assert len(to_markdown(failed).splitlines()) < 80


def test_names_do_not_break_the_table(make):
    text = to_markdown(make.result([make.mismatch("a|b`c", 0, kind="<Odd|Kind>")]))
    row = next(line for line in text.splitlines() if line.startswith("| `"))
    assert row.replace("\\|", "").count("|") == 11
    assert "\\<Odd\\|Kind\\>" in row


def test_an_empty_run(make):
    text = to_markdown(make.result([], failures=("No layer was compared.",)))
    assert "- No layer was compared." in text


def test_quantities_settings_drift_and_coverage_are_told(trained, stuck):
    text = to_markdown(trained)
    assert "| parameter update in training | 306 | 306 aligned | 1.00e-7 |" in text
    assert "modules 365 of 366 (99.7 %)" in text
    assert "| 2 | 1.00e-6 | 1.00e-5 | `head.weight` |" in text
    assert "smallest tolerances that would have passed: 0 in float32" in text
    text = to_markdown(stuck)
    assert "**First fault:** `parameter gradient of backbone.conv1.0.weight`" in text
    assert "requires_grad.weight is False instead of True" in text
    assert "Code of the candidate: `/port/jittor/conv.py:40`" in text
    assert len(text.splitlines()) < 110
