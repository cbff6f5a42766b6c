"""All files of a policy folder, read together: references resolved, identifiers unique, every mistake in one run.

A folder holds `<organ>/organ.yaml` and `<organ>/powers.yaml` for each organ and `profiles/*.yaml`. The names of units and of
posts are organ-wide; a post's full name, as it stands in compiled rows, is `unit.post`, so unit identifiers are unique over the
whole folder.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.power_list import vocabulary as words
from sidecar.power_list.findings import Finding, Place, Severity, has_errors, in_reading_order
from sidecar.power_list.load import Located, keys_of, load
from sidecar.power_list.model import Item, LegalBasis, Organ, OrganFile, Part, Post, PowersFile, ProfileFile, Unit
from sidecar.power_list.source import read_source
from sidecar.power_list.uscc import is_valid_uscc

ORGAN_FILE = "organ.yaml"
POWERS_FILE = "powers.yaml"
PROFILES = "profiles/"

CITIZEN_NUMBER_LENGTH = 18
# GB 11643: region 6, birthday 8, serial 3, check 1.
_CITIZEN_NUMBER = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)


@dataclass(slots=True)
class OrganEntry:
    """One organ with its units and posts by full id."""

    file: str
    organ: Organ
    units: dict[str, Unit]
    posts: dict[str, Post]
    located: Located

    def unit_id(self, name: str) -> str | None:
        """A unit by its id or by its name."""
        if name in self.units:
            return name
        return next((unit.id for unit in self.units.values() if unit.name == name), None)

    def post_ids(self, name: str) -> list[str]:
        """Full ids of the posts that `name` may mean: a full id, an id or a name."""
        if name in self.posts:
            return [name]
        return [full for full, post in self.posts.items() if name in (post.id, post.name)]


@dataclass(slots=True)
class ItemEntry:
    """One item with the organ it belongs to and where its parts stand."""

    item: Item
    organ: OrganEntry
    located: Located
    index: int
    step_posts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unit_ids: tuple[str, ...] = ()

    def place(self, *path: str | int) -> Place:
        return self.located.place("items", self.index, *path)

    def finding(self, code: str, path: tuple[str | int, ...], severity: Severity = Severity.ERROR, **facts: object) -> Finding:
        return Finding(code, self.place(*path), item=self.item.id, facts=facts, severity=severity)


@dataclass(slots=True)
class ProfileEntry:
    profile: ProfileFile
    located: Located


@dataclass(slots=True)
class PolicySet:
    """A policy folder read whole. Use it only when `findings` holds no error."""

    organs: dict[str, OrganEntry] = field(default_factory=dict)
    items: dict[str, ItemEntry] = field(default_factory=dict)
    profiles: dict[str, ProfileEntry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        return has_errors(self.findings)


def read_policy_set(files: Mapping[str, bytes]) -> PolicySet:
    """Read `files` (path relative to the folder → bytes). The order of the mapping does not matter."""
    policies = PolicySet()
    for path in sorted(f for f in files if f.startswith(PROFILES) and f.endswith(".yaml")):
        _read_profile(policies, path, files[path])
    organ_files = sorted(f for f in files if f.rsplit("/", 1)[-1] == ORGAN_FILE)
    if not organ_files:
        policies.findings.append(Finding("NO_POLICIES", Place(".", 1, 1)))
    for path in organ_files:
        _read_organ(policies, path, files)
    policies.findings = in_reading_order(policies.findings)
    return policies


def _read_profile(policies: PolicySet, path: str, data: bytes) -> None:
    loaded = load(read_source(path, data), ProfileFile)
    policies.findings += loaded.findings
    if loaded.model is None:
        return
    profile = loaded.model
    place = loaded.located.place("profile")
    known = policies.profiles.get(profile.profile)
    if known:
        policies.findings.append(_duplicate("profile", profile.profile, place, known.located.place("profile")))
        return
    policies.profiles[profile.profile] = ProfileEntry(profile, loaded.located)
    policies.findings += _profile_references(profile, loaded.located)


def _profile_references(profile: ProfileFile, located: Located) -> Iterable[Finding]:
    ids = [step.id for step in profile.steps]
    yield from _repeated_steps(ids, lambda n: located.place("steps", n, "id"))
    mentions: list[tuple[str, tuple[str | int, ...]]] = [
        (name, ("requires_steps", n)) for n, name in enumerate(profile.requires_steps)
    ]
    for n, step in enumerate(profile.steps):
        mentions += [(name, ("steps", n, "after", k)) for k, name in enumerate(step.after)]
        mentions += [(name, ("steps", n, "before", k)) for k, name in enumerate(step.before)]
    for n, rule in enumerate(profile.separation):
        mentions += [(name, ("separation", n, "pair", k)) for k, name in enumerate(rule.pair)]
    for name, path in mentions:
        if name not in ids:
            yield Finding("UNKNOWN_STEP", located.place(*path), facts={"step": name, "near": ", ".join(ids)})
    cycle = find_cycle({step.id: [a for a in step.after if a in ids] for step in profile.steps})
    if cycle:
        yield Finding("STEP_CYCLE", located.place("steps"), facts={"cycle": " → ".join(cycle)})


def _read_organ(policies: PolicySet, path: str, files: Mapping[str, bytes]) -> None:
    loaded = load(read_source(path, files[path]), OrganFile)
    policies.findings += loaded.findings
    powers_path = path.removesuffix(ORGAN_FILE) + POWERS_FILE
    if powers_path not in files:
        policies.findings.append(Finding("MISSING_FILE", Place(powers_path, 1, 1), facts={"name": powers_path}))
    organ = _add_organ(policies, path, loaded.model, loaded.located) if loaded.model else None
    if powers_path in files:
        _read_powers(policies, powers_path, files[powers_path], organ)


def _add_organ(policies: PolicySet, path: str, file: OrganFile, located: Located) -> OrganEntry | None:
    known = policies.organs.get(file.organ.id)
    if known:
        first = known.located.place("organ", "id")
        policies.findings.append(_duplicate("organ", file.organ.id, located.place("organ", "id"), first))
        return None
    entry = OrganEntry(path, file.organ, {}, {}, located)
    policies.findings += _add_units(policies, entry, file)
    policies.findings += _add_posts(entry, file)
    policies.findings += _personal_numbers(file, located)
    policies.organs[file.organ.id] = entry
    return entry


def _add_units(policies: PolicySet, entry: OrganEntry, file: OrganFile) -> Iterable[Finding]:
    taken = {unit: organ for organ in policies.organs.values() for unit in organ.units}
    for n, unit in enumerate(file.units):
        place = entry.located.place("units", n, "id")
        if unit.id in taken:
            yield _duplicate("unit", unit.id, place, taken[unit.id].located.place("units"))
        elif unit.id in entry.units:
            first = next(k for k, other in enumerate(file.units) if other.id == unit.id)
            yield _duplicate("unit", unit.id, place, entry.located.place("units", first, "id"))
        entry.units.setdefault(unit.id, unit)
    if file.organ.uscc and not is_valid_uscc(file.organ.uscc):
        place = entry.located.place("organ", "uscc")
        yield Finding("BAD_USCC", place, facts={"value": file.organ.uscc}, severity=Severity.WARNING)


def _add_posts(entry: OrganEntry, file: OrganFile) -> Iterable[Finding]:
    unconfirmed = 0
    for n, post in enumerate(file.posts):
        if post.unit not in entry.units:
            near = _near(post.unit, entry.units)
            yield Finding("UNKNOWN_UNIT", entry.located.place("posts", n, "unit"), facts={"unit": post.unit, "near": near})
        if post.full_id in entry.posts:
            first = next(k for k, other in enumerate(file.posts) if other.full_id == post.full_id)
            yield _duplicate(
                "post", post.full_id, entry.located.place("posts", n, "id"), entry.located.place("posts", first, "id")
            )
        entry.posts.setdefault(post.full_id, post)
        unconfirmed += not post.confirmed
    if unconfirmed:
        yield Finding("POST_NOT_CONFIRMED", entry.located.place("posts"), facts={"n": unconfirmed}, severity=Severity.WARNING)


def _read_powers(policies: PolicySet, path: str, data: bytes, organ: OrganEntry | None) -> None:
    loaded = load(read_source(path, data), PowersFile)
    policies.findings += loaded.findings
    if loaded.model is None or organ is None:
        return
    policies.findings += _personal_numbers(loaded.model, loaded.located)
    for index, item in enumerate(loaded.model.items):
        entry = ItemEntry(item, organ, loaded.located, index)
        known = policies.items.get(item.id)
        if known:
            duplicate = _duplicate("item", item.id, entry.place("id"), known.place("id"))
            policies.findings.append(duplicate)
            continue
        policies.items[item.id] = entry
        policies.findings += _item_references(entry)
        policies.findings += _item_doubts(entry)
    policies.findings += _same_names(policies, organ)


def _item_references(entry: ItemEntry) -> Iterable[Finding]:
    item = entry.item
    yield from _units(entry)
    ids = [step.id for step in item.steps]
    yield from _repeated_steps(ids, lambda n: entry.place("steps", n, "id"), item.id)
    for n, step in enumerate(item.steps):
        posts: list[str] = []
        for k, name in enumerate(step.posts):
            yield from _post(entry, name, ("steps", n, "posts", k), posts)
        entry.step_posts[step.id] = tuple(dict.fromkeys(posts))
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
        unit = entry.organ.unit_id(ref.unit)
        if unit is None:
            names = [*entry.organ.units, *(u.name for u in entry.organ.units.values())]
            yield entry.finding("UNKNOWN_UNIT", ("units", n, "unit"), unit=ref.unit, near=_near(ref.unit, names))
        else:
            resolved.append(unit)
    leads = sum(ref.lead for ref in entry.item.units)
    if leads != 1:
        yield entry.finding("LEAD_UNIT", ("units",), n=leads)
    lead_first = sorted(zip(entry.item.units, resolved, strict=False), key=lambda pair: not pair[0].lead)
    entry.unit_ids = tuple(dict.fromkeys(unit for _, unit in lead_first))


def _post(entry: ItemEntry, name: str, path: tuple[str | int, ...], into: list[str]) -> Iterable[Finding]:
    found = entry.organ.post_ids(name)
    if len(found) == 1:
        into.append(found[0])
    elif not found:
        names = [*entry.organ.posts, *(p.id for p in entry.organ.posts.values()), *(p.name for p in entry.organ.posts.values())]
        yield entry.finding("UNKNOWN_POST", path, post=name, near=_near(name, names))
    else:
        yield entry.finding("AMBIGUOUS_POST", path, post=name, near=", ".join(found))


def _step_mentions(entry: ItemEntry, known: list[str] | None) -> Iterable[Finding]:
    """Every step named by another part of the item must exist. An item without steps takes them from its profile later."""
    item = entry.item
    mentions: list[tuple[str, tuple[str | int, ...]]] = []
    for n, step in enumerate(item.steps):
        for key in ("after", "before", "distinct_from"):
            mentions += [(name, ("steps", n, key, k)) for k, name in enumerate(getattr(step, key))]
            if step.id in getattr(step, key):
                yield entry.finding("STEP_SELF", ("steps", n, key), step=step.id)
    for n, pair in enumerate(item.controls.separation):
        mentions += [(name, ("controls", "separation", n, k)) for k, name in enumerate(pair)]
        if pair[0] == pair[1]:
            yield entry.finding("STEP_SELF", ("controls", "separation", n), step=pair[0])
    mentions += [(risk.step, ("risk_points", n, "step")) for n, risk in enumerate(item.risk_points)]
    for name, path in mentions:
        if known is not None and name not in known:
            yield entry.finding("UNKNOWN_STEP", path, step=name, near=", ".join(known))


def _post_mentions(item: Item) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for n, risk in enumerate(item.risk_points):
        yield ("risk_points", n, "owner_post"), risk.owner_post
    if item.controls.rotation:
        for n, post in enumerate(item.controls.rotation.posts):
            yield ("controls", "rotation", "posts", n), post
    if item.disclosure.exception:
        yield ("disclosure", "exception", "reviewer_post"), item.disclosure.exception.reviewer_post


# 行政许可法 17, 行政处罚法 16, 行政强制法 10: what each class may never rest on alone (the coarse, certain half of table 2.6).
_TOO_LOW = {
    "licensing": ({"normative_document", "departmental_rule", "local_rule"}, "行政许可法第十六、十七条"),
    "penalty": ({"normative_document"}, "行政处罚法第十六条"),
    "compulsion": ({"normative_document", "departmental_rule", "provincial_rule", "local_rule"}, "行政强制法第十条"),
}


def _item_doubts(entry: ItemEntry) -> Iterable[Finding]:
    item, warn = entry.item, Severity.WARNING
    for n, basis in enumerate(item.legal_basis):
        if basis.article is None and basis.instrument in ("law", "administrative_regulation", "local_regulation"):
            yield entry.finding("NO_ARTICLE", ("legal_basis", n), warn, title=basis.title)
        if basis.instrument == "unclassified":
            yield entry.finding("UNCLASSIFIED_BASIS", ("legal_basis", n), warn, title=basis.title)
    yield from _too_low(entry)
    if not item.accountable:
        yield entry.finding("NO_ACCOUNTABLE", ("id",), warn)
    if item.level != entry.organ.organ.level:
        own = words.label(words.LEVELS, entry.organ.organ.level)
        yield entry.finding("LEVEL_NOT_OWN", ("level",), warn, level=words.label(words.LEVELS, item.level), organ_level=own)
    if item.body.uscc and not is_valid_uscc(item.body.uscc):
        yield entry.finding("BAD_USCC", ("body", "uscc"), warn, value=item.body.uscc)
    yield from _not_enforced(entry, item, ())


def _too_low(entry: ItemEntry) -> Iterable[Finding]:
    low, article = _TOO_LOW.get(entry.item.power_class, (set(), ""))
    creating: Sequence[LegalBasis] = [b for b in entry.item.legal_basis if b.role == "creates"] or entry.item.legal_basis
    instruments = {basis.instrument for basis in creating}
    if instruments and instruments <= low:
        names = "、".join(words.label(words.INSTRUMENTS, name) for name in sorted(instruments))
        power = words.label(words.POWER_CLASSES, entry.item.power_class)
        yield entry.finding(
            "BASIS_TOO_LOW", ("legal_basis",), Severity.WARNING, power_class=power, instrument=names, article=article
        )


def _not_enforced(entry: ItemEntry, part: Part, path: tuple[str | int, ...]) -> Iterable[Finding]:
    """A warning for each key that is carried but not enforced."""
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        key = keys_of(type(part))[info.alias or name]
        if key.later and value:
            yield entry.finding("NOT_ENFORCED", (*path, key.name), Severity.WARNING, key=key.name)
        elif isinstance(value, Part):
            yield from _not_enforced(entry, value, (*path, key.name))
        elif isinstance(value, tuple):
            for n, child in enumerate(value):
                if isinstance(child, Part):
                    yield from _not_enforced(entry, child, (*path, key.name, n))


def _same_names(policies: PolicySet, organ: OrganEntry) -> Iterable[Finding]:
    seen: dict[tuple[object, ...], ItemEntry] = {}
    for entry in policies.items.values():
        if entry.organ is not organ:
            continue
        key = (entry.item.name, entry.item.subitem, entry.item.power_class, entry.item.body.name)
        first = seen.setdefault(key, entry)
        if first is not entry:
            yield entry.finding("SAME_NAME", ("name",), Severity.WARNING, first=first.item.id)


def _personal_numbers(part: Part, located: Located) -> Iterable[Finding]:
    yield from _personal_in(part, located, ())


def _personal_in(value: object, located: Located, path: tuple[str | int, ...]) -> Iterable[Finding]:
    if isinstance(value, str):
        if len(value) >= CITIZEN_NUMBER_LENGTH and _CITIZEN_NUMBER.search(value):
            yield Finding("PERSON_IN_POLICY", located.place(*path))
    elif isinstance(value, Part):
        for name, info in type(value).model_fields.items():
            yield from _personal_in(getattr(value, name), located, (*path, info.alias or name))
    elif isinstance(value, tuple | list):
        for n, child in enumerate(value):
            yield from _personal_in(child, located, (*path, n))


def _repeated_steps(ids: Sequence[str], place_of: Callable[[int], Place], item: str = "") -> Iterable[Finding]:
    seen: dict[str, int] = {}
    for n, name in enumerate(ids):
        if name in seen:
            yield Finding(
                "DUPLICATE_ID", place_of(n), item=item, facts={"what": "step", "id": name, "first": place_of(seen[name])}
            )
        seen.setdefault(name, n)


def _duplicate(what: str, name: str, place: Place, first: Place) -> Finding:
    return Finding("DUPLICATE_ID", place, item=name if what == "item" else "", facts={"what": what, "id": name, "first": first})


def _near(word: str, known: Iterable[str]) -> str:
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    return ", ".join(close or names[:8]) or "-"


def find_cycle(waits: Mapping[str, Sequence[str]]) -> list[str] | None:
    """A cycle in a graph of step → steps it waits for, as the list of steps on it, or None."""
    state: dict[str, int] = {}
    for start in waits:
        if state.get(start):
            continue
        trail = [(start, iter(waits[start]))]
        state[start] = 1
        while trail:
            step, rest = trail[-1]
            following = next(rest, None)
            if following is None:
                state[step] = 2
                trail.pop()
            elif state.get(following) == 1:
                names = [name for name, _ in trail]
                return [*names[names.index(following) :], following]
            elif not state.get(following):
                state[following] = 1
                trail.append((following, iter(waits.get(following, ()))))
    return None
