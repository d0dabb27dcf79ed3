"""The detector ready to run: images in numpy, raw head output in numpy."""

from collections.abc import Mapping

import numpy as np
import torch

from nanodet_common.config import Config
from nanodet_common.engine import DType
from nanodet_ref_torch.detector import NanoDetPlus


class Engine:
    """NanoDet-Plus in evaluation mode, on as many threads as `torch.get_num_threads()` says."""

    def __init__(self, config: Config, state: Mapping[str, np.ndarray], dtype: DType = "float32"):
        self.model = NanoDetPlus(config.model.arch, auxiliary=False)
        self.model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
        self.model.eval().to(getattr(torch, dtype))
        self.dtype = dtype

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        with torch.inference_mode():
            return self.model(torch.from_numpy(images.astype(self.dtype, copy=False))).numpy()

    def state(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        return {name: tensor.numpy().copy() for name, tensor in self.model.state_dict().items()}

    def versions(self) -> dict[str, str]:
        """Of what computes."""
        return {"torch": torch.__version__}
