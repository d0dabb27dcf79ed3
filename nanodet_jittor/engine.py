"""The detector ready to run: images in numpy, raw head output in numpy."""

from collections.abc import Mapping

import jittor as jt
import numpy as np

from jtmigrate import runtime
from nanodet_common.config import Config
from nanodet_common.engine import DType
from nanodet_jittor.detector import NanoDetPlus


class Engine:
    """NanoDet-Plus in evaluation mode, on as many threads as `OMP_NUM_THREADS` said when Jittor was imported."""

    def __init__(self, config: Config, state: Mapping[str, np.ndarray], dtype: DType = "float32"):
        self.model = NanoDetPlus(config.model.arch, auxiliary=False)
        self.model.load_state_dict(state)
        self.model.eval()
        if dtype == "float64":
            self.model.float64()
        self.dtype = dtype

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        converts = int(self.dtype == "float32")
        with jt.flag_scope(no_grad=1, auto_convert_64_to_32=converts):
            output = self.model(jt.array(images.astype(self.dtype, copy=False))).numpy()
        # A kernel that was loaded just now has left numpy without subnormal numbers.
        runtime.restore_subnormals()
        return output

    def state(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        return {name: var.numpy() for name, var in self.model.state_dict().items()}

    def versions(self) -> dict[str, str]:
        """Of what computes."""
        return {"jittor": jt.__version__}
