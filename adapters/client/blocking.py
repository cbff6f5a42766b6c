"""The client without an event loop. It may be shared by threads."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from adapters.client import calls
from adapters.client.answers import Decision, Metadata, NotEvaluated, Page
from adapters.client.calls import Answered, Call, Searched, Wait
from adapters.client.failures import UnclearAnswerError, UnreachableError
from adapters.client.questions import Evaluation, Semantic


class Client:
    """One sidecar; see `AsyncClient`, which is the same on an event loop and says what each call does."""

    def __init__(self, http: httpx.Client, deadline: float = calls.DEADLINE) -> None:
        self._http, self._deadline = http, deadline

    @classmethod
    def at(
        cls,
        address: str = "http://127.0.0.1:8181",
        *,
        token: str = "",
        uds: Path | None = None,
        ca: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
        deadline: float = calls.DEADLINE,
    ) -> Self:
        """As `AsyncClient.at`."""
        behind = httpx.HTTPTransport(**calls.transport(uds, ca, certificate))
        return cls(httpx.Client(transport=behind, **calls.settings(address, token, uds, deadline)), deadline)

    def evaluate(self, question: Evaluation | Mapping[str, Any], request_id: str = "") -> Decision:
        """Raises ClientError, and then nothing may be done."""
        return self._do(calls.evaluate(question, request_id))

    def evaluations(
        self, questions: Sequence[Evaluation | Mapping[str, Any]], semantic: Semantic = Semantic.ALL, request_id: str = ""
    ) -> tuple[Decision | NotEvaluated, ...]:
        """Raises ClientError."""
        return self._do(calls.evaluations(questions, semantic, request_id))

    def search(self, kind: Searched, question: Evaluation | Mapping[str, Any], limit: int = 0, token: str = "") -> Page:
        """Raises ClientError."""
        return self._do(calls.search(kind, question, limit, token))

    def search_all(self, kind: Searched, question: Evaluation | Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Raises ClientError."""
        token, begun = "", False
        while token or not begun:
            page = self.search(kind, question, token=token)
            yield from page.results
            token, begun = page.next_token, True

    def metadata(self) -> Metadata:
        """Raises ClientError."""
        return self._do(calls.metadata())

    def report(self, decision_id: str, *, performed: bool, detail: str = "") -> None:
        """Raises ClientError."""
        self._do(calls.report(decision_id, performed=performed, detail=detail))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _do(self, call: Call[Answered]) -> Answered:
        until, problem, attempt = time.monotonic() + self._deadline, "", 0
        for attempt in range(1, calls.ATTEMPTS + 1):
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                status, body, wait = self._sent(call, until, left)
            except httpx.RequestError as fault:
                problem = f"{type(fault).__name__}: {fault}"
                continue
            if wait is None or not calls.comes_again(wait, attempt, until - time.monotonic()):
                return call.read_answer(status, body)
            problem = wait.problem
            time.sleep(wait.seconds)
        raise UnreachableError(str(self._http.base_url), problem, attempt, call.request_id)

    def _sent(self, call: Call[Answered], until: float, left: float) -> tuple[int, bytes, Wait | None]:
        """One attempt. A sidecar that sends byte after byte is cut off at the deadline too."""
        with self._http.stream(**call.arguments, timeout=left) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > calls.MAX_ANSWER:
                    raise UnclearAnswerError(response.status_code, "the answer does not end", call.request_id)
                if time.monotonic() > until:
                    raise httpx.ReadTimeout(f"no answer within {self._deadline:g} s")
            return response.status_code, bytes(body), calls.overloaded(response.status_code, response.headers)
