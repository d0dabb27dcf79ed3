"""`jtmigrate`: the commands and the exit codes.

0 done or aligned, 1 measured and not aligned, 2 bad input or usage, 3 a failure of jtmigrate or of a framework, with
its traceback, 130 interrupted.
"""

import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import typer

from jtmigrate.cli import (
    atlas,
    bench,
    compare,
    convert,
    diff,
    doctor,
    eval,
    fetch,
    inspect,
    lint,
    match,
    plot,
    port,
    trace,
    verify,
)
from jtmigrate.errors import UserError
from jtmigrate.report.numbers import printable

EXTRAS = {
    **{"torch": "torch", "jittor": "jittor", "jinja2": "report", "matplotlib": "report"},
    **{"cv2": "vision", "pycocotools": "vision", "onnx": "onnx", "onnxruntime": "onnx", "onnxscript": "onnx"},
    "libcst": "port",
}
"""Modules that a command may lack -> the optional part of jtmigrate that brings them."""

app = typer.Typer(
    help="Migrate PyTorch models to Jittor and prove, layer by layer, that the port computes the same.\n\n"
    "Every command ends with exit code 3 if jtmigrate or a framework itself failed, after a traceback.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("diff")(diff.command)
app.command("trace")(trace.command)
app.command("compare")(compare.command)
app.command("verify")(verify.command)
app.command("eval")(eval.command)
app.command("convert")(convert.command)
app.command("inspect")(inspect.command)
app.command("match")(match.command)
app.command("port")(port.command)
app.command("lint")(lint.command)
app.command("atlas")(atlas.command)
app.command("plot")(plot.command)
app.command("bench")(bench.command)
app.command("fetch")(fetch.command)
app.command("doctor")(doctor.command)


def main() -> None:
    """The console script."""
    run(app)


def run(command: Callable[[], None]) -> None:
    """Run a command line; a user's mistake is one line on stderr and exit code 2, other failures a traceback and 3."""
    try:
        command()
    except UserError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - told as the interpreter would tell it
        if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
            _refuse(f"{error.name} is not installed: pip install 'jtmigrate[{EXTRAS[error.name]}]'")
        traceback.print_exc()
        sys.exit(3)  # The interpreter would end with 1, as where something was measured and found bad.


def _refuse(reason: str) -> NoReturn:
    print("error:", printable(" ".join(reason.split())), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
