"""What a report says of how it came about."""

import sys
from datetime import datetime, timezone

from jtmigrate.facts import provenance


def test_command_can_be_pasted_into_a_shell(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["somewhere/jtmigrate", "diff", "--image", "my photo.jpg"])
    assert provenance("jtmigrate")["command"] == "jtmigrate diff --image 'my photo.jpg'"


def test_date_has_its_time_zone():
    age = datetime.now(timezone.utc) - datetime.fromisoformat(provenance("jtmigrate")["date"])
    assert 0 <= age.total_seconds() < 60
