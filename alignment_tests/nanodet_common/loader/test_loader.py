import gc
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError, LoaderError
from nanodet_common.loader import prepare
from nanodet_common.loader.batch import Batch

WORKERS = (0, 1, 2, 3)


def bytes_of(batches):
    """Everything in the batches, comparable."""
    return [
        (
            batch.images.shape,
            batch.images.tobytes(),
            *(tuple(array.tobytes() for array in part) for part in (batch.boxes, batch.labels, batch.warp_matrices)),
            tuple(record.image_id for record in batch.records),
        )
        for batch in batches
    ]


def children():
    """Ids of the worker processes of this process."""
    return {
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if _text(path / "stat").rpartition(")")[2].split()[1:2] == [str(os.getpid())]
        and "nanodet_common.loader.worker" in _text(path / "cmdline")
    }


def _text(path):
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("augment", [True, False])
def test_a_seed_gives_the_same_bytes_whoever_prepares_them(augment, load):
    expected = {epoch: bytes_of(load(augment=augment).epoch(epoch)) for epoch in (0, 1)}
    assert expected[0] != expected[1]
    for workers in WORKERS[1:]:
        with load(augment=augment, workers=workers) as loader:
            for epoch in (0, 1, 0):
                assert bytes_of(loader.epoch(epoch)) == expected[epoch]


@pytest.mark.parametrize("batch_size", [1, 2, 7, 21, 64])
def test_sizes_of_batches(batch_size, load):
    with load(batch_size=batch_size, workers=2) as loader:
        batches = list(loader.epoch(0))
    assert bytes_of(batches) == bytes_of(load(batch_size=batch_size).epoch(0))
    assert len(batches) == len(loader) == -(-21 // batch_size)
    assert {len(batch.images) for batch in batches[:-1]} <= {batch_size}
    assert sum(len(batch.images) for batch in batches) == 21


def test_samples_do_not_depend_on_the_size_of_batches(load):
    by_image = [
        {
            record.image_id: image.tobytes()
            for batch in load(batch_size=size).epoch(2)
            for image, record in zip(batch.images, batch.records, strict=True)
        }
        for size in (3, 8)
    ]
    assert by_image[0] == by_image[1]


def test_kept_ratio_makes_batches_of_different_sizes(load, config):
    wide = config.model_copy(update={"keep_ratio": True})
    with load(config=wide, workers=2, augment=False) as loader:
        batches = list(loader.epoch(0))
    assert bytes_of(batches) == bytes_of(load(config=wide, augment=False).epoch(0))
    assert len({batch.images.shape for batch in batches}) > 1


@pytest.mark.parametrize("workers", [0, 2])
def test_without_shuffling_images_come_in_order(workers, load, dataset):
    with load(workers=workers, shuffle=False) as loader:
        found = [record.image_id for batch in loader.epoch(3) for record in batch.records]
    assert found == [record.image_id for record in dataset.images]


def test_records_are_those_of_the_data_set(load, dataset):
    with load(workers=1) as loader:
        assert {id(record) for batch in loader.epoch(0) for record in batch.records} == set(map(id, dataset.images))


@pytest.mark.parametrize("workers", [0, 2])
def test_several_share_every_batch(workers, load):
    """Image by image in turns; together they have what one has, from any batch on."""
    with load(batch_size=6, drop_last=True) as loader:
        whole = list(loader.epoch(1, start=1))
    for rank in range(3):
        with load(batch_size=6, drop_last=True, workers=workers, share=(rank, 3)) as loader:
            own = list(loader.epoch(1, start=1))
        assert len(loader) == 3
        for batch, part in zip(whole, own, strict=True):
            assert bytes_of([part]) == bytes_of([Batch(*(values[rank::3] for values in batch))])


@pytest.mark.parametrize("workers", WORKERS)
def test_last_batch_can_be_left_out(workers, load):
    with load(workers=workers, drop_last=True) as loader:
        assert [len(batch.images) for batch in loader.epoch(0)] == [4] * 5
        assert len(loader) == 5
    assert len(load(drop_last=True, batch_size=22)) == 0


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", [0, 1, 4, 6])
def test_resumed_epoch_is_the_rest_of_the_whole_one(start, workers, load):
    whole = bytes_of(load().epoch(1))
    with load(workers=workers) as loader:
        assert bytes_of(loader.epoch(1, start=start)) == whole[start:]


def test_batches_are_the_readers_own(load):
    """Nothing that is handed out is overwritten later."""
    with load(workers=2, batch_size=1) as loader:
        batches = loader.epoch(0)
        first = next(batches)
        before = first.images.copy()
        list(batches)
    np.testing.assert_array_equal(first.images, before)
    first.images[:] = 0


@pytest.mark.parametrize("workers", [0, 2])
def test_epochs_can_be_read_in_turns(workers, load):
    with load(workers=workers) as loader:
        turns = list(zip(loader.epoch(0), loader.epoch(1), strict=True))
    for epoch in (0, 1):
        assert bytes_of(pair[epoch] for pair in turns) == bytes_of(load().epoch(epoch))


@pytest.mark.parametrize("workers", [0, 2])
def test_empty_data_set(workers, load):
    with load(workers=workers, dataset=Dataset((), ("cat",))) as loader:
        assert len(loader) == 0
        assert list(loader.epoch(0)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "the batch size is 0; it must be at least 1"),
        ({"workers": -1}, "the number of workers is -1; it must be at least 0"),
        ({"seed": -1}, "the seed is -1; it must be at least 0"),
    ],
)
def test_numbers_that_make_no_sense(change, message, load):
    with pytest.raises(InputError, match=message):
        load(**change)


