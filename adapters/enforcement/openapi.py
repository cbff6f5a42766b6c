"""An OpenAPI 3.0 or 3.1 file, as JSON or YAML → its operations with their places. Nothing but what a route file needs is read.

The file comes from a vendor and may be anything: its size, its depth and the number of operations are bounded, references are
followed within the file only and never in a circle, and whatever cannot be read is a finding at its place.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.source import Mapping, Node, Scalar, Sequence, read_source

MAX_BYTES = 16 * 1024 * 1024
MAX_OPERATIONS = 5_000
MAX_NAMES = 40  # members of a body that are told
_HOPS = 16  # references that lead to references

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_NO_ROUTE = {"trace": "TRACE"}
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")  # YAML has no such spelling
_PARAMETER = re.compile(r"\{([^{}/]+)\}\Z")


class Operation(NamedTuple):
    """One operation. `path` is written as in a route file, empty where it cannot be, for the reason `why`; `declared` is how the
    API has it. `body` are members of a JSON body."""

    method: str
    path: str
    declared: str
    place: Place
    summary: str = ""
    body: tuple[str, ...] = ()
    why: str = ""


class Api(NamedTuple):
    operations: tuple[Operation, ...]
    findings: tuple[Finding, ...]


def read_api(file: str, data: bytes, prefix: str | None = None) -> Api:
    """`prefix` stands before every path; where it is left out, the path of the first server does. Never raises."""
    if len(data) > MAX_BYTES:
        return Api((), (Finding("API_TOO_LARGE", Place(file, 1, 1), facts={"limit": MAX_BYTES}),))
    json = data.lstrip()[:1] == b"{"
    source = read_source(file, _PAIR.sub(rb"\\ufffd\\ufffd", data.replace(b"\t", b" ")) if json else data)
    if source.root is None:
        return Api((), tuple(source.findings))
    reader = _Reader(file, source.root)
    return Api(tuple(reader.operations(prefix)), tuple(reader.findings))


class _Reader:
    """Walks over the tree of one file."""

    def __init__(self, file: str, root: Node) -> None:
        self._file, self._root = file, root
        self.findings: list[Finding] = []

    def operations(self, prefix: str | None) -> list[Operation]:
        version = _text(_member(self._root, "openapi")) or f"swagger {_text(_member(self._root, 'swagger'))}"
        if not version.startswith(("3.0", "3.1")):
            self._find("API_NOT_OPENAPI", self._root, found=version[:40])
            return []
        paths = _member(self._root, "paths")
        if not isinstance(paths, Mapping) or not paths.entries:
            self._find("API_NO_PATHS", paths or self._root)
            return []
        before = (self._server() if prefix is None else prefix).rstrip("/")
        found: list[Operation] = []
        for operation in self._walked(paths, before):
            if len(found) == MAX_OPERATIONS:
                self._find("API_TOO_MANY", paths, limit=MAX_OPERATIONS)
                break
            found.append(operation)
        return found

    def _walked(self, paths: Mapping, before: str) -> Iterator[Operation]:
        for key, node in paths.entries:
            if key.text.startswith("x-"):
                continue
            item = self._resolved(node)
            if not isinstance(item, Mapping):
                if item is not None:
                    self._find("API_BAD_PART", node, what=f"paths {key.text[:80]}")
                continue
            for name, operation in item.entries:
                if name.text in _METHODS:
                    yield self._operation(name, operation, before + key.text)

    def _operation(self, name: Scalar, node: Node, declared: str) -> Operation:
        path, why = _as_route(declared)
        if name.text in _NO_ROUTE:
            path, why = "", _NO_ROUTE[name.text]
        summary = _text(_member(node, "summary")) or _text(_member(node, "operationId"))
        place = Place(self._file, name.line, name.column)
        return Operation(name.text.upper(), path, declared, place, " ".join(summary.split())[:120], self._body(node), why)

    def _body(self, node: Node) -> tuple[str, ...]:
        """Members of a JSON body, and those of objects in it."""
        content = _member(self._resolved(_member(node, "requestBody")), "content")
        schema = self._resolved(_member(_member(content, "application/json"), "schema"))
        names: list[str] = []
        for name, inner in self._properties(schema):
            nested = [f"{name}.{deeper}" for deeper, _ in self._properties(self._resolved(inner))]
            names += nested or [name]
            if len(names) >= MAX_NAMES:
                break
        return tuple(names[:MAX_NAMES])

    @staticmethod
    def _properties(schema: Node | None) -> list[tuple[str, Node]]:
        properties = _member(schema, "properties")
        return [(key.text[:60], node) for key, node in properties.entries] if isinstance(properties, Mapping) else []

    def _server(self) -> str:
        servers = _member(self._root, "servers")
        first = servers.items[0] if isinstance(servers, Sequence) and servers.items else None
        try:
            path = urlsplit(_text(_member(first, "url"))).path
        except ValueError:
            return ""
        return path if path.startswith("/") and "{" not in path else ""

    def _resolved(self, node: Node | None) -> Node | None:
        """What a reference within the file leads to. A reference that leads nowhere is a finding, once."""
        seen: set[str] = set()
        while (ref := _member(node, "$ref")) is not None:
            told = _text(ref)
            node, why = self._followed(told)
            if told in seen or len(seen) == _HOPS:
                node, why = None, "a circle"
            if why:
                self._find("API_REF", ref, ref=told[:80], why=why)
                return None
            seen.add(told)
        return node

    def _followed(self, ref: str) -> tuple[Node | None, str]:
        if not ref.startswith("#/"):
            return None, "another file"
        node: Node | None = self._root
        for step in ref[2:].split("/")[:_HOPS]:
            node = _member(node, unquote(step).replace("~1", "/").replace("~0", "~"))
        return node, "" if node else "nothing there"

    def _find(self, code: str, node: Node, **facts: object) -> None:
        finding = Finding(code, Place(self._file, node.line, node.column), facts=facts)
        if finding not in self.findings:
            self.findings.append(finding)


def _as_route(declared: str) -> tuple[str, str]:
    """A path as a route file writes it: parameters in small letters. Else empty, and why."""
    segments = []
    for segment in declared.split("/")[1:]:
        parameter = _PARAMETER.match(segment)
        if parameter is None and re.search(r"[{}]", segment):
            return "", f"{segment[:40]}"
        name = _as_name(parameter.group(1)) if parameter else segment
        segments.append(f"{{{name}}}" if parameter else name)
    path = "/" + "/".join(segments)
    names = [segment for segment in segments if segment.startswith("{")]
    if len(set(names)) < len(names):
        return "", "a parameter stands twice"
    if not declared.startswith("/") or re.search(r"[\s?#;%\\]", path) or "{}" in path:
        return "", "characters"
    return path, ""


def _as_name(parameter: str) -> str:
    """licenceId, licence-id → licence_id."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return plain if re.match(r"[a-z]", plain) else f"p_{plain}" if plain else ""


def _member(node: Node | None, name: str) -> Node | None:
    if not isinstance(node, Mapping):
        return None
    return next((value for key, value in node.entries if key.text == name), None)


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""
