"""The manifest beside `policy.csv`: digests, the source map, and the names people read.

Rows hold codes only. The manifest holds what a decision needs beside them: names, articles and where each row was written, to
speak to a person; declared facts and the calendar of working days, to judge; and the digests that tie model, rows and manifest
together. The policy digest is SHA-256 over the three digests.
"""

import hashlib
import json
from collections.abc import Mapping

import msgspec

from sidecar.errors import PolicyError
from sidecar.expressions.facts import Fact
from sidecar.personnel.posts import PostFacts
from sidecar.personnel.rules import Incompatibility
from sidecar.timekeeping.calendar import CalendarYear

FORMAT = 3


class StepEntry(msgspec.Struct, frozen=True):
    name: str
    verb: str
    posts: list[str]


class KeptFor(msgspec.Struct, frozen=True):
    """How long the records of an item are kept: years from an event, the article that says so, and the line it stands in."""

    years: int
    start: str
    basis: str
    line: int


class ItemFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item as a decision needs it. Days are `YYYYMMDD` or `-` for an open end; `facts` are those its controls ask for.
    `retention` stands only where the item says something: without it the manifest of an earlier version is what it was."""

    name: str
    power_class: str
    version: int
    status: str
    since: str
    until: str
    level: str
    region: str
    organ: str
    basis: list[str]
    facts: dict[str, Fact]
    profile: str
    file: str
    line: int
    steps: dict[str, StepEntry]
    retention: KeptFor | None = None


class OrganFacts(msgspec.Struct, frozen=True):
    name: str
    level: str
    region: str


class RowSource(msgspec.Struct, frozen=True, array_like=True):
    """Where a row comes from: `file`, `line` (1-based), catalogue rule, article, and a note for the person refused."""

    file: str
    line: int
    rule: str
    basis: str
    note: str = ""


class Manifest(msgspec.Struct, frozen=True):
    format: int
    compiler: str
    model: str
    policy: str
    digest: str
    sources: dict[str, str]
    calendar: dict[str, CalendarYear]
    organs: dict[str, OrganFacts]
    posts: dict[str, PostFacts]
    incompatible: list[Incompatibility]
    items: dict[str, ItemFacts]
    rows: dict[str, RowSource]


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def seal(manifest: Manifest) -> Manifest:
    """The manifest with its policy digest filled in."""
    return msgspec.structs.replace(manifest, digest=_digest(manifest))


def _digest(manifest: Manifest) -> str:
    body = msgspec.json.encode(msgspec.structs.replace(manifest, digest=""), order="deterministic")
    return sha256(f"{manifest.model}\n{manifest.policy}\n{sha256(body)}\n".encode())


def write_manifest(manifest: Manifest) -> bytes:
    """One line per entry, so that two versions can be compared line by line."""
    plain = msgspec.to_builtins(manifest, order="deterministic")
    lines = ["{"]
    keys = list(plain)
    for n, key in enumerate(keys):
        comma = "," if n < len(keys) - 1 else ""
        lines += _section(key, plain[key], comma)
    return ("\n".join([*lines, "}"]) + "\n").encode()


def _section(key: str, value: object, comma: str) -> list[str]:
    if not isinstance(value, Mapping) or not value:
        return [f" {_json(key)}: {_json(value)}{comma}"]
    entries = [f"  {_json(name)}: {_json(entry)}" for name, entry in value.items()]
    return [f" {_json(key)}: {{", *[entry + "," for entry in entries[:-1]], entries[-1], f" }}{comma}"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def read_manifest(data: bytes, *, model: bytes, policy: bytes) -> Manifest:
    """Read and prove a manifest: its own digest and those of the model and the rows. Raises PolicyError."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise PolicyError("MANIFEST_UNREADABLE", fault=fault) from fault
    if manifest.format != FORMAT:
        raise PolicyError("MANIFEST_OF_ANOTHER_FORM", format=manifest.format, format2=FORMAT)
    for name, wanted, found in (
        ("model.conf", manifest.model, sha256(model)),
        ("policy.csv", manifest.policy, sha256(policy)),
        ("manifest.json", manifest.digest, _digest(manifest)),
    ):
        if wanted != found:
            raise PolicyError("NOT_WHAT_WAS_BUILT", name=name, found=found[:19], wanted=wanted[:19])
    return manifest
