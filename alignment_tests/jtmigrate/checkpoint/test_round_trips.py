"""Any tensors, through any chain of formats, bit for bit; PyTorch, safetensors and Jittor are the judges.

    JTMIGRATE_EXAMPLES=2000 python -m pytest alignment_tests/jtmigrate/checkpoint/test_round_trips.py

runs 2,000 examples of each; without the variable it is 2,000 in total.
"""

import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import Checkpoint, jittor_pickle, open_checkpoint, read_checkpoint, sharing, write_checkpoint
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.convert import convert

torch = pytest.importorskip("torch")
library = pytest.importorskip("safetensors.numpy")

FORMATS = (".pth", ".pkl", ".safetensors", ".npz")


def examples(share: float) -> settings:
    number = int(os.environ.get("JTMIGRATE_EXAMPLES", "0")) or int(2000 * share)
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("__")
)


def tensors_of(dtypes: tuple[str, ...]) -> st.SearchStrategy[dict[str, np.ndarray]]:
    shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    values = st.sampled_from(dtypes).flatmap(lambda dtype: arrays.arrays(dtype, shapes))
    return st.dictionaries(NAMES, values, min_size=1, max_size=5)


@st.composite
def tied(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Some names hold the array of another name."""
    tensors = draw(tensors_of(jittor_pickle.HOLDS))
    names = list(tensors)
    for name in draw(st.lists(NAMES, max_size=3)):
        tensors.setdefault(name, tensors[draw(st.sampled_from(names))])
    return tensors


@st.composite
def views(draw: st.DrawFn) -> dict[str, torch.Tensor]:
    """Views of one or two storages: slices with steps, transposed, expanded, of any dtype."""
    found = {}
    bases = []
    for _ in range(draw(st.integers(1, 2))):
        dtype = getattr(torch, draw(st.sampled_from([*DTYPES, "bfloat16", "float8_e4m3fn", "float8_e5m2"])))
        shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
        width = torch.empty(0, dtype=dtype).element_size()
        count = int(np.prod(shape)) * width
        raw = draw(st.binary(min_size=count, max_size=count))
        # A bool holds 0 or 1, in every program.
        data = [byte & 1 for byte in raw] if dtype is torch.bool else list(raw)
        bases.append(torch.tensor(data, dtype=torch.uint8).view(dtype).reshape(shape))
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        view = draw(st.sampled_from(bases))
        for axis in range(view.dim()):
            begin = draw(st.integers(0, view.shape[axis]))
            view = view[(slice(None),) * axis + (slice(begin, None, draw(st.integers(1, 3))),)]
        view = view.permute(draw(st.permutations(range(view.dim()))))
        if draw(st.booleans()):
            view = view[None].expand(draw(st.integers(0, 3)), *view.shape)
        found[name] = view
    return found


@given(tensors=tied(), chain=st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3))
@examples(0.4)
def test_through_any_chain_of_formats(tensors: dict[str, np.ndarray], chain: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{chain[0]}"
        write_checkpoint(path, Checkpoint(tensors))
        for number, suffix in enumerate(chain[1:]):
            source, path = path, Path(folder) / f"{number}{suffix}"
            assert convert(source, path, prove=number % 2 == 0)
        found = read_checkpoint(path).tensors
    assert_same(found, tensors)
    if set(chain) <= {".pth", ".pkl"}:
        assert _ties(found) == _ties(tensors)


@given(tensors=tensors_of(DTYPES))
@examples(0.15)
def test_what_torch_loads(tensors: dict[str, np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "a.pth", Checkpoint(tensors))
        loaded = torch.load(Path(folder) / "a.pth", weights_only=True)["state_dict"]
        assert_same({name: tensor.numpy() for name, tensor in loaded.items()}, tensors)


@given(tensors=views(), new=st.booleans())
@examples(0.25)
def test_views_that_torch_saved(tensors: dict[str, torch.Tensor], new: bool) -> None:
    if any(str(tensor.dtype) in LATE for tensor in tensors.values()):
        new = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pth"
        torch.save(tensors, path, _use_new_zipfile_serialization=new)
        found = read_checkpoint(path).tensors
        judge = torch.load(path, weights_only=True)
    assert list(found) == list(judge)
    for name, tensor in judge.items():
        narrow = (tensor.dtype.is_floating_point and tensor.element_size() < 2) or tensor.dtype is torch.bfloat16
        expected = (tensor.float() if narrow else tensor).contiguous().numpy()
        assert (found[name].dtype, found[name].shape) == (expected.dtype, expected.shape)
        assert np.array_equal(found[name], expected, equal_nan=expected.dtype.kind in "fc")


LATE = [f"torch.{name}" for name in ("uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2")]
"""dtypes that the legacy format cannot hold."""


@given(tensors=tensors_of(jittor_pickle.HOLDS))
@examples(0.1)
def test_what_the_safetensors_library_reads_and_writes(tensors: dict[str, np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "a.safetensors", Path(folder) / "b.safetensors"
        write_checkpoint(ours, Checkpoint(tensors))
        found = library.load_file(ours)
        assert_same({name: found[name] for name in tensors}, tensors)
        library.save_file(tensors, theirs)
        back = read_checkpoint(theirs).tensors
        assert_same({name: back[name] for name in tensors}, tensors)


@given(tensors=tied())
@examples(0.1)
def test_what_jittor_loads(tensors: dict[str, np.ndarray]) -> None:
    jittor = pytest.importorskip("jittor")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pkl"
        write_checkpoint(path, Checkpoint(tensors))
        found = jittor.load(str(path))
        assert_same(found, tensors)
        assert _ties(found) == _ties(tensors)
        path.write_bytes(pickle.dumps(tensors, 4))
        with open_checkpoint(path) as contents:
            assert sharing.tied_names(contents.leaves) == _ties(tensors)
            assert_same(contents.load().tensors, tensors)


def _ties(tensors: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], ...]:
    return sharing.tied_names({name: id(array) for name, array in tensors.items()})
