"""Notes down every module call of a run, without looking at a single number until the run is over.

Fetching an array while a lazy framework is still running changes what it computes (kernels are no longer fused across
the fetch), and an in-place operation changes an array after it was seen. So a call leaves *handles*, made by `keep`,
and `fetched` turns them into arrays afterwards.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jtmigrate.errors import USERS_CODE, UserError, raised
from jtmigrate.trace.record import ROOT, LayerRecord, call_key
from jtmigrate.trace.store import ArrayStore, StoredArrays
from jtmigrate.trace.structure import take_apart

Fetch = Callable[[Sequence[Any]], Iterable[np.ndarray]]
"""Computes what handles stand for, and then hands out one array after the other."""


class Recorder:
    """Wraps the functions that compute modules; `finished` then holds one record a call, in order of completion.

    name       of the framework, for error messages
    is_tensor  tells the framework's tensors from everything else
    keep       makes a handle that later changes of the tensor do not reach
    watch      makes a handle on the gradient that a tensor is going to have; left out where no backward pass follows
    remedy     put behind the error message of a module that fails
    """

    def __init__(
        self,
        name: str,
        is_tensor: Callable[[Any], bool],
        keep: Callable[[Any], Any],
        watch: Callable[[Any], Any] | None = None,
        remedy: str = "",
    ):
        self.finished: list[LayerRecord] = []
        self._name = name
        self._is_tensor = is_tensor
        self._keep = keep
        self._watch = watch
        self._remedy = remedy
        self._open: list[str] = []
        self._callers: set[str | None] = set()
        self._calls: Counter[str] = Counter()

    def wrap(self, path: str, kind: str, is_leaf: bool, function: Callable) -> Callable:
        """`function`, noting each of its calls as a call of the module or stage `path`."""

        signature = _signature(function)

        def recorded(*args, **kwargs):
            call = self._calls[path]
            self._calls[path] += 1
            key, parent = call_key(path, call), self._open[-1] if self._open else None
            self._callers.add(parent)
            arguments, inputs = call_arguments(*_by_position(signature, args, kwargs), self._is_tensor)
            kept = {slot: self._keep(tensor) for slot, tensor in inputs.items()}
            self._open.append(key)
            try:
                output = function(*args, **kwargs)
            except UserError:
                raise
            except USERS_CODE as error:  # whatever it raises, the layer is what matters
                raise UserError(
                    f"{self._name}: {path or 'the model'} ({kind}) {raised(error)}{self._remedy}"
                ) from error
            self._open.pop()
            result, outputs = take_apart(output, self._is_tensor)
            left = {slot: self._keep(tensor) for slot, tensor in outputs.items()}
            self.finished.append(
                LayerRecord(
                    path=path,
                    call=call,
                    kind=kind,
                    is_leaf=is_leaf and key not in self._callers,
                    inputs=kept,
                    outputs=left,
                    parent=parent,
                    arguments=arguments,
                    result=result,
                    written={
                        slot: returned
                        for slot, tensor in inputs.items()
                        for returned, other in outputs.items()
                        if tensor is other and kept[slot] is not left[returned]
                    },
                    gradients={slot: self._watch(tensor) for slot, tensor in outputs.items()} if self._watch else {},
                )
            )
            return output

        return recorded

    def uncalled(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of `paths` that were never called."""
        return tuple(path for path in paths if path not in self._calls)

    def take_gradients(self, gradient_of: Callable[[Any], Any | None]) -> None:
        """After the backward pass: the gradients themselves in place of the handles that `watch` made."""
        for position, record in enumerate(self.finished):
            found = {slot: gradient_of(handle) for slot, handle in record.gradients.items()}
            gradients = {slot: gradient for slot, gradient in found.items() if gradient is not None}
            self.finished[position] = replace(record, gradients=gradients)

    def fetched(
        self, fetch: Fetch, first: Iterable[Any] = (), store: ArrayStore | None = None
    ) -> tuple[LayerRecord, ...]:
        """The finished records with arrays, or mappings on a store of them, in place of handles.

        What the model itself returned is fetched before anything else, together with `first`, what else a run without
        a recorder would compute: a lazy framework then compiles the very graph that it would have compiled, and
        computes the rest from what is left.
        """
        returned = [handle for record in self.finished if record.path == ROOT for handle in record.outputs.values()]
        fetch([*returned, *first])
        return fetched(self.finished, ("inputs", "outputs", "gradients"), fetch, store)


def call_arguments(args: tuple, kwargs: dict, is_tensor: Callable[[Any], bool]) -> tuple[Any, dict[str, Any]]:
    """Template (args, kwargs) of a call and its tensors: "0", "1" by position, "mask" by keyword."""
    positional, tensors = take_apart(args, is_tensor)
    named, more = take_apart(kwargs, is_tensor)
    return (positional, named), tensors | more


def fetched(
    records: Sequence[LayerRecord], groups: Sequence[str], fetch: Fetch, store: ArrayStore | None = None
) -> tuple[LayerRecord, ...]:
    """Records whose `groups` ("inputs", "outputs", "handed", ...) hold arrays instead of handles, fetched all at once.

    A handle that occurs several times is fetched, and stored, once.
    """
    handles = {
        id(handle): handle for record in records for group in groups for handle in getattr(record, group).values()
    }
    found = zip(handles, fetch(list(handles.values())), strict=True)
    arrays = {key: array if store is None else store.put(array) for key, array in found}

    def filled(named: Mapping[str, Any]) -> Mapping[str, np.ndarray]:
        kept = {name: arrays[id(handle)] for name, handle in named.items()}
        return kept if store is None else StoredArrays(store, kept)

    return tuple(replace(record, **{group: filled(getattr(record, group)) for group in groups}) for record in records)


def _signature(function: Callable) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # compiled code has none
        return None


def _by_position(signature: inspect.Signature | None, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """The same call with as few keywords as possible: names of arguments differ between frameworks, order hardly."""
    if signature is None or not kwargs:
        return args, kwargs
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # a wrong call: the function itself will say so
        return args, kwargs
    return bound.args, bound.kwargs
