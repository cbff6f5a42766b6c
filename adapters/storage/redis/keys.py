"""The names of keys. Everything of one case hashes to one slot of a Redis Cluster, and so does the set that says which cases of
that slot have a commit open: so one script may touch all of it.

A hash tag is what stands between the first braces of a key. The case's own identifier is the tag where it holds nothing a tag
must not, its SHA-256 otherwise; ledgers are named by whatever is counted together and are always tagged by their digest.
"""

import binascii
import hashlib
import re
from functools import cache
from typing import NamedTuple

SLOTS = 16_384
STORE = "quanheng:{store}"  # what is true of the whole store: its mark, the keys its sidecars use, their names
POLICIES = "quanheng:{policies}"

_PLAIN = re.compile(r"[^\s{}\x00-\x1f]{1,160}\Z")


class CaseKeys(NamedTuple):
    tag: str
    state: str
    events: str
    void: str
    open: str

    def answer(self, caller: str, request_id: str) -> str:
        return f"quanheng:{{{self.tag}}}:answer:{_digest(caller, request_id)}"


class LedgerKeys(NamedTuple):
    tag: str
    state: str
    changes: str
    held: str
    open: str


def case_tag(case_id: str) -> str:
    return case_id if _PLAIN.match(case_id) else _digest(case_id)


def case_keys(tag: str) -> CaseKeys:
    base = f"quanheng:{{{tag}}}"
    return CaseKeys(tag, f"{base}:case", f"{base}:events", f"{base}:void", open_in(slot_of(tag)))


def ledger_tag(ledger_id: str) -> str:
    return _digest(ledger_id)


def ledger_keys(tag: str) -> LedgerKeys:
    base = f"quanheng:{{{tag}}}"
    return LedgerKeys(tag, f"{base}:ledger", f"{base}:changes", f"{base}:held", open_in(slot_of(tag)))


def request_key(caller: str, request_id: str) -> str:
    """Where a request identifier is bound to an act: it may be sent with any case, so it has a slot of its own."""
    return f"quanheng:{{{_digest(caller, request_id)}}}:request"


def decision_key(decision_id: str) -> str:
    return f"quanheng:{{{decision_id}}}:decision"


def open_in(slot: int) -> str:
    """The set of what is open in a slot."""
    return f"quanheng:{{{_tags_of_slots()[slot]}}}:open"


def slot_of(tag: str) -> int:
    """The slot of a tag: CRC16 (XMODEM) modulo 16384, as the Redis Cluster specification has it."""
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


@cache
def _tags_of_slots() -> tuple[str, ...]:
    """For each slot the shortest number that hashes to it."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < SLOTS:
        found.setdefault(slot_of(str(number)), str(number))
        number += 1
    return tuple(found[slot] for slot in range(SLOTS))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:40]
