"""Data sets and weights from where they are published."""
