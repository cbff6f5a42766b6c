"""The state token: what a caller keeps of a case, so that a store that forgot something is noticed.

Each answer about a case carries it, and the caller may send it back with the next request on that case. It says that the case had
reached a version with a digest, under a MAC of ours: a store that has not reached that version, or tells it differently, was set
back (a restored backup, a failover that lost acknowledged writes, a flush) and is refused until it is rebuilt from the logs.

    v1.<version>.<first 32 hexadecimal digits of the digest>.<first 32 of HMAC-SHA-256>

The MAC covers the case's identifier, so a token of another case is none of this one. An older token of the same case holds as
well: what it says stays true for ever.
"""

import hmac
import re
from typing import NamedTuple

from sidecar.case_history.history import CaseHistory
from sidecar.errors import RequestError, StateRolledBackError
from sidecar.ports.records import RecordStore

_FORM = re.compile(r"v1\.(0|[1-9][0-9]{0,8})\.([0-9a-f]{32}|)\.([0-9a-f]{32})\Z")
_DIGITS = 32


class CaseState(NamedTuple):
    """A state that somebody saw; `digest` holds the first 32 digits, empty at version 0."""

    version: int
    digest: str


class StateTokens:
    """Makes and reads tokens. All sidecars of one store have the same key."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, case_id: str, version: int, digest: str) -> str:
        """The token of a case's state; empty where there is no case."""
        if not case_id:
            return ""
        said = f"v1.{version}.{digest[:_DIGITS]}"
        return f"{said}.{self._mac(case_id, said)}"

    def read(self, token: str, case_id: str) -> CaseState:
        """What a token says. Raises RequestError for one that is not ours or not this case's."""
        found = _FORM.match(token)
        if found:
            said, _, mac = token.rpartition(".")
            if case_id and hmac.compare_digest(mac, self._mac(case_id, said)):
                return CaseState(int(found[1]), found[2])
        raise RequestError("bad_state_token", "context.state_token is not one that was given for this case")

    def derived(self, purpose: str) -> bytes:
        """A key for something else that all sidecars of one store must agree on. Tokens hold a line feed, purposes none."""
        mac = self._keyed.copy()
        mac.update(purpose.encode())
        return mac.digest()

    def _mac(self, case_id: str, said: str) -> str:
        mac = self._keyed.copy()
        mac.update(f"{said}\n{case_id}".encode())
        return mac.hexdigest()[:_DIGITS]


async def not_behind(seen: CaseState, history: CaseHistory, store: RecordStore) -> CaseHistory:
    """The history, read anew where it is older than what was seen. Raises StateRolledBackError where the store is behind."""
    case_id = history.case_id
    if not seen.version:
        return history
    if history.version < seen.version:
        history = await store.read_case(case_id)
    if history.version < seen.version:
        raise StateRolledBackError(f"case {case_id}", f"version {history.version}", f"version {seen.version}")
    same = history.version == seen.version
    digest = history.digest if same else await store.case_digest(case_id, seen.version)
    if digest[:_DIGITS] != seen.digest:
        raise StateRolledBackError(f"case {case_id}", f"another version {seen.version}", "a different one")
    return history
