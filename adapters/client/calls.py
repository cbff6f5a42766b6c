"""Every call of the client as a value: what is sent, and how the answer is read. Both clients send these.

A call is sent again only when the connection broke, or the sidecar said it is overloaded, and then under the same X-Request-ID:
the sidecar answers a repeated question the same and adds nothing. Searches and reports change nothing by being repeated.
"""

import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from urllib.parse import quote

import httpx

from adapters.client.answers import (
    Decision,
    Metadata,
    NotEvaluated,
    Page,
    accepted,
    batch_of,
    decision_of,
    metadata_of,
    page_of,
)
from adapters.client.failures import AddressError, ClientError
from adapters.client.questions import Evaluation, Semantic

Answered = TypeVar("Answered")

DEADLINE = 5.0  # seconds for a call, all attempts together
ATTEMPTS = 2
MAX_ANSWER = 4 * 1024 * 1024  # bytes
KEPT_ALIVE = 20  # connections

Searched = Literal["subject", "action", "resource"]


@dataclass(frozen=True, slots=True)
class Call(Generic[Answered]):
    """One question and how its answer is read."""

    method: str
    path: str
    body: Mapping[str, Any] | None
    read: Callable[[int, bytes], Answered]
    request_id: str

    def read_answer(self, status: int, body: bytes) -> Answered:
        try:
            return self.read(status, body)
        except ClientError as fault:
            fault.request_id = self.request_id
            raise

    @property
    def arguments(self) -> dict[str, Any]:
        """For httpx: what is sent."""
        sent = {"method": self.method, "url": self.path, "headers": {"X-Request-ID": self.request_id}}
        return sent if self.body is None else {**sent, "json": self.body}


class Wait(NamedTuple):
    """That a call may be sent again after some seconds, and why."""

    seconds: float
    problem: str


def evaluate(question: Evaluation | Mapping[str, Any], request_id: str) -> Call[Decision]:
    return Call("POST", "/authorize", _as_json(question), decision_of, request_id or new_request_id())


def evaluations(
    questions: Sequence[Evaluation | Mapping[str, Any]], semantic: Semantic, request_id: str
) -> Call[tuple[Decision | NotEvaluated, ...]]:
    body = {"evaluations": [_as_json(q) for q in questions], "options": {"evaluations_semantic": semantic.value}}
    read = partial(batch_of, asked=len(questions), may_end_early=semantic is not Semantic.ALL)
    return Call("POST", "/access/v1/evaluations", body, read, request_id or new_request_id())


def search(kind: Searched, question: Evaluation | Mapping[str, Any], limit: int, token: str) -> Call[Page]:
    page = {"token": token} if token else {"limit": limit} if limit else {}
    body = {**_as_json(question), "page": page} if page else _as_json(question)
    return Call("POST", f"/access/v1/search/{kind}", body, page_of, new_request_id())


def metadata() -> Call[Metadata]:
    return Call("GET", "/.well-known/authzen-configuration", None, metadata_of, new_request_id())


def report(decision_id: str, *, performed: bool, detail: str) -> Call[None]:
    body = {"result": "performed" if performed else "failed", "detail": detail}
    return Call("POST", f"/v1/decisions/{quote(decision_id, safe='')}/outcome", body, accepted, new_request_id())


def new_request_id() -> str:
    return secrets.token_hex(16)


def overloaded(status: int, headers: httpx.Headers) -> Wait | None:
    """The sidecar has more to record than it can: it decided nothing and says when to come again."""
    told = headers.get("retry-after", "")
    if status != HTTPStatus.SERVICE_UNAVAILABLE or not told.isascii() or not told.isdigit():
        return None
    return Wait(float(told[:6]), "the sidecar is overloaded")


def comes_again(wait: Wait | None, attempt: int, left: float) -> bool:
    """Whether a call is sent again behind this attempt, with so many seconds left; else what was answered is read."""
    return wait is not None and attempt < ATTEMPTS and wait.seconds < left


def settings(address: str, token: str, uds: Path | None, deadline: float) -> dict[str, Any]:
    """For either client of httpx, without its transport. Raises AddressError for an address that must not be used so."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise AddressError(address, "is no address of a sidecar", "write one like http://127.0.0.1:8181 / 请写成这样的地址")
    if url.scheme == "http" and uds is None and not _is_loopback(url.host):
        problem = "is neither https nor on this machine: what is asked would cross a network in clear"
        raise AddressError(address, problem, "write https://…, with ca= where its authority is your own / 请用 https")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return {"base_url": url, "headers": headers, "timeout": deadline, "trust_env": False, "follow_redirects": False}


def transport(uds: Path | None, ca: Path | None, certificate: tuple[Path, Path] | None) -> dict[str, Any]:
    """For either transport of httpx: connections are kept and used again."""
    proven = ssl.create_default_context(cafile=str(ca) if ca else None)
    if certificate:
        proven.load_cert_chain(*map(str, certificate))
    limits = httpx.Limits(max_keepalive_connections=KEPT_ALIVE, keepalive_expiry=60)
    return {"verify": proven, "uds": str(uds) if uds else None, "limits": limits, "trust_env": False}


def _as_json(question: Evaluation | Mapping[str, Any]) -> Mapping[str, Any]:
    return question.as_json() if isinstance(question, Evaluation) else question


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
