"""Which headers pass a proxy, and in which spelling.

Hop-by-hop headers and those a Connection header names end here, in both directions (RFC 9110, 7.6.1). Headers that ask a
framework to read another method or address than the one that was decided on never pass. `X-Quanheng-*` is the proxy's own
voice. Systems behind CGI or WSGI read `X_Officer` as `X-Officer`; so the spelling with underscores of a header that matters is
treated as that header, or refused where it could say something else than what was decided on.
"""

from collections.abc import Collection, Iterable, Mapping

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


def forwarded(headers: Iterable[tuple[bytes, bytes]], told: Mapping[str, str]) -> Headers:
    """What the system behind is sent: the client's end-to-end headers, then what the proxy tells."""
    headers = list(headers)
    dropped = _HOP_BY_HOP | _OVERRIDES | _named_in_connection(headers) | {"host"}
    kept = [(name, value) for name, value in headers if _plain(name) not in dropped and not _is_own(name)]
    return [*kept, *_encoded(told)]


def returned(headers: Iterable[tuple[bytes, bytes]], told: Mapping[str, str]) -> Headers:
    """What the client is sent back."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _HOP_BY_HOP | _named_in_connection(headers)
    return [*((n, v) for n, v in headers if _plain(n) not in dropped and not _is_own(n)), *_encoded(told)]


def never_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    """Names, as they were sent, of headers that must not reach the system behind: for gateways that remove by name."""
    return frozenset(name.decode("latin-1") for name, _ in headers if _is_own(name) or _plain(name) in _OVERRIDES)


def _plain(name: bytes) -> str:
    return name.decode("latin-1").lower().replace("_", "-")


def _is_own(name: bytes) -> bool:
    return _plain(name).startswith(OWN_PREFIX)


def _named_in_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    values = [value.decode("latin-1") for name, value in headers if name.lower() == b"connection"]
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def _encoded(told: Mapping[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in told.items()]
