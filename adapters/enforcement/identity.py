"""Who the officer is: from a verified source, never from what a client says of itself.

    header   a header that only a named gateway may set: the connection must come from one of its addresses. The gateway has
             authenticated the officer, by password, by client certificate (mTLS), as it likes.
    token    a signed token of an OpenID issuer (RFC 7519): signature, issuer, audience and times are checked; a claim of it names
             the officer.

An enforcement point without an identity source does not start. Reading an identity raises RequestError (401): nobody is let
through as nobody. Callers of the sidecar are authenticated apart from this, by tokens of their own.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from sidecar.errors import RequestError

Claims = Mapping[str, Any]


class Peer(NamedTuple):
    """The other end of the connection: its address, or empty for a Unix socket, which only this machine can open."""

    address: str = ""


class Identity(Protocol):
    """One source of officers."""

    @property
    def headers(self) -> frozenset[str]:
        """The headers it reads, in lower case; a client's own of these must not reach the system behind as if verified."""
        ...

    @property
    def waits(self) -> bool:
        """Whether it may fetch something before it answers."""
        ...

    @property
    def told_by_gateways(self) -> frozenset[str]:
        """Those of them that only a gateway may set."""
        ...

    def believes(self, peer: Peer) -> bool:
        """Whether the peer is a gateway, which may say who the officer and who the client is."""
        ...

    def officer(self, headers: tuple[tuple[bytes, bytes], ...], peer: Peer) -> str:
        """The officer's identifier. Raises RequestError with status 401 where there is none that can be trusted."""
        ...


THIS_MACHINE = ("127.0.0.0/8", "::1")


class Gateways:
    """The networks that named gateways speak from. A Unix socket has no address; only this machine can open it."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]
        self._last = ("", True)  # one machine asks many times

    def speak_from(self, peer: Peer) -> bool:
        if peer.address != self._last[0]:
            self._last = (peer.address, self._hold(peer))
        return self._last[1]

    def _hold(self, peer: Peer) -> bool:
        if not peer.address:
            return True
        try:
            given = ipaddress.ip_address(peer.address)
        except ValueError:
            return False
        plain = getattr(given, "ipv4_mapped", None) or given
        return any(plain in network for network in self._networks)


class GatewayHeader:
    """A header set by a gateway that has authenticated the officer."""

    waits = False
    headers: frozenset[str]
    told_by_gateways: frozenset[str]

    def __init__(self, header: str, gateways: Gateways) -> None:
        self._header, self._gateways = header.lower().encode("latin-1"), gateways
        self.headers = self.told_by_gateways = frozenset({header.lower()})

    def believes(self, peer: Peer) -> bool:
        return self._gateways.speak_from(peer)

    def officer(self, headers: tuple[tuple[bytes, bytes], ...], peer: Peer) -> str:
        if not self._gateways.speak_from(peer):
            raise RequestError("not_a_gateway", "only the authenticating gateway may name the officer", 401)
        return _only(headers, self._header)


class SignedToken:
    """A bearer token. `verify` proves signature, issuer, audience and times and returns the claims, or raises RequestError."""

    headers = frozenset({"authorization"})
    told_by_gateways: frozenset[str] = frozenset()
    waits = True

    def __init__(self, verify: Callable[[str], Claims], claim: str, gateways: Gateways | None = None) -> None:
        self._verify, self._claim, self._gateways = verify, claim, gateways or Gateways(THIS_MACHINE)

    def believes(self, peer: Peer) -> bool:
        return self._gateways.speak_from(peer)

    def officer(self, headers: tuple[tuple[bytes, bytes], ...], peer: Peer) -> str:  # noqa: ARG002 - the token says it all
        kind, _, token = _only(headers, b"authorization").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise RequestError("no_officer", "send Authorization: Bearer TOKEN", 401)
        officer = self._verify(token).get(self._claim)
        if not isinstance(officer, str) or not officer:
            raise RequestError("no_officer", f"the token has no claim {self._claim}", 401)
        return officer


def _only(headers: tuple[tuple[bytes, bytes], ...], wanted: bytes) -> str:
    values = [value for name, value in headers if name == wanted]
    if len(values) > 1:
        raise RequestError("repeated_value", f"header {wanted.decode('latin-1')} is sent twice")
    if not values or not values[0]:
        raise RequestError("no_officer", "the request does not say which officer acts", 401)
    try:
        return values[0].decode("utf-8").strip()
    except UnicodeDecodeError:
        raise RequestError("no_officer", f"{wanted.decode('latin-1')} is not UTF-8", 401) from None
