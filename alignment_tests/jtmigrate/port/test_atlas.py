"""The atlas holds: each entry runs in both frameworks, and says of PyTorch what is true of it."""

import inspect
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from alignment_tests.jtmigrate.port.atlas.cases import CASES
from alignment_tests.jtmigrate.port.atlas.run import check, resolve
from jtmigrate.port.atlas import ATLAS, ENTRIES, Entry, Kind, Support
from jtmigrate.port.atlas.call import signature

ROOT = Path(__file__).resolve().parents[3]
TO_RUN = tuple(CASES)[:: 1 if os.environ.get("JTMIGRATE_ATLAS") == "all" else 8]
"""All of them compile some two thousand kernels, which takes a quarter of an hour: `make atlas`."""
OF_TORCH = [entry for entry in ENTRIES if entry.torch.startswith("torch.")]
"""All but those of torchvision, which the tests do without."""


def _all_hold(check: Callable[[Entry], None], entries: Sequence[Entry]) -> None:
    """One test for all entries, which as thousands of tests would cost a minute; those that fail are all named."""
    wrong = []
    for entry in entries:
        try:
            check(entry)
        except (AssertionError, AttributeError, ModuleNotFoundError) as error:
            wrong.append(f"{entry.torch}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", TO_RUN)
def test_entry(name: str) -> None:
    """Results, dtypes, shapes, gradients, parameters' names and buffers are PyTorch's, for two draws of each case."""
    for case in CASES[name]:
        for seed in (0, 1):
            check(ATLAS[name], case, seed)


def test_entry_has_cases_or_a_proof_or_a_reason() -> None:
    _all_hold(_entry_has_cases_or_a_proof_or_a_reason, ENTRIES)


def _entry_has_cases_or_a_proof_or_a_reason(entry: Entry) -> None:
    assert (entry.torch in CASES) + bool(entry.proof) + bool(entry.untested) == 1
    if entry.proof:
        path, _, test = entry.proof.partition("::")
        assert re.search(rf"^def {re.escape(test)}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_counterpart_exists() -> None:
    _all_hold(_counterpart_exists, ENTRIES)


def _counterpart_exists(entry: Entry) -> None:
    if entry.support is not Support.MISSING:
        resolve(entry.jittor)


def test_what_is_missing_comes_with_advice() -> None:
    _all_hold(_what_is_missing_comes_with_advice, ENTRIES)


def _what_is_missing_comes_with_advice(entry: Entry) -> None:
    assert entry.advice or (entry.support is not Support.MISSING and not entry.only)


def test_translation_names_parameters() -> None:
    _all_hold(_translation_names_parameters, ENTRIES)


def _translation_names_parameters(entry: Entry) -> None:
    """A misspelt parameter would never be renamed, left out or refused."""
    known = set(signature(entry.signature).parameters)
    assert {*entry.rename, *entry.ignored, *entry.only, *entry.explicit} <= known


def test_atlas_is_as_large_as_the_documents_say() -> None:
    """Names in common use, counted without their aliases and once where a function is a tensor method as well."""
    mapped = [entry for entry in ENTRIES if entry.support is not Support.MISSING]
    assert len(_names(ENTRIES)) >= 400
    assert len(_names(mapped)) >= 250
    assert len(_names([entry for entry in mapped if not entry.untested])) >= 300


def _names(entries: Sequence[Entry]) -> set[str]:
    return {entry.torch.replace("torch.Tensor.", "torch.") for entry in entries}


def test_no_name_stands_twice() -> None:
    names = Counter(name for entry in ENTRIES for name in (entry.torch, *entry.aliases))
    assert [name for name, count in names.items() if count > 1] == []


def test_names_are_those_of_torch() -> None:
    _all_hold(_names_are_those_of_torch, OF_TORCH)


def _names_are_those_of_torch(entry: Entry) -> None:
    for name in (entry.torch, *entry.aliases):
        resolve(name)


def test_signature_is_that_of_torch() -> None:
    _all_hold(_signature_is_that_of_torch, OF_TORCH)


def _signature_is_that_of_torch(entry: Entry) -> None:
    """As far as `inspect` can tell: built-in functions have none, wrappers take *args, and of names without counterpart
    it does not matter.

    Functions, modules and generators as defaults, names that begin with an underscore, the place and precision of
    parameters, and a keyword `bias` of normalisations, which only later versions have, may be left out.
    """
    real = _real_signature(entry)
    if real is None:
        return
    ours = signature(entry.signature).parameters
    missing = [name for name in real if name not in ours and not name.startswith("_")]
    assert {name for name in missing if not _is_late_bias(real[name])} <= {"device", "dtype"}
    assert [name for name in real if name in ours] == list(ours)
    for name, parameter in ours.items():
        assert parameter.kind == real[name].kind, name
        default = real[name].default
        not_literal = inspect.isfunction(default) or inspect.ismodule(default) or isinstance(default, torch.Generator)
        assert not_literal or parameter.default == default, name


def _is_late_bias(parameter: inspect.Parameter) -> bool:
    return parameter.name == "bias" and parameter.kind is inspect.Parameter.KEYWORD_ONLY


def _real_signature(entry: Entry) -> dict[str, inspect.Parameter] | None:
    if entry.support is Support.MISSING or entry.kind in (Kind.ATTRIBUTE, Kind.CONSTANT, Kind.CONTEXT):
        return None
    try:
        parameters = dict(inspect.signature(resolve(entry.torch)).parameters)
    except ValueError:
        return None
    if entry.kind is Kind.METHOD:
        del parameters[next(iter(parameters))]
    wrapped = {"args", "kwargs"} <= parameters.keys()
    return None if wrapped else parameters
