"""TensorBoard's format: what others read, and what is left of damaged files."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanodet_common import event_file
from nanodet_common.event_file import Event, read_events, restart_record, scalars_record, version_record

VALUES = {"train/loss": 1.5, "train/lr": 0.25}
RECORDS = [
    version_record(7.0),
    scalars_record(1, VALUES, 8.0),
    restart_record(300, 9.0),
    scalars_record(1 << 40, {}, 9.5),
]
EVENTS = (Event(0, {}), Event(1, VALUES), Event(300, {}, restarts=True), Event(1 << 40, {}))


def test_what_is_written_is_read() -> None:
    assert read_events(b"".join(RECORDS)) == (EVENTS, 0)
    assert read_events(b"") == ((), 0)


def test_checksum_is_that_of_the_standard() -> None:
    """The check value of CRC-32C is that of the nine digits; then TensorFlow's mask."""
    crc = 0xE3069283
    assert event_file._checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF


def test_tensorboards_own_messages_say_the_same() -> None:
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    event = event_pb2.Event.FromString(RECORDS[1][12:-4])
    assert (event.wall_time, event.step) == (8.0, 1)
    assert {value.tag: value.simple_value for value in event.summary.value} == VALUES
    assert event_pb2.Event.FromString(RECORDS[0][12:-4]).file_version == "brain.Event:2"
    restart = event_pb2.Event.FromString(RECORDS[2][12:-4])
    assert (restart.step, restart.session_log.status) == (300, event_pb2.SessionLog.START)


def test_what_tensorboardx_writes_is_read(tmp_path) -> None:
    tensorboard = pytest.importorskip("tensorboardX")
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("train/loss", 2.5, 11)
        writer.add_text("note", "not a number", 12)
    (path,) = tmp_path.glob("*tfevents*")
    events, damaged = read_events(path.read_bytes())
    assert damaged == 0
    assert Event(11, {"train/loss": 2.5}) in events
    assert all(event.values == {} for event in events if event.step == 12)


def test_a_record_with_a_wrong_checksum_is_counted_and_the_next_is_read() -> None:
    damaged = bytearray(RECORDS[1])
    damaged[-6] ^= 1
    assert read_events(RECORDS[0] + bytes(damaged) + RECORDS[2]) == ((EVENTS[0], EVENTS[2]), 1)


def test_a_file_that_was_cut_keeps_what_is_whole() -> None:
    content = b"".join(RECORDS[:2])
    for end in range(len(RECORDS[0]) + 1, len(content)):
        assert read_events(content[:end]) == (EVENTS[:1], 1)


@given(st.binary(max_size=80))
def test_no_message_stops_the_reader(message: bytes) -> None:
    found = read_events(event_file._record(message) + RECORDS[1])
    assert found.events[-1] == EVENTS[1]


@given(st.integers(0, 150), st.integers(0, 7))
def test_one_flipped_bit_is_noticed(place: int, bit: int) -> None:
    content = bytearray(b"".join(RECORDS))
    content[place % len(content)] ^= 1 << bit
    assert read_events(bytes(content)).damaged == 1


def test_a_length_beyond_all_bounds_is_damage() -> None:
    length = struct.pack("<Q", 1 << 60)
    record = length + struct.pack("<I", event_file._checksum(length)) + b"abc"
    assert read_events(RECORDS[1] + record) == ((EVENTS[1],), 1)
