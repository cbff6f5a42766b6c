"""Which system calls: a bearer token per caller, kept in the settings as SHA-256 only."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.settings import CallerSettings

INSECURE_NAME = "insecure-loopback"
EVERYTHING = frozenset({"ask", "read"})


@dataclass(frozen=True, slots=True)
class Caller:
    name: str
    may: frozenset[str]


class Callers:
    """Finds the caller of a request. With `insecure`, a request without a token is let in under a name that says so."""

    def __init__(self, callers: Mapping[str, CallerSettings], *, insecure: bool) -> None:
        # Looking up a digest of the secret leaks nothing about the secret by time.
        self._by_digest = {settings.token_sha256: Caller(name, frozenset(settings.may)) for name, settings in callers.items()}
        self._anonymous = Caller(INSECURE_NAME, EVERYTHING) if insecure else None

    def find(self, authorization: str | None) -> Caller | None:
        """The caller behind an Authorization header, or None (401)."""
        if authorization is None:
            return self._anonymous
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        return self._by_digest.get(hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest())
