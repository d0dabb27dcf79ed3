"""`forward` becomes `execute` in Modules, and nowhere else."""

from alignment_tests.jtmigrate.port.rewrite.texts import body, port_files


def test_forward_and_calls_of_it():
    source = """
    from torch import nn

    class Base(nn.Module):
        def forward(self, x):
            return self.forward_train(x)

        def forward_train(self, x):
            return x

    class Net(Base):
        def forward(self, x):
            self.forward = self.forward_train
            return super().forward(x) + Base.forward(self, x) + self.inner.forward(x)

    class Pipeline:
        def forward(self, x):
            return x

        def run(self):
            return self.forward(1)
    """
    found = body(source)
    assert found.count("def execute(self, x):") == 2
    assert found.count("def forward(self, x):") == 1
    assert "self.execute = self.forward_train" in found
    assert "super().execute(x) + Base.execute(self, x) + self.inner.execute(x)" in found
    assert "return self.forward(1)" in found


def test_a_base_in_another_file_and_a_mixin():
    files = port_files(
        "pkg",
        base="from torch import nn\n\nclass Base(nn.Module):\n    pass\n",
        mixin="class Doubles:\n    def forward(self, x):\n        return 2 * x\n",
        net="from . import base\nfrom .mixin import Doubles\n\nclass Net(Doubles, base.Base):\n"
        "    def forward(self, x):\n        return x\n",
    )
    assert "def execute" in files["net"].after.decode()
    assert "def execute" in files["mixin"].after.decode()
    assert "from . import base\n" in files["net"].after.decode()
