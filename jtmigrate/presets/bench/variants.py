"""Which ways of running the detector there are, and which of them take part in what."""

from collections.abc import Sequence

from jtmigrate.bench.result import Variant
from jtmigrate.errors import UserError

FAMILIES = ("torch", "jittor")
REFERENCE = "torch"

VARIANTS = (
    Variant("torch", "torch", "PyTorch as it stands: eager, NCHW", plain=True),
    Variant(
        "torch-best",
        "torch",
        "channels last; inference: BatchNorm folded; training: fused AdamW, the average in one call",
    ),
    Variant("torch-compiled", "torch", "the same, compiled by torch.compile"),
    Variant("jittor", "jittor", "Jittor layer by layer, plain operators", plain=True),
    Variant("jittor-best", "jittor", "inference: the compiled engine; training: fast operators"),
    Variant("onnxruntime", "onnxruntime", "the exported graph, default optimisations"),
)
PROFILED = ("torch", "jittor", "jittor-best")
TAKE_PART = {
    "inference": tuple(variant.name for variant in VARIANTS),
    "training": ("torch", "torch-best", "torch-compiled", "jittor", "jittor-best"),
    "startup": ("torch", "torch-best", "jittor", "jittor-best", "onnxruntime"),
    "cold": ("torch", "jittor", "jittor-best"),
}
LOADERS = tuple(
    Variant(f"workers-{count}", "loader", f"{count} processes that prepare images" if count else "none: in the reader")
    for count in (0, 1, 2)
)


def chosen(names: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of these names, all for none; the reference is always among them, and first.

    Raises UserError for an unknown name.
    """
    known = {variant.name: variant for variant in VARIANTS}
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"no variant {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(one for name, one in known.items() if not names or name in names or name == REFERENCE)


def taking_part(variants: Sequence[Variant], what: str) -> tuple[Variant, ...]:
    """Those that can do it."""
    return tuple(variant for variant in variants if variant.name in TAKE_PART[what])
