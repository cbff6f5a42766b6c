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
    "409": "request identifier reused",
}


def with_decision_paths(app: FastAPI) -> None:
    """Make `/openapi.json` and `/docs` show the evaluation paths beside FastAPI's own."""
    own = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = own()
            (reference,), components = msgspec.json.schema_components(
                [EvaluationRequest], ref_template="#/components/schemas/{name}"
            )
            schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
            schema["paths"] = {path: {"post": _operation(path, reference)} for path in sorted(PATHS)} | schema["paths"]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the schema


def _operation(path: str, reference: dict[str, Any]) -> dict[str, Any]:
    texts = {code: {"description": what, "content": {"text/plain": {}}} for code, what in _ERRORS.items()}
    return {
        "tags": ["decisions"],
        "summary": "Decide one request (AuthZEN access evaluation)",
        "operationId": path.strip("/").replace("/", "_"),
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference, "example": _EXAMPLE}}},
        "responses": {
            "200": {"description": "the decision, allow or deny", "content": {"application/json": {"schema": _RESPONSE}}},
            **texts,
        },
    }
