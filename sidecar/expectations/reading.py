"""Expectations as they are written: every mistake of form and of name in one run, and those that can be run.

The names an expectation may use come from compiled policies (`quanheng test`) or from checked ones (`quanheng check`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sidecar.compiler.compile import Checked, post_facts
from sidecar.compiler.manifest import ItemFacts
from sidecar.expectations.language import Expectation, ExpectationsFile, Facts
from sidecar.expressions.facts import Fact
from sidecar.messages import ANSWERED, near
from sidecar.personnel.posts import PostFacts
from sidecar.power_list.declared import derived_names
from sidecar.power_list.findings import Finding, Place
from sidecar.power_list.load import Located, load
from sidecar.power_list.load_keys import Path
from sidecar.power_list.mending import PLACEHOLDER
from sidecar.power_list.policy_set import POWERS_FILE
from sidecar.power_list.references import duplicate
from sidecar.power_list.source import Mapping as Block
from sidecar.power_list.source import Sequence as List
from sidecar.power_list.source import Source, read_source

_EXPECTATIONS_NAME = re.compile(r"expectations(-[a-z0-9-]+)?\.yaml\Z")


def is_expectations(path: str) -> bool:
    """`expectations.yaml` of an organ, or a part of them by subject: `expectations-recusal.yaml`."""
    return bool(_EXPECTATIONS_NAME.match(path.rsplit("/", 1)[-1]))


@dataclass(frozen=True, slots=True)
class KnownItem:
    """Steps, and facts that its controls ask for: None where mistakes of the policy keep them unknown."""

    organ: str
    steps: tuple[str, ...] | None = None
    facts: Mapping[str, Fact] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Items and posts that exist; not all of them (`whole` is False) when a file of the policy cannot be read."""

    items: Mapping[str, KnownItem]
    posts: Mapping[str, PostFacts]
    whole: bool = True


def posts_named(posts: Mapping[str, PostFacts], name: str, organ: str) -> list[str]:
    """Full ids of the posts of an organ that `name` may mean: a full id, an id or a name."""
    if name in posts:
        return [name]
    own = ((full, post) for full, post in posts.items() if post.organ == organ)
    return [full for full, post in own if name in (full.rsplit(".", 1)[-1], post.name)]


def names_of(items: Mapping[str, ItemFacts], posts: Mapping[str, PostFacts]) -> Known:
    """The names of compiled policies."""
    return Known({name: KnownItem(item.organ, tuple(item.steps), item.facts) for name, item in items.items()}, posts)


def names_in(checked: Checked, sources: Iterable[str]) -> Known:
    """The names of policies that may still have mistakes of their own."""
    entries = checked.policies.items
    items = {name: KnownItem(entry.organ.organ.id) for name, entry in entries.items()}
    for bound in checked.items:
        steps, facts = tuple(step.id for step in bound.steps), None if checked.broken else bound.facts
        items[bound.entry.item.id] = KnownItem(bound.entry.organ.organ.id, steps, facts)
    read = {entry.located.file for entry in entries.values()}
    whole = all(path in read for path in sources if path.rsplit("/", 1)[-1] == POWERS_FILE)
    return Known(items, post_facts(checked.policies), whole)


