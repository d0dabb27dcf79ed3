"""An inspection on the console."""

import io

import pytest
from rich.console import Console

from jtmigrate.inspect import Inspection, Statistics, TensorInfo
from jtmigrate.report.inspection import print_inspection
from jtmigrate.report.numbers import printable

FINE = Statistics(-1.5, 2.0, 0.25, 0, 0)
FOUND = Inspection(
    path="a.ckpt",
    container="PyTorch zip",
    wrapper="state_dict",
    tensors=(
        TensorInfo("embed", (4, 2), "float32", 32, FINE, tied=("embed", "head", "h2", "h3", "h4")),
        TensorInfo("head", (4, 2), "float32", 32, FINE, tied=("embed", "head", "h2", "h3", "h4")),
        TensorInfo("[v]", (), "int64", 8, Statistics(2**53 + 1, 2**53 + 1, 2.0**53, 0, 0), sharing=("[v]", "u")),
        TensorInfo("\x1b[31mx", (3,), "bfloat16", 6, Statistics(None, None, None, 1, 2)),
    ),
    left_behind=("epoch", "optimizer_states"),
    opaque=("os.system",),
)


def shown(found: Inspection) -> str:
    console = Console(file=io.StringIO(), width=140)
    print_inspection(found, console)
    return console.file.getvalue()


def test_everything_is_shown() -> None:
    text = shown(FOUND)
    for part in (
        "a.ckpt: PyTorch zip, under 'state_dict', 4 tensors, 46 bytes",
        "other entries: epoch, optimizer_states",
        "never called: os.system",
        "not finite: \\x1b[31mx",
        "tied to head, h2, h3, ...",
        "tied to embed, h2, h3, ...",
        "storage of u",
        "4x2",
        "-1.50",
        "0.250",
        "[v]",
        str(2**53 + 1),
        "bfloat16",
    ):
        assert part in text, part


def test_a_name_cannot_command_the_terminal() -> None:
    assert "\x1b" not in shown(FOUND)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("conv.weight", "conv.weight"), ("ünï", "ünï"), ("a\nb", "a\\nb"), ("\ud800", "\\ud800"), ("\u202eb", "\\u202eb")],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected
