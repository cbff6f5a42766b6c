"""Names that one part of the language uses for another: units, posts, steps. Each must exist and mean one thing."""

from collections.abc import Callable, Iterable, Sequence

from sidecar.messages import near
from sidecar.power_list.entries import ItemEntry
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.graph import find_cycle
from sidecar.power_list.load import Located
from sidecar.power_list.mending import PLACEHOLDER
from sidecar.power_list.model import Item, Limitation, Prohibition
from sidecar.power_list.profiles import ProfileFile
from sidecar.power_list.timely import ClockStop, MinimumTime, RuledFlag


def profile_references(profile: ProfileFile, located: Located) -> Iterable[Finding]:
    ids = [step.id for step in profile.steps]
    yield from repeated_steps(ids, lambda n: located.place("steps", n, "id"))
    mentions: list[tuple[str, tuple[str | int, ...]]] = [
        (name, ("requires_steps", n)) for n, name in enumerate(profile.requires_steps)
    ]
    for n, step in enumerate(profile.steps):
        mentions += [(name, ("steps", n, "after", k)) for k, name in enumerate(step.after)]
        mentions += [(name, ("steps", n, "before", k)) for k, name in enumerate(step.before)]
        for key in ("members_in", "silence_in"):
            name = getattr(step.officers, key, None)
            mentions += [(name, ("steps", n, "officers", key))] if name else []
    for n, rule in enumerate(profile.separation):
        mentions += [(name, ("separation", n, "pair", k)) for k, name in enumerate(rule.pair)]
    for n, all_of in enumerate(profile.not_all):
        mentions += [(name, ("not_all", n, "steps", k)) for k, name in enumerate(all_of.steps)]
    mentions += _named_steps("prohibitions", profile.prohibitions)
    mentions += _named_steps("limitations", profile.limitations)
    mentions += _marked_steps(profile)
    # procedure
    if profile.collective:
        mentions += [(name, ("collective", "covers", "steps", k)) for k, name in enumerate(profile.collective.covers.steps)]
    if profile.emergency:
        mentions += [(getattr(profile.emergency, key), ("emergency", key)) for key in ("step", "approval")]
    for name, path in mentions:
        if name not in ids:
            yield Finding("UNKNOWN_STEP", located.place(*path), facts={"step": name, "near": ", ".join(ids)})
    cycle = find_cycle({step.id: [a for a in step.after if a in ids] for step in profile.steps})
    if cycle:
        yield Finding("STEP_CYCLE", located.place("steps"), facts={"cycle": " → ".join(cycle)})


def item_references(entry: ItemEntry) -> Iterable[Finding]:
    item = entry.item
    yield from _units(entry)
    ids = [step.id for step in item.steps]
    yield from repeated_steps(ids, lambda n: entry.place("steps", n, "id"), item.id)
    for n, step in enumerate(item.steps):
        posts: list[str] = []
        for k, name in enumerate(step.posts):
            yield from _post(entry, name, ("steps", n, "posts", k), posts)
        entry.step_posts[step.id] = tuple(dict.fromkeys(posts))
        yield from _signers(entry, n)
    known = ids or None
    yield from _step_mentions(entry, known)
    for path, name in _post_mentions(item):
        yield from _post(entry, name, path, [])
    waits = {step.id: [a for a in step.after if a in ids] for step in item.steps}
    for step in item.steps:
        for later in step.before:
            waits.get(later, []).append(step.id)
    cycle = find_cycle(waits)
    if cycle:
        yield entry.finding("STEP_CYCLE", ("steps",), cycle=" → ".join(cycle))
    start, end = item.effective.start, item.effective.end
    if start and end and end < start:
        yield entry.finding("EFFECTIVE_ORDER", ("effective",))


