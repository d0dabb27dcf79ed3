"""ONNX files of a detector: the graph, and beside it all that is needed to use it."""

import json
from collections.abc import Mapping
from pathlib import Path

import onnx

from nanodet_common.config import Config

INPUT, OUTPUT = "images", "head_output"
OPSET = 18

CONFIG, CLASS_NAMES = "config", "class_names"
"""Metadata that an ONNX file of ours carries: the whole configuration, and the names for those who want only these."""


def describe(path: Path, config: Config, facts: Mapping[str, str]) -> None:
    """Add the configuration and other facts to an exported file, as metadata, and check the whole.

    Raises onnx.checker.ValidationError for a graph that is not valid.
    """
    model = onnx.load(path)
    own = {CONFIG: config.model_dump_json(by_alias=True), CLASS_NAMES: json.dumps(config.class_names)}
    onnx.helper.set_model_props(model, {**own, **facts})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
