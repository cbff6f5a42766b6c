"""The enforcement point around a function: it runs only when the sidecar said clearly yes.

    acts = Acts(client, officer=current_officer, fulfils={"deadline"})

    @acts.step("cn-xk-food-business-licence", "accept", case="case", facts={"floor_area": "area"})
    def accept(case: str, area: int) -> None: …

Values are arguments of the function, by their names. `officer` is asked at each call who acts: it reads that from where the
service keeps the person it has verified, never from an argument. A function that returns has done the act; one that raises
NotDoneError has not, and the act counts no longer; after any other exception nobody knows, and it stays counted.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, ParamSpec, TypeVar, cast

import structlog

from adapters.client import AsyncClient, Client, ClientError, Decision, Evaluation
from adapters.enforcement.observing import observed_until, warn_of_observing

P = ParamSpec("P")
R = TypeVar("R")

CHANNEL = "in-process"

log = structlog.get_logger("quanheng.enforcement")


class RefusedError(Exception):
    """The function was not run: `code` says why; `decision` is the sidecar's, None where there was nobody to ask for."""

    def __init__(self, code: str, message: str, decision: Decision | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.decision = code, decision


class NotDoneError(Exception):
    """Raised by a function that was allowed to act and has certainly not done so."""


class _Step:
    """One step, and how its values are found among the arguments of a function."""

    def __init__(
        self,
        function: Callable[..., Any],
        power: tuple[str, str],
        sources: Mapping[str, str],
        facts: Mapping[str, str],
        context: Mapping[str, Any],
    ) -> None:
        self._signature = inspect.signature(function)
        unknown = [name for name in (*sources.values(), *facts.values()) if name not in self._signature.parameters]
        if unknown:
            raise TypeError(f"{function.__qualname__} has no argument {', '.join(unknown)}")
        self._item, self._step = power
        self._sources, self._facts = sources, facts
        self._context = context

    def asked(self, officer: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Evaluation:
        if not isinstance(officer, str) or not officer:
            raise RefusedError("no_officer", "nobody is known who acts")
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given: dict[str, Any] = {name: str(bound.arguments[argument]) for name, argument in self._sources.items()}
        if not given["case"]:
            raise RefusedError("no_case", "the call does not say which case it belongs to")
        facts = {name: bound.arguments[argument] for name, argument in self._facts.items()}
        present = {name: value for name, value in facts.items() if value is not None}
        return Evaluation(
            officer=officer, item=self._item, step=self._step, channel=CHANNEL, facts=present, context=self._context, **given
        )


class Acts:
    """Functions that are steps. A blocking client is for functions, an async one for coroutine functions; `fulfils` are the kinds
    of obligations this service sees to: an allow that brings another is no allow here. With `observe` a refusal of a caller that
    the sidecar observes is logged, and the function runs (ADR 0018)."""

    def __init__(
        self, client: Client | AsyncClient, officer: Callable[[], str], fulfils: Collection[str], *, observe: bool = False
    ) -> None:
        self._client, self._officer, self._fulfils, self._observe = client, officer, frozenset(fulfils), observe
        self._context = {"supported_obligations": sorted(self._fulfils), **({"observe": True} if observe else {})}
        warn_of_observing(observe=observe)

    def step(
        self, item: str, step: str, *, case: str, facts: Mapping[str, str] | None = None, **sources: str
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """`case`, and of `sources` `party`, `region` and `outcome`, name arguments; `facts` are names of facts with the argument
        of each. Raises TypeError when the function lacks one, or does not fit the client."""
        unknown = set(sources) - {"party", "region", "outcome", "acting_post"}
        if unknown:
            raise TypeError(f"no such value of a request: {', '.join(sorted(unknown))}")

        def around(function: Callable[P, R]) -> Callable[P, R]:
            asked = _Step(function, (item, step), {"case": case, **sources}, facts or {}, self._context)
            if isinstance(self._client, AsyncClient):
                if not inspect.iscoroutinefunction(function):
                    raise TypeError(f"{function.__qualname__} is no coroutine function; give Acts a blocking Client")
                return cast("Callable[P, R]", self._on_loop(self._client, asked, function))
            if inspect.iscoroutinefunction(function):
                raise TypeError(f"{function.__qualname__} is a coroutine function; give Acts an AsyncClient")
            return self._blocking(self._client, asked, function)

        return around

    def _blocking(self, client: Client, step: _Step, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            decision = self._clear(client.evaluate(step.asked(self._officer(), args, kwargs)))
            if not decision:
                return function(*args, **kwargs)
            try:
                done = function(*args, **kwargs)
            except NotDoneError as fault:
                _quietly(client, decision, str(fault), performed=False)
                raise
            _quietly(client, decision, "returned", performed=True)
            return done

        return guarded

    def _on_loop(self, client: AsyncClient, step: _Step, function: Callable[P, Any]) -> Callable[P, Awaitable[Any]]:
        @functools.wraps(function)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            decision = self._clear(await client.evaluate(step.asked(self._officer(), args, kwargs)))
            if not decision:
                return await function(*args, **kwargs)
            try:
                done = await function(*args, **kwargs)
            except NotDoneError as fault:
                await _quietly_on_loop(client.report(decision.decision_id, performed=False, detail=str(fault)))
                raise
            await _quietly_on_loop(client.report(decision.decision_id, performed=True))
            return done

        return guarded

    def _clear(self, decision: Decision) -> Decision:
        """The allow that may be acted on, or a refusal that is let through, of which nothing is reported. Raises RefusedError."""
        until = observed_until(decision) if self._observe else ""
        if until:
            log.warning("observed", code=decision.code, decision=decision.decision_id, until=until)
            return decision
        if not decision:
            raise RefusedError(decision.code or "DENIED", decision.reason.en or "refused", decision)
        unmet = sorted({duty.type for duty in decision.obligations} - self._fulfils)
        if unmet:
            raise RefusedError("OBLIGATION_UNMET", f"nobody here sees to: {', '.join(unmet)}", decision)
        return decision


def _quietly(client: Client, decision: Decision, detail: str, *, performed: bool) -> None:
    """What was done is done, whether or not it can be reported; unreported it stays counted."""
    try:
        client.report(decision.decision_id, performed=performed, detail=detail)
    except ClientError as fault:
        log.warning("outcome not recorded", problem=fault.message)


async def _quietly_on_loop(report: Awaitable[None]) -> None:
    try:
        await report
    except ClientError as fault:
        log.warning("outcome not recorded", problem=fault.message)