def _units(entry: ItemEntry) -> Iterable[Finding]:
    resolved: list[str] = []
    for n, ref in enumerate(entry.item.units):
        if ref.unit == PLACEHOLDER:
            return
        unit = entry.organ.unit_id(ref.unit)
        if unit is None:
            names = [*entry.organ.units, *(u.name for u in entry.organ.units.values())]
            yield entry.finding("UNKNOWN_UNIT", ("units", n, "unit"), unit=ref.unit, near=near(ref.unit, names))
        else:
            resolved.append(unit)
    leads = sum(ref.lead for ref in entry.item.units)
    if leads != 1:
        yield entry.finding("LEAD_UNIT", ("units",), n=leads)
    lead_first = sorted(zip(entry.item.units, resolved, strict=False), key=lambda pair: not pair[0].lead)
    entry.unit_ids = tuple(dict.fromkeys(unit for _, unit in lead_first))


def _post(entry: ItemEntry, name: str, path: tuple[str | int, ...], into: list[str]) -> Iterable[Finding]:
    if name == PLACEHOLDER:
        return
    found = entry.organ.post_ids(name)
    if len(found) == 1:
        into.append(found[0])
    elif not found:
        names = [*entry.organ.posts, *(p.id for p in entry.organ.posts.values()), *(p.name for p in entry.organ.posts.values())]
        yield entry.finding("UNKNOWN_POST", path, post=name, near=near(name, names))
    else:
        yield entry.finding("AMBIGUOUS_POST", path, post=name, near=", ".join(found))


def _signers(entry: ItemEntry, n: int) -> Iterable[Finding]:
    """Posts that must sign a step must hold it: nobody else could."""
    step = entry.item.steps[n]
    asked = step.officers
    if asked is None:
        return
    named = [(name, ("each_of", k)) for k, name in enumerate(asked.each_of)]
    named += [(signers.post, ("signers", k)) for k, signers in enumerate(asked.signers)]
    for name, path in named:
        posts: list[str] = []
        yield from _post(entry, name, ("steps", n, "officers", *path), posts)
        for post in set(posts) - set(entry.step_posts[step.id]):
            held = ", ".join(entry.step_posts[step.id])
            yield entry.finding("SIGNER_WITHOUT_STEP", ("steps", n, "officers", *path), post=post, step=step.id, near=held)


def _step_mentions(entry: ItemEntry, known: list[str] | None) -> Iterable[Finding]:
    """Every step named by another part of the item must exist. An item without steps takes them from its profile later."""
    item = entry.item
    mentions: list[tuple[str, tuple[str | int, ...]]] = []
    for n, step in enumerate(item.steps):
        for key in ("after", "before", "distinct_from"):
            mentions += [(name, ("steps", n, key, k)) for k, name in enumerate(getattr(step, key))]
            if step.id in getattr(step, key):
                yield entry.finding("STEP_SELF", ("steps", n, key), step=step.id)
        for key in ("members_in", "silence_in"):
            name = getattr(step.officers, key, None)
            mentions += [(name, ("steps", n, "officers", key))] if name else []
    for n, pair in enumerate(item.controls.separation):
        mentions += [(name, ("controls", "separation", n, k)) for k, name in enumerate(pair)]
        if pair[0] == pair[1]:
            yield entry.finding("STEP_SELF", ("controls", "separation", n), step=pair[0])
    for n, steps in enumerate(item.controls.not_all):
        mentions += [(name, ("controls", "not_all", n, k)) for k, name in enumerate(steps)]
    mentions += [(risk.step, ("risk_points", n, "step")) for n, risk in enumerate(item.risk_points)]
    mentions += mentions_of_law(item)
    mentions += _summed_steps(item)
    for name, path in mentions:
        if known is not None and name not in known:
            yield entry.finding("UNKNOWN_STEP", path, step=name, near=", ".join(known))


def mentions_of_law(item: Item) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    """The steps that an item's prohibitions, flags, limits and departures name; without steps of its own, its profile's."""
    yield from _named_steps("prohibitions", item.prohibitions)
    yield from _named_steps("flags", item.flags)
    yield from _times_left(item.minimum_times)
    yield from _stops(("time_limits", "stops"), item.time_limits.stops)
    yield from _named_steps(("scope", "limitations"), item.scope.limitations)
    if item.controls.departure:
        yield item.controls.departure.step, ("controls", "departure", "step")


