"""Checkpoint files, read into one `Checkpoint` and written from it. No framework is imported, no file is executed."""

from jtmigrate.checkpoint.model import Checkpoint
from jtmigrate.checkpoint.reading import open_checkpoint, read_checkpoint
from jtmigrate.checkpoint.writing import container_for, keeps_ties, write_checkpoint

__all__ = [
    "Checkpoint",
    "container_for",
    "keeps_ties",
    "open_checkpoint",
    "read_checkpoint",
    "write_checkpoint",
]
