"""Measures implementations of the same thing against each other: interleaved, in processes of their own, checked equal.

Knows neither models nor frameworks: what is measured is a subject that a worker process builds (`worker.py`).
"""
