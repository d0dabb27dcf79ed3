"""What `port` writes for an entry exists, and what it knows of PyTorch is what PyTorch has."""

from importlib import import_module

import pytest
import torch

from jtmigrate.parity import nn as _first  # noqa: F401  (prepares Jittor)
from jtmigrate.port.atlas import ENTRIES
from jtmigrate.port.atlas.entry import Kind
from jtmigrate.port.rewrite.names import TWINS, Home, written
from jtmigrate.port.rewrite.receivers import TENSOR_NAMES

WRITTEN = [entry for entry in ENTRIES if entry.jittor is not None and not entry.stays_method]


@pytest.mark.parametrize("home", sorted({written(entry.torch, entry.jittor).home for entry in WRITTEN}), ids=str)
def test_every_counterpart_can_be_written(home: Home):
    module = import_module(home.full)
    for entry in WRITTEN:
        target = written(entry.torch, entry.jittor)
        if target.home == home:
            found = module
            for name in target.rest:
                assert hasattr(found, name), f"{entry.torch} would be written {target.full}, which does not exist"
                found = getattr(found, name)


def test_methods_that_stay_exist():
    import jittor as jt

    for entry in ENTRIES:
        if entry.jittor is not None and entry.stays_method and entry.kind in (Kind.METHOD, Kind.ATTRIBUTE):
            assert hasattr(jt.Var, entry.jittor.rpartition(".")[2]), entry.torch


def test_names_of_tensors_are_those_of_pytorch():
    assert {name for name in dir(torch.Tensor) if not name.startswith("_")} == TENSOR_NAMES


def test_modules_that_are_replaced_as_a_whole_exist():
    for name, home in TWINS.items():
        assert import_module(name)
        assert import_module(home.full)
