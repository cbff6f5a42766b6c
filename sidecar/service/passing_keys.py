"""Keys of subjects that end with the process: for a store that forgets, and for questions that leave no entry."""

import secrets
from collections.abc import Iterable

from sidecar.decision_log.commitments import KEY_BYTES
from sidecar.ports.subjects import SubjectKey


class PassingKeys:
    """SubjectKeys without a file."""

    def __init__(self) -> None:
        self._keys: dict[int, bytes] = {}
        self._known: dict[str, SubjectKey] = {}
        self._sealed: dict[str, bytes] = {}

    def allot(self, subject: str) -> SubjectKey:
        known = self._known.get(subject)
        if known is None:
            known = self._known[subject] = SubjectKey(len(self._keys), secrets.token_bytes(KEY_BYTES))
            self._keys[known.slot] = known.key
        return known

    def key(self, slot: int) -> bytes | None:
        return self._keys.get(slot)

    def destroy(self, slots: Iterable[int]) -> None:
        for slot in slots:
            if slot in self._keys:
                self._keys[slot] = b""
        self._known = {subject: key for subject, key in self._known.items() if self._keys[key.slot]}

    def keep(self, commitment: str, sealed: bytes) -> None:
        self._sealed[commitment] = sealed

    def kept(self, commitment: str) -> bytes | None:
        return self._sealed.get(commitment)

    def close(self) -> None:
        """Nothing to let go of."""
