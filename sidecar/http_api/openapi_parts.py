"""What the OpenAPI description says beside what FastAPI knows: schemas of the answers, errors with an example each, callers."""

from typing import Any

Part = dict[str, Any]

# name → status, what it means, and the text that is answered. A test brings each about.
ERRORS: dict[str, tuple[int, str, str]] = {
    "BadRequest": (400, "malformed: the code says which rule it breaks", "bad_request: Object missing required field `action`"),
    "Unauthenticated": (401, "the calling system is not known", "unauthenticated: send Authorization: Bearer TOKEN"),
    "Forbidden": (403, "the calling system is known and may not do this", "forbidden: this caller may not ask for decisions"),
    "NotFound": (404, "not in the record, or not served", "not_found: no decision 01J0000000000000000000000A"),
    "TooSlow": (408, "the body was not sent in time", "too_slow: the body took longer than 2.0 s"),
    "Conflict": (
        409,
        "it contradicts what is on record: a request identifier used for another act, a store that was set back",
        "idempotency_conflict: this X-Request-ID was used for another act; use a new one",
    ),
    "TooLarge": (413, "the body, or the number of evaluations, is too large", "too_large: the body is larger than 65536 bytes"),
    "ContentCoding": (415, "a content coding is not accepted", "content_coding: no content coding is accepted"),
    "WrongHost": (
        421,
        "without tokens only names of this machine are answered",
        "bad_host: without tokens the service answers to localhost only",
    ),
    "HeadersTooLarge": (431, "too many headers, or too large", "headers_too_large: more than 64 headers or 16384 bytes"),
    "Internal": (
        500,
        "a fault of the service; nothing was allowed",
        "internal: the request could not be handled; it was not allowed",
    ),
    "Overloaded": (
        503,
        "come again after Retry-After seconds: nothing was decided, or the record cannot be read or written",
        "overloaded: more requests wait for the record than it can keep; nothing was decided, come again",
    ),
}
OF_EVERY_OPERATION = ("BadRequest", "TooSlow", "TooLarge", "ContentCoding", "WrongHost", "HeadersTooLarge", "Internal")
OF_CALLERS = ("Unauthenticated", "Forbidden")

_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "how a caller says who it is: Bearer"}},
    503: {"Retry-After": {"schema": {"type": "string"}, "description": "seconds"}},
}


def error_responses() -> Part:
    """For `components.responses`."""
    return {
        name: {
            "description": what,
            "content": {"text/plain": {"schema": {"type": "string", "pattern": r"^[A-Za-z_]+: "}, "example": text}},
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for name, (status, what, text) in ERRORS.items()
    }


def promised(*names: str) -> Part:
    """For the `responses` of an operation."""
    return {str(ERRORS[name][0]): {"$ref": f"#/components/responses/{name}"} for name in names}


SECURITY_SCHEMES: Part = {
    "token": {"type": "http", "scheme": "bearer", "description": "the token of a calling system, made by `quanheng token NAME`"},
    "certificate": {"type": "mutualTLS", "description": "a client certificate with a name that the settings know"},
}
SECURITY: list[Part] = [{"token": []}, {"certificate": []}]  # either; a caller that has both needs both

REQUEST_IDENTIFIER: Part = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "comes back on the answer; for the same act it gets the first answer again, for another one 409",
    "schema": {"type": "string", "minLength": 1, "maxLength": 250, "pattern": "^[!-~]+$"},
}

_BOTH_LANGUAGES: Part = {
    "type": "object",
    "required": ["zh", "en"],
    "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
}
_COUNTS: Part = {name: {"type": "integer", "minimum": 0} for name in ("allowed", "denied")}
_TEXTS: Part = {"type": "array", "items": {"type": "string"}}

