"""The state token: what a caller keeps of a case is held against what the store has of it."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.storage.sqlite import SqliteStore
from sidecar.service.state_token import StateTokens
from tests.http_api.calling import ACCEPT, DECIDE, REVIEW, Sidecar, asking, malformed


def token_after(sidecar: Sidecar, *bodies: dict[str, object]) -> str:
    token: str = sidecar.allowed(*bodies)[-1]["state_token"]
    return token


def test_a_token_goes_with_the_next_request(either: Sidecar) -> None:
    """Each answer's token is accepted with the next act on the case, and with a question."""
    token = token_after(either, ACCEPT)
    token = either.allowed({**REVIEW, "context": {**REVIEW["context"], "state_token": token}})[0]["state_token"]
    asked = either.answer(asking("deputy", "decide", outcome="grant", intent="question", state_token=token))
    assert (asked["decision"], asked["context"]["state_token"]) == (True, token)
    assert either.answer(asking("deputy", "decide", outcome="grant", state_token=token))["decision"] is True


def test_an_older_token_of_the_same_case_still_holds(either: Sidecar) -> None:
    """Two systems that act on one case do not refuse each other."""
    first = token_after(either, ACCEPT)
    either.allowed(REVIEW)
    assert either.answer(asking("deputy", "decide", outcome="grant", state_token=first))["decision"] is True


def test_the_token_is_no_part_of_the_act(either: Sidecar) -> None:
    """A retry may bring a newer token and is the same request."""
    first = either.post(ACCEPT, request_id="r-1")
    token = first.json()["context"]["state_token"]
    assert either.post(asking(state_token=token), request_id="r-1").content == first.content


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token.replace("v1.1.", "v1.2.", 1),
        lambda token: token.replace("v1.", "v2.", 1),
        lambda token: token + "0",
        lambda _: "v1.0..",
        lambda _: "x" * 100,
        lambda _: StateTokens(b"another key").of("C-1", 1, "0" * 64),
        lambda _: StateTokens(b"s" * 32).of("C-2", 1, "0" * 64),
    ],
    ids=["one digit", "another version", "another form", "longer", "empty MAC", "noise", "another key", "another case"],
)
def test_a_token_that_was_not_given_for_the_case_is_refused(sidecar: Sidecar, spoilt: object) -> None:
    """S15: it is an error of the request, nothing is decided and nothing recorded."""
    token = token_after(sidecar, ACCEPT)
    known = len(sidecar.entries())
    asked = asking("reviewer", "review", evidence=["drawings"], state_token=spoilt(token))  # type: ignore[operator]
    malformed(sidecar.post(asked), 400, "bad_state_token")
    assert len(sidecar.entries()) == known


def test_a_token_is_text(sidecar: Sidecar) -> None:
    """A number is no token."""
    malformed(sidecar.post(asking(state_token=5)), 400, "bad_field")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def restored(folder: Path, tmp_path: Path) -> Iterator[Sidecar]:
    """A sidecar on a copy of the record that was made after the application was accepted; the review was recorded later."""
    store = SqliteStore(folder)
    Sidecar(store).allowed(ACCEPT)
    asyncio.run(store.close())
    shutil.copytree(folder, tmp_path / "backup")
    store = SqliteStore(folder)
    (tmp_path / "token").write_text(token_after(Sidecar(store), REVIEW))
    asyncio.run(store.close())
    store = SqliteStore(tmp_path / "backup")
    yield Sidecar(store)
    asyncio.run(store.close())


def test_a_record_that_was_set_back_is_refused(restored: Sidecar, tmp_path: Path) -> None:
    """S10 on the embedded store: the caller saw version 2, the restored file has 1; 409, and nothing is recorded."""
    token = (tmp_path / "token").read_text()
    known = len(restored.entries())
    malformed(restored.post({**DECIDE, "context": {"state_token": token}}), 409, "state_rolled_back")
    assert len(restored.entries()) == known


def test_a_record_that_went_another_way_is_refused(restored: Sidecar, tmp_path: Path) -> None:
    """After the restored file has moved on to the same version and beyond, the token still does not fit."""
    token = (tmp_path / "token").read_text()
    restored.allowed(asking("reviewer", "review", evidence=["drawings"]))
    malformed(restored.post({**DECIDE, "context": {"state_token": token}}), 409, "state_rolled_back")
    restored.allowed(DECIDE)
    malformed(restored.post(asking("clerk", "issue", state_token=token)), 409, "state_rolled_back")
    assert restored.answer(asking("clerk", "issue"))["decision"] is True  # without a token nobody knows
