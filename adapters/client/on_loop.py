"""The client for an event loop."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from adapters.client import calls
from adapters.client.answers import Decision, Metadata, NotEvaluated, Page
from adapters.client.calls import Answered, Call, Searched, Wait
from adapters.client.failures import UnclearAnswerError, UnreachableError
from adapters.client.questions import Evaluation, Semantic


class AsyncClient:
    """One sidecar. `http` carries address, token and transport; `AsyncClient.at` makes it. To be used on one event loop."""

    def __init__(self, http: httpx.AsyncClient, deadline: float = calls.DEADLINE) -> None:
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
        """`uds` is a Unix socket to connect to, `ca` a PEM of those who sign the sidecar's certificate (the machine's own unless
        given), `certificate` the caller's own with its key; `deadline` are the seconds for a call. Raises AddressError for
        an address that is neither https nor on this machine."""
        behind = httpx.AsyncHTTPTransport(**calls.transport(uds, ca, certificate))
        return cls(httpx.AsyncClient(transport=behind, **calls.settings(address, token, uds, deadline)), deadline)

    async def evaluate(self, question: Evaluation | Mapping[str, Any], request_id: str = "") -> Decision:
        """Ask for one act. A question that is asked again after a failure belongs under the `request_id` the failure names, so
        that it is one act. Raises ClientError, and then nothing may be done."""
        return await self._do(calls.evaluate(question, request_id))

    async def evaluations(
        self, questions: Sequence[Evaluation | Mapping[str, Any]], semantic: Semantic = Semantic.ALL, request_id: str = ""
    ) -> tuple[Decision | NotEvaluated, ...]:
        """Ask for several, answered in their order; fewer come back where the semantic ends early. Raises ClientError."""
        return await self._do(calls.evaluations(questions, semantic, request_id))

    async def search(self, kind: Searched, question: Evaluation | Mapping[str, Any], limit: int = 0, token: str = "") -> Page:
        """One page of subjects, actions or resources that the question would be allowed for; `token` is that of the page before.
        Raises ClientError."""
        return await self._do(calls.search(kind, question, limit, token))

    async def search_all(self, kind: Searched, question: Evaluation | Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        """Everything that is found, page after page. Raises ClientError."""
        token, begun = "", False
        while token or not begun:
            page = await self.search(kind, question, token=token)
            for found in page.results:
                yield found
            token, begun = page.next_token, True

    async def metadata(self) -> Metadata:
        """Raises ClientError."""
        return await self._do(calls.metadata())

    async def report(self, decision_id: str, *, performed: bool, detail: str = "") -> None:
        """What became of an act that was allowed. Until it is reported as failed it counts as done. Raises ClientError."""
        await self._do(calls.report(decision_id, performed=performed, detail=detail))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def _do(self, call: Call[Answered]) -> Answered:
        problem, attempt = "", 0
        try:
            async with asyncio.timeout(self._deadline):
                until = asyncio.get_running_loop().time() + self._deadline
                for attempt in range(1, calls.ATTEMPTS + 1):
                    try:
                        status, body, wait = await self._sent(call)
                    except httpx.RequestError as fault:
                        problem = f"{type(fault).__name__}: {fault}"
                        continue
                    if wait is None or not calls.comes_again(wait, attempt, until - asyncio.get_running_loop().time()):
                        return call.read_answer(status, body)
                    problem = wait.problem
                    await asyncio.sleep(wait.seconds)
        except TimeoutError:
            problem = f"no answer within {self._deadline:g} s" + (f" ({problem})" if problem else "")
        raise UnreachableError(str(self._http.base_url), problem, attempt, call.request_id)

    async def _sent(self, call: Call[Answered]) -> tuple[int, bytes, Wait | None]:
        async with self._http.stream(**call.arguments) as response:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > calls.MAX_ANSWER:
                    raise UnclearAnswerError(response.status_code, "the answer does not end", call.request_id)
            return response.status_code, bytes(body), calls.overloaded(response.status_code, response.headers)