SCHEMAS: Part = {
    "Decision": {
        "type": "object",
        "description": "Act only on status 200 with the JSON value true. Members that are not named here may come with time.",
        "required": ["decision", "context"],
        "properties": {
            "decision": {"type": "boolean"},
            "context": {
                "type": "object",
                "properties": {
                    "code": {"type": "string", "description": "stable; see docs/reference/codes.md"},
                    "reason": _BOTH_LANGUAGES,
                    "rule": {"type": "string"},
                    "basis": {"type": "string"},
                    "item": {"type": "object"},
                    "step": {"type": "string"},
                    "post": {"type": "string"},
                    "rows": _TEXTS,
                    "sources": _TEXTS,
                    "legal_basis": _TEXTS,
                    "obligations": {"type": "array", "items": {"$ref": "#/components/schemas/Obligation"}},
                    "case": {"type": "object"},
                    "state_token": {"type": "string"},
                    "decision_id": {"type": "string"},
                    "policy": {"type": "string"},
                    "remedy": {"type": "object"},
                    "grounds": {"type": "array", "items": {"type": "object"}},
                    "observed": {
                        "type": "object",
                        "description": "of a refusal that a caller under observation lets through: the last day of it",
                        "properties": {"until": {"type": "string", "format": "date"}},
                    },
                    "receipt": {"type": "object"},
                    "error": {"$ref": "#/components/schemas/ItemError"},
                },
            },
        },
    },
    "Obligation": {
        "type": "object",
        "description": "What must be done with an allow (AuthZEN obligations profile). Who cannot do it must refuse.",
        "required": ["id", "type", "properties"],
        "properties": {"id": {"type": "string"}, "type": {"type": "string"}, "properties": {"type": "object"}},
    },
    "ItemError": {
        "type": "object",
        "description": "Why an item of a batch is no evaluation: what would be the error of a request of its own.",
        "required": ["status", "code", "message"],
        "properties": {"status": {"type": "integer"}, "code": {"type": "string"}, "message": {"type": "string"}},
    },
    "Decisions": {
        "type": "object",
        "description": "In the order of the request; fewer where the batch ended early.",
        "required": ["evaluations"],
        "properties": {"evaluations": {"type": "array", "items": {"$ref": "#/components/schemas/Decision"}}},
    },
    "Reported": {
        "type": "object",
        "required": ["decision_id", "result", "case"],
        "properties": {
            "decision_id": {"type": "string"},
            "result": {"type": "string", "enum": ["performed", "failed"]},
            "case": {"type": "object", "description": "its id and version; an empty id and 0 where there is none"},
        },
    },
    "EvaluationsRequest": {
        "type": "object",
        "description": "Entities beside `evaluations` are what an item has that names none. Without it: one evaluation.",
        "properties": {
            **{name: {"type": "object"} for name in ("subject", "action", "resource", "context")},
            "evaluations": {"type": "array", "maxItems": 50, "items": {"type": "object"}},
            "options": {
                "type": "object",
                "properties": {
                    "evaluations_semantic": {
                        "type": "string",
                        "enum": ["execute_all", "deny_on_first_deny", "permit_on_first_permit"],
                        "default": "execute_all",
                    }
                },
            },
        },
    },
    "Page": {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "`next_token` of the page before; the same question, and no other limit"},
            "limit": {"type": "integer", "minimum": 0, "description": "results of a page; at most 100"},
        },
    },
    "Found": {
        "type": "object",
        "description": "Each result evaluates to true. An empty `next_token` is the end.",
        "required": ["results", "page"],
        "properties": {
            "results": {"type": "array", "items": {"type": "object"}},
            "page": {"$ref": "#/components/schemas/NextPage"},
            "context": {
                "type": "object",
                "description": "`reason{zh,en}`: why nothing could be found, where there is nothing",
                "properties": {"reason": {"type": "object"}},
            },
        },
    },
    "NextPage": {
        "type": "object",
        "description": "`count` is what this page holds. An empty `next_token` is the end.",
        "required": ["next_token", "count"],
        "properties": {"next_token": {"type": "string"}, "count": {"type": "integer"}},
    },
    "Entries": {
        "type": "object",
        "description": "Entries as they lie in the log, newest first, each with its leaf hash; `altered` where that is another.",
        "required": ["entries", "page"],
        "properties": {
            "entries": {"type": "array", "items": {"type": "object"}},
            "page": {"$ref": "#/components/schemas/NextPage"},
        },
    },
    "Totals": {
        "type": "object",
        "description": "All decisions that were asked for, and their lines in the order of the values; the line of the empty "
        "value is of those that have none. A decision that several rules refused is in the line of each.",
        "required": ["by", "allowed", "denied", "totals", "page"],
        "properties": {
            "by": {"type": "string"},
            **_COUNTS,
            "totals": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["value", "allowed", "denied"],
                    "properties": {"value": {"type": "string"}, **_COUNTS},
                },
            },
            "page": {"$ref": "#/components/schemas/NextPage"},
        },
    },
    "Explanation": {
        "type": "object",
        "description": "The story of a decision, part by part. Where it could not be made again `replay` says why and it is told "
        "from its entry alone. `proof.fault` says why there is no proof.",
        "required": ["decision", "who", "appointment", "power", "controls", "grounds", "policy", "replay", "proof"],
        "properties": {
            **{name: {"type": "object"} for name in ("decision", "who", "appointment", "power", "policy", "proof", "case")},
            **{name: {"type": "array"} for name in ("controls", "grounds", "obligations", "flags", "later", "remedy", "nearest")},
            "outcome": {"type": ["object", "null"]},
            "replay": {
                "type": "object",
                "required": ["result"],
                "properties": {"result": {"enum": ["same", "different", "not_replayed"]}, "cause": {"type": "string"}},
            },
        },
    },
    "Metadata": {
        "type": "object",
        "required": ["policy_decision_point", "access_evaluation_endpoint", "access_evaluations_endpoint"],
        "properties": {
            **{
                name: {"type": "string", "format": "uri"}
                for name in (
                    *("policy_decision_point", "access_evaluation_endpoint", "access_evaluations_endpoint"),
                    *("search_subject_endpoint", "search_resource_endpoint", "search_action_endpoint"),
                )
            },
            "supported_obligations": _TEXTS,
        },
    },
}


def search_request(searched: str) -> Part:
    """The body of a search: what is searched for needs no identifier, an action no name and not even itself."""
    entity = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    named: Part = {kind: {"$ref": f"#/components/schemas/{kind.title()}"} for kind in ("subject", "action", "resource")}
    named[searched] = {"type": "object"} if searched == "action" else entity
    required = [kind for kind in named if kind != "action" or searched != "action"]
    more: Part = {"context": {"type": "object"}, "page": {"$ref": "#/components/schemas/Page"}}
    return {"type": "object", "required": required, "properties": named | more}


def ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}