@pytest.mark.parametrize("start", [-1, 7])
def test_start_outside_the_epoch(start, load):
    with pytest.raises(InputError, match=f"an epoch of 6 batches cannot start at batch {start}"):
        load().epoch(0, start=start)


def with_file(dataset, number, file):
    images = list(dataset.images)
    images[number] = replace(images[number], file=file)
    return replace(dataset, images=tuple(images))


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_unreadable_image_is_named_after_the_batches_before_it(workers, load, dataset, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    damaged = with_file(dataset, 13, tmp_path / "broken.jpg")
    with load(workers=workers, shuffle=False, dataset=damaged) as loader:
        batches = loader.epoch(2)
        good = [next(batches) for _ in range(3)]
        with pytest.raises(InputError, match=r"broken\.jpg: not an image .* \(batch 3 of epoch 2\)$") as raised:
            next(batches)
        assert type(raised.value) is InputError
        assert bytes_of(good) == bytes_of(load(shuffle=False).epoch(2))[:3]
        # Batches after it are as good as before.
        assert len(list(loader.epoch(2, start=4))) == 2


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_another_image_takes_the_place_of_an_unreadable_one_in_training(workers, load, dataset, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    damaged = with_file(with_file(dataset, 13, tmp_path / "broken.jpg"), 20, tmp_path / "broken too.jpg")
    with load(workers=workers, shuffle=False, dataset=damaged, problems=(problems := Problems("skip"))) as loader:
        for epoch in (0, 1):
            found, usual = (bytes_of(one.epoch(epoch)) for one in (loader, load(shuffle=False)))
            assert [image for batch in found for image in batch[-1]] == [*range(101, 114), 115, *range(115, 121), 101]
            assert [number for number in range(6) if found[number] != usual[number]] == [3, 5]
    assert sorted(problem.source.name for problem in problems.found) == ["broken too.jpg", "broken.jpg"]


def test_no_image_can_be_read(load, dataset, tmp_path):
    nothing = replace(dataset, images=tuple(replace(image, file=tmp_path / "none") for image in dataset.images))
    with pytest.raises(InputError, match="none of the 21 images can be read"):
        next(load(dataset=nothing, problems=Problems("skip")).epoch(0))


def test_want_of_memory_names_the_file(load, dataset, monkeypatch):
    def no_memory(path):
        raise MemoryError

    monkeypatch.setattr(prepare, "load_image", no_memory)
    with pytest.raises(LoaderError, match=r"001\.png: not enough memory to prepare the image \(batch 0 of epoch 0\)"):
        next(load(shuffle=False).epoch(0))


def test_workers_start_with_the_first_batch_and_serve_later_epochs(load):
    with load(workers=2) as loader:
        epoch = loader.epoch(0)
        assert children() == set()
        next(epoch)
        first = children()
        assert len(first) == 2
        list(epoch)
        list(loader.epoch(1))
        assert children() == first
    assert children() == set()


def test_closed_loader_starts_again(load):
    loader = load(workers=1)
    expected = bytes_of(loader.epoch(0))
    loader.close()
    loader.close()
    assert bytes_of(loader.epoch(0)) == expected
    loader.close()


def test_error_of_the_reader_stops_the_workers(load):
    def read():
        with load(workers=2) as loader:
            next(loader.epoch(0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    assert children() == set()


def test_collected_loader_stops_its_workers(load):
    loader = load(workers=2)
    list(loader.epoch(0))
    assert children()
    del loader
    gc.collect()
    assert children() == set()


def test_epoch_broken_off_stops_its_workers(load):
    loader = load(workers=2)
    epoch = loader.epoch(0)
    next(epoch)
    epoch.close()
    assert children() == set()


def test_nothing_stays_open(load):
    def open_files():
        return len(os.listdir("/proc/self/fd"))

    with load(workers=2) as loader:
        list(loader.epoch(0))
    before = open_files()
    for _ in range(3):
        with load(workers=2) as loader:
            list(loader.epoch(0))
    gc.collect()
    assert open_files() == before


@pytest.mark.parametrize("workers", [0, 2])
def test_memory_is_flat_over_ten_epochs(workers, load):
    with load(workers=workers, batch_size=8) as loader:
        tracemalloc.start()
        try:
            sizes = [_size_after(loader, epoch) for epoch in range(12)]
        finally:
            tracemalloc.stop()
    # A batch of images alone is 590 kB.
    assert abs(sizes[11] - sizes[1]) < 50_000


def _size_after(loader, epoch):
    for _ in loader.epoch(epoch):
        pass
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("size", [(8000, 6000), (1, 1)])
def test_pictures_of_extreme_sizes(size, load, dataset, tmp_path):
    path = tmp_path / "extreme.png"
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), 200, np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    with load(workers=1, shuffle=False, dataset=with_file(dataset, 0, path), augment=False) as loader:
        batch = next(loader.epoch(0))
    assert batch.images.shape == (4, 3, 96, 64)
    assert np.isfinite(batch.images).all()
