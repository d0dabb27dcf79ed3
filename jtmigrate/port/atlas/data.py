"""`torch.utils.data`."""

from typing import Any

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import PARITY, Entry, Kind

_TESTS = "alignment_tests/jtmigrate/parity/test_data.py::"
_SEED = {"only": {"generator": (None,)}, "advice": "Jittor has one generator: call jt.set_global_seed"}
_ORDER = "chance is numpy's: jt.set_global_seed repeats an order, which is not PyTorch's"
_IN_PROCESSES = (
    "num_workers", "pin_memory", "timeout", "worker_init_fn", "multiprocessing_context", "prefetch_factor",
    "persistent_workers", "pin_memory_device", "in_order",
)  # fmt: skip


def _same(name: str, signature: str, test: str, *, of: str, **facts: Any) -> Entry:
    """of: the module of torch.utils.data that the name is imported from as well."""
    whole = f"torch.utils.data.{name}"
    aliases = (f"torch.utils.data.{of}.{name}",)
    return Entry(whole, Kind.DATA, signature, f"{PARITY}data.{name}", aliases, proof=f"{_TESTS}{test}", **facts)


def _dataset(name: str, signature: str, **facts: Any) -> Entry:
    return _same(name, signature, "test_datasets", of="dataset", **facts)


def _sampler(name: str, signature: str, test: str, **facts: Any) -> Entry:
    return _same(name, signature, test, of="sampler", **facts)


def _by_chance(name: str, signature: str, test: str = "test_samplers_by_chance", of: str = "sampler") -> Entry:
    return _same(name, f"{signature}, generator=None", test, of=of, differs=_ORDER, **_SEED)


ENTRIES: tuple[Entry, ...] = (
    _dataset("Dataset", "", differs="jt.dataset.Dataset is a loader as well: len() counts batches there"),
    _dataset("IterableDataset", ""),
    _dataset("TensorDataset", "*tensors"),
    _dataset("ConcatDataset", "datasets"),
    _dataset("Subset", "dataset, indices"),
    _by_chance("random_split", "dataset, lengths", "test_random_split", of="dataset"),
    _same(
        "DataLoader",
        "dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None, "
        "pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, "
        "generator=None, *, prefetch_factor=None, persistent_workers=False, pin_memory_device='', in_order=True",
        "test_loaders", of="dataloader", ignored=_IN_PROCESSES, in_place=5,
        differs="a batch is prepared when it is asked for, in the same process; " + _ORDER, **_SEED,
    ),
    _sampler("Sampler", "", "test_samplers"),
    _sampler("SequentialSampler", "data_source", "test_samplers"),
    _sampler("BatchSampler", "sampler, batch_size, drop_last", "test_samplers"),
    _by_chance("RandomSampler", "data_source, replacement=False, num_samples=None"),
    _by_chance("SubsetRandomSampler", "indices"),
    _by_chance("WeightedRandomSampler", "weights, num_samples, replacement=True"),
    absent(
        "torch.utils.data.distributed.DistributedSampler", Kind.DATA,
        "give every process of mpirun its share: indices[jt.rank::jt.world_size]",
    ),
    _same("default_collate", "batch", "test_default_collate", of="dataloader", differs="Python's ints become int32"),
    _same("get_worker_info", "", "test_no_worker", of="dataloader"),
)  # fmt: skip
