"""A resolution as a record: what a meeting decided, brought whole by who keeps its minutes (会议决议).

The members stand in the order in which they spoke. Texts (the reasons they gave, the draft they voted on) are held as digests:
the officers who answer for a vote are named, what they said stays in the minutes.
"""

import msgspec

from sidecar.expressions.facts import Asserted


class MemberVote(msgspec.Struct, frozen=True):
    """One member at the meeting. `vote` is for, against or abstain, empty for one who was absent; `reason` the digest of the
    reason given at the meeting, empty where none was."""

    person: str
    vote: str = ""
    present: bool = True
    reason: str = ""


class Resolution(msgspec.Struct, frozen=True):
    """`content` is the digest of the draft that was put to the vote, `amount` the sum it speaks of, in yuan or
    with its unit (None where it speaks of none), `chair` the one who presided."""

    id: str
    case_id: str
    content: str
    chair: str
    members: tuple[MemberVote, ...]
    amount: Asserted | None = None
