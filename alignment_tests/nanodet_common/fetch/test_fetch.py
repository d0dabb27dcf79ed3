"""The catalogue, and whole entries of it, from a server on this machine."""

import hashlib
import re
import shutil

import pytest

from alignment_tests.nanodet_common.datasets.files import annotation_xml, object_xml, write_voc
from alignment_tests.nanodet_common.fetch.archives import write_tar
from alignment_tests.nanodet_common.fetch.server import Server, serving
from nanodet_common.datasets.voc import read_voc
from nanodet_common.errors import InputError
from nanodet_common.fetch.catalogue import CATALOGUE, Entry, RemoteFile
from nanodet_common.fetch.fetch import fetch, find_entry


@pytest.mark.parametrize(
    "file", [file for entry in CATALOGUE.values() for file in entry.files], ids=lambda file: file.name
)
def test_what_the_catalogue_says_of_a_file(file):
    assert re.fullmatch(r"[\w.-]+", file.name)
    assert all(url.endswith(f"/{file.name}") for url in file.urls)
    # Without a checksum, only an address that nobody on the way can answer for is good enough.
    assert file.urls[0].startswith("https://")
    assert file.checksum or all(url.startswith("https://") for url in file.urls)
    if file.checksum:
        name, _, digits = file.checksum.partition(":")
        assert len(digits) == 2 * hashlib.new(name).digest_size
        assert int(digits, 16)
        assert file.size
    assert bool(file.members) == file.name.endswith((".tar", ".zip"))


def test_unknown_names():
    assert find_entry("voc2007") is CATALOGUE["voc2007"]
    with pytest.raises(InputError, match=r"nothing is called 'voc'; there is voc2007, voc2012, coco-val, weights"):
        find_entry("voc")


def test_a_data_set_is_ready_after_one_call_and_kept_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    write_voc(tmp_path / "VOC2007", {"a": annotation_xml(object_xml()), "b": annotation_xml()})
    members = {f"VOCdevkit/{path.relative_to(tmp_path)}": path for path in (tmp_path / "VOC2007").rglob("*.*")}
    archive = write_tar(tmp_path / "kit.tar", {name: path.read_bytes() for name, path in members.items()})
    content = archive.read_bytes()
    told = []
    with serving(Server(content)) as server:
        checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
        file = RemoteFile("kit.tar", (server.url,), len(content), checksum, ("*",))
        entry = Entry("a small set", "sets", (file,), "")
        (found,) = fetch(entry, tmp_path / "data", lambda *progress: told.append(progress))
        assert (found.unpacked, found.download.fetched) == (len(members), True)
        assert {what for what, _, _ in told} == {"kit.tar", "unpacking kit.tar"}
        assert len(read_voc(tmp_path / "data/sets/VOCdevkit", ["2007:test"], ["cat"])) == 2

        shutil.rmtree(tmp_path / "data/sets/VOCdevkit/VOC2007/Annotations")
        (found,) = fetch(entry, tmp_path / "data", lambda *progress: None)
        assert (found.unpacked, found.download.fetched) == (len(members), False)
        assert len(read_voc(tmp_path / "data/sets/VOCdevkit", ["2007:test"], ["cat"])) == 2
        assert len(server.requests) == 1


def test_a_file_that_fails_keeps_no_other_from_coming(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving(Server(b"content")) as server, serving(Server(b"", statuses=[404] * 2)) as empty:
        files = [
            RemoteFile(name, (at.url,), None, None) for name, at in zip("abc", (empty, server, empty), strict=True)
        ]
        with pytest.raises(InputError, match=r"^a cannot be fetched: .*HTTP 404.*\. Neither came c$"):
            fetch(Entry("", "", tuple(files), ""), tmp_path, lambda *progress: None)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
