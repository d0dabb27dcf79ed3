"""References to names of PyTorch, however they were imported; imports themselves."""

from textwrap import dedent

import pytest

from alignment_tests.jtmigrate.port.rewrite.texts import body, left, port_files, port_one, ported


def lines(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_the_usual_imports():
    found = ported(
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        def f(x):
            return F.relu(torch.relu(torch.cat([x, x], dim=1)))

        layer = nn.Conv2d(3, 8, 3, padding=1)
        """
    )
    assert found == dedent(
        """
        import jittor as jt
        from jtmigrate.parity import nn
        from jtmigrate.parity import functional as F

        def f(x):
            return F.relu(jt.nn.relu(jt.concat([x, x], dim=1)))

        layer = nn.Conv2d(3, 8, 3, padding=1)
        """
    )


@pytest.mark.parametrize(
    ("imports", "use", "new_imports", "new_use"),
    [
        ("import torch as T", "T.cat(x)", "import jittor as jt", "jt.concat(x)"),
        ("import torch", "torch.nn.functional.relu(x)", "from jtmigrate.parity import functional as F", "F.relu(x)"),
        ("import torch", "torch.nn.Linear(1, 2)", "from jtmigrate.parity import nn", "nn.Linear(1, 2)"),
        ("from torch import nn", "nn.functional.relu(x)", None, "F.relu(x)"),
        (
            "from torch.nn import functional as F",
            "F.relu(x)",
            "from jtmigrate.parity import functional as F",
            "F.relu(x)",
        ),
        ("from torch.nn import Conv2d as C", "C(1, 2, 3)", "from jtmigrate.parity.nn import Conv2d as C", "C(1, 2, 3)"),
        ("from torch.nn.modules.conv import Conv2d", "Conv2d(1, 2, 3)", "from jtmigrate.parity.nn import Conv2d", None),
        ("from torch import cat, relu", "cat(relu(x))", None, "cat(relu(x))"),
        ("import torch.optim as optim", "optim.SGD(p)", "from jtmigrate.parity import optim", "optim.SGD(p)"),
        ("import torch", "torch.optim.lr_scheduler.StepLR(o, 2)", None, "lr_scheduler.StepLR(o, 2)"),
        ("from torch.nn import init", "init.normal_(w)", "from jtmigrate.parity import init", "init.normal_(w)"),
        ("import torch", "torch.relu(x).to(dtype=torch.float)", None, "ops.to(jt.nn.relu(x), dtype=jt.float32)"),
        ("import torch", "isinstance(x, (torch.Tensor, list))", None, "isinstance(x, (jt.Var, list))"),
    ],
)
def test_imports_and_aliases(imports: str, use: str, new_imports: str | None, new_use: str | None):
    found = ported(f"{imports}\ny = {use}\n")
    if new_imports:
        assert new_imports in found.splitlines()
    assert found.splitlines()[-1] == f"y = {new_use or use}"
    assert "torch" not in found


def test_imports_in_functions():
    found = ported(
        "def f(x):\n    import torch\n    import torch.nn.functional as F\n    return F.relu(torch.cat(x))\n"
    )
    assert found == (
        "import jittor as jt\ndef f(x):\n"
        "    from jtmigrate.parity import functional as F\n    return F.relu(jt.concat(x))\n"
    )


def test_comments_and_layout_survive():
    source = '''
    """A module."""
    # licence
    import torch  # the framework
    import os

    x = torch.cat(  # one
        [a,  b],  # two
        dim = 1,
    )   # three
    '''
    found = ported(source)
    for comment in ("# licence", "# the framework", "# one", "# two", "# three"):
        assert comment in found
    assert "[a,  b],  # two\n" in found
    assert "dim = 1,\n)   # three" in found


def test_names_that_only_look_like_torch():
    source = "import torch\n\ndef f(torch):\n    return torch.cat(1)\n\nclass A:\n    cat = 1\n\ny = A.cat\n"
    assert ported(source) == source.removeprefix("import torch\n")


def test_the_alias_is_taken():
    found = ported("import torch\n\njt = 3\ny = torch.cat([x])\n")
    assert found == "import jittor\n\njt = 3\ny = jittor.concat([x])\n"


def test_names_used_as_values():
    assert body("from torch import nn\n\nacts = dict(relu=nn.ReLU)\ndef f(act_layer=nn.ReLU): pass\n").startswith(
        "acts = dict(relu=nn.ReLU)"
    )
    assert left("from torch import nn\ny = getattr(nn, name)\n") == ["torch.nn"]
    assert left("import torch\ny = getattr(torch, name)\n") == ["torch"]
    assert left("import torch\njoin = torch.cat\n") == ["torch.cat"]


def test_what_has_no_counterpart_stays_and_is_listed():
    file = port_one("import torch\n\ndef f(x):\n    return torch.foo(torch.cat(x), torch.device('cpu'))\n")
    assert [(problem.line, problem.name, problem.advice) for problem in file.problems] == [
        (4, "torch.device", "leave devices out"),
        (4, "torch.foo", ""),
    ]
    assert file.after.decode() == lines(
        """
        import jittor as jt
        import torch

        def f(x):
            # jtmigrate: torch.foo is not in the atlas
            # jtmigrate: torch.device has no counterpart: leave devices out
            return torch.foo(jt.concat(x), torch.device('cpu'))
        """
    )


def test_values_that_cannot_be_translated():
    file = port_one("from torch import nn\n\nc = nn.Conv2d(1, 2, 3, padding_mode='reflect')\nd = nn.Conv2d(*a, **k)\n")
    assert [problem.line for problem in file.problems] == [3, 4]
    assert "padding_mode is 'reflect'" in file.problems[0].reason


def test_arguments_without_meaning_are_left_out():
    assert body("from torch import nn\n\nc = nn.Conv2d(1, 2, 3, bias=False, device=d, dtype=None)\n") == (
        "c = nn.Conv2d(1, 2, 3, bias=False)\n"
    )


def test_libraries_that_run_on_torch():
    file = port_one("import torchvision\nfrom timm.models import create_model\n")
    assert [problem.name for problem in file.problems] == ["torchvision", "timm.models.create_model"]


def test_files_of_a_package_hand_names_on():
    files = port_files(
        "pkg",
        common="import torch\nfrom torch import nn, Tensor\nfrom torch import cat\n",
        a="from .common import *\n\nx = torch.cat([nn.Linear(1, 2)(y)])\n",
        b="from .common import Tensor, cat\n\ndef f(x: Tensor): return cat([x])\n",
    )
    assert files["common"].after.decode() == (
        "from jtmigrate.parity import nn\nfrom jittor import Var as Tensor\nfrom jittor import concat as cat\n"
    )
    assert files["a"].after.decode() == (
        "from .common import *\nimport jittor as jt\n\nx = jt.concat([nn.Linear(1, 2)(y)])\n"
    )
    assert "def f(x: jt.Var): return cat([x])" in files["b"].after.decode()


def test_try_around_an_import():
    found = ported("try:\n    import torch\nexcept ImportError:\n    torch = None\n")
    assert found == "try:\n    pass\nexcept ImportError:\n    torch = None\n"


def test_string_annotations():
    assert "def f(x: 'jt.Var') -> jt.Var: pass" in ported(
        "import torch\n\ndef f(x: 'torch.Tensor') -> torch.Tensor: pass\n"
    )
