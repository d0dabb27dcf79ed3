import os
import subprocess
import sys

import pytest

from jtmigrate.errors import UserError
from jtmigrate.runtime import onednn

INSTALLED = {
    "onednn-cpu-gomp": ["../../libdnnl.so.2", "../../libdnnl.so.2.2", "../../../share/doc/onednn/LICENSE"],
    "onednn-devel-cpu-gomp": ["../../../include/dnnl.hpp", "../../../include/oneapi/dnnl/dnnl.hpp"],
}


@pytest.fixture
def site_packages(tmp_path, monkeypatch):
    """An environment in which small stand-ins of both packages are installed, before any real ones."""
    site = tmp_path / "env/lib/python3/site-packages"
    for package, files in INSTALLED.items():
        info = site / f"{package.replace('-', '_')}-{onednn.VERSION}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {onednn.VERSION}\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        for file in files:
            path = site / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.name)
    monkeypatch.syspath_prepend(site)
    return site


@pytest.fixture
def target(site_packages, tmp_path):
    return onednn.folder(tmp_path)


def test_builds_what_jittor_looks_for(target):
    onednn.build(target)
    assert onednn.is_complete(target)
    assert (target / "include/oneapi/dnnl/dnnl.hpp").is_file()
    assert not (target / "lib" / onednn.LIBRARY).is_symlink()
    assert (target / "lib" / onednn.LINKED_AS).resolve() == target / "lib" / onednn.LIBRARY


def test_leaves_nothing_that_jittor_would_take_for_onednn(target):
    onednn.build(target)
    assert [path.name for path in target.parent.glob("dnnl*")] == [target.name]
    assert not list(target.parent.glob(".onednn-*"))


def test_a_complete_folder_is_left_alone(target):
    onednn.build(target)
    (target / "mark").touch()
    onednn.build(target)
    assert (target / "mark").exists()


def test_links_to_a_deleted_environment_are_replaced(target, tmp_path):
    target.mkdir(parents=True)
    for name in ("lib", "include"):
        (target / name).symlink_to(tmp_path / "deleted" / name)
    assert not onednn.is_complete(target)
    onednn.build(target)
    assert onednn.is_complete(target)


def test_missing_packages_are_named_with_the_command(target, monkeypatch):
    monkeypatch.setattr(onednn, "missing_packages", lambda: ["onednn-cpu-gomp"])
    with pytest.raises(UserError, match=r"onednn-cpu-gomp not installed.*pip install"):
        onednn.build(target)
    assert not target.parent.exists()


def test_damaged_packages_are_named_and_leave_nothing(target, site_packages):
    (site_packages / "../../../include/dnnl.hpp").resolve().unlink()
    with pytest.raises(UserError, match=r"dnnl\.hpp"):
        onednn.build(target)
    assert not target.exists()


def test_another_version_does_not_count(site_packages):
    (metadata,) = site_packages.glob("onednn_devel*/METADATA")
    metadata.write_text(metadata.read_text().replace(onednn.VERSION, "2025.3.0"))
    assert onednn.missing_packages() == ["onednn-devel-cpu-gomp"]


def test_a_folder_that_cannot_be_made_is_named(site_packages, tmp_path):
    (tmp_path / "mkl").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="mkl"):
        onednn.build(onednn.folder(tmp_path))


def test_concurrent_processes_agree(target, site_packages):
    program = f"from pathlib import Path; from jtmigrate.runtime import onednn; onednn.build(Path({str(target)!r}))"
    path = os.pathsep.join([str(site_packages), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-c", program]
    processes = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert onednn.is_complete(target)
