"""A decision as a value: allowed or refused, on what grounds, resting on which rows."""

from dataclasses import dataclass, field

from sidecar.messages import Sentence


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason to refuse. `row` is the deny row behind it, empty when no row speaks (no power at all)."""

    code: str
    reason: Sentence
    rule: str
    basis: str
    source: str = ""
    row: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """An obligation the enforcement point takes on with an allow."""

    id: str
    kind: str
    arg: str
    basis: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One control that was evaluated: the row, its catalogue rule, and whether it stopped the request."""

    row: str
    rule: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What `decide()` answers. The first ground is the headline; `posts` are those who may act (instead)."""

    allowed: bool
    code: str
    reason: Sentence
    rule: str
    basis: str
    item: str
    item_version: int
    step: str
    post: str = ""
    rows: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = ()
    posts: tuple[str, ...] = ()
    obligations: tuple[Due, ...] = ()
    judged: tuple[Judged, ...] = field(default=())
    region: str = ""
