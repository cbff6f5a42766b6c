"""Pages of a search or of the log, and the tokens that lead from one to the next.

A token names where the next page begins, how long it may be, and the question it belongs to: who asked, what was searched, every
entity and the context. It carries a MAC of ours, so that none can be made or altered outside; one that is sent with another
question, by another caller or with another limit is an error (AuthZEN 1.0, pagination). A limit that is left out is the token's.
There is no `total`: to count, all candidates would have to be decided.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sidecar.decision.search import MAX_RESULTS
from sidecar.errors import RequestError
from sidecar.messages import Sentence
from sidecar.service.answering import encode

_DIGITS = 32


def _nothing_to_say() -> None:
    """Nothing is known to say."""


class Turn(NamedTuple):
    """One page that is asked for: behind which name it begins, how long it may be, and the question it belongs to."""

    after: str
    limit: int
    question: str


class Pages:
    """Reads what is asked for and tells what is answered. All sidecars behind one address need the same key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def turn(self, body: Mapping[str, Any], *question: object) -> Turn:
        """The page a search body asks for. Raises RequestError."""
        page = body.get("page", {})
        if not isinstance(page, dict):
            raise RequestError("bad_page", "page must be an object")
        token, limit = page.get("token", ""), page.get("limit")
        if not isinstance(token, str) or not (limit is None or (type(limit) is int and limit >= 0)):
            raise RequestError("bad_page", "page.token must be text and page.limit a whole number from 0")
        return self.turned(token, min(limit, MAX_RESULTS) if limit else limit, MAX_RESULTS, *question)

    def turned(self, token: str, limit: int | None, usual: int, *question: object) -> Turn:
        """The page behind a token, the first one where it is empty; `usual` is the limit where none is named, or 0. Raises
        RequestError."""
        asked = Turn("", limit or usual, hashlib.sha256(encode(question)).hexdigest()[:_DIGITS])
        if not token:
            return asked
        known = self._opened(token)
        if known.question != asked.question or (limit is not None and asked.limit != known.limit):
            raise RequestError("bad_page", "the token belongs to another question or limit; begin again without it")
        return known

    def answer(
        self,
        results: Sequence[Mapping[str, str]],
        following: str,
        turn: Turn,
        why_none: Callable[[], Sentence | None] = _nothing_to_say,
    ) -> dict[str, object]:
        """A page of results; `following` is the name behind which the next one begins, empty at the end. `why_none` says why
        there could be no result at all; it is asked only where there is none."""
        page: dict[str, object] = {"results": results, "page": self.told(len(results), following, turn)}
        why = why_none() if not (results or following or turn.after) else None
        return {**page, "context": {"reason": why.in_both()}} if why else page

    def told(self, count: int, following: str, turn: Turn) -> dict[str, object]:
        """What is said of a page of `count` results."""
        return {"next_token": self._closed(turn._replace(after=following)) if following else "", "count": count}

    def _closed(self, turn: Turn) -> str:
        said = base64.urlsafe_b64encode(encode(turn)).decode()
        return f"{said}.{self._mac(said)}"

    def _opened(self, token: str) -> Turn:
        said, _, mac = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(mac, self._mac(said)):
            raise RequestError("bad_page", "page.token is none that was given out")
        return msgspec.json.decode(base64.urlsafe_b64decode(said), type=Turn)

    def _mac(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
