"""A conversion on the console and as JSON."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from jtmigrate.convert import ConversionReport, Fate, Hashes, TensorFate
from jtmigrate.errors import UserError
from jtmigrate.report.conversion import check_report, print_conversion, write_conversion

REPORT = ConversionReport(
    src="a.pth",
    dst="b.pkl",
    source_container="PyTorch zip",
    container="Jittor pickle",
    tensors=(
        TensorFate("w", "module.w", Fate.COPIED, "prefix module. removed", (2, 3), "float32", 24),
        TensorFate("[v]", "", Fate.INITIALISED, "not in the file", (), "int64", 8),
        TensorFate("x", "x", Fate.LEFT_OUT, "not used by the target", (4,), "float32", 16),
    ),
    left_behind=("epoch",),
    notes=("The file's other entries are left behind: epoch.",),
    checked=True,
    written=False,
    hashes=Hashes({"a.pth": "ab"}, "cd", "ef"),
    versions={"numpy": "1.26"},
)


def test_the_console_shows_fates_and_notes() -> None:
    console = Console(file=io.StringIO(), width=120)
    print_conversion(REPORT, console)
    text = console.file.getvalue()
    for part in ("would write b.pkl (Jittor pickle): 2 tensors, 32 bytes", "initialised", "[v]", "left out", "epoch"):
        assert part in text


def test_the_json_file_holds_every_tensor(tmp_path: Path) -> None:
    write_conversion(REPORT, tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["counts"] == {"copied": 1, "cast": 0, "rearranged": 0, "initialised": 1, "left out": 1}
    assert [tensor["fate"] for tensor in report["tensors"]] == ["copied", "initialised", "left out"]
    assert report["tensors"][0]["shape"] == [2, 3]
    assert report["written"] is False
    assert report["hashes"]["destination"] == "cd"


def test_the_markdown_file_holds_every_tensor_and_hash(tmp_path: Path) -> None:
    write_conversion(REPORT, tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text()
    for part in (
        "# Conversion of a.pth",
        "would write b.pkl (Jittor pickle): 2 tensors, 32 bytes",
        "- sha256 of a.pth: ab",
        "- note: The file's other entries",
        "| `w` | `module.w` | copied | prefix module. removed | 2x3 | float32 |",
        "numpy 1.26",
    ):
        assert part in text, part


@pytest.mark.parametrize(("name", "message"), [("r.txt", "unknown suffix '.txt'"), ("", "unknown suffix")])
def test_a_report_that_cannot_be_written(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_report(tmp_path / name)
