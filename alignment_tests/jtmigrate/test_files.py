import pytest

from jtmigrate.errors import UserError
from jtmigrate.files import check_writable, replacing, write_text


def test_text_is_written_as_utf_8_into_a_folder_that_is_created(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")

    def interrupted():
        with replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["new", "old", "no/such/folder/new"])
def test_a_check_leaves_no_trace(tmp_path, name):
    (tmp_path / "old").write_text("old")
    check_writable(tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old", "old")]


def test_what_cannot_be_written_is_known_beforehand(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "a", tmp_path / "file" / "b" / "a"):
        with pytest.raises(UserError, match=f"cannot write {path}: "):
            check_writable(path)
        with pytest.raises(UserError, match=f"cannot write {path}: "):
            write_text(path, "")

    def forbidden(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    with pytest.raises(UserError, match="Permission denied; give another path"):
        check_writable(tmp_path / "a")
