"""Events in order on disk: what the disk refuses is said."""

from datetime import UTC, datetime

import pytest

from adapters.importers.event_log.reading import Read
from adapters.importers.event_log.spool import Spool
from sidecar.controls.context import AccessRequest
from sidecar.errors import EventLogError
from sidecar.power_list.findings import Place
from sidecar.replay.cases import Happened


def event(line: int) -> Read:
    request = AccessRequest(person="甲", step="review", item="i", case_id=f"case-{line}" + "x" * 500)
    return Read(Happened(request, "审核", datetime(2026, 1, 5, tzinfo=UTC), Place("log.csv", line, 1)), "", (str(line),))


def fill(spool: Spool) -> None:
    for line in range(1_000):
        spool.add(event(line))


def test_a_full_disk_is_said_with_what_to_do() -> None:
    """Neither a stack nor a report of half the log."""
    with Spool() as spool:
        spool._database.execute("PRAGMA max_page_count=20")
        with pytest.raises(EventLogError, match="full") as stopped:
            fill(spool)
    assert "TMPDIR" in stopped.value.hint


def test_an_event_comes_back_as_it_was() -> None:
    """Every field, the place and the offset of its time."""
    with Spool() as spool:
        read = event(7)
        assert spool.add(read)
        assert not spool.add(read)
        found = [(case_id, list(events)) for case_id, events in spool.cases()]
        assert found == [(read.event.request.case_id, [read.event])]
        assert (spool.count(), spool.all_cases()) == (1, 1)
