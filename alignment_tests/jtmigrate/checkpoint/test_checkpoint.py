"""Reading by content, writing by suffix, whole or not at all; bad paths give one line each."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jtmigrate.checkpoint import Checkpoint, jittor_pickle, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.tensors import ArrayTensor
from jtmigrate.errors import UserError

ONE = Checkpoint({"w": np.ones(2, np.float32)})

TENSORS = st.dictionaries(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=8),
    st.sampled_from(jittor_pickle.HOLDS).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0))
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors"])
@given(tensors=TENSORS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tensors_come_back_bit_for_bit(tmp_path: Path, suffix: str, tensors: dict[str, np.ndarray]) -> None:
    path = tmp_path / f"a{suffix}"
    write_checkpoint(path, Checkpoint(tensors))
    found = read_checkpoint(path).tensors
    assert list(found) == list(tensors)
    for name, array in tensors.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_the_content_decides_on_the_format(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pkl", ONE)
    (tmp_path / "a.pkl").rename(tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.container == "Jittor pickle"
    assert checkpoint.path == str(tmp_path / "a.pth")


def assert_one_line(error: UserError, path: Path) -> None:
    assert str(path) in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"just some text\n", "neither"), (b"PK\x03\x04 and no more", "zip"), (b"\x80\x04}", "pickle")],
)
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint(path)
    assert_one_line(caught.value, path)


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file") as caught:
        read_checkpoint(tmp_path / "a.pth")
    assert_one_line(caught.value, tmp_path / "a.pth")
    with pytest.raises(UserError, match="directory"):
        read_checkpoint(tmp_path)


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'\.foo'.*\.pth.*\.pkl"):
        write_checkpoint(tmp_path / "a.foo", ONE)
    assert not list(tmp_path.iterdir())


def test_a_destination_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.pth").mkdir()
    for path in (tmp_path / "none" / "a.pth", tmp_path / "file" / "a.pth", tmp_path / "folder.pth"):
        with pytest.raises(UserError, match="cannot be written") as caught:
            write_checkpoint(path, ONE)
        assert_one_line(caught.value, path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.pth"]


def test_a_dtype_without_a_place_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'w' is complex64"):
        write_checkpoint(tmp_path / "a.pkl", Checkpoint({"w": np.ones(2, np.complex64)}))
    assert not list(tmp_path.iterdir())


def test_an_existing_file_survives_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: object, tensors: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.pkl"
    path.write_bytes(b"old")
    monkeypatch.setattr(jittor_pickle, "write", fail)
    with pytest.raises(UserError, match="No space left"):
        write_checkpoint(path, ONE)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_reads_back_differently_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = ArrayTensor(np.zeros(2, np.float32))
    monkeypatch.setattr(jittor_pickle, "read", lambda file: Contents({"w": zeros}, "Jittor pickle"))
    with pytest.raises(UserError, match="'w' read back differs"):
        write_checkpoint(tmp_path / "a.pkl", ONE)
    assert not list(tmp_path.iterdir())


def test_a_link_keeps_pointing_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.pkl").write_bytes(b"old")
    (tmp_path / "link.pkl").symlink_to("real.pkl")
    write_checkpoint(tmp_path / "link.pkl", ONE)
    assert (tmp_path / "link.pkl").is_symlink()
    assert list(read_checkpoint(tmp_path / "real.pkl").tensors) == ["w"]
