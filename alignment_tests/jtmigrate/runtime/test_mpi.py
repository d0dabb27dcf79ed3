"""How a program ends that `mpirun` started; no `mpirun` is needed to see it."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys
from jtmigrate.runtime import ending_together
atexit.register(print, "regular end")
with ending_together():
    {body}
"""


@pytest.mark.parametrize(
    ("body", "code", "regular"),
    [
        ("pass", 0, True),
        ("sys.exit(0)", 0, True),
        ("sys.exit(130)", 130, False),
        ("sys.exit('reason')", 1, False),
        ("raise ValueError('reason')", 1, False),
    ],
)
def test_only_a_failure_is_ended_at_once(body: str, code: int, regular: bool) -> None:
    """The end of the interpreter is where MPI_Finalize waits for the other processes."""
    inside = os.environ | {"OMPI_COMM_WORLD_SIZE": "2"}
    outside = {name: value for name, value in os.environ.items() if name != "OMPI_COMM_WORLD_SIZE"}
    for environment, is_regular in ((inside, regular), (outside, True)):
        command = [sys.executable, "-c", PROGRAM.format(body=body)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == code
        assert ("regular end" in ended.stdout) == is_regular
        assert ("reason" in ended.stderr) == ("reason" in body)
