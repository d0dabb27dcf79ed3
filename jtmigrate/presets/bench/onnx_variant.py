"""The detector as an ONNX graph in onnxruntime."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from jtmigrate.bench.protocol import Unavailable
from jtmigrate.onnx_session import open_session
from nanodet_common.config import Config
from nanodet_common.onnx.model import INPUT, OUTPUT
from nanodet_common.weights import State


class OnnxRuntime:
    """Makes engines of a graph that was exported from the same weights."""

    def __init__(self, graph: Path, threads: int) -> None:
        if not graph.is_file():
            raise Unavailable("the graph could not be exported: it takes PyTorch, onnx and onnxscript")
        self._session = open_session(graph, threads)

    def engine(self, variant: str, config: Config, state: State) -> "OnnxRuntime":
        """Itself: the graph holds configuration and weights."""
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """See the frameworks' `Engine.predict`."""
        return self._session.run([OUTPUT], {INPUT: images})[0]

    def operators(self, variant: str) -> AbstractContextManager[None]:
        """Nothing special."""
        return nullcontext()

    def facts(self) -> dict[str, Any]:
        """Threads that the session has, and versions."""
        threads = self._session.get_session_options().intra_op_num_threads
        return {"threads": threads, "versions": {"onnxruntime": onnxruntime.__version__}}

    def no_kernels(self, folder: Path) -> AbstractContextManager[None]:
        """There is nothing to compile."""
        return nullcontext()