@dataclass(slots=True)
class Reading:
    """What stands in the files: expectations that can be run with their places, mistakes, how many were written in all, and
    the files of which nothing could be read.
    """

    expectations: list[tuple[Expectation, Place]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    written: int = 0
    lost: list[str] = field(default_factory=list)


def read_expectations(files: Mapping[str, bytes], known: Known) -> Reading:
    """Read every file of expectations among `files` (path → bytes)."""
    reading = Reading()
    for path in sorted(filter(is_expectations, files)):
        _read(reading, read_source(path, files[path]), known)
    return reading


def _read(reading: Reading, source: Source, known: Known) -> None:
    if source.root is None:
        reading.lost.append(source.file)
    starts = _starts(source)
    loaded = load(source, ExpectationsFile)
    wrong = {starts[n] for finding in loaded.findings if (n := bisect_right(starts, _position(finding.place)) - 1) >= 0}
    expectations = loaded.draft.expectations if loaded.draft else ()
    reading.written += len(starts)
    reading.findings += [*loaded.findings, *_repeated(expectations, loaded.located)]
    for n, expectation in enumerate(expectations):
        problems = list(_unknown_names(_Written(expectation, loaded.located, n), known))
        reading.findings += problems
        place = loaded.located.place("expectations", n)
        if not problems and _position(place) not in wrong:
            reading.expectations.append((expectation, place))


def _starts(source: Source) -> list[tuple[int, int]]:
    """Where each expectation begins, also those that cannot be read."""
    lists = [child for _, child in source.root.entries if isinstance(child, List)] if isinstance(source.root, Block) else []
    return [(node.line, node.column) for nodes in lists for node in nodes.items]


def _position(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _repeated(expectations: Iterable[Expectation], located: Located) -> Iterator[Finding]:
    """Two expectations of one name: nobody could tell which of them failed."""
    seen: dict[str, Place] = {}
    for n, expectation in enumerate(expectations):
        place = located.place("expectations", n, "name")
        first = seen.setdefault(expectation.name, place)
        if first is not place:
            yield duplicate("expectation", expectation.name, place, first)


@dataclass(frozen=True, slots=True)
class _Written:
    """One expectation and where it stands."""

    expectation: Expectation
    located: Located
    n: int

    def finding(self, code: str, *path: str | int, **facts: object) -> Finding:
        place = self.located.place("expectations", self.n, *path)
        return Finding(code, place, item=self.expectation.item, facts=facts)


def _unknown_names(written: _Written, known: Known) -> Iterator[Finding]:
    """Codes, officers, items, steps and posts that do not exist: the expectation could not mean what it says."""
    yield from _unknown_codes(written)
    yield from _unknown_officers(written)
    name = written.expectation.item
    item = known.items.get(name)
    if item is not None:
        yield from _unknown_steps(written, item)
        yield from _wrong_facts(written, item.facts, item.steps or ()) if item.facts is not None else ()
        yield from _unknown_posts(written, item, known)
    elif known.whole:
        yield written.finding("UNKNOWN_ITEM_NAMED", "item", item=name, near=near(name, known.items))


def _unknown_codes(written: _Written) -> Iterator[Finding]:
    for k, code in enumerate(written.expectation.expect.codes):
        if code not in ANSWERED:
            path = ("expect", "codes", k)
            yield written.finding("NOT_IN_TABLE", *path, key="codes", value=code, expected=near(code, ANSWERED))


def _unknown_officers(written: _Written) -> Iterator[Finding]:
    expectation = written.expectation
    if PLACEHOLDER in expectation.officers:  # they are missing altogether, which is said already
        return
    acts: list[tuple[str, tuple[str | int, ...]]] = [
        (act.officer, (key, k, "officer")) for key in ("history", "elsewhere") for k, act in enumerate(getattr(expectation, key))
    ]
    for officer, path in [*acts, (expectation.request.officer, ("request", "officer"))]:
        if officer not in (*expectation.officers, PLACEHOLDER):
            yield written.finding("UNKNOWN_OFFICER", *path, officer=officer, near=near(officer, expectation.officers))


def _unknown_steps(written: _Written, item: KnownItem) -> Iterator[Finding]:
    """Steps of the history; what is asked may be wrong on purpose."""
    for key in ("history", "elsewhere"):
        for k, act in enumerate(getattr(written.expectation, key)):
            if item.steps is not None and act.step not in item.steps:
                yield written.finding("UNKNOWN_STEP", key, k, "step", step=act.step, near=", ".join(item.steps))


def _wrong_facts(written: _Written, declared: Mapping[str, Fact], steps: Iterable[str]) -> Iterator[Finding]:
    """Facts that no control asks for, and those of the history in another type; what is asked may be so on purpose."""
    asked = written.expectation.request
    derived = derived_names(steps)
    places: list[tuple[Path, Facts]] = [(("history", k, "facts"), act.facts) for k, act in enumerate(written.expectation.history)]
    places += [(("request", "facts"), asked.facts)] if asked.item is None else []
    for path, facts in places:
        for name, value in facts.items():
            if name in declared:
                if path[0] == "history" and declared[name].read(value) is None:
                    yield written.finding("FACT_NOT_AS_DECLARED", *path, name, name=name, form=declared[name].form)
            elif name not in derived:
                yield written.finding("FACT_NOT_ASKED", *path, "#key", name, name=name, near=near(name, declared))


def _unknown_posts(written: _Written, item: KnownItem, known: Known) -> Iterator[Finding]:
    for post, path in _posts(written.expectation):
        found = posts_named(known.posts, post, item.organ)
        if not found:
            own = [full for full, facts in known.posts.items() if facts.organ == item.organ]
            spellings = [*(full.rsplit(".", 1)[-1] for full in own), *own]
            yield written.finding("UNKNOWN_POST", *path, post=post, near=near(post, spellings))
        elif len(found) > 1:
            yield written.finding("AMBIGUOUS_POST", *path, post=post, near=", ".join(found))


def _posts(expectation: Expectation) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every post that is named where it must exist; the request may name a wrong one on purpose."""
    for label, officer in expectation.officers.items():
        yield from ((post, ("officers", label, "posts", k)) for k, post in enumerate(officer.posts))
    yield from ((act.post, ("history", k, "post")) for k, act in enumerate(expectation.history) if act.post)
