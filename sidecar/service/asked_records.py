"""What a request brings with it beside its own fields: the record of a meeting, the digest of a draft. Bounded and checked.

Texts become digests here and nowhere later: what was said at a meeting stays in its minutes.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sidecar.case_history.draw import DrawBrought
from sidecar.case_history.history import ABSTAIN, AGAINST, FOR
from sidecar.case_history.resolution import MemberVote, Resolution
from sidecar.errors import RequestError
from sidecar.expressions.facts import Fact
from sidecar.expressions.measures import MONEY
from sidecar.personnel.cells import PERSON_ID

MAX_MEMBERS = 99
MAX_POOL = 400
MAX_TEXT = 2_000
VOTES = frozenset({FOR, AGAINST, ABSTAIN})

_SUM = Fact(MONEY, "yuan")
_DIGEST = re.compile(r"(sha256|sm3):[0-9a-f]{64}\Z")
_RECORD_ID = re.compile(r"[\w〔〕()（）\[\]【】.\-]{1,128}\Z")


def content_of(context: Mapping[str, Any]) -> str:
    """The digest of the draft that is put to the vote or decided."""
    return _digest(context["content"], "context.content") if "content" in context else ""


def resolution_of(context: Mapping[str, Any]) -> Resolution | None:
    """The record of a meeting. Raises RequestError naming the field."""
    if "resolution" not in context:
        return None
    record, where = context["resolution"], "context.resolution"
    if not isinstance(record, dict):
        raise RequestError("bad_resolution", f"{where} must be an object")
    members = record.get("members")
    if not isinstance(members, list) or not 1 <= len(members) <= MAX_MEMBERS:
        raise RequestError("bad_resolution", f"{where}.members must be a list of 1 to {MAX_MEMBERS} members")
    amount = record.get("amount")
    if amount is not None and not _is_sum(amount):
        raise RequestError("bad_resolution", f'{where}.amount must be a whole number of yuan, or text like "30.5 wan_yuan"')
    return Resolution(
        id=_named(record, "id", _RECORD_ID, where),
        case_id=_named(record, "case", _RECORD_ID, where),
        content=_digest(record.get("content"), f"{where}.content"),
        chair=_named(record, "chair", PERSON_ID, where),
        members=tuple([_member(member, f"{where}.members[{n}]") for n, member in enumerate(members)]),
        amount=amount,
    )


def draw_of(context: Mapping[str, Any]) -> DrawBrought | None:
    """A draw by lot: the pool and who was drawn of it. Raises RequestError naming the field."""
    if "draw" not in context:
        return None
    record = context["draw"]
    if not isinstance(record, dict):
        raise RequestError("bad_draw", "context.draw must be an object")
    pool, drawn = (_drawn(record.get(name), f"context.draw.{name}") for name in ("pool", "drawn"))
    if not set(drawn) <= set(pool):
        raise RequestError("bad_draw", "context.draw.drawn must be of the pool")
    return DrawBrought(pool, drawn)


def _drawn(names: object, where: str) -> tuple[str, ...]:
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_POOL:
        raise RequestError("bad_draw", f"{where} must be a list of 1 to {MAX_POOL} identifiers")
    if not all(isinstance(name, str) and PERSON_ID.match(name) for name in names) or len(set(names)) < len(names):
        raise RequestError("bad_draw", f"{where} must hold identifiers of officers or objects, each once")
    return tuple(names)


def _is_sum(amount: object) -> bool:
    if isinstance(amount, str):
        return _SUM.read(amount) is not None
    return type(amount) is int


def _member(member: object, where: str) -> MemberVote:
    if not isinstance(member, dict):
        raise RequestError("bad_resolution", f"{where} must be an object")
    present, vote, reason = member.get("present", True), member.get("vote", ""), member.get("reason", "")
    if type(present) is not bool:
        raise RequestError("bad_resolution", f"{where}.present must be true or false")
    if vote not in (VOTES if present else {""}):
        wanted = f"must be one of {', '.join(sorted(VOTES))}" if present else "is not for one who was absent"
        raise RequestError("bad_resolution", f"{where}.vote {wanted}")
    if not isinstance(reason, str) or len(reason) > MAX_TEXT:
        raise RequestError("bad_resolution", f"{where}.reason must be text of at most {MAX_TEXT} characters")
    said = "sha256:" + hashlib.sha256(reason.encode()).hexdigest() if reason.strip() else ""
    return MemberVote(_named(member, "id", PERSON_ID, where), vote, present, said)


def _named(holder: Mapping[str, Any], name: str, form: re.Pattern[str], where: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not form.match(value):
        raise RequestError("bad_resolution", f"{where}.{name} is not a valid identifier")
    return value


def _digest(value: object, where: str) -> str:
    if not isinstance(value, str) or not _DIGEST.match(value):
        raise RequestError("bad_digest", f"{where} must be a digest: sha256: or sm3: and 64 characters of 0-9, a-f")
    return value
