"""The OpenAPI description is complete, true and enough: every example is asked again, every error brought about, and schemathesis
finds nothing that is answered otherwise than it is described."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    allow_header_conformance,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sidecar.errors import OverloadedError
from sidecar.http_api.openapi import EXAMPLES, Example, examples
from sidecar.http_api.openapi_parts import ERRORS
from tests.e2e.processes import free_port, running, serve_command
from tests.http_api import calling, described
from tests.http_api.calling import ACCEPT, AUTHORIZE, Sidecar, asking, to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described.DESCRIPTION.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def answers() -> list[tuple[Example, httpx.Response]]:
    return described.serving(described.answers)


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    whole: dict[str, Any] = found
    return whole


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_the_kept_description_is_the_one_that_is_served() -> None:
    """`docs/reference/openapi.json` is for those who have no service at hand; `make docs` writes it."""
    assert described.DESCRIPTION.read_text("utf-8") == described.description()


def test_every_example_is_answered_as_it_is_described(answers: list[tuple[Example, httpx.Response]]) -> None:
    """Status and answer; `make docs` writes down what is answered now."""
    for example, response in answers:
        assert response.status_code == example.status, (example.name, response.text)
        if response.headers["content-type"] != described.BINARY:
            assert described.answer_of(response) == example.answer, f"{example.name}: run make docs, and look at {EXAMPLES}"


def test_every_example_has_the_form_that_is_described(
    document: dict[str, Any], answers: list[tuple[Example, httpx.Response]]
) -> None:
    """Request and answer against their schemas, the answer of a declared content type."""
    known = dict(operations(document))
    for example, response in answers:
        operation = known[example.operation]
        if example.body is not None:
            valid(document, operation["requestBody"]["content"]["application/json"]["schema"], example.body)
        content = resolved(document, operation["responses"][str(example.status)])["content"]
        kind = response.headers["content-type"].partition(";")[0]
        assert kind in content, example
        if kind == "application/json":
            valid(document, content[kind]["schema"], response.json())


def test_every_operation_and_error_has_an_example(document: dict[str, Any]) -> None:
    """A route without one is described by nobody: write it into openapi_examples.json and run `make docs`."""
    told = {example.operation for example in examples()}
    for name, operation in operations(document):
        assert name in told, name
        assert operation["summary"]
        for status, response in operation["responses"].items():
            described_ = resolved(document, response)
            assert described_["description"]
            for kind, content in described_.get("content", {}).items():
                assert status == "503" or kind == described.BINARY or "example" in content or content.get("examples"), (
                    name,
                    status,
                )


# -- errors ------------------------------------------------------------------------------------------------------------


def of(sidecar: Sidecar, **how: Any) -> httpx.Response:
    return sidecar.post(ACCEPT, **how)


def too_slow() -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(0.2)
        yield b"}"

    async def whole() -> httpx.Response:
        app = Sidecar(body_deadline=0.05).app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.post(AUTHORIZE, content=body(), headers=calling.bearer("portal"))

    return asyncio.run(whole())


def conflict() -> httpx.Response:
    sidecar = Sidecar()
    sidecar.post(ACCEPT, request_id="r-1")
    return sidecar.post(asking("reviewer", "review"), request_id="r-1")


def raising(fault: Exception) -> httpx.Response:
    sidecar = Sidecar()

    def begin(*_: Any) -> None:
        raise fault

    sidecar.authorizer.begin = begin  # type: ignore[assignment,method-assign]
    return of(sidecar)


# name of the error → how it is brought about
BROUGHT_ABOUT: dict[str, Callable[[], httpx.Response]] = {
    "BadRequest": lambda: Sidecar().post({name: part for name, part in ACCEPT.items() if name != "action"}),
    "Unauthenticated": lambda: of(Sidecar(), caller=""),
    "Forbidden": lambda: of(Sidecar(), caller="idle"),
    "NotFound": lambda: Sidecar().get("/v1/decisions/01J0000000000000000000000A"),
    "TooSlow": too_slow,
    "Conflict": conflict,
    "TooLarge": lambda: Sidecar().send(to(AUTHORIZE, b"x" * 65_537)),
    "ContentCoding": lambda: of(Sidecar(), headers={"content-encoding": "gzip"}),
    "WrongHost": lambda: of(Sidecar(insecure=True), headers={"host": "evil.example"}),
    "HeadersTooLarge": lambda: of(Sidecar(), more=[("x-filler", "x" * 16_384)]),
    "Internal": lambda: raising(ZeroDivisionError()),
    "Overloaded": lambda: raising(OverloadedError("full")),
}


def test_every_error_is_brought_about_here() -> None:
    """Those that are described, and no others."""
    assert BROUGHT_ABOUT.keys() == ERRORS.keys()


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_told_as_it_is_described(document: dict[str, Any], name: str) -> None:
    """Status, content type, headers, and the code and words of the example."""
    status, _, told = ERRORS[name]
    response = BROUGHT_ABOUT[name]()
    described_ = document["components"]["responses"][name]
    assert response.status_code == status
    assert described_["content"]["text/plain"]["example"] == told
    assert response.text == (told if name != "TooSlow" else told.replace("2.0", "0.05"))
    assert response.headers["content-type"].startswith("text/plain")
    assert {header.lower() for header in described_.get("headers", ())} <= set(response.headers)


# -- schemathesis ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service as a process, with all it has, and a caller that may everything."""
    folder, port = tmp_path_factory.mktemp("described"), free_port()
    made, config = described.settings(folder), folder / "settings.toml"
    digest = made.callers["licensing"].token_sha256
    config.write_text(f'[callers.licensing]\ntoken_sha256 = "{digest}"\nmay = ["ask", "read"]\n', "utf-8")
    command = [*serve_command(made.policies, made.data, made.personnel, port), "--config", str(config)]
    with running(command, port, "/healthz", folder / "log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def schema(served: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{served}/openapi.json")


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
TOKEN = {"Authorization": f"Bearer {described.TOKENS['licensing']}"}
KEPT = json.loads(described.DESCRIPTION.read_text("utf-8"))
within = settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", [name for name, _ in operations(KEPT)])
def test_whatever_is_described_is_answered_as_described(schema: schemathesis.BaseSchema, name: str, mode: GenerationMode) -> None:
    """Requests that fit the description, and requests that do not."""
    method, path = name.split()

    @within
    @given(schema[path][method].as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS, timeout=60, headers=TOKEN)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing of it can be sent in another form
