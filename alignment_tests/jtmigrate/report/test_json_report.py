import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.errors import UserError
from jtmigrate.report.json_report import to_dict, write_json

DOCUMENT = (Path(__file__).parents[3] / "docs" / "json.md").read_text(encoding="utf-8")
NAMED_BY_THE_USER = ("meta", "sources", "counts", "quantity_counts")
"""Fields whose own keys are paths, verdicts or whatever a run tells."""


def test_what_is_written_reads_back_the_same(failed, tmp_path):
    path = tmp_path / "reports" / "diff.json"
    write_json(failed, path)
    assert json.loads(path.read_text()) == to_dict(failed)
    assert [item.name for item in path.parent.iterdir()] == ["diff.json"]


def test_everything_is_included(failed):
    whole = to_dict(failed)
    assert whole["schema"] == 2
    assert whole["aligned"] is False
    assert whole["first_fault"] == "backbone.maxpool"
    assert whole["counts"]["mismatch"] == 362
    assert whole["worst_propagated"]["key"] == failed.worst_propagated.key
    assert len(whole["layers"]) == len(failed.layers)
    assert len(whole["parameters"]) == len(failed.parameters)
    assert whole["meta"]["inputs"]["images"]["shape"] == [1, 3, 416, 416]
    fault = whole["layers"][4]
    assert fault["isolated"]["scaled"] == failed.first_fault.isolated.scaled
    assert fault["shape"] == [1, 24, 104, 104]


def test_numbers_survive_exactly(make, tmp_path):
    run = make.result([make.layer(isolated=0.1 + 0.2)])
    write_json(run, tmp_path / "diff.json")
    read = json.loads((tmp_path / "diff.json").read_text())
    assert read["layers"][0]["isolated"]["scaled"] == 0.1 + 0.2


def test_numbers_that_json_lacks_are_strings_that_float_reads(make):
    layers = [make.mismatch("a", 0, isolated=math.inf), make.mismatch("b", 1, isolated=math.nan, propagated=None)]
    first, second = to_dict(make.result(layers))["layers"]
    assert float(first["isolated"]["scaled"]) == math.inf
    assert math.isnan(float(second["isolated"]["scaled"]))
    assert second["propagated"] is None


def test_meta_may_hold_arrays_numpy_numbers_and_paths(make):
    meta = {"a": np.float32(0.5), "b": np.arange(3), "c": Path("x/y"), "d": (True, None)}
    assert to_dict(make.result([], meta=meta))["meta"] == {"a": 0.5, "b": [0, 1, 2], "c": "x/y", "d": [True, None]}


def test_a_place_that_cannot_be_written_to_is_the_users_mistake(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_json(make.result([]), tmp_path / "file" / "diff.json")


def test_a_failed_write_leaves_the_old_file(make, tmp_path, monkeypatch):
    path = tmp_path / "diff.json"
    path.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UserError, match="No space left"):
        write_json(make.result([]), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def fields(value) -> set[str]:
    """Every key at any depth, but for those that are no fields."""
    if isinstance(value, list):
        return set().union(*map(fields, value))
    if not isinstance(value, dict):
        return set()
    inner = (fields(member) for key, member in value.items() if key not in NAMED_BY_THE_USER)
    return set(value).union(*inner)


def test_every_field_is_documented_and_nothing_else(trained, stuck):
    written = fields(to_dict(trained)) | fields(to_dict(stuck)) | {"reference", "candidate"}
    assert sorted(field for field in written if f"`{field}`" not in DOCUMENT) == []
    told = set(re.findall(r"^\| `(\w+)`", DOCUMENT, re.MULTILINE))
    assert sorted(told - written) == []


def test_a_faulty_quantity_is_found_in_its_list(stuck):
    whole = to_dict(stuck)
    assert whole["first_fault_in"] == "quantities"
    found = [row for row in whole["quantities"] if row["key"] == whole["first_fault"]]
    assert [row["isolated"]["scaled"] for row in found] == [stuck.first_fault.isolated.scaled]
    assert whole["quantity_counts"] == {"mismatch": 5, "aligned": len(stuck.quantities) - 5}


def test_infinite_errors_of_a_map_are_strings(stuck):
    wild = replace(stuck.fault_map, errors=((math.inf, 0.5),))
    assert to_dict(replace(stuck, fault_map=wild))["fault_map"]["errors"] == [["Infinity", 0.5]]
