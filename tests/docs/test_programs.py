"""Every Python program of the how-to pages runs as it stands, beside a sidecar like that of `make run`."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.enforcement.forward_auth import refuse_bodies
from adapters.enforcement.routes import read_routes
from sidecar.cli.proxying import known_in
from tests.e2e.processes import EXAMPLE, ROOT, free_port, running, serve_command

HOW_TO = ROOT / "docs" / "how-to"
PROGRAMS = [
    pytest.param(block, id=f"{page.stem}-{n}")
    for page in sorted(HOW_TO.glob("*.md"))
    for n, block in enumerate(re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE))
]
ROUTES = ROOT / "docs" / "examples" / "gateways" / "routes.yaml"


def programs_of(name: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (HOW_TO / name).read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a sidecar with the shipped policies and the example's personnel."""
    folder, port = tmp_path_factory.mktemp("programs"), free_port()
    command = serve_command(ROOT / "policies", folder / "data", EXAMPLE / "personnel", port)
    with running(command, port, "/readyz", folder / "log"):
        yield port


def run(program: str, port: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the program has defined when it is through."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(program.replace("127.0.0.1:8181", f"127.0.0.1:{port}"), "program", "exec"), names)  # noqa: S102 - our own page
    return names


def posted(names: dict[str, Any], *requests: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    """Requests to the application of a program, one after another, as the officer who accepts."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(names["app"], client=("127.0.0.1", 1))
        async with names["http"], httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            headers = {"X-Officer": "o-1001"}
            return [await client.post(path, params=query, headers=headers) for path, query in requests]

    return asyncio.run(send())


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_pages_runs_as_it_stands(program: str, sidecar: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is left undefined."""
    assert run(program, sidecar, monkeypatch)


@pytest.mark.slow
def test_the_programs_do_what_their_page_says(
    sidecar: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client, the endpoint, the decorator and the middleware: each is allowed by the sidecar."""
    client, endpoint, decorator = programs_of("ask-from-a-service.md")
    run(client.replace("BH-1", "BH-11"), sidecar, monkeypatch)
    assert capsys.readouterr().out == "accepted\n"
    query = {"applicant": "a-1", "packaged": "false", "produce": "false"}
    (answer,) = posted(run(endpoint, sidecar, monkeypatch), ("/licences/BH-12/accept", query))
    assert (answer.status_code, answer.json()["case"]) == (200, "BH-12")
    run(decorator.replace("BH-2", "BH-13"), sidecar, monkeypatch)
    assert capsys.readouterr().out == "BH-13 of applicant-2 is accepted\n"
    query = {"applicant": "a-1", "only_prepackaged_food": "false", "edible_farm_produce": "false"}
    produce = {**query, "edible_farm_produce": "true"}
    guarded = run(programs_of("gateways.md")[0], sidecar, monkeypatch)
    allowed, refused = posted(guarded, ("/licences/BH-14/accept", query), ("/licences/BH-15/accept", produce))
    assert allowed.json() == {"case": "BH-14"}
    assert (refused.status_code, "OUT_OF_SCOPE" in refused.text) == (403, True)


def test_the_route_file_for_gateways_fits_them() -> None:
    """It names steps that exist, every step of the example's own route file, and nothing that stands in a body."""
    known = known_in(ROOT / "policies")
    routes = read_routes(str(ROUTES), ROUTES.read_bytes(), known)
    refuse_bodies(routes)
    own = Path(EXAMPLE / "routes.yaml")
    asked = {(route.item, route.step, route.intent) for route in read_routes(str(own), own.read_bytes(), known).routes}
    assert {(route.item, route.step, route.intent) for route in routes.routes} == asked