def _named_steps(
    key: str | tuple[str, ...], blocks: Sequence[Prohibition | Limitation | RuledFlag]
) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    above: tuple[str | int, ...] = (key,) if isinstance(key, str) else key
    for n, block in enumerate(blocks):
        yield from ((name, (*above, n, "steps", k)) for k, name in enumerate(block.steps))


def _times_left(times: Sequence[MinimumTime]) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    for n, least in enumerate(times):
        yield least.start, ("minimum_times", n, "from")
        yield from ((name, ("minimum_times", n, "before", k)) for k, name in enumerate(least.before))


def _stops(above: tuple[str | int, ...], stops: Sequence[ClockStop]) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    for n, stop in enumerate(stops):
        yield stop.start, (*above, n, "from")
        yield stop.end, (*above, n, "to")


def _marked_steps(profile: ProfileFile) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    """The steps that a profile's limits, stops and flags name."""
    yield from _named_steps("flags", profile.flags)
    yield from _stops(("stops",), profile.stops)
    for n, rule in enumerate(profile.deadlines):
        yield from ((name, ("deadlines", n, "from", k)) for k, name in enumerate(rule.start))
        yield from ((name, ("deadlines", n, "to", k)) for k, name in enumerate(rule.end))
        if rule.extension:
            yield rule.extension, ("deadlines", n, "extension")
    yield from _times_left(profile.minimum_times)
    if profile.recorded:
        for key in ("steps", "before"):
            yield from ((name, ("recorded", key, k)) for k, name in enumerate(getattr(profile.recorded, key)))
    if profile.former_staff:
        yield from ((name, ("former_staff", "steps", k)) for k, name in enumerate(profile.former_staff.steps))


def _summed_steps(item: Item) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    if item.controls.random:
        said = item.controls.random
        yield from ((getattr(said, key), ("controls", "random", key)) for key in ("step", "fixed_by"))
        yield from ((name, ("controls", "random", "binds", k)) for k, name in enumerate(said.binds))
    if item.controls.emergency:
        yield from ((getattr(item.controls.emergency, key), ("controls", "emergency", key)) for key in ("step", "approval"))
    if item.controls.tiers:
        yield item.controls.tiers.step, ("controls", "tiers", "step")
    if item.scope.anti_split:
        yield item.scope.anti_split.step, ("scope", "anti_split", "step")


def _post_mentions(item: Item) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for n, risk in enumerate(item.risk_points):
        yield ("risk_points", n, "owner_post"), risk.owner_post
    if item.controls.rotation:
        for n, post in enumerate(item.controls.rotation.posts):
            yield ("controls", "rotation", "posts", n), post
    collective = item.controls.collective
    for n, post in enumerate(collective.members if collective else ()):
        yield ("controls", "collective", "members", n), post
    for n, tier in enumerate(item.controls.tiers.tiers if item.controls.tiers else ()):
        yield from ((("controls", "tiers", "tiers", n, "posts", k), post) for k, post in enumerate(tier.posts))
    if collective and collective.chair:
        yield ("controls", "collective", "chair"), collective.chair
    if item.disclosure.exception:
        yield ("disclosure", "exception", "reviewer_post"), item.disclosure.exception.reviewer_post


def repeated_steps(ids: Sequence[str], place_of: Callable[[int], Place], item: str = "") -> Iterable[Finding]:
    seen: dict[str, int] = {}
    for n, name in enumerate(ids):
        if name in seen:
            yield Finding(
                "DUPLICATE_ID", place_of(n), item=item, facts={"what": "step", "id": name, "first": place_of(seen[name])}
            )
        seen.setdefault(name, n)


def duplicate(what: str, name: str, place: Place, first: Place) -> Finding:
    """The finding that an identifier is taken."""
    return Finding("DUPLICATE_ID", place, item=name if what == "item" else "", facts={"what": what, "id": name, "first": first})
