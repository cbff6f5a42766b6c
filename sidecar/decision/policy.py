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


# What a stock Casbin enforcer must register to load model and rows; `g` is Casbin's own.
CASBIN_FUNCTIONS: Functions = MappingProxyType({"within": within, "in_force": in_force, "stops": stops})


class PolicySnapshot:
    """Model, rows and manifest of one build, proven to belong together."""

    def __init__(self, *, model: bytes, policy: bytes, manifest: bytes) -> None:
        self.manifest: Manifest = read_manifest(manifest, model=model, policy=policy)
        names = CASBIN_FUNCTIONS.keys()
        self.engine = Engine(model.decode("utf-8"), policy.decode("ascii"), functions=CASBIN_FUNCTIONS, total=names)
        if self.engine.model.effect is not ALLOW_AND_DENY:
            raise PolicyError(f"model.conf has the effect {self.engine.model.effect.text!r}", f"it must be {ALLOW_AND_DENY.text}")
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
