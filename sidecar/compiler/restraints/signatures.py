"""Several officers act together (会签、两人以上): how many, through which posts, holding what, and of what composition."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.model import Officers, StepOfficers

EXPERT = "review_expert"  # the credential by which experts are told from others


class _Demand(NamedTuple):
    """What profile or item asks of the officers of a step, and whose words it is."""

    officers: Officers
    place: Place
    rule: str
    basis: str
    silent: str
    members: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many distinct persons this takes; each seat takes one."""
        return max(self.officers.min, sum(_seats(self.officers).values()))

    @property
    def credential(self) -> str:
        """What each officer must hold, either of two parted by `/`; empty where nothing is asked."""
        return "/".join(filter(None, (self.officers.credential, self.officers.or_credential)))

    def control(self, kind: Kind, arg: str) -> Control:
        return Control(kind, arg, self.place, self.rule, self.basis)


def officers(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    demands = _demands(binder, plan)
    if not demands:
        return
    silent = next((f"silent={demand.silent}" for demand in demands if demand.silent), "")
    holding = sorted({demand.credential for demand in demands if demand.credential})
    most = max(demands, key=lambda demand: demand.number)
    if most.number > 1:
        options = [str(most.number), f"holding={'+'.join(holding)}" if holding else "", silent]
        yield most.control(Kind.OFFICERS, "|".join(filter(None, options)))
    for demand in demands:
        if demand.credential:
            yield demand.control(Kind.CREDENTIAL, demand.credential)
    yield from _composition(demands, silent)
    yield from _members(demands, silent)
    yield from _signers(binder, plan)


def _demands(binder: Binder, plan: Plan) -> list[_Demand]:
    """The item's own words come first where they name a rule of their own: a special law before the general one."""
    own = list(_own_demand(binder, plan))
    of_profile = [
        _Demand(
            rule.officers,
            place,
            rule.officers.rule or rule.rule,
            rule.officers.basis or rule.basis,
            next(iter(binder.mapped.get(rule.officers.silence_in or "", ())), ""),
            binder.mapped.get(rule.officers.members_in or "", ()),
        )
        for rule, place in plan.rules
        if rule.officers
    ]
    special = bool(own) and own[0].rule != OWN_RULE
    return [*own, *of_profile] if special else [*of_profile, *own]


def _own_demand(binder: Binder, plan: Plan) -> Iterator[_Demand]:
    step = plan.own
    if step and step.officers:
        asked, place = step.officers, binder.step_place(step.id, "officers")
        rule, basis = asked.rule or step.rule or OWN_RULE, asked.basis or step.basis or binder.own_basis
        silent, members = ([name] if name in binder.plans else [] for name in (asked.silence_in, asked.members_in))
        yield _Demand(asked, place, rule, basis, next(iter(filter(None, silent)), ""), tuple(filter(None, members)))


def _composition(demands: list[_Demand], silent: str) -> Iterator[Control]:
    for demand in demands:
        if demand.officers.odd:
            yield demand.control(Kind.ODD, silent or "-")
            break
    shares = [demand for demand in demands if demand.officers.experts_share]
    if shares:
        most = max(shares, key=lambda demand: Fraction(demand.officers.experts_share or 0))
        share = Fraction(most.officers.experts_share or 0)
        head = f"{share.numerator}:{share.denominator}:{EXPERT}"
        yield most.control(Kind.EXPERTS, "|".join(filter(None, [head, silent])))


def _members(demands: list[_Demand], silent: str) -> Iterator[Control]:
    for demand in demands:
        for step in demand.members:
            yield demand.control(Kind.MEMBERS, "|".join(filter(None, [step, silent])))


def _signers(binder: Binder, plan: Plan) -> Iterator[Control]:
    own = plan.own.officers if plan.own else None
    if plan.own is None or own is None or not _seats(own):
        return
    seats: dict[str, int] = {}
    for name, n in _seats(own).items():
        for post in binder.entry.organ.post_ids(name):
            seats[post] = seats.get(post, 0) + n
    rule, basis = own.rule or plan.own.rule or OWN_RULE, own.basis or plan.own.basis or binder.own_basis
    arg = "|".join(f"{post}={n}" for post, n in seats.items())
    yield Control(Kind.SIGNERS, arg, binder.step_place(plan.own.id, "officers"), rule, basis)


def officers_needed(plan: Plan) -> int:
    """How many distinct persons the step takes at least, by profile and item."""
    asked = [plan.own.officers if plan.own else None, *(rule.officers for rule, _ in plan.rules)]
    return max([1, *(max(each.min, sum(_seats(each).values())) for each in asked if each)])


def _seats(officers: Officers) -> dict[str, int]:
    """How many sign through which post, as the posts are written."""
    seats: dict[str, int] = {}
    if isinstance(officers, StepOfficers):
        for name, n in (*((post, 1) for post in officers.each_of), *((signers.post, signers.n) for signers in officers.signers)):
            seats[name] = seats.get(name, 0) + n
    return seats
