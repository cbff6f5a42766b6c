"""The OpenAPI description: what FastAPI knows of its routes, with the hot path, answers, errors and examples put in.

A system that is not written in Python needs nothing else. The examples (`openapi_examples.json`) are what a service with the
shipped policies answered; a test asks each again.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from fastapi import FastAPI

from sidecar.http_api.authzen import EVALUATIONS, SEARCH, WELL_KNOWN
from sidecar.http_api.heads import DECISION_PATHS, OUTCOME_PATH
from sidecar.http_api.openapi_parts import (
    OF_CALLERS,
    OF_EVERY_OPERATION,
    REQUEST_IDENTIFIER,
    SCHEMAS,
    SECURITY,
    SECURITY_SCHEMES,
    error_responses,
    promised,
    ref,
    search_request,
)
from sidecar.http_api.outcomes import OutcomeReport
from sidecar.service.asked import EvaluationRequest

EXAMPLES = "openapi_examples.json"
_OPEN = ("/healthz", "/readyz", "/metrics", WELL_KNOWN)  # no caller is asked who it is
_METHODS = {"get", "post"}
_MAY_CONTRADICT = ("/v1/log/tile/entries", "/v1/decisions/{decision_id}/explanation")  # an entry is not as it was recorded
_READ: dict[str, tuple[str, dict[str, Any]]] = {  # what is answered to a reader, and its form
    "/v1/decisions": ("a page of entries", ref("Entries")),
    "/v1/log/totals": ("a page of totals", ref("Totals")),
    "/v1/decisions/{decision_id}/explanation": ("the story of a decision", ref("Explanation")),
}


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request and what was answered: JSON, or text. `path` holds what stands in the path's braces."""

    operation: str
    name: str
    summary: str
    path: dict[str, str] = {}
    query: dict[str, str] = {}
    body: Any = None
    status: int = 200
    answer: Any = None


@cache
def examples() -> tuple[Example, ...]:
    """In the order in which they were asked, for acts stand on each other."""
    data = resources.files("sidecar.http_api").joinpath(EXAMPLES).read_bytes()
    return msgspec.json.decode(data, type=tuple[Example, ...])


def with_hot_paths(app: FastAPI) -> None:
    """Make `/openapi.json` and `/docs` show the whole interface."""
    own = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(own())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the schema


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    (evaluation,), known = msgspec.json.schema_components([EvaluationRequest], ref_template="#/components/schemas/{name}")
    components = schema.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **known, **SCHEMAS}
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["responses"], components["securitySchemes"] = error_responses(), SECURITY_SCHEMES
    hot = {path: {"post": _evaluation(path, evaluation)} for path in sorted(DECISION_PATHS)}
    schema["paths"] = {**hot, OUTCOME_PATH: {"post": _outcome()}, **schema["paths"]}
    for path, method, operation in _operations(schema):
        _with_bodies(path, operation)
        _with_errors(path, method, operation)
        _with_examples(f"{method.upper()} {path}", operation)
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        yield from ((path, method, operation) for method, operation in methods.items() if method in _METHODS)


def _evaluation(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["decisions"],
        "summary": "Decide one request (AuthZEN access evaluation)",
        "operationId": path.strip("/").replace("/", "_"),
        "requestBody": _body(body),
        "responses": {"200": _json("the decision, allow or deny", ref("Decision"))},
    }


def _outcome() -> dict[str, Any]:
    named = {"name": "decision_id", "in": "path", "required": True, "schema": {"type": "string", "title": "Decision Id"}}
    return {
        "tags": ["decisions"],
        "summary": "Report what became of an allowed act",
        "operationId": "report_outcome_v1_decisions__decision_id__outcome_post",
        "parameters": [named],
        "requestBody": _body(OutcomeReport.model_json_schema()),
        "responses": {"200": _json("the report that stands", ref("Reported"))},
    }


def _with_bodies(path: str, operation: dict[str, Any]) -> None:
    """Bodies that FastAPI does not read, and answers it does not write."""
    responses = operation["responses"]
    if path == EVALUATIONS:
        operation["requestBody"] = _body(ref("EvaluationsRequest"))
        responses["200"] = _json("decisions in the order of the evaluations; one, where there are none", _either())
    elif path.startswith(SEARCH):
        operation["requestBody"] = _body(search_request(path.removeprefix(SEARCH)))
        responses["200"] = _json("a page of results", ref("Found"))
    elif path.startswith(WELL_KNOWN):
        responses["200"] = _json("where everything is", ref("Metadata"))
    elif path in _READ:
        responses["200"] = _json(*_READ[path])
    elif path.startswith("/v1/log/tile/"):
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        responses["200"] = {"description": "bytes, see docs/reference/log-format.md", "content": content}
    elif path == "/readyz":
        responses["503"] = _json("no decision can be made or recorded; `failure` says why", {"type": "object"})


def _either() -> dict[str, Any]:
    return {"anyOf": [ref("Decisions"), ref("Decision")]}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _json(what: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}


def _with_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    """FastAPI promises 422 with JSON; this service answers malformed requests with 400 and a plain string."""
    responses = operation["responses"]
    responses.pop("422", None)
    errors = [*OF_EVERY_OPERATION]
    if path not in _OPEN and not path.startswith(WELL_KNOWN):
        errors += OF_CALLERS
        operation["security"] = SECURITY
        operation["parameters"] = [*operation.get("parameters", []), REQUEST_IDENTIFIER]
    if path.startswith(("/v1/", WELL_KNOWN)):
        errors.append("NotFound")
    if (method == "post" and not path.startswith(SEARCH)) or path.startswith(_MAY_CONTRADICT):
        errors.append("Conflict")
    if path not in _OPEN:
        errors.append("Overloaded")
    operation["responses"] = {**promised(*sorted(errors)), **responses}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _with_examples(name: str, operation: dict[str, Any]) -> None:
    for example in examples():
        if example.operation != name:
            continue
        if example.body is not None:
            _put(operation["requestBody"]["content"]["application/json"], example, example.body)
        for kind in operation["responses"][str(example.status)].get("content", {}).values():
            if example.answer is not None:
                _put(kind, example, example.answer)
        given = {**example.path, **example.query}
        for parameter in operation.get("parameters", []):
            if parameter["name"] in given and "examples" not in parameter:
                parameter["examples"] = {example.name: {"value": given[parameter["name"]]}}


def _put(content: dict[str, Any], example: Example, value: Any) -> None:
    content.setdefault("examples", {})[example.name] = {"summary": example.summary, "value": value}
