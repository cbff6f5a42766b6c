"""A recorded decision as what it was made on: its entry read back as the request, and held against what is decided again.

An entry holds the request in two parts: what was found (the post acted through, the region of the case) and, in `asked`, what the
request said where that was something else. Facts are in it as the policy of the day declared them; of a fact that was of another
type there is only the kind of value, and any value of that kind is refused alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from sidecar.case_history.draw import DrawBrought
from sidecar.case_history.resolution import Resolution
from sidecar.controls.context import QUESTION, AccessRequest
from sidecar.decision_log.entry import DecisionEntry
from sidecar.expressions.facts import Asserted

_STAND_INS: Mapping[str, Asserted] = {"bool": True, "int": 0, "str": ""}


class Cause(StrEnum):
    """Why a decision cannot be made again, or not for certain."""

    RELEASED = "released"  # its bytes were kept long enough and went to a file elsewhere
    ALTERED = "altered"  # the entry is not the one that was recorded
    UNKNOWN_FORM = "unknown_form"  # written by a later version of this program
    PLAIN_POLICY = "plain_policy"  # decided by a plain Casbin policy that reads parts of a request which no entry holds
    EARLIER_FORM = "earlier_form"  # recorded before entries held the whole request
    POLICY_NOT_KEPT = "policy_not_kept"
    PERSONNEL_NOT_KEPT = "personnel_not_kept"
    HISTORY_NOT_WHOLE = "history_not_whole"  # acts of the case are in a log that is not at hand
    LEDGER_NOT_WHOLE = "ledger_not_whole"
    POOL_NOT_RECORDED = "pool_not_recorded"  # a draw from a pool too large for an entry
    FACTS_NOT_RECORDED = "facts_not_recorded"  # another policy reads facts that the one of the day did not
    NOT_COUNTED = "not_counted"  # another policy counts across cases what was not counted then


class Difference(NamedTuple):
    """Where in an entry, and what stands there and would stand there; None where nothing does."""

    where: str
    recorded: object
    again: object


def read_entry(body: bytes) -> DecisionEntry:
    """Raises msgspec.MsgspecError."""
    return msgspec.json.decode(body, type=DecisionEntry)


def cause_of(entry: DecisionEntry) -> Cause | None:
    """What its own entry says against deciding it again."""
    if not entry.personnel_digest:
        return Cause.EARLIER_FORM
    return Cause.POOL_NOT_RECORDED if entry.action.get("drawn") and "pool" not in entry.asked else None


def is_plain(entry: DecisionEntry) -> bool:
    """Whether a plain Casbin policy decided: it knows no delegation, and its entries name none."""
    return "on_behalf_of" not in entry.subject


def plain_request(entry: DecisionEntry, fields: Sequence[str]) -> tuple[str, ...] | None:
    """What a plain policy was asked, field by field; None where it read more of the request than the entry holds."""
    kind, _, name = entry.item.partition(":")
    known = {"subject.id": entry.subject["person"], "subject.type": entry.subject["type"], "action.name": entry.action["step"]}
    if ":" not in name:  # else nobody can tell where the type ends
        known |= {"resource.type": kind, "resource.id": name}
    asked = [known.get(entry.asked.get(f"r.{field}", "")) for field in fields]
    return None if None in asked else tuple([value for value in asked if value is not None])


def entered(entry: DecisionEntry) -> bool:
    """Whether the decision became an act of its case."""
    return entry.decision == "allow" and entry.intent != QUESTION


def version_before(entry: DecisionEntry) -> int:
    """The version of the case the decision was made on."""
    return entry.case_version - entered(entry)


def request_of(entry: DecisionEntry) -> AccessRequest:
    """The request that was decided. For an entry against which `cause_of` has nothing to say."""
    asked, subject, action = entry.asked, entry.subject, entry.action
    draw = DrawBrought(tuple(asked["pool"].split()), tuple(action["drawn"].split())) if action["drawn"] else None
    return AccessRequest(
        person=subject["person"],
        step=action["step"],
        item=entry.item,
        case_id=entry.case_id,
        region=asked.get("region", entry.region),
        party=asked.get("party", entry.party_token),
        acting_post=asked.get("acting_post", subject["acting_post"]),
        level=asked.get("level", ""),
        outcome=action["outcome"],
        intent=entry.intent,
        facts=dict(sorted({**entry.facts, **_unreadable(entry)}.items())),
        evidence=frozenset(entry.evidence_digests),
        on_behalf=subject["on_behalf_of"],
        about=action["about"],
        vote=action["vote"],
        content=action["content"],
        resolution=msgspec.convert(entry.resolution, Resolution) if entry.resolution else None,
        draw=draw,
        corrects=action["corrects"],
    )


def _unreadable(entry: DecisionEntry) -> dict[str, Asserted]:
    """A stand-in for each fact that was of another type than declared."""
    pairs = [told.partition(":") for told in entry.asked.get("unreadable", "").split()]
    return {name: _STAND_INS[kind] for name, _, kind in pairs}


_MISSING = object()


def differences(recorded: object, again: object, where: str = "") -> Iterator[Difference]:
    """Every place in which two JSON values differ, as deep as it lies. What a value lacks and the other has empty is no
    difference: an earlier program did not write it."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in sorted(recorded.keys() | again.keys()):
            at = f"{where}.{name}" if where else name
            yield from differences(recorded.get(name, _MISSING), again.get(name, _MISSING), at)
    elif isinstance(recorded, list) and isinstance(again, list):
        for n in range(max(len(recorded), len(again))):
            left, right = (values[n] if n < len(values) else _MISSING for values in (recorded, again))
            yield from differences(left, right, f"{where}[{n + 1}]")
    elif type(recorded) is not type(again) or recorded != again:
        values = [None if value is _MISSING else value for value in (recorded, again)]
        if any(value for value in values) or _MISSING not in (recorded, again):
            yield Difference(where, *values)
