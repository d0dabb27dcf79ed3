"""What is known about one name of PyTorch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a name is used, which decides how a use of it is rewritten and tested."""

    MODULE = "module"
    FUNCTION = "function"
    METHOD = "tensor method"
    ATTRIBUTE = "tensor attribute"
    CONSTANT = "constant"
    CONTEXT = "context manager or decorator"
    OPTIMIZER = "optimizer"
    SCHEDULER = "scheduler"
    INITIALISER = "initialiser"
    DATA = "data"


class Support(StrEnum):
    """Where the counterpart lives."""

    DIRECT = "in Jittor"
    PARITY = "in jtmigrate.parity"
    MISSING = "missing"


PARITY = "jtmigrate.parity."
METHODS = "jittor.Var."


@dataclass(frozen=True)
class Entry:
    """A name of PyTorch and its counterpart.

    torch      the full name: "torch.nn.Conv2d", "torch.Tensor.view"
    signature  PyTorch's parameters as in a `def`, without self: "input, dim=None, keepdim=False, *, dtype=None";
               of a MODULE those of its constructor. Every call is bound to it before it is translated
    jittor     the full name of the counterpart, None where there is none. "jittor.Var.NAME" stays a method or an
               attribute; any other counterpart of a METHOD or ATTRIBUTE is a function that takes the tensor first
    aliases    other full names for the same: "torch.concat"
    rename     PyTorch's parameter -> the counterpart's, where they are called differently
    ignored    parameters that mean nothing in Jittor and are left out, whatever their value: device, memory_format
    only       parameter -> the values that can be translated, and are then left out; any other is reported
    explicit   parameter (PyTorch's name) -> PyTorch's default, written out because the counterpart has another
    in_place   how many leading parameters the counterpart has in the same places; those after them are passed by name.
               None: all
    by_place   parameters that the counterpart takes by position only, and that go there when they are passed by name
    differs    what somebody who writes Jittor's own function by hand gets wrong without noticing; "" if nothing
    advice     what to do where there is no counterpart or a value is refused
    proof      the test that runs it in both frameworks, "alignment_tests/....py::test_name"; "": cases of the atlas do
    untested   why no test runs it in both frameworks; "" where one does
    """

    torch: str
    kind: Kind
    signature: str = ""
    jittor: str | None = None
    aliases: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    explicit: Mapping[str, object] = field(default_factory=dict)
    in_place: int | None = None
    by_place: tuple[str, ...] = ()
    differs: str = ""
    advice: str = ""
    proof: str = ""
    untested: str = ""

    @property
    def support(self) -> Support:
        """Where the counterpart lives."""
        if self.jittor is None:
            return Support.MISSING
        return Support.PARITY if self.jittor.startswith(PARITY) else Support.DIRECT

    @property
    def stays_method(self) -> bool:
        """Whether `x.name(...)` remains a call of a method of x."""
        return self.jittor is not None and self.jittor.startswith(METHODS)

    @property
    def test(self) -> str:
        """The test that runs this entry in both frameworks, as pytest names it; "" if none does."""
        cases = f"alignment_tests/jtmigrate/port/test_atlas.py::test_entry[{self.torch}]"
        return "" if self.untested else self.proof or cases
