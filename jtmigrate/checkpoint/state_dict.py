"""Find the model's tensors in whatever a training script has pickled around them."""

from collections.abc import Mapping
from typing import Any

from jtmigrate.checkpoint.contents import Contents, TensorLeaf
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.restricted_pickle import Opaque, Unpickled

WRAPPER_KEYS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the state dict, the most explicit first."""


def contents_of(unpickled: Unpickled, container: str) -> Contents:
    """The checkpoint in an unpickled object. Raises FormatError if it holds no tensors by name."""
    tree, opaque = unpickled
    if not isinstance(tree, dict):
        kind = tree.origin if isinstance(tree, Opaque) else type(tree).__name__
        raise FormatError(f"holds one object ({kind}), not tensors by name: save model.state_dict() instead")
    wrapper = next((key for key in WRAPPER_KEYS if _holds_tensors(tree.get(key))), "")
    entries = tree[wrapper] if wrapper else tree
    if not _holds_tensors(entries):
        raise FormatError(f"holds no tensors by name; its entries: {', '.join(map(str, tree)) or 'none'}")
    beside = [str(key) for key in tree if key != wrapper] if wrapper else []
    prefix = f"{wrapper}." if wrapper else ""
    within = [f"{prefix}{name}" for name, value in entries.items() if not _is_named_tensor(name, value)]
    return Contents(_leaves(entries), container, wrapper, (*beside, *within), opaque)


def _is_named_tensor(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, TensorLeaf)


def _holds_tensors(entries: Any) -> bool:
    return isinstance(entries, dict) and any(_is_named_tensor(*entry) for entry in entries.items())


def _leaves(entries: Mapping[Any, Any]) -> dict[str, TensorLeaf]:
    for name, value in entries.items():
        # A tensor of a kind unknown here (quantised, sparse, ...) must not pass for one of the file's other entries.
        if isinstance(value, Opaque) and value.origin.startswith("torch."):
            raise FormatError(f"tensor {name!r} is of a kind that is not read yet ({value.origin})")
    return {name: value for name, value in entries.items() if _is_named_tensor(name, value)}
