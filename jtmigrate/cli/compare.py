"""`jtmigrate compare`: two recorded runs, compared; no framework is needed."""

from pathlib import Path
from typing import Annotated

import typer

from jtmigrate.cli import options


def command(
    reference: Annotated[Path, typer.Argument(metavar="A.trace", help="The original's, from jtmigrate trace.")],
    candidate: Annotated[Path, typer.Argument(metavar="B.trace", help="The port's.")],
    names: options.Map = None,
    tolerance: options.Tolerance = None,
    exceptions: options.Exceptions = None,
    allow_nonfinite: options.AllowNonfinite = False,
    show_all: options.ShowAll = False,
    json: options.Json = None,
    html: options.Html = None,
    junit: options.JUnit = None,
    baseline: options.Baseline = None,
    write_baseline: options.WriteBaseline = None,
    repro: options.Repro = None,
    evidence: options.Evidence = None,
) -> None:
    """Compare what two runs of jtmigrate trace recorded; the same result as jtmigrate diff of the two models.

    Exit code 0 if aligned, 1 if not, 2 if the input is unusable.
    """
    from jtmigrate.cli.files import read_exceptions
    from jtmigrate.cli.map_file import read_map
    from jtmigrate.cli.results import Outputs, tolerances
    from jtmigrate.facts import provenance
    from jtmigrate.offline import compare_files
    from jtmigrate.repro import write_repro_of_files
    from jtmigrate.trace.file import read_traces

    outputs = Outputs(json, html, junit, baseline, write_baseline, repro, evidence, show_all)
    outputs.check((reference, candidate, names, exceptions))
    listed = read_exceptions(exceptions) if exceptions else ()
    files = read_traces(reference), read_traces(candidate)
    result = compare_files(
        *files,
        tolerances=tolerances(tolerance),
        exceptions=listed,
        allow_nonfinite=allow_nonfinite,
        prefixes=read_map(names) if names else None,
        meta=provenance("jtmigrate"),
    )
    code = outputs.finish(result)
    if repro:
        typer.echo(write_repro_of_files(repro, result, *files))
    raise typer.Exit(code)
