"""Which headers pass a proxy, and in which spelling.

Hop-by-hop headers and those a Connection header names end here, in both directions (RFC 9110, 7.6.1). Headers that ask a
framework to read another method or address than the one that was decided on never pass. `X-Quanheng-*` is the proxy's own
voice. Systems behind CGI or WSGI read `X_Officer` as `X-Officer`; so the spelling with underscores of a header that matters is
treated as that header, or refused where it could say something else than what was decided on.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from sidecar.errors import RequestError

Headers = list[tuple[bytes, bytes]]

OWN_PREFIX = "x-quanheng-"
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_FORWARDING = frozenset({"forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "x-cluster-client-ip"})
_NAMES = 1024  # spellings of header names that are remembered
_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"})


def refuse_ambiguous(headers: Iterable[tuple[bytes, bytes]], read: Collection[str]) -> None:
    """Raises RequestError when a header the routes read could reach the system behind with another value or not at all."""
    headers = list(headers)
    named = _named_in_connection(headers)
    for name, _ in headers:
        plain = _plain(name)
        if plain in read and b"_" in name:
            raise RequestError("ambiguous_header", f"{name.decode('latin-1')} could be read as {plain}")
    for plain in named & set(read):
        raise RequestError("ambiguous_header", f"Connection may not name {plain}")


def forwarded(headers: Collection[tuple[bytes, bytes]], told: Mapping[str, str]) -> Headers:
    """What the system behind is sent: the client's end-to-end headers, then what the proxy tells."""
    named = _named_in_connection(headers)
    kept = [header for header in headers if not _ends_going(header[0])]
    return [*(_without(kept, named) if named else kept), *_encoded(told)]


def believable(headers: Iterable[tuple[bytes, bytes]], told_by_gateways: Collection[str]) -> Headers:
    """The headers of a client that is no gateway: without those in which only a gateway may say who the officer is, or who
    the client is and what it asked for (Forwarded, X-Forwarded-*)."""
    return [
        (name, value)
        for name, value in headers
        if (plain := _plain(name)) not in told_by_gateways and plain not in _FORWARDING and not plain.startswith("x-forwarded-")
    ]


def returned(headers: Iterable[tuple[bytes, bytes]], told: Mapping[str, str]) -> Headers:
    """What the client is sent back."""
    headers = [(name.lower(), value) for name, value in headers]
    named = _named_in_connection(headers)
    kept = [header for header in headers if not _ends_coming(header[0])]
    return [*(_without(kept, named) if named else kept), *_encoded(told)]


def never_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    """Names, as they were sent, of headers that must not reach the system behind: for gateways that remove by name."""
    return frozenset(name.decode("latin-1") for name, _ in headers if _is_own(name) or _plain(name) in _OVERRIDES)


@lru_cache(_NAMES)
def _ends_going(name: bytes) -> bool:
    plain = _plain(name)
    return plain in _HOP_BY_HOP or plain in _OVERRIDES or plain == "host" or _is_own(name)


@lru_cache(_NAMES)
def _ends_coming(name: bytes) -> bool:
    return _plain(name) in _HOP_BY_HOP or _is_own(name)


def _without(headers: Headers, named: Collection[str]) -> Headers:
    return [(name, value) for name, value in headers if _plain(name) not in named]


@lru_cache(_NAMES)
def _plain(name: bytes) -> str:
    return name.decode("latin-1").lower().replace("_", "-")


def _is_own(name: bytes) -> bool:
    return _plain(name).startswith(OWN_PREFIX)


def _named_in_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    values = [value.decode("latin-1") for name, value in headers if name.lower() == b"connection"]
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def _encoded(told: Mapping[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in told.items()]
