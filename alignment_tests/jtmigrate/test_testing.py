import pytest

from alignment_tests.jtmigrate import pairs
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.testing import NotAligned, assert_aligned

pytest_plugins = ["pytester"]


def port(slope=pairs.SLOPE):
    model = pairs.JittorMLP(slope)
    JittorAdapter().load_state(model, TorchAdapter().state(pairs.seeded(pairs.TorchMLP())))
    return pairs.evaluating(model)


def test_a_faithful_port_passes_and_hands_on_its_result():
    result = assert_aligned(pairs.seeded(pairs.TorchMLP()), port(), pairs.VECTORS)
    assert len(result.layers) == 4


def test_a_fault_is_an_assertion_error_with_the_whole_report():
    with pytest.raises(AssertionError) as failure:
        assert_aligned(pairs.seeded(pairs.TorchMLP()), port(slope=0.2), pairs.VECTORS)
    assert isinstance(failure.value, NotAligned)
    assert failure.value.result.first_fault.key == "act"
    for part in ("First fault", "What to try next", "NOT ALIGNED", "act"):
        assert part in str(failure.value)
    assert "\x1b" not in str(failure.value)


SUITE = """
    import pytest
    from alignment_tests.jtmigrate import pairs
    from alignment_tests.jtmigrate.test_testing import port

    @pytest.mark.parametrize("slope", [0.1, 0.2])
    def test_port(assert_aligned, slope):
        assert_aligned(pairs.seeded(pairs.TorchMLP()), port(slope), pairs.VECTORS)

    def test_something_else():
        assert False, "no business of the plug-in"
"""


def test_the_plug_in_writes_reports_of_what_failed(pytester, request):
    """In this process: the frameworks are loaded, and a plug-in that is installed is loaded already."""
    pytester.syspathinsert(request.config.rootpath)
    pytester.makepyfile(SUITE)
    done = pytester.runpytest_inprocess(
        "-p", "jtmigrate.pytest_plugin", "-p", "no:hypothesispytest", "--jtmigrate-reports", "reports"
    )
    done.assert_outcomes(passed=1, failed=2)
    written = sorted(path.suffix for path in (pytester.path / "reports").iterdir())
    assert written == [".html", ".json"]
    assert all("0.2" in path.name for path in (pytester.path / "reports").iterdir())
    done.stdout.fnmatch_lines(["*-- jtmigrate --*", "reports/*.json"])


def test_without_the_option_nothing_is_written(pytester, request):
    pytester.syspathinsert(request.config.rootpath)
    pytester.makepyfile(SUITE)
    pytester.runpytest_inprocess("-p", "jtmigrate.pytest_plugin", "-p", "no:hypothesispytest", "-k", "port")
    assert not (pytester.path / "reports").exists()
