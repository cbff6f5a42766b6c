"""Who may act for the holder of a power (委托、代理), by profile, tightened by the item."""

from collections.abc import Iterator

from sidecar.compiler.plan import Binder, Control, Plan
from sidecar.power_list.control_kinds import NOBODY
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Finding


def delegation(binder: Binder, _step_id: str, _plan: Plan) -> Iterator[Control]:
    rule, own = binder.profile.delegation, binder.entry.item.controls.delegation
    if rule:
        allowed = [kind for kind in rule.delegates if own is None or kind in own.delegates]
        published = {*rule.published, *(own.published if own else ())}
        place = binder.located_profile.located.place("delegation")
        yield Control(Kind.DELEGATES, _arg(allowed, published), place, rule.rule, rule.basis)
    elif own:
        place = binder.entry.place("controls", "delegation")
        yield binder.own(Kind.DELEGATES, _arg(list(own.delegates), set(own.published)), place)


def _arg(allowed: list[str], published: set[str]) -> str:
    return "|".join(f"{kind}+" if kind in published else kind for kind in sorted(allowed)) or NOBODY


def looser_delegation(binder: Binder) -> Iterator[Finding]:
    """An item that lets in delegates whom its profile keeps out."""
    rule, own = binder.profile.delegation, binder.entry.item.controls.delegation
    more = [kind for kind in own.delegates if kind not in rule.delegates] if rule and own else []
    if rule and more:
        place = binder.located_profile.located.place("delegation")
        yield binder.entry.finding(
            "LOOSER_DELEGATION",
            ("controls", "delegation", "delegates"),
            kinds=", ".join(more),
            allowed=", ".join(rule.delegates) or "-",
            profile=place,
            basis=rule.basis,
        )
