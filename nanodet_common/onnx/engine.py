"""A detector in an ONNX file, run by onnxruntime: an implementation that shares no code with the two others."""

from pathlib import Path

import numpy as np
import onnxruntime
from pydantic import ValidationError

from jtmigrate.onnx_session import open_session
from nanodet_common.config import Config
from nanodet_common.engine import DType
from nanodet_common.errors import InputError
from nanodet_common.onnx.model import CONFIG, INPUT, OUTPUT


class OnnxEngine:
    """The graph on the CPU, on as many threads as there are CPUs to use."""

    def __init__(self, path: Path):
        """Raises UserError for a file that is not a detector exported by this program."""
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        self.session = open_session(path)
        self.metadata = self.session.get_modelmeta().custom_metadata_map
        names = [one.name for one in (*self.session.get_inputs(), *self.session.get_outputs())]
        if names != [INPUT, OUTPUT] or CONFIG not in self.metadata:
            raise InputError(f"{path}: not an ONNX file that `export` of this program wrote")
        try:
            self.config = Config.model_validate_json(self.metadata[CONFIG])
        except ValidationError as error:
            raise InputError(f"{path}: the configuration that it carries cannot be used: {error}") from error

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        return self.session.run([OUTPUT], {INPUT: images})[0]

    def state(self) -> dict[str, np.ndarray]:
        """Nothing: a graph may have folded parameters into one another."""
        return {}

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""
        return {"onnxruntime": onnxruntime.__version__}


def load(_: str | None, path: Path, num_classes: int | None, dtype: DType) -> tuple[Config, OnnxEngine]:
    """The configuration that the file carries, and an engine; the one that the user names does not count.

    Raises InputError where another option contradicts the file.
    """
    if dtype != "float32":
        raise InputError(f"{path}: the graph computes in float32, not in {dtype}")
    engine = OnnxEngine(path)
    found = engine.config.model.arch.head.num_classes
    if num_classes not in (None, found):
        raise InputError(f"{path}: has {found} classes, but --num-classes says {num_classes}")
    return engine.config, engine
