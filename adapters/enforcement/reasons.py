"""Why a request goes no further: the same reason as JSON for programs, as a page for browsers, as text for everyone else."""

import json
from html import escape

from adapters.enforcement.refusal import Refusal
from adapters.enforcement.ruling import Headers
from sidecar.http_api.guard import Reply


def reply_of(refusal: Refusal, headers: Headers, asked: str) -> Reply:
    """The answer to a refused request. `asked` is what was asked for, as a person would name it: method and path."""
    accept = next((value for name, value in headers if name == b"accept"), b"").decode("latin-1")
    if "application/json" in accept:
        said = {"code": refusal.code, "reason": refusal.reason.in_both(), **refusal.facts}
        return Reply(refusal.status, json.dumps(said, ensure_ascii=False).encode(), b"application/json")
    shown = [refusal.reason.zh, refusal.reason.en, f"{refusal.code}  {asked}", *refusal.lines]
    if "text/html" in accept:
        page = "".join(f"<p>{escape(line)}</p>" for line in shown)
        body = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(refusal.code)}</title>{page}</html>'
        return Reply(refusal.status, body.encode(), b"text/html; charset=utf-8")
    return Reply(refusal.status, ("\n".join(shown) + "\n").encode())
