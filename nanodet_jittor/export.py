"""The detector as an ONNX graph."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from nanodet_common.config import Config
from nanodet_common.errors import InputError
from nanodet_jittor.engine import Engine


def export(engine: Engine, config: Config, path: Path) -> None:
    """Write the graph from normalised images (batch, 3, height, width) to the raw head output.

    Jittor has no exporter: the weights go to the twin in PyTorch, in a process of its own, and the twin is exported.
    Whether the graph computes what this engine computes is for the caller to check. Raises InputError where the twin
    cannot be exported.
    """
    with TemporaryDirectory() as folder:
        weights, settings = Path(folder, "weights.pth"), Path(folder, "config.yml")
        write_checkpoint(weights, Checkpoint(engine.state()))
        settings.write_text(config.to_yaml())
        twin = [sys.executable, "-m", "nanodet_ref_torch", "export"]
        arguments = ["--config", str(settings), "--weights", str(weights), "--out", str(path)]
        done = subprocess.run([*twin, *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise InputError(f"the twin in PyTorch cannot be exported: {reason.removeprefix('error: ')}")
