"""Who leads what in an organ (领导分工), and how long its posts may be held (轮岗): the organ's own part of the law on persons.

P1-5NO    the principal is not directly in charge of personnel, finance, works, approval, procurement; which of them is set
          by the organ, since local lists vary
ROT-IC    a key post of economic activity rotates after a term the unit sets, or has a special audit instead
ROT-SEC   the other key posts rotate after a local term; without one there is nothing to judge by, which is doubtful
"""

from collections.abc import Iterator

from sidecar.power_list import vocabulary as words
from sidecar.power_list.entries import OrganEntry
from sidecar.power_list.findings import Finding, Severity
from sidecar.power_list.organs import OrganFile, Post

# What is found of an organ, by the rule it follows.
ORGAN_CHECKS = (("P1-5NO", ("PRINCIPAL_IN_CHARGE",)), ("ROT-IC", ("NO_ROTATION_OF_KEY_POST",)), ("ROT-SEC", ("NO_ROTATION",)))


def read_charge(organ: OrganEntry, file: OrganFile) -> Iterator[Finding]:
    """Resolve the table of charge into the entry: unit → full ids of the posts in charge. Every mistake is a finding."""
    for n, charge in enumerate(file.charge):
        posts: list[str] = []
        place = organ.located.place("charge", n, "post")
        yield from organ.named_post(charge.post, place, posts)
        for k, name in enumerate(charge.units):
            unit = organ.unit_id(name)
            if unit is None:
                yield organ.unknown_unit(name, organ.located.place("charge", n, "units", k))
            elif posts:
                organ.charge[unit] = (*organ.charge.get(unit, ()), *posts)
    yield from _principal(organ, file)
    yield from _rotation(organ, file)


def _principal(organ: OrganEntry, file: OrganFile) -> Iterator[Finding]:
    barred = file.principal_not_in_charge
    for n, charge in enumerate(file.charge if barred else ()):
        for k, name in enumerate(charge.units):
            unit = organ.unit_id(name)
            matters = {*organ.units[unit].matters, *charge.matters} if unit else set(charge.matters)
            led = [post for post in organ.charge.get(unit or "", ()) if organ.posts[post].rank == "principal"]
            if barred and led and not matters.isdisjoint(barred.matters):
                named = "、".join(words.label(words.MATTERS, matter) for matter in barred.matters if matter in matters)
                facts: dict[str, object] = {"post": led[0], "matters": named, "basis": barred.basis}
                yield Finding("PRINCIPAL_IN_CHARGE", organ.located.place("charge", n, "units", k), facts=facts, rule="P1-5NO")


def _rotation(organ: OrganEntry, file: OrganFile) -> Iterator[Finding]:
    """Key posts without a term; those of economic activity must have one, or the audit that stands for it."""
    without: list[int] = []
    for n, post in enumerate(file.posts):
        if not post.key_post or not post.confirmed or post.rotation:
            continue
        if post.activity:
            facts: dict[str, object] = {"post": post.full_id, "activity": words.label(words.ACTIVITIES, post.activity)}
            yield Finding("NO_ROTATION_OF_KEY_POST", organ.located.place("posts", n), facts=facts, rule="ROT-IC")
        else:
            without.append(n)
    if without:
        place = organ.located.place("posts", without[0])
        yield Finding("NO_ROTATION", place, facts={"n": len(without)}, severity=Severity.WARNING, rule="ROT-SEC")


def superiors(organ: OrganEntry, full_id: str) -> tuple[str, ...]:
    """The posts a post reports to directly: the head of its unit, the leader in charge of the unit, the principal."""
    post = organ.posts[full_id]
    heads = _ranked(organ, "section_head", post.unit)
    charge = organ.charge.get(post.unit, ())
    principals = _ranked(organ, "principal")
    above = {"handler": (heads, charge, principals), "section_head": (charge, principals), "leader": (principals,)}
    found = next((posts for posts in above.get(post.rank, ()) if posts), ())
    return tuple(name for name in found if name != full_id)


def _ranked(organ: OrganEntry, rank: str, unit: str = "") -> tuple[str, ...]:
    return tuple(name for name, post in organ.posts.items() if post.rank == rank and unit in ("", post.unit))


def checks_others(organ: OrganEntry, post: Post) -> bool:
    """Whether the unit does organisation, personnel, discipline, audit or finance work (公务员法 74)."""
    return not words.CHECKING_MATTERS.isdisjoint(organ.units[post.unit].matters if post.unit in organ.units else ())
