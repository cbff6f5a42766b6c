"""Operations of an API → the draft of a route file. Each route waits for a person: a draft that was not filled in is no route
file, and every place that is still open is told when it is read.

What a draft cannot know: who the officers are told by, which operation is a power, of which item, and which of its values is the
case. What it guesses stands in a comment.
"""

import json
from collections.abc import Iterable, Iterator

from adapters.enforcement.openapi import Operation


def draft_of(operations: Iterable[Operation], source: str) -> str:
    """The text of a route file that is refused until it is filled in."""
    every = list(operations)
    lines = [
        f"# 由 {_plain(source)} 起草，共 {len(every)} 个接口：每处“待填”填好之前，本文件不能使用。",
        f"# Drafted from {_plain(source)}, operations: {len(every)}. Not usable until each place marked 待填 is filled in.",
        "officer: {}   # 待填 fill in: {header: X-Officer}, or {token: {issuer: …, audience: …, keys: …}}",
        "routes:",
    ]
    for operation in every:
        lines += _route(operation) if operation.path else _inexpressible(operation)
    return "\n".join(lines) + "\n"


def _route(operation: Operation) -> Iterator[str]:
    parameters = [segment[1:-1] for segment in operation.path.split("/") if segment.startswith("{")]
    case = f"{{path: {parameters[0]}}}" if parameters else "{json: …}" if operation.body else "{query: …}"
    if operation.summary:
        yield f"  # {_plain(operation.summary)}"
    yield f"  - method: {operation.method}"
    yield f"    path: {json.dumps(operation.path, ensure_ascii=False)}"
    yield f"    # 待填 fill in: item: …, step: …, case: {case}"
    yield "    # 或 or: not_a_power: 理由 why"
    if operation.body:
        yield f"    # 正文 body: {_plain(', '.join(operation.body))}"


def _inexpressible(operation: Operation) -> Iterator[str]:
    what = _plain(f"{operation.method} {operation.declared} ({operation.why})")
    yield f"  # 不能写成路由，将被拒绝 cannot be a route, will be refused: {what}"


def _plain(text: str) -> str:
    """One line that ends no comment, whatever a vendor wrote."""
    return "".join(character if character.isprintable() else " " for character in text)[:400]
