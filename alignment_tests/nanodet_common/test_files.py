import pytest

from nanodet_common.errors import InputError
from nanodet_common.files import write_bytes


def test_a_file_and_its_folder(tmp_path):
    write_bytes(tmp_path / "new" / "a.bin", b"one")
    write_bytes(tmp_path / "new" / "a.bin", b"two")
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"two"
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_what_cannot_be_written_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*file/a.bin: .*; give another path"):
        write_bytes(tmp_path / "file" / "a.bin", b"")
