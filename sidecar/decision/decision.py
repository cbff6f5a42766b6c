"""A decision as a value: allowed or refused, on what grounds, resting on which rows."""

import msgspec

from sidecar.messages import Sentence


class Ground(msgspec.Struct, frozen=True, gc=False):
    """One reason to refuse. `row` is the deny row behind it, empty when no row speaks (no power at all)."""

    code: str
    reason: Sentence
    rule: str
    basis: str
    source: str = ""
    row: str = ""
    missing: tuple[str, ...] = ()


class Due(msgspec.Struct, frozen=True, gc=False):
    """An obligation the enforcement point takes on with an allow."""

    id: str
    kind: str
    arg: str
    basis: str


class Flag(msgspec.Struct, frozen=True, gc=False):
    """What is marked of an allow: `grade` is blue, yellow or red, `due` the last day of a limit (ISO 8601)."""

    row: str
    grade: str
    code: str
    reason: Sentence
    rule: str
    basis: str
    source: str
    due: str = ""


class Judged(msgspec.Struct, frozen=True, gc=False):
    """One control that was evaluated: the row, its catalogue rule, and whether it stopped the request."""

    row: str
    rule: str
    stopped: bool


class Decision(msgspec.Struct, frozen=True):
    """What `decide()` answers. The first ground is the headline; `posts` are those who may act (instead); `delegation` is
    the document by which the person acted for somebody else."""

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
    judged: tuple[Judged, ...] = ()
    region: str = ""
    delegation: str = ""
    flags: tuple[Flag, ...] = ()
