"""A failure of ours is told apart from a result."""

import pytest

from jtmigrate.cli.main import run
from jtmigrate.errors import UserError


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (UserError("no such file"), 2, "error: no such file\n"),
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), 2, "error: cv2 is not installed: pip install"),
        (ModuleNotFoundError("No module named 'mine'", name="mine"), 3, "Traceback"),
        (RuntimeError("Execute fused operator failed"), 3, "Traceback"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_command_ends_with(raised: BaseException, code: int, told: str, capsys) -> None:
    def command() -> None:
        raise raised

    with pytest.raises(SystemExit) as left:
        run(command)
    assert left.value.code == code
    assert capsys.readouterr().err.startswith(told)
