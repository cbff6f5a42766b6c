"""Which keys of subjects an entry's commitments to one subject's data rest on.

A subject is known by the digits of the party's token; a number masked in a text has the same digits behind another kind. Of an
entry about the party itself, that is what it asserted and brought, texts among it that do not stand in the entry; of any entry,
the texts that name the subject.
"""

from collections.abc import Mapping
from typing import Any

from sidecar.decision_log.commitments import Commitment, commitments_in

PARTY = "pty-"


def commitments_of(fields: Mapping[str, Any]) -> dict[str, Commitment]:
    """Every commitment of an entry, by its place."""
    told = {"facts_digest": fields.get("facts_digest", ""), "detail": fields.get("detail", "")}
    told |= {f"evidence_digests/{name}": text for name, text in fields.get("evidence_digests", {}).items()}
    found = {place: commitments_in(str(text)) for place, text in told.items()}
    found |= {place: commitments_in(str(text)) for place, text in fields.get("masked", {}).items() if commitments_in(str(text))}
    return {place: one[0] for place, one in found.items() if one}


def slots_of(fields: Mapping[str, Any], digits: str, *, of_party: bool) -> set[int]:
    """The slots of the keys that commitments to a subject's data rest on. `of_party`: the entry is about the subject."""
    masked = fields.get("masked", {})
    slots = set()
    for place, commitment in commitments_of(fields).items():
        text = str(_at(fields, place)) if commitment.text == masked.get(place) else ""
        if digits in text if text else of_party:
            slots.add(commitment.slot)
    return slots


def _at(fields: Mapping[str, Any], place: str) -> object:
    value: Any = fields
    for name in place.split("/"):
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return value
