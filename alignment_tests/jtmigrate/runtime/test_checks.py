import sys
from types import SimpleNamespace

import pytest

from jtmigrate.runtime import checks as module
from jtmigrate.runtime import onednn
from jtmigrate.runtime.checks import Status


def test_every_check_that_is_not_ok_comes_with_a_fix():
    found = module.checks()
    assert len({check.name for check in found}) == len(found)
    assert all((check.status is Status.OK) == (check.fix == "") for check in found)


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 9, 18), Status.FAULT), ((3, 10, 0), Status.WARN), ((3, 11, 7), Status.OK), ((3, 13, 0), Status.WARN)],
)
def test_python(version, status):
    assert module.check_python(version).status is status


@pytest.mark.parametrize(("version", "status"), [("1.26.4", Status.OK), ("2.1.0", Status.FAULT), (None, Status.FAULT)])
def test_numpy(version, status, monkeypatch):
    monkeypatch.setattr(module, "_installed", lambda package: version)
    assert module.check_numpy().status is status


def test_absent_tools(monkeypatch, tmp_path):
    monkeypatch.setattr(module.shutil, "which", lambda command: None)
    assert module.check_compiler().status is Status.FAULT
    assert module.check_make().status is Status.WARN
    assert module.check_python_headers(tmp_path).status is Status.FAULT


def test_absent_package():
    check = module.check_package("no-such-package", "jittor")
    assert (check.status, check.fix) == (Status.FAULT, "pip install 'jtmigrate[jittor]'")


@pytest.mark.parametrize(("missing", "status"), [([], Status.WARN), (["onednn-cpu-gomp"], Status.FAULT)])
def test_onednn_outside_the_cache(missing, status, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "on_supported_platform", lambda: True)
    monkeypatch.setattr(module, "wants_cuda", lambda: False)
    monkeypatch.setattr(onednn, "missing_packages", lambda: missing)
    assert module.check_onednn(tmp_path).status is status


def test_cache_folder(monkeypatch, tmp_path):
    cache = tmp_path / "not/made/yet"
    assert module.check_cache(cache).status is Status.OK
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10_000_000))
    assert module.check_cache(cache).status is Status.WARN
    monkeypatch.setattr(module.os, "access", lambda folder, mode: False)
    assert module.check_cache(cache).status is Status.FAULT


def test_core_is_found_where_jittor_puts_it(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_installed", lambda package: "1.3.11.0")
    monkeypatch.setattr(module, "find_spec", lambda name: SimpleNamespace(origin="/env/jittor_utils/__init__.py"))
    monkeypatch.setenv("cache_name", "default")
    assert module.check_core(tmp_path).status is Status.WARN
    python = ".".join(map(str, sys.version_info[:3]))
    folder = tmp_path / f"jt1.3.11/g++12.2.0/py{python}/Linux-6.1xab/AMDEPYC/4272/default"
    folder.mkdir(parents=True)
    (folder / "jittor_core.so").touch()
    assert module.check_core(tmp_path).status is Status.OK


def test_environment(monkeypatch):
    monkeypatch.setenv("log_silent", "1")
    check = module.check_environment()
    assert (check.status, check.fix) == (Status.WARN, "unset log_silent")
