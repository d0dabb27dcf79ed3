"""The promises of docs/architecture.md that a reader relies on: who imports what, and that the detectors mirror."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {"torch", "jittor"}
WITHOUT_FRAMEWORK = (
    "nanodet_common",
    *(f"jtmigrate/{part}" for part in ("bench", "checkpoint", "compare", "naming", "runtime")),
)
MIRRORED = sorted(path.name for path in (ROOT / "nanodet_ref_torch").glob("*.py"))


def modules_of(path: Path) -> set[str]:
    """Full names of the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports."""
    return {module.partition(".")[0] for module in modules_of(path)}


def layers() -> dict[str, int]:
    """The line of every part of the toolkit in the first block of docs/architecture.md."""
    block = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    lines = [re.split(r"\s{2,}", line)[0] for line in block.strip().splitlines()]
    return {part.strip(): number for number, line in enumerate(lines) for part in line.split(",")}


def definitions(path: Path) -> list[str]:
    """Names of classes, functions and methods in the order of the file, `execute` read as `forward`.

    Without classes that give a gradient of their own: those of Jittor are in `jtmigrate.parity`.
    """

    def names(body: list[ast.stmt], prefix: str = "") -> list[str]:
        found = []
        for node in body:
            if isinstance(node, ast.ClassDef) and any("Function" in ast.unparse(base) for base in node.bases):
                continue
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.append(prefix + ("forward" if node.name == "execute" else node.name))
                if isinstance(node, ast.ClassDef):
                    found += names(node.body, f"{node.name}.")
        return found

    return names(ast.parse(path.read_text()).body)


def python_files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def test_the_toolkit_imports_downwards() -> None:
    line = layers()
    together = {"cli", "presets"}
    wrong = []
    for path in python_files("jtmigrate"):
        part = path.relative_to(ROOT / "jtmigrate").with_suffix("").parts[0]
        for module in modules_of(path) if part != "__init__" else ():
            other = module.split(".")[1] if module.startswith("jtmigrate.") else part
            if other not in (part, "__version__") and not line[part] < line[other] and {part, other} != together:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_the_detectors_stand_on_what_they_share() -> None:
    for folder, above in (
        ("nanodet_common", ("nanodet_ref_torch", "nanodet_jittor", "jtmigrate.presets")),
        ("nanodet_ref_torch", ("nanodet_jittor", "jtmigrate.presets")),
        ("nanodet_jittor", ("nanodet_ref_torch", "jtmigrate.presets")),
    ):
        wrong = {path.name for path in python_files(folder) if any(m.startswith(above) for m in modules_of(path))}
        assert wrong == set(), folder


@pytest.mark.parametrize("folder", WITHOUT_FRAMEWORK)
def test_imports_no_framework(folder: str) -> None:
    assert {
        path.name: imported(path) & FRAMEWORKS for path in python_files(folder) if imported(path) & FRAMEWORKS
    } == {}


def test_each_detector_imports_its_own_framework_only() -> None:
    for folder, other in (("nanodet_jittor", "torch"), ("nanodet_ref_torch", "jittor")):
        assert [path.name for path in python_files(folder) if other in imported(path)] == []


def test_only_the_preset_knows_the_detectors() -> None:
    knowing = {
        path.relative_to(ROOT).parts[1]
        for path in python_files("jtmigrate")
        if any(module.startswith("nanodet") for module in imported(path))
    }
    assert knowing == {"presets"}


@pytest.mark.parametrize("name", MIRRORED)
def test_detectors_hold_the_same_definitions_in_the_same_order(name: str) -> None:
    """So that a diff of the two files is the lesson in migrating."""
    assert definitions(ROOT / "nanodet_jittor" / name) == definitions(ROOT / "nanodet_ref_torch" / name)
