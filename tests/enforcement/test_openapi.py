"""Route files drafted from OpenAPI files and held against them. The files come from vendors and may be anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.enforcement import openapi
from adapters.enforcement.drafting import draft_of
from adapters.enforcement.lint import coverage_of, doubts_of, held_against
from adapters.enforcement.openapi import read_api
from adapters.enforcement.routes import check_routes, read_routes
from sidecar.cli.commands import app
from sidecar.errors import RouteFileError

JSON = """{
\t"openapi": "3.1.0",
\t"servers": [{"url": "https://x.example/api"}],
\t"paths": {
\t\t"/licences/{licenceId}/accept": {
\t\t\t"post": {"summary": "受理 \\ud83d\\ude00", "requestBody":
\t\t\t\t{"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
\t\t\t"get": {}
\t\t},
\t\t"/licences/{id}:close": {"post": {}}
\t},
\t"components": {"schemas": {"A": {"properties": {"applicant": {"properties": {"id": {}}}, "result": {}}}}}
}"""
YAML = """openapi: 3.0.3
paths:
  /things/{id}:
    get: {summary: read}
    delete: {}
  /things/{id}/do:
    post: {operationId: do}
"""
MAP = """officer: {header: X-Officer}
routes:
  - {method: GET, path: "/things/{thing}", not_a_power: reading}
  - {method: HEAD, path: "/things/{thing}", not_a_power: reading}
  - {method: POST, path: "/things/{thing}/do", item: an-item, step: do, case: {path: thing}}
"""


def codes(findings: Any) -> list[str]:
    return [finding.code for finding in findings]


def test_every_operation_is_read_with_its_place_prefix_and_body() -> None:
    api = read_api("api.json", JSON.encode())
    assert api.findings == ()
    told = [(operation.method, operation.path, operation.place.line) for operation in api.operations]
    accept = "/api/licences/{licence_id}/accept"
    assert told == [("POST", accept, 6), ("GET", accept, 8), ("POST", "", 10)]
    assert api.operations[0].body == ("applicant.id", "result")
    assert api.operations[2].why == "{id}:close"
    assert read_api("api.json", JSON.encode(), "/v2").operations[0].path == "/v2/licences/{licence_id}/accept"


@pytest.mark.parametrize("text", [JSON, YAML], ids=["JSON", "YAML"])
def test_a_draft_is_refused_at_every_place_until_it_is_filled_in(text: str) -> None:
    """First the officer, then each route; filled in it is a route file that covers the API."""
    operations = read_api("api", text.encode()).operations
    draft = draft_of(operations, "api")
    with pytest.raises(RouteFileError, match=r"routes\.yaml:3:10"):
        read_routes("routes.yaml", draft.encode())
    named = draft.replace("officer: {}", "officer: {header: X-Officer}")
    expressible = [operation for operation in operations if operation.path]
    open_places = check_routes("routes.yaml", named.encode()).findings
    assert codes(open_places) == ["BAD_ROUTE"] * len(expressible)
    assert len({finding.place for finding in open_places}) == len(expressible)
    filled = read_routes("routes.yaml", named.replace("# 或 or: not_a_power: 理由 why", "not_a_power: reading").encode())
    coverage = coverage_of(filled, operations)
    assert (coverage.not_a_power, coverage.unmapped) == (len(expressible), len(operations) - len(expressible))


def test_a_draft_stays_one_file_whatever_a_vendor_wrote() -> None:
    """A summary with line ends must not become keys of the route file."""
    paths = {'/a"b/{x}': {"post": {"summary": "x\nofficer: {header: X}\u2028routes: []"}}}
    operations = read_api("a", json.dumps({"openapi": "3.0.0", "paths": paths}).encode()).operations
    found = check_routes("r", draft_of(operations, "n\nofficer: {header: X}").encode()).findings
    assert codes(found) == ["BAD_OFFICER_SOURCE"]


HOSTILE = {
    "a circle of references": ({"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}, "API_REF"),
    "a reference to itself": ({"/a": {"$ref": "#/paths/~1a"}}, "API_REF"),
    "a reference to another file": ({"/a": {"$ref": "file:///etc/passwd"}}, "API_REF"),
    "a reference to another host": ({"/a": {"$ref": "http://127.0.0.1/x"}}, "API_REF"),
    "a reference to nothing": ({"/a": {"$ref": "#/nothing/here"}}, "API_REF"),
    "a reference that is no text": ({"/a": {"$ref": ["#/a"]}}, "API_REF"),
    "a path that is a list": ({"/a": []}, "API_BAD_PART"),
    "no paths": ({}, "API_NO_PATHS"),
    "paths that are a list": ([], "API_NO_PATHS"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_told_at_its_place(name: str) -> None:
    paths, code = HOSTILE[name]
    api = read_api("api.json", json.dumps({"openapi": "3.1.0", "paths": paths}).encode())
    assert set(codes(api.findings)) == {code}
    assert all(finding.place.line == 1 and finding.place.column > 0 for finding in api.findings)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"swagger": "2.0", "paths": {"/a": {"get": {}}}}', "API_NOT_OPENAPI"),
        (b"[1, 2]", "API_NOT_OPENAPI"),
        (b"", "EMPTY_FILE"),
        (b"openapi: [", "YAML_SYNTAX"),
        (b"a: &a [*a]", "YAML_FORBIDDEN"),
        (b"\xff\xfe", "BAD_ENCODING"),
        (b"{" + b'"a": {' * 100 + b"}" * 101, "TOO_DEEP"),
        (b" " * (openapi.MAX_BYTES + 1), "API_TOO_LARGE"),
    ],
)
def test_a_file_that_is_no_openapi_file_is_told(data: bytes, code: str) -> None:
    api = read_api("api", data)
    assert api.operations == ()
    assert codes(api.findings) == [code]


def test_the_number_of_operations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "MAX_OPERATIONS", 3)
    paths: dict[str, Any] = {f"/a{n}": {"get": {}} for n in range(5)}
    api = read_api("a", json.dumps({"openapi": "3.0.0", "paths": paths}).encode())
    assert (len(api.operations), codes(api.findings)) == (3, ["API_TOO_MANY"])


def test_a_schema_that_holds_itself_ends() -> None:
    schema = {"properties": {"child": {"$ref": "#/components/schemas/S"}, **{f"m{n}": {} for n in range(100)}}}
    post = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}}}
    whole = {"openapi": "3.0.0", "paths": {"/a": {"post": post}}, "components": {"schemas": {"S": schema}}}
    assert len(read_api("a", json.dumps(whole).encode()).operations[0].body) == openapi.MAX_NAMES


def doubts(*routes: str) -> list[str]:
    text = "officer: {header: X-Officer}\nroutes:\n" + "".join(f"  - {{{route}}}\n" for route in routes)
    return codes(doubts_of(check_routes("r", text.encode())))


def test_routes_that_fit_the_same_address_equally_closely_are_named() -> None:
    first = 'method: POST, path: "/a/{x}/c", not_a_power: n'
    assert doubts(first, 'method: POST, path: "/a/b/{y}", not_a_power: n') == ["ROUTE_OVERLAP"]
    assert doubts(first, "method: POST, path: /a/b/c, not_a_power: n") == []
    assert doubts(first, 'method: PUT, path: "/a/b/{y}", not_a_power: n') == []
    assert doubts(first, 'method: POST, path: "/b/c/{y}", not_a_power: n') == []


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/a/./b", "/.quanheng/x"])
def test_a_route_that_no_request_reaches_is_named(path: str) -> None:
    assert doubts(f"method: POST, path: {path}, not_a_power: n") == ["ROUTE_UNREACHABLE"]


def test_a_forgotten_head_is_a_warning() -> None:
    assert doubts("method: GET, path: /a, not_a_power: n") == ["METHOD_FORGOTTEN"]
    assert doubts("method: GET, path: /a, not_a_power: n", "method: HEAD, path: /a, not_a_power: n") == []


def test_what_the_api_has_and_the_map_has_not_and_the_other_way_round() -> None:
    operations = read_api("api.yaml", YAML.encode()).operations
    found = list(held_against(check_routes("r", MAP.encode()), operations))
    told = [(finding.code, str(finding.place)) for finding in found]
    assert told == [("ROUTE_UNMAPPED", "api.yaml:5:5"), ("ROUTE_NOT_IN_API", "r:4:5")]
    coverage = coverage_of(read_routes("r", MAP.encode()), operations, {"an-item": ["do", "decide"], "other": ["x"]})
    assert (coverage.steps, coverage.not_a_power, coverage.unmapped, coverage.percent) == (1, 1, 1, 66)
    assert coverage.unrouted_steps == ("an-item decide",)


def test_a_route_that_was_not_filled_in_covers_nothing() -> None:
    text = MAP.replace("item: an-item, step: do, case: {path: thing}", "intent: exercise")
    operations = read_api("api.yaml", YAML.encode()).operations
    assert codes(held_against(check_routes("r", text.encode()), operations)).count("ROUTE_UNMAPPED") == 2


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["routes", *map(str, arguments)])
    return done.exit_code, done.output


def test_the_commands_say_it_in_both_languages_and_for_programs(tmp_path: Path) -> None:
    api, routes = tmp_path / "api.yaml", tmp_path / "routes.yaml"
    api.write_text(YAML, "utf-8")
    routes.write_text(MAP, "utf-8")
    status, told = run("lint", routes, "--openapi", api, "--lang", "zh")
    assert (status, "监督覆盖 66%" in told, f"{api}:5:5: error: 接口 DELETE /things/{{id}}" in told) == (1, True, True)
    status, told = run("lint", routes, "--openapi", api, "--json")
    assert (status, json.loads(told)["coverage"]["unmapped"]) == (1, 1)
    assert run("lint", routes, "--lang", "en") == (0, "errors: 0, warnings: 0\n")


def test_a_draft_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    api, out = tmp_path / "api.yaml", tmp_path / "routes.yaml"
    api.write_text(YAML, "utf-8")
    assert run("draft", api, "--out", out)[0] == 0
    drafted = out.read_text("utf-8")
    assert isinstance(CliRunner().invoke(app, ["routes", "draft", str(api), "--out", str(out)]).exception, RouteFileError)
    missing = CliRunner().invoke(app, ["routes", "draft", str(tmp_path / "none.json")]).exception
    assert isinstance(missing, RouteFileError)
    assert "OpenAPI file" in missing.hint
    assert out.read_text("utf-8") == drafted
    assert drafted.count("    # 待填") == 3
