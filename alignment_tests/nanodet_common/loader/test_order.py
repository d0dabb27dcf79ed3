import numpy as np

from nanodet_common.loader.order import image_order, sample_generator


def first(**place):
    return sample_generator(**place).random()


def test_without_shuffling_the_order_is_the_data_sets():
    assert image_order(5, seed=1, epoch=3, shuffle=False).tolist() == [0, 1, 2, 3, 4]


def test_shuffled_order_is_a_permutation_that_seed_and_epoch_decide():
    order = image_order(50, seed=1, epoch=3, shuffle=True)
    assert sorted(order) == list(range(50))
    np.testing.assert_array_equal(order, image_order(50, seed=1, epoch=3, shuffle=True))
    assert (order != image_order(50, seed=1, epoch=4, shuffle=True)).any()
    assert (order != image_order(50, seed=2, epoch=3, shuffle=True)).any()


def test_every_place_has_draws_of_its_own():
    draws = [
        first(seed=seed, epoch=epoch, index=index) for seed in range(5) for epoch in range(5) for index in range(20)
    ]
    assert len(set(draws)) == len(draws)
    assert first(seed=1, epoch=2, index=3) == first(seed=1, epoch=2, index=3)


def test_order_and_samples_do_not_share_their_draws():
    ours = sample_generator(seed=1, epoch=2, index=0).permutation(50)
    assert (ours != image_order(50, seed=1, epoch=2, shuffle=True)).any()


def test_large_seeds():
    assert first(seed=2**80, epoch=0, index=0) != first(seed=2**80 + 1, epoch=0, index=0)
