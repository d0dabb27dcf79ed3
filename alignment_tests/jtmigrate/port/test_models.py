"""Twelve models in the style people write them: ported without an edit, built, and held against the originals.

The diff engine judges every layer by its own tolerances: 1e-6 of a layer's largest value in float32, or four times the
noise that the original itself shows; gradients in float64 too, to 1e-9.
"""

import runpy
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.port.loading import module_of
from alignment_tests.jtmigrate.port.program import run
from jtmigrate.diff import ModelPair, Plan, diff_pair
from jtmigrate.port.rewrite.output import write
from jtmigrate.port.rewrite.run import port

MODELS = Path(__file__).parent / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.py"))

ATTENTION = {f"decoder.layers.{index}.{name}" for index in (0, 1) for name in ("self_attn", "multihead_attn")}
UNCALLED = {
    "detr_decoder": {"query_embed", *(f"{path}.out_proj" for path in ATTENTION)},
    "fpn": {"backbone.body"},
}
"""Modules that the original does not call: only their weights, or the layers in them, are used."""

WITH_GRADIENTS = ("resnet", "unet")
"""Those whose gradients are compared too, in float64 as well: a backward pass costs as many kernels again."""

IN_FLOAT64 = ("vae",)
"""Those that float32 alone cannot judge: what is left of vae's 1 + logvar - mu ** 2 - exp(logvar) is a hundredth."""


def test_there_are_twelve():
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_is_ported_whole(name: str, tmp_path: Path):
    """Nothing is left; lint finds nothing; porting again changes nothing."""
    source, out = MODELS / f"{name}.py", tmp_path / "out"
    done = run("port", source, "--out", out)
    assert [(problem.name, problem.line) for problem in port(source).problems] == []
    assert done.returncode == 0, done
    assert run("lint", out).stdout == "1 file: nothing found\n"
    assert "torch" not in imported((out / f"{name}.py").read_text())
    run("port", out / f"{name}.py", "--out", tmp_path / "again")
    assert (tmp_path / "again" / f"{name}.py").read_bytes() == (out / f"{name}.py").read_bytes()


def imported(text: str) -> set[str]:
    """First words of what import statements name."""
    lines = (line.split() for line in text.splitlines() if line.startswith(("import ", "from ")))
    return {words[1].partition(".")[0] for words in lines}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_computes_the_same_in_every_layer(name: str, tmp_path: Path):
    source = MODELS / f"{name}.py"
    original = module_of(source, f"original_{name}")
    write(port(source).output, tmp_path / "out")

    def build_port():
        model = module_of(tmp_path / "out" / f"{name}.py", f"ported_{name}").build()
        model.eval()
        return model

    pair = ModelPair(lambda: original.build().eval(), build_port, original.inputs(), title=name)
    gradients = name in WITH_GRADIENTS
    plan = Plan(
        precision="both" if gradients or name in IN_FLOAT64 else "float32", copy_weights=True, backward=gradients
    )
    result = diff_pair(pair, plan)
    assert [one.path for one in result.layers if one.verdict == "mismatch"] == []
    assert {one.path for one in result.layers if one.verdict == "uncompared"} == UNCALLED.get(name, set())
    assert result or name in UNCALLED


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gan", "resnet", "siamese", "vae"])
def test_the_training_loop_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The program's own `__main__`: losses are printed and are numbers."""
    write(port(MODELS / f"{name}.py").output, tmp_path / "out")
    runpy.run_path(str(tmp_path / "out" / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    losses = [float(word) for word in printed.replace("Loss_D:", "").replace("loss", "").split() if _is_number(word)]
    assert len(losses) >= 2
    assert np.isfinite(losses).all()


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).replace("-", "", 1).isdigit() or word in ("nan", "inf")
