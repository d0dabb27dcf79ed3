"""Archives, honest and hostile: nothing outside the folder, nothing half-written, no traceback."""

import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.mutated import damaged, fuzz_settings
from alignment_tests.nanodet_common.fetch.archives import write_tar, write_zip
from nanodet_common.errors import InputError
from nanodet_common.fetch.unpack import unpack

FILES = {"kit/a.txt": b"first", "kit/deep/b.txt": b"second" * 1000, "c.txt": b""}
WRITERS = {"a.tar": write_tar, "a.zip": write_zip}


def unpacked(archive: Path, folder: Path, *patterns: str) -> int:
    return unpack(archive, folder, patterns or ("*",), lambda done, total: None)


def found(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if not path.is_dir()}


@pytest.mark.parametrize("name", WRITERS)
def test_all_files_or_some(name, tmp_path):
    archive = WRITERS[name](tmp_path / name, FILES)
    told = []
    assert unpack(archive, tmp_path / "all", ["*"], lambda done, total: told.append((done, total))) == 3
    assert found(tmp_path / "all") == FILES
    assert told[-1] == (6005, 6005)
    assert unpacked(archive, tmp_path / "some", "kit/*") == 2
    assert set(found(tmp_path / "some")) == {"kit/a.txt", "kit/deep/b.txt"}


def test_compressed_tar(tmp_path):
    assert unpacked(write_tar(tmp_path / "a.tar.gz", FILES, mode="w:gz"), tmp_path / "all") == 3


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_there_stays_and_what_is_not_whole_is_replaced(name, tmp_path):
    archive = WRITERS[name](tmp_path / name, FILES)
    unpacked(archive, tmp_path / "all")
    (tmp_path / "all/kit/a.txt").write_bytes(b"mine!")
    (tmp_path / "all/kit/deep/b.txt").write_bytes(b"sec")
    assert unpacked(archive, tmp_path / "all") == 3
    assert found(tmp_path / "all") == FILES | {"kit/a.txt": b"mine!"}


NAMES_OUTSIDE = ["../evil", "kit/../../evil", "/tmp/evil", "kit\\..\\..\\evil", "C:evil"]


@pytest.mark.parametrize("outside", NAMES_OUTSIDE)
@pytest.mark.parametrize("name", WRITERS)
def test_nothing_leaves_the_folder(name, outside, tmp_path):
    archive = WRITERS[name](tmp_path / name, {"good": b"1", outside: b"2"})
    with pytest.raises(InputError, match="which leads out of the folder; nothing of it is unpacked"):
        unpacked(archive, tmp_path / "all")
    assert found(tmp_path) == {name: archive.read_bytes()}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(kind, tmp_path):
    odd = tarfile.TarInfo("odd")
    odd.type, odd.linkname = kind, "/etc"
    archive = write_tar(tmp_path / "a.tar", {"good": b"1", "odd": odd, "odd/evil": b"2"})
    with pytest.raises(InputError, match=r"holds 'odd', which is (a link|no file)"):
        unpacked(archive, tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_links_and_secrets_in_a_zip(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(InputError, match="holds 'link', which is a link"):
        unpacked(tmp_path / "a.zip", tmp_path / "all")
    content = bytearray(write_zip(tmp_path / "b.zip", FILES).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(InputError, match="which is encrypted"):
        unpacked(tmp_path / "b.zip", tmp_path / "all")


def test_too_little_space_is_told_before(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 1000))
    with pytest.raises(InputError, match=r"unpacking needs 6,005 bytes in .*, whose disk has 1,000 free"):
        unpacked(write_tar(tmp_path / "a.tar", FILES), tmp_path / "all")
    assert found(tmp_path / "all") == {}


def test_a_folder_in_the_way(tmp_path):
    archive = write_tar(tmp_path / "a.tar", FILES)
    (tmp_path / "all" / "c.txt").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be unpacked to"):
        unpacked(archive, tmp_path / "all")


@given(kind=st.sampled_from(sorted(WRITERS)), data=st.data())
@fuzz_settings
def test_damaged_archives(tmp_path_factory, kind: str, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    archive = WRITERS[kind](folder / kind, FILES)
    archive.write_bytes(data.draw(damaged(archive.read_bytes())))
    try:
        unpacked(archive, folder / "all")
    except InputError as error:
        assert str(error).startswith(str(archive))  # noqa: PT017 - either outcome is right
    assert {path.name for path in folder.iterdir()} <= {kind, "all"}
    assert not list(folder.rglob("*.part"))
