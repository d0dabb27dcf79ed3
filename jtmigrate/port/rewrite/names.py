"""Full names: which are PyTorch's, how its inner names read in public, how a counterpart is written."""

import re
from typing import NamedTuple

from jtmigrate.port.rewrite.words import words

TENSOR_CLASSES = frozenset({"torch.Tensor", "torch.nn.Parameter", "jittor.Var", "jtmigrate.parity.nn.Parameter"})

PORTED = ("jittor", "jtmigrate.parity")
"""Packages whose import shows that a file is ported."""

DEPENDENT = words(
    """
    torchvision torchaudio torchtext timm mmcv mmengine mmdet mmseg pytorch_lightning lightning kornia fvcore
    detectron2 torchmetrics transformers accelerate apex xformers flash_attn torch_geometric fairseq fastai
    ignite catalyst segmentation_models_pytorch thop ultralytics clip open_clip diffusers functorch triton
    """
)
"""Libraries that run on PyTorch: what is imported from them has to be ported or replaced as well."""

_INNER = (
    (re.compile(r"^torch\.nn\.modules\.\w+\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.modules\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.parameter\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.(_C|functional|_tensor|types)\.(?=[A-Za-z])"), "torch."),
    (re.compile(r"^torch\.optim\.(?!lr_scheduler)[a-z_]+\.(?=[A-Z])"), "torch.optim."),
    (re.compile(r"^torch\.nn\.utils\.clip_grad\."), "torch.nn.utils."),
    (re.compile(r"^torch\.utils\.data\.(dataset|dataloader|sampler|distributed)\.(?=[A-Za-z])"), "torch.utils.data."),
    (re.compile(r"^torch\.autograd\.(variable|function|grad_mode)\.(?=[A-Za-z])"), "torch.autograd."),
)


def canonical(name: str) -> str:
    """The public full name: "torch.nn.modules.conv.Conv2d" -> "torch.nn.Conv2d"."""
    if name.startswith("torch."):
        for pattern, public in _INNER:
            name = pattern.sub(public, name)
    return name


def is_torch(name: str) -> bool:
    """Whether a full name is PyTorch's own."""
    return name == "torch" or name.startswith("torch.")


class Home(NamedTuple):
    """Where counterparts are imported from: "from PACKAGE import NAME", "import PACKAGE" without a name.

    alias  under which name, unless the file has it already
    """

    package: str
    name: str
    alias: str

    @property
    def full(self) -> str:
        """Its full name."""
        return f"{self.package}.{self.name}" if self.name else self.package


JITTOR = Home("jittor", "", "jt")
OPS = Home("jtmigrate.parity", "ops", "ops")
TWINS = {
    "torch.nn.functional": Home("jtmigrate.parity", "functional", "F"),
    "torch.nn.init": Home("jtmigrate.parity", "init", "init"),
    "torch.nn": Home("jtmigrate.parity", "nn", "nn"),
    "torch.optim.lr_scheduler": Home("jtmigrate.parity.optim", "lr_scheduler", "lr_scheduler"),
    "torch.optim": Home("jtmigrate.parity", "optim", "optim"),
}
"""Modules of PyTorch that `jtmigrate.parity` has as a whole, the inner before the outer ones."""

HOMES = (*TWINS.values(), OPS, JITTOR)


class Written(NamedTuple):
    """A counterpart as it stands in ported code: a home and the attributes after it."""

    home: Home
    rest: tuple[str, ...]

    @property
    def full(self) -> str:
        """The full name that this resolves to."""
        return ".".join((self.home.full, *self.rest))


def written(torch_name: str, jittor: str) -> Written:
    """How the counterpart of a name is written.

    `jtmigrate.parity` hands through what Jittor does alike, so that a file needs one `nn` only.
    """
    for name, home in TWINS.items():
        if torch_name.startswith(f"{name}.") and jittor.startswith("jittor."):
            own = "jittor." + ("nn." if name.startswith("torch.nn") else "")
            last = jittor.rpartition(".")[2]
            if jittor in (f"{own}{last}", f"jittor.init.{last}", f"jittor.optim.{last}"):
                return Written(home, (last,))
    for home in HOMES:
        if jittor.startswith(f"{home.full}."):
            return Written(home, tuple(jittor.removeprefix(f"{home.full}.").split(".")))
    package, _, name = jittor.rpartition(".")
    outer, _, inner = package.rpartition(".")
    return Written(Home(outer, inner, inner) if outer else Home(package, "", package), (name,))
