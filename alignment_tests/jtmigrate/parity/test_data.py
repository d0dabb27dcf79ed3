"""`parity.data` against torch.utils.data: the same entries in the same batches, bit for bit; of chance, its laws."""

from collections import Counter, namedtuple
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import data as torch_data

from jtmigrate.parity import data as parity_data
from jtmigrate.parity.ops.creation import from_numpy

Point = namedtuple("Point", "x y")
BOTH = {"torch": (torch_data, torch.from_numpy), "parity": (parity_data, from_numpy)}
ARRAY = np.arange(14, dtype=np.float32).reshape(7, 2)
LABELS = np.arange(7)


def plain(value: Any) -> Any:
    """Without a framework: tensors are (dtype, shape, values).

    Jittor's int32 stands for PyTorch's int64, and its shape (1,) for PyTorch's ().
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(entry) for entry in value]
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray | np.generic):
        kept = np.atleast_1d(value.astype(np.int64) if value.dtype == np.int32 else value)
        return str(kept.dtype), kept.shape, kept.tolist()
    return value


def both(use: Any) -> tuple[Any, Any]:
    """What `use(module, tensor)` gives in PyTorch and in Jittor, or which error it raises."""
    found = []
    for module, tensor in BOTH.values():
        try:
            found.append(plain(use(module, tensor)))
        except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
            found.append(type(error))
    return tuple(found)


def own(module: ModuleType, base: str = "Dataset") -> Any:
    """A data set as people write them."""

    class Squares(getattr(module, base)[int]):
        def __getitem__(self, index: int) -> Any:
            return {"image": ARRAY[index], "name": f"{index}.jpg", "target": (index, index / 2, [ARRAY[index, 0]])}

        def __len__(self) -> int:
            return 7

    return Squares()


def iterable(module: ModuleType) -> Any:
    class Stream(module.IterableDataset):
        def __iter__(self) -> Any:
            return iter(range(5))

        def __len__(self) -> int:
            return 5

    return Stream()


DATASETS = {
    "own": lambda module, tensor: own(module)[3],
    "tensors": lambda module, tensor: module.TensorDataset(tensor(ARRAY), tensor(ARRAY[:, :1]))[2],
    "tensors of two lengths": lambda module, tensor: module.TensorDataset(tensor(ARRAY), tensor(ARRAY[:3])),
    "subset": lambda module, tensor: [module.Subset(own(module), [5, 1, 2])[i] for i in (0, 1, -1)],
    "two": lambda module, tensor: [(own(module) + own(module))[i] for i in (0, 6, 7, 13, -1, -14)],
    "after the last": lambda module, tensor: (own(module) + own(module))[14],
    "before the first": lambda module, tensor: (own(module) + own(module))[-15],
    "one after the other": lambda module, tensor: [
        *module.TensorDataset(tensor(ARRAY)),
        *own(module),
        *(own(module) + own(module)),
        *module.Subset(own(module), [1, 2]),
    ],
    "lengths": lambda module, tensor: [len(own(module) + own(module)), len(module.Subset(own(module), [1, 2]))],
    "iterable": lambda module, tensor: list(iterable(module)),
}


@pytest.mark.parametrize("name", DATASETS)
def test_datasets(name: str):
    of_torch, of_parity = both(DATASETS[name])
    assert of_parity == of_torch


LOADERS = {
    "default": {},
    "batches": {"batch_size": 3},
    "last batch dropped": {"batch_size": 3, "drop_last": True},
    "own collate": {"batch_size": 2, "collate_fn": lambda batch: [entry["name"] for entry in batch]},
    "own sampler": {"batch_size": 2, "sampler": [4, 2, 0]},
    "own batches": {"batch_sampler": [[0, 1], [5]]},
    "one by one": {"batch_size": None},
    "one by one from a sampler": {"batch_size": None, "sampler": [3, 1]},
    "sampler and shuffle": {"sampler": [1], "shuffle": True},
    "batches and batch size": {"batch_sampler": [[1]], "batch_size": 2},
}


@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name: str):
    def use(module: ModuleType, tensor: Any) -> Any:
        loader = module.DataLoader(own(module), **LOADERS[name])
        return [len(loader), list(loader), list(loader)]

    of_torch, of_parity = both(use)
    assert of_parity == of_torch


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None}])
def test_loaders_of_iterables(options: dict[str, Any]):
    def use(module: ModuleType, tensor: Any) -> Any:
        loader = module.DataLoader(iterable(module), **options)
        return [len(loader), list(loader)]

    of_torch, of_parity = both(use)
    assert of_parity == of_torch


def test_a_shuffled_loader_is_repeated_by_its_seed_and_shows_all():
    loader = parity_data.DataLoader(own(parity_data), batch_size=2, shuffle=True)
    orders = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        orders.append([name for batch in loader for name in batch["name"]])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == [f"{i}.jpg" for i in range(7)]


BATCHES = {
    "arrays": [ARRAY[0], ARRAY[1]],
    "numpy's numbers": [np.float32(1), np.float32(2)],
    "floats": [0.1, 0.2],
    "ints": [1, 2],
    "bools": [True, False],
    "text": ["a", "b"],
    "dicts": [{"a": 1, "b": [ARRAY[0]]}, {"a": 2, "b": [ARRAY[1]]}],
    "named tuples": [Point(1, 2.5), Point(3, 4.5)],
    "lists of two lengths": [[1, 2], [1]],
    "arrays of two shapes": [ARRAY[0], ARRAY[:2]],
    "nothing known": [object(), object()],
}


@pytest.mark.parametrize("name", BATCHES)
def test_default_collate(name: str):
    of_torch, of_parity = both(lambda module, tensor: module.default_collate(BATCHES[name]))
    assert of_parity == of_torch or {of_torch, of_parity} == {RuntimeError, ValueError}


def test_samplers():
    def use(module: ModuleType, tensor: Any) -> Any:
        class Backwards(module.Sampler):
            def __iter__(self) -> Any:
                return iter(range(5, 0, -1))

            def __len__(self) -> int:
                return 5

        in_order = module.SequentialSampler(LABELS)
        batches = [module.BatchSampler(Backwards(), 2, drop_last) for drop_last in (False, True)]
        return [list(in_order), len(in_order), *map(list, batches), *map(len, batches)]

    of_torch, of_parity = both(use)
    assert of_parity == of_torch


SAMPLERS = {
    "all": (lambda module: module.RandomSampler(LABELS), "once"),
    "some": (lambda module: module.RandomSampler(LABELS, num_samples=4), "at most once"),
    "more": (lambda module: module.RandomSampler(LABELS, num_samples=17), "twice or three times"),
    "with replacement": (lambda module: module.RandomSampler(LABELS, True, 7000), "evenly"),
    "subset": (lambda module: module.SubsetRandomSampler([0, 1, 2, 3, 4, 5, 6]), "once"),
    "weighted": (lambda module: module.WeightedRandomSampler([1, 1, 1, 1, 1, 1, 1], 7000), "evenly"),
    "weighted without": (lambda module: module.WeightedRandomSampler([1] * 7, 4, False), "at most once"),
}
LAWS = {
    "once": lambda counts: set(counts.values()) == {1} and len(counts) == 7,
    "at most once": lambda counts: set(counts.values()) == {1} and len(counts) == 4,
    "twice or three times": lambda counts: set(counts.values()) == {2, 3} and sum(counts.values()) == 17,
    "evenly": lambda counts: all(850 < count < 1150 for count in counts.values()) and len(counts) == 7,
}


@pytest.mark.parametrize("framework", BOTH)
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_by_chance(name: str, framework: str):
    """The law holds in both frameworks; of 7,000 draws a seventh is within five standard deviations, 146."""
    torch.manual_seed(0)
    np.random.seed(0)
    make, law = SAMPLERS[name]
    sampler = make(BOTH[framework][0])
    drawn = list(sampler)
    assert LAWS[law](Counter(drawn))
    assert len(sampler) == len(drawn)
    assert list(sampler) != drawn


@pytest.mark.parametrize("framework", BOTH)
@pytest.mark.parametrize(
    ("lengths", "sizes"), [([3, 4], [3, 4]), ([0.5, 0.5], [4, 3]), ([0.4, 0.3, 0.3], [3, 2, 2]), ([3, 3], ValueError)]
)
def test_random_split(lengths: list[float], sizes: Any, framework: str):
    module, _ = BOTH[framework]
    if sizes is ValueError:
        with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
            module.random_split(own(module), lengths)
        return
    parts = module.random_split(own(module), lengths)
    assert [len(part) for part in parts] == sizes
    assert sorted(part[i]["name"] for part in parts for i in range(len(part))) == [f"{i}.jpg" for i in range(7)]


def test_no_worker():
    assert parity_data.get_worker_info() is torch_data.get_worker_info() is None
