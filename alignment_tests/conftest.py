"""What every test shares: the reference material, and a process in which torch and Jittor live together."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from jtmigrate import runtime
from jtmigrate.errors import UserError

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure() -> None:
    """Make `import jittor` safe, whichever test file comes first.

    In one process torch has to be loaded before Jittor: both bring a oneDNN, and the other order can crash.
    """
    if find_spec("jittor"):
        try:
            runtime.prepare()
        except UserError as error:
            raise pytest.UsageError(str(error)) from error
    if find_spec("torch"):
        import torch  # noqa: F401


@pytest.fixture(autouse=True)
def _default_floating_point() -> None:
    """Keep the flush-to-zero mode that one test's Jittor kernels leave behind away from the next test."""
    runtime.restore_subnormals()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material (weights, golden values, images) that lies beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no reference material: {SHARED} does not exist")
    return SHARED
