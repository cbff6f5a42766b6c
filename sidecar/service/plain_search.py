"""AuthZEN searches of a plain Casbin policy: the rows propose names, the engine disposes.

What can be searched follows from the mapping: subjects where a field of the request is `subject.id`, resources where one is
`resource.id`, actions where one is `action.name`. Each candidate is put through the very evaluation a request would get, so every
result evaluates to allow. The type of what is searched is given back as it was asked for; a policy that knows types maps them.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from sidecar.decision.names import names_for
from sidecar.decision.search import page_of
from sidecar.errors import RequestError
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest, evaluation_of
from sidecar.service.paging import Pages
from sidecar.service.plain import PlainAuthorizer, PlainPolicy, item_of, parts_of
from sidecar.service.searching import Found

_KEYS = {"subject": "id", "resource": "id", "action": "name"}
_ANY = "any"  # stands where the searched identifier was left out


class _Known(NamedTuple):
    """The names of one policy."""

    policy: PlainPolicy
    names: dict[str, list[str]]


class PlainSearches:
    """Bodies are decoded JSON objects; malformed ones raise RequestError."""

    def __init__(self, authorizer: PlainAuthorizer) -> None:
        self._authorizer = authorizer
        self._pages = Pages(authorizer.page_key)
        self._known = _Known(authorizer.policy, {})

    @property
    def kinds(self) -> Mapping[str, Found]:
        mapped = {path.names for path in self._authorizer.policy.paths}
        return {kind: partial(self._found, kind) for kind, key in _KEYS.items() if (kind, key) in mapped}

    async def _found(self, kind: str, body: Mapping[str, Any], caller: CallerFacts) -> dict[str, object]:
        policy, key = self._authorizer.policy, _KEYS[kind]
        wire = _read(body, kind, key)
        turn = self._pages.turn(body, caller.name, kind, wire)
        parts = msgspec.to_builtins(wire)
        candidates = ((name, name) for name in self._names(policy, kind))
        page = page_of(
            candidates, lambda name: _allows(policy, {**parts, kind: {**parts[kind], key: name}}, caller), turn.after, turn.limit
        )
        of_type = {} if kind == "action" else {"type": parts[kind]["type"]}
        return self._pages.answer([{**of_type, key: name} for name in page.results], page.next, turn)

    def _names(self, policy: PlainPolicy, kind: str) -> list[str]:
        """The candidates of a kind, found once for each version of the policy."""
        if self._known.policy is not policy:
            self._known = _Known(policy, {})
        known = self._known.names
        if kind not in known:
            wanted = (kind, _KEYS[kind])
            field = next(field for field, path in zip(policy.fields, policy.paths, strict=True) if path.names == wanted)
            known[kind] = names_for(policy.engine, field)
        return known[kind]


def _read(body: Mapping[str, Any], kind: str, key: str) -> EvaluationRequest:
    given = body.get(kind, {})
    if not isinstance(given, dict):
        raise RequestError("bad_request", f"{kind} must be an object")
    return evaluation_of({**body, kind: {**given, key: _ANY}})


def _allows(policy: PlainPolicy, parts: Mapping[str, Any], caller: CallerFacts) -> bool:
    return caller.limits.covers(item_of(parts)) and policy.engine.match(parts_of(policy, parts)).allowed
