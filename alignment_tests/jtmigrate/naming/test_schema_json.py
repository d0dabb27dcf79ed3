"""A schema from a JSON file, and what is wrong with one that is none."""

from pathlib import Path

import pytest

from jtmigrate.errors import UserError
from jtmigrate.naming.schema import TensorSpec
from jtmigrate.naming.schema_json import read_schema, schema_text


def test_names_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"b": {"shape": [2, 3], "dtype": "float32"}, "a": {"shape": [], "dtype": "int64"}}')
    schema = read_schema(path)
    assert list(schema.items()) == [("b", TensorSpec((2, 3), "float32")), ("a", TensorSpec((), "int64"))]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    schema = {"b": TensorSpec((2, 3), "float32"), 'ünï "\n\x1b': TensorSpec((), "int64"), "e": TensorSpec((0,), "bool")}
    text = schema_text(schema)
    assert text.isascii()
    (tmp_path / "a.json").write_text(text)
    assert list(read_schema(tmp_path / "a.json").items()) == list(schema.items())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not a JSON file"),
        ("[1]", "one object"),
        ('{"a": [2]}', "a: needs"),
        ('{"a": {"shape": [2]}}', "a: needs"),
        ('{"a": {"shape": [-2], "dtype": "float32"}}', "a: needs"),
        ('{"a": {"shape": [true], "dtype": "float32"}}', "a: needs"),
        ('{"a": {"shape": 2, "dtype": "float32"}}', "a: needs"),
        ('{"a": {"shape": [2], "dtype": "float99"}}', "a: needs"),
        ('{"a": {"shape": [2], "dtype": "float32", "order": "C"}}', "a: needs"),
    ],
)
def test_malformed_files(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        read_schema(path)
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_schema(tmp_path / "a.json")
