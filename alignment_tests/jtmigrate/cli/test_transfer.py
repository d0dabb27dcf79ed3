"""Progress on a terminal and in a log."""

import io

from rich.console import Console

from jtmigrate.cli.transfer import transfers


def shown(*, terminal: bool) -> str:
    """What is written for a transfer of 1,000 bytes in 100 pieces and one of unknown size."""
    file = io.StringIO()
    with transfers(Console(file=file, force_terminal=terminal, width=100)) as report:
        for done in range(0, 1001, 10):
            report("a [file]", done, 1000)
        report("unknown", 5, None)
    return file.getvalue()


def test_a_log_gets_a_line_every_tenth_of_the_way():
    lines = shown(terminal=False).splitlines()
    assert len(lines) == 11 + 1
    assert lines[0] == "a [file]: 0 bytes of 1.0 kB"
    assert lines[-2:] == ["a [file]: 1.0 kB of 1.0 kB", "unknown: 5 bytes"]


def test_a_terminal_gets_a_bar():
    text = shown(terminal=True)
    assert "\x1b[" in text
    assert "a [file]" in text
    assert "1.0/1.0 kB" in text
