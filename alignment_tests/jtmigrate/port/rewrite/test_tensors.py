"""Methods, attributes and operators of tensors: what decides is what the receiver is."""

import pytest

from alignment_tests.jtmigrate.port.rewrite.texts import body, left, port_files


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x.permute(0, 2, 1)", "x.permute(0, 2, 1)"),
        ("x.sum(1, keepdim=True)", "x.sum(1, keepdims=True)"),
        ("x.max(1)[0]", "ops.max(x, 1)[0]"),
        ("(x + 1).max(dim=1)", "ops.max(x + 1, dim=1)"),
        ("x.size()", "ops.size(x)"),
        ("x.view(x.size(0), -1)", "x.view(ops.size(x, 0), -1)"),
        ("x.view(*x.shape[:2], -1)", "x.view(*x.shape[:2], -1)"),
        ("x.relu()", "jt.nn.relu(x)"),
        ("x.T", "ops.T(x)"),
        ("x.T.argmax()", "ops.argmax(ops.T(x))"),
        ("x // 2", "ops.floor_divide(x, 2)"),
        ("~(x > 1)", "ops.bitwise_not(x > 1)"),
        ("(x > 1) * 0.5", "ops.to(x > 1, jt.float32) * 0.5"),
        ("x != x", "jt.isnan(x)"),
        ("x != y", "x != y"),
        ("x.shape[0] // 2", "x.shape[0] // 2"),
        ("F.relu(x).argmax(1)", "ops.argmax(F.relu(x), 1)"),
        ("[y.argmax(0) for y in x]", "[ops.argmax(y, 0) for y in x]"),
        ("(lambda y: y.clamp_(0))(x)", "(lambda y: ops.clamp_(y, 0))(x)"),
    ],
)
def test_a_tensor(before: str, after: str):
    source = f"import torch\nimport torch.nn.functional as F\n\ndef f(x: torch.Tensor):\n    return {before}\n"
    assert body(source) == f"def f(x: jt.Var):\n    return {after}\n"


@pytest.mark.parametrize(
    "statement",
    [
        "','.join(a).split(',')",
        "{'max': 1}.values()",
        "[3, 1].sort()",
        "np.zeros(3).max(1)",
        "np.zeros(3).T",
        "{'a': np.ones(2)}['a'].argmax(0)",
        "my.size()",
        "(3 // 2) % 5",
        "'%d' % 3",
    ],
)
def test_no_tensor(statement: str):
    source = (
        "import torch\nimport numpy as np\n\nclass My:\n    def size(self):\n        return 1\n\n"
        f"my = My()\ny = {statement}\n"
    )
    assert body(source).endswith(f"y = {statement}\n")


def test_receivers_that_nothing_tells():
    source = "import torch\nimport numpy as np\n\ndef f(a):\n    return a.max(1), a.argmax(dim=1), a.clamp_(0)\n"
    assert left(source) == ["torch.Tensor.max"]


def test_without_numpy_a_name_of_arrays_is_a_tensors():
    assert "ops.max(a, 1)" in body("import torch\n\ndef f(a):\n    return a.max(1)\n")


def test_attributes_of_a_module_are_followed():
    source = """
    import numpy as np
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, act):
            super(Net, self).__init__()
            self.w = nn.Parameter(torch.zeros(3))
            self.register_buffer("b", torch.zeros(3))
            self.names = ["a"]
            self.fc = nn.Linear(3, 3)
            self.act = act

        def forward(self, x):
            y = self.act(self.fc(x))
            return y.max(1), self.w.max(0), self.b.max(0), self.names.index("a")
    """
    found = body(source)
    assert 'return ops.max(y, 1), ops.max(self.w, 0), ops.max(self.b, 0), self.names.index("a")' in found
    assert "super(Net, self).__init__()" in found


def test_calls_tell_what_functions_of_other_files_are_given():
    files = port_files(
        "pkg",
        boxes="import numpy as np\n\ndef area(b):\n    return b.max(1)\n",
        net="import torch\nfrom .boxes import area\n\ny = area(torch.zeros(3, 4)).max(0)\n",
    )
    assert "return ops.max(b, 1)" in files["boxes"].after.decode()
    assert "y = ops.max(area(ops.zeros(3, 4)), 0)" in files["net"].after.decode()


def test_what_is_assigned_to_or_missing_is_listed():
    assert left("import torch\n\ndef f(x: torch.Tensor):\n    x.grad = None\n") == ["torch.Tensor.grad"]
    assert left("import torch\n\ndef f(x: torch.Tensor):\n    return x.ormqr(1)\n") == ["torch.Tensor.ormqr"]
    assert left("import torch\nimport torch.nn as nn\n\nnn.Linear(1, 2).register_forward_hook(f)\n") == [
        "torch.nn.Module.register_forward_hook"
    ]


def test_a_training_step():
    source = """
    import torch
    from torch import optim

    def train(model, loader):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            loss = torch.cat([model(x), y]).sum()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    """
    found = body(source)
    assert "        optimizer.backward(loss)\n" in found
    assert "        optim.clip_grad_norm(optimizer, 1.0)\n" in found
    assert left("import torch\n\ndef f(x: torch.Tensor):\n    x.sum().backward()\n") == ["torch.Tensor.backward"]


def test_a_training_step_of_two_optimizers():
    """The loss belongs to the optimizer that is the next to step."""
    source = """
        import torch

        def step(model, x: torch.Tensor, optimizer_d, optimizer_g):
            optimizer_d.zero_grad()
            model(x).sum().backward()
            optimizer_d.step()
            optimizer_g.zero_grad()
            model(x).sum().backward()
            optimizer_g.step()
    """
    found = body(source)
    assert found.index("optimizer_d.backward(") < found.index("optimizer_g.backward(")
    assert ".backward()" not in found


def test_weights_of_layers_of_any_kind():
    """`.data` behind what layers call their tensors is a tensor's."""
    assert "ops.mul_(ops.data(m.weight), 2)" in body("import torch\n\ndef init(m):\n    m.weight.data.mul_(2)\n")
    assert "m.other.data" in body("import torch\n\ndef f(m, x):\n    return m.other.data, torch.cat(x)\n")


def test_shapes_are_cut_as_tuples():
    """Jittor's own shapes cannot be cut beyond their end."""
    assert "tuple(x.shape)[2:4]" in body("import torch\n\ndef f(x: torch.Tensor):\n    return x.shape[2:4]\n")
    assert "x.shape[-2:]" in body("import torch\n\ndef f(x: torch.Tensor):\n    return x.shape[-2:], torch.cat(x)\n")


def test_the_first_parameter():
    """Jittor's modules give lists where PyTorch's give iterators."""
    source = "import torch\n\ndef f(model, x):\n    return next(model.parameters()), torch.cat(x), next(x)\n"
    assert "return next(iter(model.parameters())), jt.concat(x), next(x)\n" in body(source)
