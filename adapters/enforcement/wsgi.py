"""The enforcement point inside a WSGI application (Django, Flask): middleware around the whole of it.

    application = Enforced(get_wsgi_application(), enforcement, decider)

Servers hand a WSGI application the path decoded; which bytes the client sent can no longer be seen, and a slash may have been an
encoded one. So the path is spelt out again here, and one that could have been sent in two ways is refused. Servers that keep the
bytes (REQUEST_URI: uWSGI, mod_wsgi; RAW_URI: gunicorn) are believed only where both say the same.
"""

import io
import secrets
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import structlog

from adapters.enforcement.asking import result_of
from adapters.enforcement.decider import BlockingDecider
from adapters.enforcement.identity import Peer
from adapters.enforcement.observing import OBSERVED
from adapters.enforcement.reasons import reply_of
from adapters.enforcement.routes import Matched
from adapters.enforcement.ruling import (
    BODY_LIMIT,
    Enforcement,
    Headers,
    Incoming,
    Question,
    Ruling,
    malformed,
    too_large,
)
from sidecar.errors import RequestError

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

log = structlog.get_logger("quanheng.enforcement")

DECISION = "quanheng.decision_id"  # key of the environment that the application may read


class Enforced:
    """A WSGI application behind the rules of a route file."""

    def __init__(self, app: Application, enforcement: Enforcement, decider: BlockingDecider) -> None:
        self._app, self._enforcement, self._decider = app, enforcement, decider

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked = f"{environ['REQUEST_METHOD']} {_target(environ)}"
        try:
            ruling = self._ruling(environ)
        except RequestError as fault:
            ruling = malformed(fault)
        if ruling.refusal is None:
            return self._perform(environ, start_response, ruling)
        reply = reply_of(ruling.refusal, _headers(environ), asked)
        pairs = [("Content-Type", reply.kind.decode()), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", pairs)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]

    def _ruling(self, environ: Environ) -> Ruling:
        incoming = head_of(environ)._replace(raw_path=raw_path(environ))
        matched = self._enforcement.match(incoming)
        if isinstance(matched, Ruling):
            return matched
        if matched.route.reads_body:
            incoming = incoming._replace(body=_body(environ))
        return decided(self._enforcement, self._decider, incoming, matched)

    def _perform(self, environ: Environ, start_response: StartResponse, ruling: Ruling) -> Iterator[bytes]:
        status: list[int] = []

        def noting(line: str, *args: Any) -> Any:
            status[:] = [int(line.split(" ", 1)[0])]
            if OBSERVED in ruling.told:
                pairs, *rest = args
                args = ([*pairs, (OBSERVED, ruling.told[OBSERVED])], *rest)
            return start_response(line, *args)

        body = self._app({**environ, DECISION: ruling.decision_id}, noting)
        try:
            yield from body
        finally:
            close = getattr(body, "close", None)
            if close:
                close()
        result = result_of(status[0] if status else None)
        if result and ruling.decision_id:
            self._decider.report(ruling.decision_id, result, f"HTTP {status[0]}")


def decided(enforcement: Enforcement, decider: BlockingDecider, incoming: Incoming, matched: Matched) -> Ruling:
    """As `asking.decided`, without an event loop."""
    question = enforcement.question(incoming, matched)
    if not isinstance(question, Question):
        return question
    verdict = decider.ask(question.evaluation, secrets.token_hex(16))
    if not verdict.clear and not verdict.malformed:
        log.error("no decision", problem=verdict.problem)
    return enforcement.rule(verdict, question)


def head_of(environ: Environ) -> Incoming:
    """The head of a request, its path decoded (see `raw_path`)."""
    peer, query = Peer(environ.get("REMOTE_ADDR", "")), environ.get("QUERY_STRING", "")
    return Incoming(environ["REQUEST_METHOD"], _target(environ), query, _headers(environ), peer)


def _headers(environ: Environ) -> Headers:
    """Names in lower case. WSGI writes `X_Officer` and `X-Officer` alike; servers drop the former, as PEP 3333's do."""
    named = [(key[5:], value) for key, value in environ.items() if key.startswith("HTTP_")]
    named += [(key, environ[key]) for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)]
    return tuple((key.lower().replace("_", "-").encode(), str(value).encode("latin-1", "replace")) for key, value in named)


def _target(environ: Environ) -> str:
    return str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))


def raw_path(environ: Environ) -> str:
    """The path in the one spelling it has. Raises RequestError where the server's own bytes say another."""
    decoded = _target(environ).encode("latin-1", "replace")
    for key in ("REQUEST_URI", "RAW_URI"):
        raw = str(environ.get(key, "")).partition("?")[0]
        if raw.startswith("/"):
            if unquote_to_bytes(raw) != decoded:
                raise RequestError("bad_path", "the path can be read in two ways")
            return raw
    return spelt(decoded)


def spelt(path: bytes) -> str:
    """A decoded path in the one spelling that is taken."""
    return quote(path, safe="/!$&'()*+,;=:@-._~")


def _body(environ: Environ) -> bytes:
    """The body, read within its bound and put back for the application."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise RequestError("bad_length", "the length of the body is no number") from None
    if not 0 <= length <= BODY_LIMIT:
        raise too_large()
    data: bytes = environ["wsgi.input"].read(length)
    if len(data) != length:
        raise RequestError("gone", "the client went away")
    environ["wsgi.input"] = io.BytesIO(data)
    return data
