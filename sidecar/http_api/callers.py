"""Which system calls: by a bearer token, kept in the settings as SHA-256 only, or by the client certificate of its connection.

A certificate counts only where this process has ended the TLS connection and proved the chain (`tls_client_ca`); a header that
tells of one is read nowhere. It is known by a name in its subjectAltName, as it is written there and in full (RFC 9525): no
wildcard, no other case, no common name. A caller with a token and a certificate needs both.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sidecar.decision.callers import UNLIMITED, CallerLimits
from sidecar.errors import RequestError
from sidecar.settings import CallerSettings

INSECURE_NAME = "insecure-loopback"
EVERYTHING = frozenset({"ask", "read"})
CERTIFICATE_NAMES = {"DNS": "DNS", "URI": "URI", "IP Address": "IP"}  # as Python's ssl names them, and as settings do


@dataclass(frozen=True, slots=True)
class Caller:
    """`reads` are the units whose entries it may read, None for the whole record; `names_reader`: it reads for persons."""

    name: str
    may: frozenset[str]
    limits: CallerLimits = field(default=UNLIMITED)
    certificate: str = ""
    reads: tuple[str, ...] | None = None
    names_reader: bool = False


class Callers:
    """Finds the caller of a request. With `insecure`, a request without a token is let in under a name that says so."""

    def __init__(self, callers: Mapping[str, CallerSettings], *, insecure: bool) -> None:
        known = [(settings, _caller(name, settings)) for name, settings in callers.items()]
        # Looking up a digest of the secret leaks nothing about the secret by time.
        self._by_digest = {settings.token_sha256: caller for settings, caller in known if settings.token_sha256}
        self._by_certificate = {settings.certificate: caller for settings, caller in known if settings.certificate}
        self._needs_token = {settings.certificate for settings, _ in known if settings.token_sha256}
        self._anonymous = Caller(INSECURE_NAME, EVERYTHING) if insecure else None

    def find(self, authorization: str | None, certificate: Collection[str] = ()) -> Caller | None:
        """The caller behind an Authorization header and the names of a client certificate, or None (401). Raises RequestError
        (403) where the two belong to different callers."""
        if certificate:
            return self._by_both(authorization, certificate)
        if authorization is None:
            return self._anonymous
        caller = self._by_token(authorization)
        return None if caller is None or caller.certificate else caller

    def _by_token(self, authorization: str) -> Caller | None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        return self._by_digest.get(hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest())

    def _by_both(self, authorization: str | None, certificate: Collection[str]) -> Caller | None:
        certified = [self._by_certificate[name] for name in certificate if name in self._by_certificate]
        if len(certified) > 1:
            raise RequestError("caller_mismatch", "the client certificate has the names of several callers", 403)
        if authorization is None:
            alone = [caller for caller in certified if caller.certificate not in self._needs_token]
            return alone[0] if alone else None
        caller = self._by_token(authorization)
        if caller is not None and certified not in ([], [caller]):
            raise RequestError("caller_mismatch", "token and client certificate belong to different callers", 403)
        return None if caller is None or (caller.certificate and not certified) else caller


def _caller(name: str, settings: CallerSettings) -> Caller:
    items, obligations = settings.items, settings.obligations
    until = settings.observe_until.isoformat() if settings.observe_until else ""
    limits = UNLIMITED if items is None and obligations is None and not until else CallerLimits(items, obligations, until)
    certificate = settings.certificate or ""
    return Caller(name, frozenset(settings.may), limits, certificate, settings.reads, settings.names_reader)
