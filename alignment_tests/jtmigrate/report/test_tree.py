from jtmigrate.compare.result import Verdict
from jtmigrate.report.tree import build_tree


def test_tree_follows_paths_in_order_of_execution(make):
    root = build_tree([make.layer("b.1", 2), make.layer("a", 0), make.layer("b.0", 1), make.layer("", 3)])
    assert [child.path for child in root.children] == ["a", "b"]
    assert [child.name for child in root.children[1].children] == ["0", "1"]
    assert [call.key for call in root.calls] == [""]


def test_calls_of_one_module_share_a_node(make):
    root = build_tree([make.layer("up", 0), make.layer("up#1", 1)])
    assert [call.key for call in root.children[0].calls] == ["up", "up#1"]


def test_a_module_is_as_good_as_its_worst_layer(make):
    root = build_tree([make.layer("a.0", 0), make.mismatch("a.1", 1), make.layer("a", 2)])
    assert root.worst() is Verdict.MISMATCH
