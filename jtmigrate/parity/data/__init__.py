"""`torch.utils.data`: data sets, samplers and a loader.

A batch is prepared when it is asked for, in the calling process. Chance comes from numpy's generator, which
`jt.set_global_seed` seeds: an order can be repeated, but it is not the one that PyTorch draws from the same seed.
"""

from jtmigrate.parity.data.collate import default_collate, default_convert
from jtmigrate.parity.data.datasets import (
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from jtmigrate.parity.data.loader import DataLoader, get_worker_info
from jtmigrate.parity.data.samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
