"""`python -m nanodet_common.onnx`: evaluate and run a detector in an ONNX file."""

from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application
from nanodet_common.onnx.engine import load

if __name__ == "__main__":
    run(application("ONNX", "nanodet_common.onnx", load))
