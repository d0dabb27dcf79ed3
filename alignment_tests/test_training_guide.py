"""The training guide names commands and options that exist, and says the same in both languages."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from jtmigrate.cli.main import app as jtmigrate
from nanodet_common.command_line.application import application

DOCS = Path(__file__).resolve().parents[1] / "docs"
LAUNCHERS = (["python"], ["mpirun", "-np", "2", "python"], ["torchrun", "--nproc-per-node", "2"])
GUIDES = ("training.md", "training.zh.md")
DETECTOR = application("Any", "any", lambda *_: None, lambda *_: None, lambda *_: None)


def commands(name: str) -> list[list[str]]:
    """Words of every command in the blocks of a guide."""
    blocks = re.findall(r"```bash\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def options(app: typer.Typer, command: str) -> set[str]:
    found = typer.main.get_command(app)
    one = found.commands[command] if hasattr(found, "commands") else found
    return {name for parameter in one.params for name in parameter.opts}


@pytest.mark.parametrize("name", GUIDES)
def test_every_option_exists(name: str) -> None:
    from jtmigrate.presets.vis import app as vis

    for words in commands(name):
        if words[0] == "jtmigrate":
            known = options(jtmigrate, words[1])
        elif "jtmigrate.presets.vis" in words:
            known = options(vis, "")
        else:
            start = words.index("-m")
            assert words[:start] in LAUNCHERS
            words = words[start:]
            assert words[1] in ("nanodet_jittor", "nanodet_ref_torch")
            known = options(DETECTOR, words[2])
        assert {word for word in words if word.startswith("--")} <= known, words


def test_both_languages_give_the_same_commands() -> None:
    first, second = map(commands, GUIDES)
    assert first == second
    assert len(first) == 13


@pytest.mark.parametrize("name", [*GUIDES, "../README.zh.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (DOCS / name).read_text()
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert link.startswith("https://") or ((DOCS / name).parent / link).exists(), link
