"""A draw as a request brings it: malformed ones are errors of the request, a whole one is recorded with who was drawn."""

import json
from typing import Any

import pytest

from sidecar.ports.records import Filter
from tests.http_api.calling import AUTHORIZE, Sidecar, asking

GOOD: dict[str, Any] = {"pool": ["o-1", "o-2", "o-3"], "drawn": ["o-2"]}
MALFORMED: dict[str, Any] = {
    "no object": [],
    "no pool": {"drawn": ["o-1"]},
    "an empty pool": {"pool": [], "drawn": ["o-1"]},
    "nobody drawn": {"pool": ["o-1"], "drawn": []},
    "somebody from outside": {"pool": ["o-1"], "drawn": ["o-2"]},
    "a name twice": {"pool": ["o-1", "o-1"], "drawn": ["o-1"]},
    "a number": {"pool": [1], "drawn": [1]},
    "no identifier": {"pool": ["o 1"], "drawn": ["o 1"]},
    "more than can be": {"pool": [f"o-{n}" for n in range(401)], "drawn": ["o-1"]},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_draw_is_refused_as_a_request(either: Sidecar, name: str) -> None:
    body = asking()
    body["context"]["draw"] = MALFORMED[name]
    answer = either.post(body, AUTHORIZE)
    assert (answer.status_code, answer.text.split(":")[0]) == (400, "bad_draw")


def test_who_was_drawn_stands_in_the_record(either: Sidecar) -> None:
    """And in the history of the case, with the digest of the pool."""
    body = asking()
    body["context"]["draw"] = GOOD
    either.allowed(body)
    (stored,) = either.store.reader.query(Filter(kind="decision"), limit=1)
    action = json.loads(stored.body)["action"]
    assert (action["drawn"], action["pool"][:7]) == ("o-2", "sha256:")
    draw = either.case().acts[0].draw
    assert draw is not None
    assert (draw.size, draw.drawn, draw.pool) == (3, ("o-2",), action["pool"])
