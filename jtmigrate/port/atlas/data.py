"""`torch.utils.data`, which has no counterpart call by call: Jittor's dataset and loader are one class."""

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import Entry, Kind

_DATASET = "derive from jt.dataset.Dataset and say self.set_attrs(total_len=n) in __init__; len() counts batches there"
_LOADER = (
    "dataset.set_attrs(batch_size=..., shuffle=..., drop_last=..., num_workers=...), then iterate over the dataset"
)
_SAMPLER = "jt.dataset.Sampler and its like, as dataset.set_attrs(sampler=...)"
_INDEX = "a jt.dataset.Dataset whose __getitem__ asks for data[indices[i]]"


def _absent(name: str, advice: str) -> Entry:
    return absent(f"torch.utils.data.{name}", Kind.DATA, advice)


ENTRIES: tuple[Entry, ...] = (
    _absent("Dataset", _DATASET),
    _absent("IterableDataset", _DATASET),
    _absent("TensorDataset", _DATASET),
    _absent("ConcatDataset", _INDEX),
    _absent("Subset", _INDEX),
    _absent("random_split", _INDEX),
    _absent("DataLoader", _LOADER),
    _absent("Sampler", _SAMPLER),
    _absent("RandomSampler", _SAMPLER),
    _absent("SequentialSampler", _SAMPLER),
    _absent("SubsetRandomSampler", _SAMPLER),
    _absent("WeightedRandomSampler", _SAMPLER),
    _absent("BatchSampler", _SAMPLER),
    _absent("distributed.DistributedSampler", "under MPI jt.dataset.Dataset divides every batch by itself"),
    _absent("default_collate", "override collate_batch(self, batch) of the dataset"),
    _absent("get_worker_info", "leave it out"),
)
