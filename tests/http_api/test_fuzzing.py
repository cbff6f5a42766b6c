"""Whatever is sent: never a 500, never an allow but for what somebody really holds. Examples are found anew from a fixed seed."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_api.calling import Body, Plain, Sidecar, asking, to
from tests.http_api.certification import READS, certified_policy

pytestmark = pytest.mark.slow

SEARCH = "/access/v1/search/"
SINGLE_AND_BATCH = ("/authorize", "/access/v1/evaluation", "/access/v1/evaluations")
PATHS = (*SINGLE_AND_BATCH, *(SEARCH + kind for kind in ("subject", "resource", "action")))
NOT_UNDERSTOOD = {400, 413, 415}

slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]
fuzzed = settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=slow_is_fine)

paths = st.sampled_from(PATHS)
NAMES = """subject action resource context properties type id name evaluations options evaluations_semantic page token limit
    facts evidence intent supported_obligations resolution draw state_token acting_post on_behalf_of outcome item region party
    members pool"""
TEXTS = ("", "officer", "case", "item", "permit", "clerk", "accept", "question", "*", "..", "\ud800")
names = st.sampled_from(NAMES.split())
texts = st.one_of(st.text(max_size=20), st.sampled_from(TEXTS))
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, True, 2**53, 10**400, 1e308, -0.0]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(names, texts), inner, max_size=5)),
    max_leaves=25,
)


@cache
def services() -> tuple[Sidecar, Plain]:
    """One of each kind for all examples; what an example leaves behind is one more state to be met."""
    return Sidecar(), Plain(certified_policy())


def sent(path: str, body: bytes, kind: str = "application/json") -> list[tuple[int, Any]]:
    """What either service answers."""
    found = []
    for service in services():
        response = service.send(to(path, body, headers={"content-type": kind}))
        found.append((response.status_code, response.json() if response.status_code == 200 else response.text))
    return found


def encoded(value: Any) -> bytes:
    """As JSON that may hold what JSON may not: NaN, lone surrogates as escapes, numbers of any length."""
    return json.dumps(value).encode()


def allows(answer: Any) -> bool:
    """Whether anywhere in an answer somebody is told that something is allowed, or is found."""
    if not isinstance(answer, dict):
        return False
    told = answer.get("decision", False) is not False
    return told or bool(answer.get("results")) or any(map(allows, answer.get("evaluations", ())))


@fuzzed
@given(paths, values)
def test_any_json_is_refused(path: str, value: Any) -> None:
    """Nobody's power is met by chance: whatever is no request is 400, whatever is one by accident is a deny."""
    for status, answer in sent(path, encoded(value)):
        assert status in {200, *NOT_UNDERSTOOD}
        assert not allows(answer)


@fuzzed
@given(paths, st.binary(max_size=200), st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"{"]))
def test_any_bytes_are_400(path: str, noise: bytes, before: bytes) -> None:
    """Not JSON, or not an object."""
    for status, _ in sent(path, before + noise):
        assert status in NOT_UNDERSTOOD


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, part in inner for place in places(part, (*here, key)))]


def changed(value: Any, place: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not place:
        return change(value)
    key, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(copy[key], tuple(rest), change)
    return copy


OWN: tuple[Body, ...] = (
    {**asking(intent="question"), "page": {"limit": 1}, "options": {"evaluations_semantic": "execute_all"}},
    {**READS, "page": {"limit": 1}, "evaluations": [{}, READS]},
)


@fuzzed
@given(paths, st.sampled_from(OWN), st.data())
def test_a_part_that_is_exchanged_is_no_500(path: str, request: Body, data: st.DataObject) -> None:
    """One or two parts of a request that would be allowed, exchanged for anything."""
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places(request)))
        request = changed(request, place, lambda _: data.draw(values))
        if not isinstance(request, dict):
            break
    for status, answer in sent(path, encoded(request)):
        assert status in {200, 409, *NOT_UNDERSTOOD}
        assert status != 200 or isinstance(answer, dict)


@fuzzed
@given(st.sampled_from(SINGLE_AND_BATCH), st.data())
def test_a_byte_that_is_exchanged_gives_nobody_a_power(path: str, data: st.DataObject) -> None:
    """An allow is given only where the request still names the officer, the step and the item that it named."""
    request = asking(intent="question")
    body = bytearray(encoded(request))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for status, answer in sent(path, bytes(body)):
        assert status in {200, *NOT_UNDERSTOOD}
        if allows(answer):
            told = json.loads(bytes(body))
            assert (told["subject"]["type"], told["subject"]["id"], told["action"]["name"]) == ("officer", "clerk", "accept")
            assert (told["resource"]["type"], told["resource"].get("properties")) == ("case", request["resource"]["properties"])


@fuzzed
@given(paths, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_another_content_type_is_400(path: str, kind: str) -> None:
    """Whatever it says, and though the body would be allowed."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        assert {status for status, _ in sent(path, encoded(asking()), kind)} == {400}
