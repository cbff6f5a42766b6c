"""The identity source that a route file declares, ready to be asked."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from adapters.enforcement.identity import GatewayHeader, Gateways, Identity, SignedToken
from adapters.enforcement.routes import OfficerSource, TokenSource
from adapters.enforcement.tokens import KeySet, TokenVerifier
from sidecar.errors import SettingsError
from sidecar.settings import is_loopback

FETCH_SECONDS = 3.0
MAX_KEYS = 256 * 1024  # bytes of a key set


def identity_of(source: OfficerSource, folder: Path) -> Identity:
    """`folder` is where the route file lies. Raises SettingsError when the keys of a token cannot be had."""
    gateways = Gateways(source.gateways)
    if source.token is None:
        return GatewayHeader(source.header or "", gateways)
    keys = KeySet(_fetching(source.token, folder))
    keys.prove()
    return SignedToken(TokenVerifier(source.token.issuer, source.token.audience, keys), source.token.claim, gateways)


def _fetching(source: TokenSource, folder: Path) -> Callable[[], bytes]:
    address = urlsplit(source.keys)
    if address.scheme not in ("http", "https"):
        return (folder / source.keys).read_bytes
    if address.scheme == "http" and not is_loopback(address.hostname or ""):
        raise SettingsError("ISSUER_NOT_HTTPS", keys=source.keys)

    def fetch() -> bytes:
        try:
            answer = httpx.get(source.keys, timeout=FETCH_SECONDS, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as fault:
            raise OSError(str(fault)) from fault
        if len(answer.content) > MAX_KEYS:
            raise OSError(f"more than {MAX_KEYS} bytes")
        return answer.content

    return fetch
