"""One version of the policies, ready to decide: engine, manifest and obligations. Immutable, swapped whole."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sidecar.compiler.manifest import ItemFacts, Manifest, RowSource, read_manifest
from sidecar.compiler.rows import OPEN
from sidecar.controls.table import stops
from sidecar.decision.engine import Engine, Row
from sidecar.decision.engine.effects import ALLOW_AND_DENY
from sidecar.decision.engine.program import Functions
from sidecar.errors import PolicyError
from sidecar.power_list.regions import within


def in_force(day: str, since: str, until: str) -> bool:
    """The Casbin function `in_force`: days as YYYYMMDD, ends included, `-` for an open end."""
    return (since == OPEN or since <= day) and (until == OPEN or day <= until)


# What every row demands of a request. A model may demand more; with less, a power would reach further than it was written.
DEMANDED = frozenset(
    {
        "r.item == p.item",
        "r.step == p.step",
        "within(r.reg, p.reg)",
        "in_force(r.day, p.since, p.until)",
        "p.sub == '*' or g(r.sub, p.sub)",
        "p.ctl == '-' or stops(r.case, p.ctl, p.arg)",
    }
)

# What a stock Casbin enforcer must register to load model and rows; `g` is Casbin's own.
CASBIN_FUNCTIONS: Functions = MappingProxyType({"within": within, "in_force": in_force, "stops": stops})


def refuse_weak_model(model: bytes, policy: bytes) -> None:
    """Raises PolicyError when the model is none, or demands less of a request than the rows were written for."""
    _engine(model, policy)


def _engine(model: bytes, policy: bytes) -> Engine:
    names = CASBIN_FUNCTIONS.keys()
    try:
        engine = Engine(model.decode("utf-8"), policy.decode("ascii"), functions=CASBIN_FUNCTIONS, total=names)
    except UnicodeDecodeError as fault:
        raise PolicyError(f"model.conf or policy.csv is not text: {fault}", "build the policies again") from fault
    if engine.model.effect is not ALLOW_AND_DENY:
        raise PolicyError(f"model.conf has the effect {engine.model.effect.text!r}", f"it must be {ALLOW_AND_DENY.text}")
    missing = DEMANDED - {term.text for term in engine.section().terms}
    if missing:
        raise PolicyError(
            f"model.conf does not demand {'; '.join(sorted(missing))}: powers would reach further than they were written",
            "restore the matcher of the shipped policies/model.conf; terms may be added, none left out",
        )
    return engine


class PolicySnapshot:
    """Model, rows and manifest of one build, proven to belong together."""

    def __init__(self, *, model: bytes, policy: bytes, manifest: bytes) -> None:
        self.manifest: Manifest = read_manifest(manifest, model=model, policy=policy)
        self.engine = _engine(model, policy)
        self._obligations: Mapping[tuple[str, str], tuple[Row, ...]] = _by_step(self.engine.extra.get("p2", []))

    @property
    def digest(self) -> str:
        return self.manifest.digest

    def item(self, item_id: str) -> ItemFacts | None:
        return self.manifest.items.get(item_id)

    def candidates(self, item_id: str, step: str) -> Sequence[Row]:
        """The p rows of a step, powers and controls."""
        return self.engine.section().index.rows((item_id, step), None)

    def obligations(self, item_id: str, step: str) -> tuple[Row, ...]:
        """The p2 rows of a step."""
        return self._obligations.get((item_id, step), ())

    def source(self, row_id: str) -> RowSource:
        return self.manifest.rows[row_id]

    def post_name(self, post: str) -> str:
        facts = self.manifest.posts.get(post)
        return facts.name if facts else post


def _by_step(rows: list[Row]) -> dict[tuple[str, str], tuple[Row, ...]]:
    index: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        index.setdefault((row[1], row[2]), []).append(row)
    return {key: tuple(found) for key, found in index.items()}
