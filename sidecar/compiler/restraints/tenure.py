"""How long a post is held (轮岗), and what a principal does not approve alone (五个不直接分管)."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Finding, Severity

ROTATION_OF_ACTIVITIES, ROTATION = "ROT-IC", "ROT-SEC"


def tenure(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    """The posts of the step whose holders are refused when their years are full, by the organ's word and by the item's."""
    organ = binder.entry.organ
    for post in plan.posts:
        rotation = organ.posts[post].rotation
        if rotation and rotation.over == "refuse":
            rule = ROTATION_OF_ACTIVITIES if organ.posts[post].activity else ROTATION
            n = list(organ.posts).index(post)
            place = organ.located.place("posts", n, "rotation")
            yield Control(Kind.TENURE, _arg(post, rotation.must_years, rotation.compensating), place, rule, rotation.basis)
    own = binder.entry.item.controls.rotation
    if own and own.over == "refuse":
        limited = [post for name in own.posts for post in organ.post_ids(name) if post in plan.posts]
        arg = "|".join(_arg(post, own.max_years, own.compensating) for post in limited)
        if arg:
            yield binder.own(Kind.TENURE, arg, binder.entry.place("controls", "rotation"))


def _arg(post: str, years: int, compensating: str | None) -> str:
    return f"{post}={years}{'+' if compensating else ''}"


def principal_alone(binder: Binder, step_id: str, _plan: Plan) -> Iterator[Control]:
    rule, deciding, principals = binder.profile.principal_not_in_charge, _deciding(binder), _principals(binder)
    if step_id not in deciding or not principals:
        return
    arg = f"{'|'.join(principals)}>{'|'.join(deciding)}"
    if rule:
        place = binder.located_profile.located.place("principal_not_in_charge")
        yield Control(Kind.PRINCIPAL_ALONE, arg, place, rule.rule, rule.basis)
    elif binder.entry.item.controls.principal_not_in_charge:
        yield Control(
            Kind.PRINCIPAL_ALONE, arg, binder.entry.place("controls", "principal_not_in_charge"), OWN_RULE, binder.own_basis
        )


def _deciding(binder: Binder) -> list[str]:
    plans = binder.plans.items()
    return [name for name, plan in plans if plan.head.type == "decide" and plan.head.verb not in words.ABOUT_OFFICERS]


def _principals(binder: Binder) -> list[str]:
    return [full_id for full_id, post in binder.entry.organ.posts.items() if post.rank == "principal"]


def principal_in_charge(binder: Binder) -> Iterator[Finding]:
    """Who leads the unit of an item that the principal may not be in charge of, and deciding steps only principals hold."""
    item, organ = binder.entry.item, binder.entry.organ
    if item.controls.principal_not_in_charge and binder.entry.unit_ids:
        unit = binder.entry.unit_ids[0]
        leaders = organ.charge.get(unit, ())
        led = [post for post in leaders if organ.posts[post].rank == "principal"]
        path = ("controls", "principal_not_in_charge")
        if led:
            yield binder.entry.finding("PRINCIPAL_LEADS_ITEM", path, unit=unit, post=led[0])
        elif not leaders:
            yield binder.entry.finding("CHARGE_UNKNOWN", path, Severity.WARNING, unit=unit)
    yield from _always_alone(binder)


def _always_alone(binder: Binder) -> Iterator[Finding]:
    deciding, principals = _deciding(binder), set(_principals(binder))
    barred = binder.profile.principal_not_in_charge or binder.entry.item.controls.principal_not_in_charge
    if barred and len(deciding) == 1 and set(binder.plans[deciding[0]].posts) <= principals:
        yield binder.entry.finding("PRINCIPAL_ALWAYS_ALONE", ("steps",), step=deciding[0])
