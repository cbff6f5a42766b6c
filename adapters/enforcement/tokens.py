"""Signed tokens of an OpenID issuer: JSON Web Tokens (RFC 7519) under keys of the issuer's set (RFC 7517), which rotate.

Only asymmetric signatures are accepted: `none`, and secrets that a reader of the public keys could sign with, are no proof. The
key is chosen by the token's `kid`; a set in which one `kid` stands twice is refused whole. An unknown `kid` makes the set be
fetched again, at most once in RETRY_SECONDS, so that a rotation is followed at once and nobody can make us ask for ever. While
the issuer cannot be reached the keys that are known stay good for KEEP_SECONDS.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jwt
import structlog

from sidecar.errors import RequestError, SettingsError, reason_of

RETRY_SECONDS = 30.0
KEEP_SECONDS = 24 * 3600.0
LEEWAY_SECONDS = 30  # clocks of two machines differ
MAX_TOKEN = 8 * 1024
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

log = structlog.get_logger("quanheng.enforcement")


class Key(NamedTuple):
    """A public key, and the one algorithm it is declared for, if any."""

    public: Any
    algorithm: str | None


class KeySet:
    """The issuer's keys. `fetch` reads the set and may take its time; it raises OSError when it cannot."""

    def __init__(self, fetch: Callable[[], bytes], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._fetched = self._tried = float("-inf")

    def prove(self) -> None:
        """Fetch for the first time. Raises SettingsError: an enforcement point without keys would refuse everybody."""
        try:
            self._read()
        except (OSError, ValueError) as fault:
            raise SettingsError("ISSUER_KEYS_UNREADABLE", fault=reason_of(fault)) from fault

    def key(self, kid: str) -> Key | None:
        """The key of a `kid`, None when there is none even in the newest set."""
        with self._lock:
            if (kid not in self._keys or self._is_old()) and self._now() - self._tried >= RETRY_SECONDS:
                try:
                    self._read()
                except (OSError, ValueError) as fault:
                    log.warning("the issuer's keys were not read", problem=str(fault))
            return None if self._is_old() else self._keys.get(kid)

    def _is_old(self) -> bool:
        return self._now() - self._fetched > KEEP_SECONDS

    def _read(self) -> None:
        self._tried = self._now()
        self._keys = _keys_of(self._fetch())
        self._fetched = self._now()


def _keys_of(data: bytes) -> dict[str, Key]:
    """Usable public keys by `kid`. Raises ValueError for what is no key set, or names a `kid` twice."""
    document = json.loads(data)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWKS: no list of keys")  # noqa: TRY004 - a wrong document, not a wrong call
    kids = [entry.get("kid") for entry in entries if isinstance(entry, dict)]
    if len(set(kids)) != len(kids):
        raise ValueError("a kid stands twice")
    keys: dict[str, Key] = {}
    for entry in entries:
        if isinstance(entry, dict) and entry.get("kty") != "oct" and entry.get("use", "sig") == "sig":
            try:
                keys[str(entry.get("kid") or "")] = Key(jwt.PyJWK.from_dict(entry).key, entry.get("alg"))
            except jwt.PyJWTError as fault:
                log.warning("a key of the issuer is not usable", kid=entry.get("kid"), problem=str(fault))
    return keys


class TokenVerifier:
    """Proves tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, keys: KeySet) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys

    def __call__(self, token: str) -> Mapping[str, Any]:
        """The claims. Raises RequestError (401), which never quotes the token."""
        if len(token) > MAX_TOKEN:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.key(str(header.get("kid") or ""))
            if key is None or header.get("alg") not in ALGORITHMS or key.algorithm not in (None, header["alg"]):
                raise _refused("its key is not one of the issuer's")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as fault:
            raise _refused(type(fault).__name__) from None
        return claims


def _refused(why: str) -> RequestError:
    return RequestError("bad_token", f"the officer's token is not accepted: {why}", 401)
