"""A made-up province of any size: rows as the compiler writes them, with their manifest, officers with dated appointments.

Every item runs accept → review → decide → issue in one unit of one county; the rows of a step are its posts and the controls a
licence has. Nothing here is taken from a real list.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sidecar.compiler.manifest import (
    FORMAT,
    ItemFacts,
    Manifest,
    OrganFacts,
    PostFacts,
    RowSource,
    StepEntry,
    seal,
    sha256,
    write_manifest,
)
from sidecar.expressions.facts import Fact
from sidecar.personnel.registers import Appointment, Personnel, Span

UNITS, STEPS = 400, ("accept", "review", "decide", "issue")
_CONTROLS = {
    "accept": [("times", "1"), ("distinct", "decide"), ("recusal", "kin|ownership"), ("excludes", "amount <= 30")],
    "review": [("after", "accept"), ("times", "1"), ("distinct", "decide"), ("recusal", "kin|ownership")],
    "decide": [
        ("level", "3"),
        ("after", "review"),
        ("after", "accept"),
        ("times", "1"),
        ("distinct", "review"),
        ("distinct", "accept"),
        ("recusal", "kin|ownership"),
        ("requires", "outcome"),
        ("requires", "reason_if_refused"),
    ],
    "issue": [("after", "decide"), ("after", "review"), ("after", "accept"), ("times", "1")],
}
ROWS_OF_ITEM = sum(2 + len(controls) for controls in _CONTROLS.values())


class Build(NamedTuple):
    """The files of a build."""

    model: bytes
    policy: bytes
    manifest: bytes


def item_id(n: int) -> str:
    return f"cn-xk-{n:06d}"


def region_of(n: int) -> str:
    return f"35{n % 9 + 1:02d}{n % 40 + 1:02d}"


def post_of(n: int, step: str) -> str:
    return f"unit{n % UNITS:03d}.{step}"


def build(model: bytes, rows: int) -> Build:
    """A build of about `rows` rows, at least one item."""
    count = max(1, rows // ROWS_OF_ITEM)
    lines, sources = [], {}
    for n in range(count):
        for line, (name, kind) in _rows(n):
            lines.append(line)
            sources[name] = RowSource("province/powers.yaml", n * 40 + 1, "AL-34" if kind else "AL-4", "行政许可法第三十四条", "")
    policy = ("\n".join(lines) + "\n").encode()
    units = range(UNITS)
    posts = {post_of(u, s): PostFacts(f"{u}号{s}岗", f"unit{u:03d}", "province", "handler") for u in units for s in STEPS}
    manifest = Manifest(
        format=FORMAT,
        compiler="synthetic",
        model=sha256(model),
        policy=sha256(policy),
        digest="",
        sources={},
        calendar={},
        organs={"province": OrganFacts("示范省", "3", "350000")},
        posts=posts,
        items={item_id(n): _facts(n) for n in range(count)},
        rows=sources,
        incompatible=[],
    )
    return Build(model, policy, write_manifest(seal(manifest)))


def _rows(n: int) -> Iterator[tuple[str, tuple[str, str]]]:
    item, region = item_id(n), region_of(n)
    for step in STEPS:
        for k, post in enumerate((post_of(n, step), post_of(n + 1, step)), 1):
            name = f"{item}.{step}.a{k}"
            yield f"p, {name}, post:{post}, {region}, {item}, {step}, 20240101, -, -, -, allow", (name, "")
        for k, (kind, arg) in enumerate(_CONTROLS[step], 1):
            name = f"{item}.{step}.d{k}"
            yield f"p, {name}, *, *, {item}, {step}, -, -, {kind}, {arg}, deny", (name, kind)


def _facts(n: int) -> ItemFacts:
    steps = {step: StepEntry(f"环节{step}", step, [post_of(n, step), post_of(n + 1, step)]) for step in STEPS}
    return ItemFacts(
        name=f"示范事项{n}",
        power_class="licensing",
        version=1,
        status="in_use",
        since="20240101",
        until="-",
        level="3",
        region=region_of(n),
        organ="province",
        basis=["行政许可法第12条"],
        facts={"amount": Fact("integer", zh="数额", en="amount")},
        profile="licensing",
        file="province/powers.yaml",
        line=n * 40 + 1,
        steps=steps,
    )


def officer(n: int) -> str:
    return f"o-{n:06d}"


def officers(count: int) -> Personnel:
    """Officer n holds one post, in turn over units and steps, for two years around the day of the benchmark."""
    span = Span(date(2025, 1, 1), date(2026, 12, 31))
    return Personnel(Appointment(officer(n), post_of(n // len(STEPS), STEPS[n % len(STEPS)]), span) for n in range(count))


def appointments_csv(count: int) -> str:
    rows = (f"{officer(n)},{post_of(n // len(STEPS), STEPS[n % len(STEPS)])},2025-01-01,2027-12-31" for n in range(count))
    return "person,post,from,to\n" + "\n".join(rows) + "\n"
