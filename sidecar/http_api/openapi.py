"""The OpenAPI description of the hot path, which FastAPI does not serve itself."""

from typing import Any

import msgspec
from fastapi import FastAPI

from sidecar.http_api.decisions import PATHS
from sidecar.service.asked import EvaluationRequest

_EXAMPLE = {
    "subject": {"type": "officer", "id": "o-1027", "properties": {"acting_post": "approval.licence_section_head"}},
    "action": {"name": "decide", "properties": {"outcome": "grant"}},
    "resource": {
        "type": "case",
        "id": "BH-2026-000318",
        "properties": {"item": "cn-xk-food-business-licence", "region": "990100", "party": "applicant-1"},
    },
    "context": {"channel": "approval-platform", "facts": {"only_prepackaged_food": False}},
}
_RESPONSE = {
    "type": "object",
    "required": ["decision"],
    "properties": {"decision": {"type": "boolean"}, "context": {"type": "object"}},
}
_ERRORS = {
    "400": "malformed request",
    "401": "caller not authenticated",
    "403": "caller may not ask",
    "408": "body not sent in time",
    "409": "request identifier reused",
    "413": "body too large",
    "415": "content coding not accepted",
    "431": "headers too large",
}
_OWN_ERRORS = {
    "400": "malformed request",
    "401": "caller not authenticated",
    "403": "caller may not do this",
    "404": "not in the record",
    "409": "contradicts what is on record",
    "503": "the record cannot be read or written",
}


def with_decision_paths(app: FastAPI) -> None:
    """Make `/openapi.json` and `/docs` show the evaluation paths beside FastAPI's own."""
    own = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = own()
            _tell_own_errors(schema)
            (reference,), components = msgspec.json.schema_components(
                [EvaluationRequest], ref_template="#/components/schemas/{name}"
            )
            schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
            schema["paths"] = {path: {"post": _operation(path, reference)} for path in sorted(PATHS)} | schema["paths"]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the schema


def _tell_own_errors(schema: dict[str, Any]) -> None:
    """FastAPI promises 422 with JSON; this service answers malformed requests with 400 and a plain string."""
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            if path.startswith("/v1/"):
                operation["responses"].update(_texts(_OWN_ERRORS))
    for name in ("HTTPValidationError", "ValidationError"):
        schema.get("components", {}).get("schemas", {}).pop(name, None)


def _texts(errors: dict[str, str]) -> dict[str, Any]:
    return {code: {"description": what, "content": {"text/plain": {}}} for code, what in errors.items()}


def _operation(path: str, reference: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["decisions"],
        "summary": "Decide one request (AuthZEN access evaluation)",
        "operationId": path.strip("/").replace("/", "_"),
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference, "example": _EXAMPLE}}},
        "responses": {
            "200": {"description": "the decision, allow or deny", "content": {"application/json": {"schema": _RESPONSE}}},
            **_texts(_ERRORS),
        },
    }
