import numpy as np

from jtmigrate.allowances import jittor_lacks, same_dtype, same_shape


def test_only_no_dimension_equals_one():
    assert same_shape(np.zeros(()), np.zeros(1))
    assert not same_shape(np.zeros((1, 1)), np.zeros(1))
    assert not same_shape(np.zeros(3), np.zeros((3, 1)))


def test_only_widths_of_integers_are_alike():
    assert same_dtype(np.zeros(1, np.int64), np.zeros(1, np.int32))
    assert not same_dtype(np.zeros(1, np.float64), np.zeros(1, np.float32))
    assert not same_dtype(np.zeros(1, np.bool_), np.zeros(1, np.int32))


def test_batch_counters_are_all_that_jittor_lacks():
    assert jittor_lacks("backbone.bn.num_batches_tracked")
    assert not jittor_lacks("backbone.bn.running_mean")
