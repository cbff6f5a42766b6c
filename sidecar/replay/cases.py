"""The events of one case, decided one after another as the service would have decided them.

    observe   the history keeps what really happened, refused or not: what does the law say of this office?
    enforce   a refused event never enters the history, as with the sidecar in front: what would have been stopped?

The two differ. Where the same person checks, determines and checks again, observing finds the second check refused (it follows
a determination that did happen); enforcing does not (that determination was stopped).

An event that names nobody is not decided: the service would not take the request. Observed, it stays in the history as done by
nobody known, so that what follows is not called out of order; enforced, it does not.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from sidecar.case_history.history import MAX_EVENTS, CaseHistory, extend
from sidecar.controls.context import AccessRequest
from sidecar.decision.acts import act_of
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Personnel
from sidecar.power_list.findings import Place


class Mode(StrEnum):
    OBSERVE = "observe"
    ENFORCE = "enforce"


# The registers a request is decided on: those of the office, or what is taken for granted of who acted.
Registers = Callable[[AccessRequest], Personnel]


class Happened(msgspec.Struct, frozen=True):
    """One event of a log as a request. `time` has an offset and is the moment it is judged at; `place` is where it stands; a
    `request.person` of "" is nobody."""

    request: AccessRequest
    activity: str
    time: datetime
    place: Place


class Replayed(NamedTuple):
    """An event and what would have been decided; no decision where nobody acted."""

    event: Happened
    decision: Decision | None

    @property
    def refused(self) -> bool:
        return self.decision is not None and not self.decision.allowed


def replay_case(
    policy: PolicySnapshot, registers: Registers, case_id: str, events: Iterable[Happened], mode: Mode
) -> Iterator[Replayed]:
    """Decide the events of one case, which come in the order in which they happened. No more of them are remembered than the
    service would take."""
    history = CaseHistory(case_id)
    for event in events:
        request = event.request
        decision = decide(policy, registers(request), history, request, event.time)
        yield Replayed(event, decision if request.person else None)
        kept = mode is Mode.OBSERVE or decision.allowed  # nobody holds a post, so nobody is allowed anything
        if kept and history.version < MAX_EVENTS:
            act = act_of(decision, request, policy.item(request.item), str(event.place), event.time.isoformat())
            history = extend(history, act)
