"""Bound items → Casbin rows.

    p,  id, sub, reg, item, step, since, until, ctl, arg, eft      powers are allow rows, controls are deny rows
    p2, id, item, step, kind, arg                                  obligations and flags; they have no part in the effect

A reader sees the whole of a step as neighbouring lines: who may, and what stops them. Row ids are `item.step.a1` (allow),
`.d1` (deny), `.o1` (obligation) and `.f1` (flag). Cells hold codes only, never Chinese names: Casbin's CSV loaders split quoted
commas, trip over brackets and keep quotes, so the alphabet of a cell is closed and checked here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sidecar.compiler.plan import BoundItem, BoundStep
from sidecar.errors import PolicyError
from sidecar.power_list.control_kinds import FLAG, NO_CONTROL
from sidecar.power_list.findings import Place

ANY = "*"
OPEN = "-"
_CELL = re.compile(r"[A-Za-z0-9_.:|<>=!+*/{} -]+\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `policy.csv` with where it comes from."""

    ptype: str
    cells: tuple[str, ...]
    place: Place
    rule: str
    basis: str
    note: str = ""

    @property
    def id(self) -> str:
        return self.cells[0]

    @property
    def line(self) -> str:
        return ", ".join((self.ptype, *self.cells))


def rows_of(items: Iterable[BoundItem]) -> Iterator[Row]:
    """All rows, in the order of items and, within one, of its steps."""
    for item in items:
        for step in item.steps:
            for row in _rows_of_step(item, step):
                _refuse_unsafe(row)
                yield row


def _rows_of_step(item: BoundItem, step: BoundStep) -> Iterator[Row]:
    power = item.entry.item
    since, until = _day(power.effective.start), _day(power.last_day)
    citations = "；".join(basis.citation for basis in power.legal_basis)
    prefix = f"{power.id}.{step.id}"
    for n, post in enumerate((*step.posts, *step.beside), start=1):
        cells = (f"{prefix}.a{n}", f"post:{post}", power.region, power.id, step.id, since, until, NO_CONTROL, OPEN, "allow")
        yield Row("p", cells, step.place, step.rule, citations)
    for n, control in enumerate(step.controls, start=1):
        cells = (f"{prefix}.d{n}", ANY, ANY, power.id, step.id, OPEN, OPEN, control.kind.value, control.arg, "deny")
        yield Row("p", cells, control.place, control.rule, control.basis, control.note)
    for n, duty in enumerate(step.obligations, start=1):
        yield Row("p2", (f"{prefix}.o{n}", power.id, step.id, duty.kind, duty.arg), duty.place, duty.rule, duty.basis)
    for n, flag in enumerate(step.flags, start=1):
        marked = (f"{prefix}.f{n}", power.id, step.id, FLAG, f"{flag.kind.value}:{flag.arg}")
        yield Row("p2", marked, flag.place, flag.rule, flag.basis, flag.note)


def _day(day: object) -> str:
    return str(day).replace("-", "") if day else OPEN


def _refuse_unsafe(row: Row) -> None:
    for cell in row.cells:
        if not _CELL.match(cell) or cell != cell.strip():
            raise PolicyError("CELL_MISREAD", place=row.place, id=row.id, cell=cell)
