import os

import numpy as np

from nanodet_common.loader.memory import SharedRecords, float_rows, share_records, shared_file


def test_two_views_of_a_shared_file_are_the_same_memory():
    descriptor = shared_file(6 * 4)
    one, other = float_rows(descriptor, 2), float_rows(descriptor, 2)
    os.close(descriptor)
    one[1, 2] = 5
    assert other.tolist() == [[0, 0, 0], [0, 0, 5]]


def test_shared_file_without_the_systems_help(monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    test_two_views_of_a_shared_file_are_the_same_memory()


def test_records_come_back_one_by_one(dataset):
    descriptor = share_records(dataset.images)
    records = SharedRecords(descriptor)
    os.close(descriptor)
    for index in (20, 0, 7):
        for found, expected in zip(vars(records[index]).values(), vars(dataset.images[index]).values(), strict=True):
            np.testing.assert_array_equal(found, expected)
