import pytest

from jtmigrate.runtime.cpus import cgroup_quotas, usable_cpus


def test_this_process_may_use_at_least_one():
    assert usable_cpus() >= 1


@pytest.fixture
def cgroups(tmp_path):
    """A control group tree in which this process is in /outer/inner; the test fills in the limits."""
    (tmp_path / "membership").write_text("4:memory:/elsewhere\n0::/outer/inner\n")
    (tmp_path / "groups/outer/inner").mkdir(parents=True)
    return tmp_path


def quotas(cgroups):
    return sorted(cgroup_quotas(cgroups / "groups", cgroups / "membership"))


def test_no_limit(cgroups):
    assert quotas(cgroups) == []


def test_version_2_counts_the_surrounding_groups(cgroups):
    (cgroups / "groups/outer/inner/cpu.max").write_text("max 100000\n")
    (cgroups / "groups/outer/cpu.max").write_text("150000 100000\n")
    (cgroups / "groups/cpu.max").write_text("400000 100000\n")
    assert quotas(cgroups) == [1.5, 4.0]


@pytest.mark.parametrize(("quota", "expected"), [("200000", [2.0]), ("-1", [])])
def test_version_1(cgroups, quota, expected):
    (cgroups / "groups/cpu").mkdir()
    (cgroups / "groups/cpu/cpu.cfs_quota_us").write_text(f"{quota}\n")
    (cgroups / "groups/cpu/cpu.cfs_period_us").write_text("100000\n")
    assert quotas(cgroups) == expected


def test_system_without_control_groups(tmp_path):
    assert cgroup_quotas(tmp_path / "absent", tmp_path / "absent too") == []
