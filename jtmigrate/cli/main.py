"""`jtmigrate`: the commands and the exit codes.

0 done or aligned, 1 measured and not aligned, 2 bad input or usage, 130 interrupted.
"""

import sys

import typer

from jtmigrate.cli import convert, diff, doctor
from jtmigrate.errors import UserError

app = typer.Typer(
    help="Migrate PyTorch models to Jittor and prove, layer by layer, that the port computes the same.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("diff")(diff.command)
app.command("convert")(convert.command)
app.command("doctor")(doctor.command)


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
