import io

import pytest
from rich.console import Console

from jtmigrate.compare.result import Coverage, ParameterResult, SettingDifference, Verdict
from jtmigrate.report.console import print_diff


def printed(result, width=80, **options):
    console = Console(file=io.StringIO(), width=width)
    print_diff(result, console, **options)
    return console.file.getvalue()


def test_a_failure_names_the_fault_its_cause_and_what_to_do(failed):
    text = printed(failed)
    assert "backbone.maxpool" in text
    assert "<< first fault" in text
    assert failed.cause in text
    assert "What to try next" in text
    assert " 1. " in text


def test_nothing_says_aligned_when_it_failed(failed):
    last = printed(failed, width=400).strip().splitlines()[-1]
    assert last.startswith("NOT ALIGNED: 366 layers compared")
    assert "\nALIGNED" not in printed(failed)


def test_an_aligned_run_ends_with_the_verdict_and_the_propagated_error(aligned):
    last = printed(aligned, width=400).strip().splitlines()[-1]
    assert last.startswith("ALIGNED: 366 layers compared")
    assert "worst propagated float32 error 2.6" in last


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_too_long_and_no_name_is_cut(failed, width):
    text = printed(failed, width=width, show="all")
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    assert "…" not in text
    unfolded = text.replace("\n", "")
    assert all(layer.key in unfolded for layer in failed.layers)


def test_a_wide_console_gives_each_layer_one_line(failed):
    line = next(line for line in printed(failed, width=200).splitlines() if line.startswith("backbone.maxpool"))
    numbers = ["0.310", "0.310", "2.38e-7", "0.310", "2.60e6"]
    assert line.split()[:8] == ["backbone.maxpool", "MaxPool2d", "1x24x104x104", *numbers]


def test_hidden_layers_are_counted_and_the_way_to_see_them_is_named(failed, aligned):
    assert "+ 361 more mismatches" in printed(failed)
    assert "--all" in printed(failed)
    assert "+ 361 layers identical or aligned" in printed(aligned)
    assert "--all" not in printed(aligned, show="all")


def test_wrong_parameters_are_named_with_their_error(make):
    wrong = [ParameterResult(f"fc{i}.weight", (3, 4), Verdict.MISMATCH, "values differ", 0.5) for i in range(12)]
    text = printed(make.result([make.mismatch("fc0", 0)], parameters=tuple(wrong)))
    assert "12 mismatch: values differ" in text
    assert "fc0.weight 3x4  max |a - b| = 0.500" in text
    assert "+ 2 more" in text


def test_a_name_is_no_markup(make):
    name = "blocks[0].[red]conv[/red]"
    assert name in printed(make.result([make.mismatch(name, 0)]))


def test_empty_run(make):
    text = printed(make.result([], failures=("No layer was compared.",)))
    assert "No layer was compared." in text
    assert "NOT ALIGNED" in text


def test_warnings_are_printed(make):
    assert "warning: mind the step" in printed(make.result([make.layer()], warnings=("mind the step",)))


def test_thousands_of_quantities_are_told_in_a_screen(trained, stuck):
    for run in (trained, stuck):
        assert len(printed(run, width=150).splitlines()) < 90
        assert "parameter gradient in training  306: 306 aligned; worst isolated 1.00e-7" in printed(run, width=150)


def test_every_quantity_is_told_where_all_are_wanted(stuck):
    unfolded = printed(stuck, width=150, show="all")
    assert all(row.name in unfolded for row in stuck.quantities)


def test_a_faulty_quantity_is_named_with_its_code_and_what_to_do(stuck):
    text = printed(stuck, width=150)
    assert "parameter gradient of backbone.conv1.0.weight" in text
    assert "mismatch << first fault" in text
    assert "mismatch (inherited)" in text
    assert "Code of the candidate: /port/jittor/conv.py:40" in text
    assert "whether it is trained on both sides" in " ".join(text.split())


def test_settings_come_before_any_number(make):
    drift = tuple(SettingDifference(f"bn{number}", "eps", "1e-05", "0.001") for number in range(12))
    text = printed(make.result([make.mismatch("bn0", 0)], settings=drift))
    assert "Constructed differently: 12 settings differ" in text
    assert "bn0: eps is 0.001 instead of 1e-05" in text
    assert "+ 2 more" in text
    assert text.index("bn0: eps") < text.index("0.310")


def test_drift_and_coverage_are_told(trained, make):
    text = printed(trained)
    assert "modules 365 of 366 (99.7 %)" in text
    assert "head.aux: listed: training only" in text
    assert "1.00e-6" in next(line for line in text.splitlines() if line.strip().startswith("2 "))
    missing = tuple((f"m{number}", "why") for number in range(9))
    assert "+ 6 more" in printed(make.result([make.layer()], coverage=(Coverage("modules", 0, 9, missing),)))


def test_the_smallest_tolerances_are_named(aligned, stuck, make):
    assert "0 in float32, 3.9e-15 in float64" in printed(aligned, width=150)
    assert "0.5 in float32, 0.5 in float64" in printed(stuck, width=150)
    shape = make.mismatch("fc", 0, reason="shape (3,) instead of (4,)")
    assert "none would pass: fc: shape (3,) instead of (4,)" in printed(make.result([shape]), width=150)


def test_amplification_and_the_inherited_share_stand_in_the_row(make):
    line = next(
        line
        for line in printed(make.result([make.layer("fc", amplification=2.5, inherited=0.875)]), width=200).splitlines()
        if line.startswith("fc")
    )
    assert line.split()[-4:] == ["2.50", "88", "%", "aligned"]
