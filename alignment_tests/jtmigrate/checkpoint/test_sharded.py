"""safetensors in several files, and indexes that are damaged or lead elsewhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.convert import convert
from jtmigrate.errors import UserError

TENSORS = {"b": np.ones(2, np.float32), "a": np.arange(3), "c": np.zeros((0, 2), np.float16)}
INDEX = "model.safetensors.index.json"


def make(folder: Path, weight_map: dict[str, Any] | None = None) -> Path:
    """Two shards and their index."""
    write_checkpoint(folder / "one.safetensors", Checkpoint({name: TENSORS[name] for name in "ac"}))
    write_checkpoint(folder / "two.safetensors", Checkpoint({"b": TENSORS["b"]}))
    right = {"b": "two.safetensors", "a": "one.safetensors", "c": "one.safetensors"}
    index = {"metadata": {"total_size": 32}, "weight_map": right if weight_map is None else weight_map}
    (folder / INDEX).write_text(json.dumps(index))
    return folder / INDEX


def test_by_index_and_by_folder(tmp_path: Path) -> None:
    index = make(tmp_path)
    for path in (index, tmp_path):
        checkpoint = read_checkpoint(path)
        assert checkpoint.container == "safetensors, sharded"
        assert_same(checkpoint.tensors, TENSORS)
    with open_checkpoint(index) as contents:
        assert {file.name for file in contents.files} == {INDEX, "one.safetensors", "two.safetensors"}


def test_conversion_hashes_every_file(tmp_path: Path) -> None:
    report = convert(make(tmp_path), tmp_path / "a.pkl")
    assert_same(read_checkpoint(tmp_path / "a.pkl").tensors, TENSORS)
    assert len(report.hashes.source) == 3


def test_no_shard_is_overwritten(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(UserError, match="is the source too"):
        convert(tmp_path, tmp_path / "one.safetensors")


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        ({"b": "../two.safetensors"}, "does not lie in its folder"),
        ({"b": "/etc/passwd"}, "does not lie in its folder"),
        ({"b": "..\\two.safetensors"}, "does not lie in its folder"),
        ({"b": ""}, "does not lie in its folder"),
        ({"b": "two.safetensors\0"}, "does not lie in its folder"),
        ({"b": 3}, "no weight_map"),
        ({}, "no weight_map"),
        ([], "no weight_map"),
        ({"b": "three.safetensors"}, "cannot be read: No such file"),
        ({"b": INDEX}, "its header|a header of"),
        ({"b": "two.safetensors", "a": "two.safetensors"}, "lacks the tensor 'a'"),
        ({"b": "two.safetensors", "a": "one.safetensors"}, "holds the tensor 'c', of which the index"),
    ],
)
def test_broken_indexes(tmp_path: Path, weight_map: Any, message: str) -> None:
    index = make(tmp_path, weight_map)
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint(index)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"weight_map": {"a": "x", "a": "y"}}', "[" * 100_000])
def test_indexes_that_are_no_json_object(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_text(text)
    with pytest.raises(UserError, match="index"):
        read_checkpoint(tmp_path / INDEX)


def test_a_folder_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="directory"):
        read_checkpoint(tmp_path)
