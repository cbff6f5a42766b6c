"""The discretion standard (裁量基准, 行政处罚法 34) and the notice that binds (45): what amount may be decided.

Each grade of the standard speaks of a case and bounds the amount in it; a case of which no grade speaks is refused too. Both may
be left only as the item says (`departure`): after the collective step, with the reason. What an item grades is also held against
what the party was told: a heavier penalty needs a new notice.
"""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.expressions.measures import MONEY
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import DiscretionGrade

STANDARD, STANDARD_BASIS = "AP-34", "行政处罚法第三十四条"
NOT_HEAVIER, NOT_HEAVIER_BASIS = "AP-45", "行政处罚法第四十五条第二款"
OPEN, NO_WAY_OUT = "-", "-:-"


def discretion(binder: Binder, step_id: str, plan: Plan) -> Iterator[Control]:
    grades = binder.entry.item.controls.discretion
    if not grades or plan.head.verb != "decide":
        return
    for n, grade in enumerate(grades):
        yield from _grade(binder, grade, binder.entry.place("controls", "discretion", n))
    yield from _graded(binder, binder.entry.place("controls", "discretion"))
    yield from _not_heavier(binder, step_id, binder.entry.place("controls", "discretion"))


def _grade(binder: Binder, grade: DiscretionGrade, place: Place) -> Iterator[Control]:
    when, amount = binder.expression(grade.when), binder.expression(grade.fine.amount, MONEY)
    bounds = [binder.expression(text, MONEY) if text else None for text in (grade.fine.min, grade.fine.max)]
    if (
        when
        and amount
        and all(bound or text is None for bound, text in zip(bounds, (grade.fine.min, grade.fine.max), strict=True))
    ):
        spelt = ":".join(bound.row if bound else OPEN for bound in bounds)
        reads = frozenset().union(when.names, amount.names, *(bound.names for bound in bounds if bound))
        arg = f"{when.row}:{amount.row}:{spelt}:{_way_out(binder)}"
        yield Control(Kind.GRADE, arg, place, STANDARD, _basis(binder), reads=reads)


def _graded(binder: Binder, place: Place) -> Iterator[Control]:
    grades = binder.entry.item.controls.discretion
    any_of = binder.expression(" or ".join(f"({grade.when})" for grade in grades))
    if any_of:
        yield Control(Kind.GRADED, f"{any_of.row}:{_way_out(binder)}", place, STANDARD, _basis(binder), reads=any_of.names)


def _not_heavier(binder: Binder, step_id: str, place: Place) -> Iterator[Control]:
    amounts = dict.fromkeys(grade.fine.amount for grade in binder.entry.item.controls.discretion)
    notices = [name for name, plan in binder.plans.items() if plan.head.verb == "notify" and name != step_id]
    for text in amounts:
        amount = binder.expression(text, MONEY)
        if amount:
            for notice in notices:
                arg = f"{amount.row}:{notice}"
                yield Control(Kind.NOT_HEAVIER, arg, place, NOT_HEAVIER, NOT_HEAVIER_BASIS, reads=amount.names)


def _way_out(binder: Binder) -> str:
    departure = binder.entry.item.controls.departure
    return f"{departure.step}:{departure.evidence}" if departure else NO_WAY_OUT


def _basis(binder: Binder) -> str:
    departure = binder.entry.item.controls.departure
    return f"{STANDARD_BASIS}；{departure.basis}" if departure else STANDARD_BASIS
