"""What differs in a process that `mpirun` started: how it ends."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager


def inside_mpi() -> bool:
    """Whether Open MPI's `mpirun` started this process; Jittor asks the same way."""
    return "OMPI_COMM_WORLD_SIZE" in os.environ


@contextmanager
def ending_together() -> Iterator[None]:
    """Around a whole program: where it fails in one process of an `mpirun`, it ends in all.

    A process that has loaded Jittor and ends in the usual way waits in MPI_Finalize for all the others, and these may
    wait for what it owes them. One that fails is therefore ended here, at once, and `mpirun` ends the others. Nothing
    else is changed: without `mpirun`, and for a program that ends well, this does nothing.
    """
    if not inside_mpi():
        yield
        return
    try:
        yield
    except SystemExit as end:
        if not end.code:
            raise
        code = end.code
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except Exception:  # noqa: BLE001 - told as the interpreter would tell it
        traceback.print_exc()
        code = 1
    else:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
