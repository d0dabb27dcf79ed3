"""Code that other people wrote: nothing crashes, everything parses, the result stays as it is, and it is fast enough.

PyTorch's own library is the stranger: its optimizers, layers and distributions.
"""

import ast
import time
from pathlib import Path

import pytest
import torch

from jtmigrate.port.atlas import ATLAS
from jtmigrate.port.lint.run import lint_paths
from jtmigrate.port.rewrite.port import Text, port_texts
from jtmigrate.port.rewrite.result import Fate, Ported
from jtmigrate.port.rewrite.run import port
from jtmigrate.port.rewrite.tree import What, files_of, module_of

LIBRARY = Path(torch.__file__).parent
ROOT = Path(__file__).parents[4]


def texts_of(folder: Path) -> list[Text]:
    files = [file for file in files_of(folder) if file.what is What.PYTHON]
    return [Text(file.path, module_of(file.path, ""), file.place.read_bytes()) for file in files]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["optim", "nn/modules", "distributions"])
def test_a_library(folder: str):
    texts = texts_of(LIBRARY / folder)
    started = time.process_time()
    files = port_texts(texts, ATLAS)
    seconds = time.process_time() - started
    lines = sum(text.data.count(b"\n") for text in texts)
    # 60 s for 20,000 lines, of the CPU's time: other tests may keep the machine busy.
    assert seconds < 60 * lines / 20_000
    assert [file.path for file in files if file.fate is Fate.FAILED] == []
    for file in files:
        ast.parse(file.after)
        assert all(problem.line > 0 and problem.reason for problem in file.problems)
    assert _again(texts, files) == []


def test_the_reference_detector_is_ported_and_clean(tmp_path: Path):
    result = port(ROOT / "nanodet_ref_torch", tmp_path / "ported")
    for file in result.files:
        (tmp_path / file.path).write_bytes(file.after)
    assert lint_paths([tmp_path]).findings == ()
    assert {problem.file for problem in result.problems} <= {
        "batch_norm.py",
        "engine.py",
        "export.py",
        "optimizer.py",
        "processes.py",
    }
    assert result.rate > 0.95


def _again(texts: list[Text], files: list[Ported]) -> list[str]:
    """Files that a second port would change."""
    results = [Text(text.path, text.module, file.after) for text, file in zip(texts, files, strict=True)]
    return [str(file.path) for file in port_texts(results, ATLAS) if file.after != file.before]
