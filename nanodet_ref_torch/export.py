"""The detector as an ONNX graph."""

from pathlib import Path

import numpy as np
import torch

from nanodet_common.config import Config
from nanodet_common.onnx.model import INPUT, OPSET, OUTPUT
from nanodet_ref_torch.engine import Engine


def export(engine: Engine, config: Config, path: Path) -> None:
    """Write the graph from normalised images (batch, 3, height, width) to the raw head output."""
    width, height = config.data.val.input_size
    # Two images: the exporter takes a size of 1 for one that never changes.
    example = torch.from_numpy(np.zeros((2, 3, height, width), np.float32))
    torch.onnx.export(
        engine.model,
        (example,),
        str(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=OPSET,
        external_data=False,
        dynamo=True,
        verbose=False,
    )
