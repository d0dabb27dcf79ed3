"""Find the model's tensors in whatever a training script has pickled around them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.restricted_pickle import Opaque, Unpickled
from jtmigrate.checkpoint.tensors import EXPANDED_LIMIT, ArrayTensor, PickledLeaf, StoredTensor, TensorLeaf

WRAPPER_KEYS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the state dict, the most explicit first."""


REPETITION = 64
"""Times that all names together may show the bytes of their storages, if they show more than EXPANDED_LIMIT."""


def contents_of(unpickled: Unpickled, container: str) -> Contents:
    """The checkpoint in an unpickled object.

    Raises FormatError if it holds no tensors by name, or one of them cannot be read.
    """
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
    leaves = _leaves(entries, wrapped=bool(wrapper))
    _check_repetition(leaves.values())
    return Contents(leaves, container, wrapper, (*beside, *within), opaque, tree=tree)


def _is_named_tensor(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, PickledLeaf | np.ndarray)


def _holds_tensors(entries: Any) -> bool:
    return isinstance(entries, dict) and any(_is_named_tensor(*entry) for entry in entries.items())


def _leaves(entries: Mapping[Any, Any], *, wrapped: bool) -> dict[str, TensorLeaf]:
    """The tensors; one object under two names is one leaf."""
    leaves: dict[int, TensorLeaf] = {}
    found: dict[str, TensorLeaf] = {}
    for name, value in entries.items():
        # A tensor of a kind unknown here (quantised, sparse, ...) must not pass for one of the file's other entries.
        if isinstance(value, Opaque) and (wrapped or value.origin.startswith("torch.")):
            raise FormatError(
                f"tensor {str(name)!r} is of a kind that is not read ({value.origin}): save a plain tensor, or run the "
                f"code of that name with --trust {value.origin}"
            )
        if wrapped and callable(value):
            raise FormatError(f"tensor {str(name)!r} is a function or class")
        if _is_named_tensor(name, value):
            if id(value) not in leaves:
                leaves[id(value)] = _leaf(name, value)
            found[name] = leaves[id(value)]
    return found


def _check_repetition(leaves: Iterable[TensorLeaf]) -> None:
    """Raise FormatError if views repeat what is stored beyond reason: a small file could ask for any memory."""
    views = [leaf for leaf in leaves if isinstance(leaf, StoredTensor)]
    stored = sum(storage.length for storage in {leaf.storage for leaf in views})
    shown = sum(leaf.size * leaf.element.bits.itemsize for leaf in views)
    if shown > max(REPETITION * stored, EXPANDED_LIMIT):
        raise FormatError(f"its tensors are views that repeat {stored} bytes into {shown}, more than weights do")


def _leaf(name: str, value: PickledLeaf | np.ndarray) -> TensorLeaf:
    try:
        return ArrayTensor(value) if isinstance(value, np.ndarray) else value.leaf()
    except FormatError as error:
        raise FormatError(f"tensor {name!r}: {error}") from error
