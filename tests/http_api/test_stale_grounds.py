"""What a decision rests on may end between the decision and its commit: it is made again, once, or refused."""

from datetime import date

import pytest

from adapters.storage.memory import MemoryStore
from sidecar.personnel.registers import Appointment, Personnel, Span
from sidecar.ports.records import Commit, Committed, Replayed
from sidecar.ports.telling import Then
from sidecar.service.authorize import Standing
from tests.http_api.calling import ACCEPT, FixedClock, Sidecar
from tests.samples import EVERYONE, SNAPSHOT

NOBODY = Standing(SNAPSHOT, Personnel())


class Interrupted(MemoryStore):
    """Runs what a test put in `meanwhile` just before the next commit."""

    def __init__(self, clock: FixedClock | None = None) -> None:
        super().__init__(**({"now_ms": lambda: int(clock.now().timestamp() * 1000)} if clock else {}))
        self.meanwhile: list[object] = []
        self.attempts = 0

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        self.attempts += 1
        if self.meanwhile:
            self.meanwhile.pop(0)()  # type: ignore[operator]
        super().submit(commit, then)


def test_registers_that_changed_before_the_commit_decide() -> None:
    """S8, S9: the clerk's appointment is taken away between decision and commit; the answer is made by the new registers."""
    store = Interrupted()
    sidecar = Sidecar(store)
    store.meanwhile.append(lambda: sidecar.authorizer.swap(NOBODY))
    answer = sidecar.answer(ACCEPT)
    assert (answer["decision"], answer["context"]["code"], store.attempts) == (False, "NO_POWER", 2)
    assert [entry["decision"] for entry in sidecar.entries()] == ["deny"]


def test_what_changes_all_the_time_is_refused() -> None:
    """Decided again once; a third version is not waited for."""
    store = Interrupted()
    sidecar = Sidecar(store)
    store.meanwhile += [lambda: sidecar.authorizer.swap(Standing(SNAPSHOT, EVERYONE))] * 2
    assert sidecar.answer(ACCEPT)["context"]["code"] == "LOG_UNAVAILABLE"
    assert (store.attempts, sidecar.case().version) == (2, 0)
    assert sidecar.answer(ACCEPT)["decision"] is True


def until_today(clock: FixedClock) -> Personnel:
    today = clock.now().date()
    return Personnel([Appointment("clerk", "front.clerk", Span(date(2025, 1, 1), today))])


def test_an_appointment_that_ends_before_the_commit_is_refused() -> None:
    """S7: decided a moment before midnight, committed a moment after; the same a day earlier is allowed."""
    clock = FixedClock()
    store = Interrupted(clock)
    sidecar = Sidecar(store, until_today(clock))
    sidecar.clock = sidecar.authorizer.clock = clock
    assert sidecar.answer(ACCEPT)["decision"] is True
    clock.move(hours=14, minutes=59, seconds=59)
    store.meanwhile.append(lambda: clock.move(seconds=1))
    refused = sidecar.answer({**ACCEPT, "resource": {**ACCEPT["resource"], "id": "C-2"}})
    assert (refused["decision"], sidecar.case("C-2").version) == (False, 0)
    assert refused["context"]["code"] == "POST_EXPIRED"


@pytest.mark.parametrize("days", [3, -500])
def test_a_clock_of_the_sidecar_that_is_wrong_revives_no_power(days: int) -> None:
    """S16: by the sidecar's clock the appointment holds, by the store's it has ended or not begun; refused, nothing stored."""
    clock, right = FixedClock(), FixedClock()
    right.move(days=days)
    store = Interrupted(right)
    sidecar = Sidecar(store, until_today(clock))
    assert sidecar.answer(ACCEPT)["context"]["code"] == "LOG_UNAVAILABLE"
    assert sidecar.case().version == 0
    right.move(days=-days)
    assert sidecar.answer(ACCEPT)["context"]["code"] == ("LOG_UNAVAILABLE" if days > 0 else "ALLOWED")  # it never goes back
