import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alignment_tests.jtmigrate.full_disk import files_of_at_most
from jtmigrate.errors import UserError
from jtmigrate.files import check_outputs, check_writable, replacing, write_text


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


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    check_writable(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_text(pipe, "é" * 100_000)
    reader.join(10)
    assert read == [("é" * 100_000).encode()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_gets_nothing_of_an_interrupted_write(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def interrupted():
        with replacing(tmp_path / "pipe") as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()  # would wait for a reader if it opened the pipe
    assert [stat.S_ISFIFO(path.stat().st_mode) for path in tmp_path.iterdir()] == [True]


def test_a_device_is_written_to_and_stays(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_text("")
    except OSError:
        pytest.skip("devices cannot be made here")
    link = tmp_path / "link"
    link.symlink_to(device)
    for path in (device, link):
        check_writable(path)
        write_text(path, "new")
    assert stat.S_ISCHR(device.stat().st_mode)
    assert link.is_symlink()


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets have to be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("here")
        for write in (check_writable, lambda path: write_text(path, "")):
            with pytest.raises(UserError, match="cannot write here: Is a socket or a disk"):
                write("here")
    assert Path("here").is_socket()


def test_what_is_printed_to_is_written_on(tmp_path):
    code = "from jtmigrate.files import write_text; print('first'); write_text('/dev/stdout', 'then'); print('last')"
    path = tmp_path / "printed"
    with open(path, "w") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True, cwd=Path(__file__).parents[2])
    assert path.read_text() == "first\nthenlast\n"


def test_results_replace_neither_each_other_nor_what_is_read(tmp_path):
    old, link, hard = tmp_path / "old", tmp_path / "link", tmp_path / "hard"
    old.write_text("old")
    link.symlink_to(old)
    hard.hardlink_to(old)
    os.mkfifo(tmp_path / "pipe")
    check_outputs((old, None, tmp_path / "new"), (tmp_path / "other", tmp_path, "", None))
    check_outputs([tmp_path / "pipe"] * 2, [tmp_path / "pipe"])
    for path in (old, link, hard):
        with pytest.raises(UserError, match=f"{path}: is read by this command too"):
            check_outputs([path], [tmp_path / "other", old])
    for paths in ((link, old), (tmp_path / "new", tmp_path / "a" / ".." / "new")):
        with pytest.raises(UserError, match=f"{paths[1]}: two results would be written there"):
            check_outputs(paths)
    with pytest.raises(UserError, match="Is a directory"):
        check_outputs([tmp_path])


def test_a_full_disk_is_told_in_one_line_and_left_as_it_was(tmp_path):
    (tmp_path / "old").write_text("old")
    for path in (tmp_path / "old", tmp_path / "new" / "er" / "file"):
        with (
            files_of_at_most(100),
            pytest.raises(UserError, match=f"cannot write {path}: File too large; give another"),
        ):
            write_text(path, "new" * 100)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old", "old")]
