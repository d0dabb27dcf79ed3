"""ONNX files run by onnxruntime, on the CPU."""

from pathlib import Path

import onnxruntime

from jtmigrate.errors import UserError
from jtmigrate.runtime.cpus import usable_cpus

ERRORS = tuple(
    error
    for error in vars(onnxruntime.capi.onnxruntime_pybind11_state).values()
    if isinstance(error, type) and issubclass(error, Exception)
)
"""What onnxruntime raises. It has no common base that it exports; all of it lives in this module."""

ONLY_ERRORS = 3


def open_session(path: Path, threads: int | None = None) -> onnxruntime.InferenceSession:
    """The graph, ready to run. Raises UserError if it cannot be.

    threads: None for as many as there are CPUs to use.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cpus()
    options.log_severity_level = ONLY_ERRORS
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except ERRORS as error:
        raise UserError(f"{path}: not an ONNX file that can be run: {error}") from error
