"""Logs of training runs, for `jtmigrate plot`."""

from nanodet_common.plot.find import read_runs
from nanodet_common.plot.report import print_runs, write_report

__all__ = ["print_runs", "read_runs", "write_report"]
