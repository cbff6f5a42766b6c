"""One version of the policies, ready to decide: engine, names, sources, obligations. Swapped whole, never changed."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from types import MappingProxyType
from typing import Generic, TypeVar

import msgspec

from sidecar.compiler.manifest import ItemFacts, RowSource, read_manifest, sha256
from sidecar.compiler.rows import OPEN
from sidecar.controls.table import Judge
from sidecar.decision.decision import Decision
from sidecar.decision.engine import Engine, Row, engine_over, read_engine
from sidecar.decision.engine.effects import ALLOW_AND_DENY, DENY
from sidecar.decision.engine.program import Functions
from sidecar.decision.engine.rows import Progress
from sidecar.decision.prepared import Prepared, PreparedFrom, PreparedIndex, PreparedRows, StepRows, prepare
from sidecar.errors import PolicyError
from sidecar.personnel.rules import Incompatibility, Rules
from sidecar.power_list.regions import within
from sidecar.timekeeping.limits import Deadlines

KEPT_DECISIONS = 8_192


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
CASBIN_FUNCTIONS: Functions = MappingProxyType({"within": within, "in_force": in_force, "stops": Judge.stops})


def refuse_weak_model(model: bytes, policy: bytes) -> None:
    """Raises PolicyError when the model is none, or demands less of a request than the rows were written for."""
    _refuse_weaker(_engine(model, policy))


def prepared_of(*, model: bytes, policy: bytes, manifest: bytes, progress: Progress | None = None) -> bytes:
    """The prepared form of a build, its files proven to belong together. Raises PolicyError."""
    facts = read_manifest(manifest, model=model, policy=policy)
    engine = _engine(model, policy, progress)
    _refuse_weaker(engine)
    section = engine.section()
    columns = tuple(section.section.policy.index(name) for name in ("p_item", "p_step"))
    made_from = PreparedFrom(facts.model, facts.policy, sha256(manifest))
    return prepare(section.rows, engine.extra.get("p2", []), columns, facts, made_from)


def _engine(model: bytes, policy: bytes, progress: Progress | None = None) -> Engine:
    names = CASBIN_FUNCTIONS.keys()
    return read_engine(
        as_text(model, "model.conf"), as_text(policy, "policy.csv"), functions=CASBIN_FUNCTIONS, total=names, progress=progress
    )


def as_text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise PolicyError("POLICY_NOT_UTF8", name=name, fault=fault) from fault


def _refuse_weaker(engine: Engine) -> None:
    if engine.model.effect is not ALLOW_AND_DENY:
        raise PolicyError("EFFECT_NOT_OURS", text=engine.model.effect.text, text2=ALLOW_AND_DENY.text)
    missing = DEMANDED - {term.text for term in engine.section().terms}
    if missing:
        raise PolicyError("MATCHER_LACKS_TERMS", missing="; ".join(sorted(missing)))


T = TypeVar("T")


class Kept(Generic[T]):
    """The most recently made values, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self.get, self.clear = self._values.get, self._values.clear

    def __len__(self) -> int:
        return len(self._values)

    def forget(self, count: int) -> bool:
        for _ in range(min(count, len(self._values))):
            self._values.popitem()
        return bool(self._values)

    def put(self, key: Hashable, value: T) -> T:
        self._values[key] = value
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
        return value


class PolicySnapshot:
    """One build, opened: model, rows, names and sources. Immutable but for what it keeps decoded, and decided: `kept` is for
    `decide()`, the decisions it has made, each known by all that it depends on."""

    def __init__(self, model: bytes, prepared: Prepared) -> None:
        if prepared.made_from.model != sha256(model):
            raise PolicyError("MODEL_NOT_WHAT_WAS_BUILT")
        self.prepared = prepared
        self.items, self.posts, self.organs, self.digest = prepared.items, prepared.posts, prepared.organs, prepared.digest
        self.kept: Kept[Decision] = Kept(KEPT_DECISIONS)
        self.calendar, self.deadlines = prepared.calendar, Deadlines(prepared.calendar)
        self._index = PreparedIndex(prepared, prepared.key_columns)
        names = CASBIN_FUNCTIONS.keys()
        self.engine = engine_over(as_text(model, "model.conf"), PreparedRows(prepared), self._index, CASBIN_FUNCTIONS, names)
        _refuse_weaker(self.engine)

    @classmethod
    def of_build(cls, *, model: bytes, policy: bytes, manifest: bytes) -> "PolicySnapshot":
        """Straight from the files of a build."""
        return cls(model, Prepared(prepared_of(model=model, policy=policy, manifest=manifest), prove=False))

    def forget(self, count: int) -> bool:
        """Let go of some of what is kept; False when nothing was left."""
        return any([self.kept.forget(count), self.prepared.forget(count)])

    def item(self, item_id: str) -> ItemFacts | None:
        found: ItemFacts | None = self.items.get(item_id)
        return found

    def step(self, item_id: str, step: str) -> StepRows:
        """The rows of a step, powers and controls, with their sources, and its obligations."""
        return self.prepared.step((item_id, step))

    def grants(self, post: str) -> Iterable[tuple[str, str]]:
        """The steps a post holds: item and step."""
        found: list[tuple[str, str]] = self.prepared.document(f"grants post:{post}") or []
        return ((item, step) for item, step in found)

    def source(self, row: Row) -> RowSource:
        return self.prepared.source(row[-1])

    def post_name(self, post: str) -> str:
        facts = self.posts.get(post)
        return facts.name if facts else post

    def obligations(self) -> list[str]:
        """The types of obligations that an allow of these policies may bring."""
        return list(self.prepared.document("obligations") or ())

    def personnel_rules(self) -> Rules:
        """What the personnel tables are held against."""
        return Rules(msgspec.convert(self.prepared.document("incompatible"), tuple[Incompatibility, ...]))

    def rules(self) -> frozenset[str]:
        """The catalogue rules of all controls. Looks at every row."""
        controls = (row for row in self.engine.section().rows if row[-2] == DENY)
        return frozenset(self.source(row).rule for row in controls)
