"""The atlas holds: each entry runs in both frameworks, and says of PyTorch what is true of it."""

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from alignment_tests.jtmigrate.port.atlas.cases import CASES
from alignment_tests.jtmigrate.port.atlas.run import check, resolve
from jtmigrate.port.atlas import ATLAS, ENTRIES, Entry, Kind, Support
from jtmigrate.port.atlas.call import signature

ROOT = Path(__file__).resolve().parents[3]
EVERY = pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.torch) for entry in ENTRIES])
OF_TORCH = [entry for entry in ENTRIES if entry.torch.startswith("torch.")]
"""All but those of torchvision, which the tests do without."""


@pytest.mark.parametrize("name", CASES)
def test_entry(name: str) -> None:
    """Results, dtypes, shapes, gradients, parameters' names and buffers are PyTorch's, for two draws of each case."""
    for case in CASES[name]:
        for seed in (0, 1):
            check(ATLAS[name], case, seed)


@EVERY
def test_entry_has_cases_or_a_proof_or_a_reason(entry: Entry) -> None:
    assert (entry.torch in CASES) + bool(entry.proof) + bool(entry.untested) == 1
    if entry.proof:
        path, _, test = entry.proof.partition("::")
        assert re.search(rf"^def {re.escape(test)}\(", (ROOT / path).read_text(), re.MULTILINE)


@EVERY
def test_counterpart_exists(entry: Entry) -> None:
    if entry.support is not Support.MISSING:
        resolve(entry.jittor)


@EVERY
def test_what_is_missing_comes_with_advice(entry: Entry) -> None:
    assert entry.advice or (entry.support is not Support.MISSING and not entry.only)


@EVERY
def test_translation_names_parameters(entry: Entry) -> None:
    """A misspelt parameter would never be renamed, left out or refused."""
    known = set(signature(entry.signature).parameters)
    assert {*entry.rename, *entry.ignored, *entry.only, *entry.explicit} <= known


def test_no_name_stands_twice() -> None:
    names = Counter(name for entry in ENTRIES for name in (entry.torch, *entry.aliases))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.torch) for entry in OF_TORCH])
def test_names_are_those_of_torch(entry: Entry) -> None:
    for name in (entry.torch, *entry.aliases):
        resolve(name)


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.torch) for entry in OF_TORCH])
def test_signature_is_that_of_torch(entry: Entry) -> None:
    """As far as `inspect` can tell: built-in functions have none, wrappers take *args, and of names without counterpart
    it does not matter.

    Functions and modules as defaults, names that begin with an underscore, the place and precision of parameters, and a
    keyword `bias` of normalisations, which only later versions have, may be left out.
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
        not_literal = inspect.isfunction(real[name].default) or inspect.ismodule(real[name].default)
        assert not_literal or parameter.default == real[name].default, name


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
