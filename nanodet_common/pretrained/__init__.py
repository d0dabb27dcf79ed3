"""A small trained detector that comes with the package; README.md beside it says how it was made and what it can."""

from pathlib import Path

SMALL = Path(__file__).with_name("nanodet-plus-m_256_voc20.pth")
"""Half precision, 20 classes of PASCAL VOC, fits every NanoDet-Plus-m 1.0x."""

SMALL_CONFIG = "nanodet-plus-m_256-voc-scratch"
"""With which it was trained."""
