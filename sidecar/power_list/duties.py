"""The table of incompatible duties (不相容岗位, `incompatible.yaml`): its names must exist, and each line must be able to bind.

A line names duties by posts, or by steps of the organ's items (行政事业单位内部控制规范第十二条: 不相容岗位相互分离). What it
forbids is judged in three places: a post that holds more of the steps is a mistake of the policy, a person with more of the posts
one of the personnel tables, and in a case such a person is refused.
"""

from collections.abc import Iterable, Iterator

from sidecar.messages import near
from sidecar.power_list.entries import DutyTable, OrganEntry
from sidecar.power_list.findings import Finding
from sidecar.power_list.load import Located, load
from sidecar.power_list.model import Item
from sidecar.power_list.organs import Incompatible, IncompatibleFile
from sidecar.power_list.source import read_source


def read_duties(organ: OrganEntry, path: str, data: bytes) -> Iterator[Finding]:
    """Read the table of an organ into its entry; every mistake is a finding."""
    loaded = load(read_source(path, data), IncompatibleFile)
    yield from loaded.findings
    if loaded.draft is None:
        return
    named: list[tuple[str, ...]] = []
    for n, line in enumerate(loaded.draft.incompatible):
        posts: list[str] = []
        yield from _form(line, loaded.located, n)
        yield from _posts(organ, line, loaded.located, n, posts)
        named.append(tuple(dict.fromkeys(posts)))
    organ.duties = DutyTable(loaded.draft, loaded.located, tuple(named))


def _form(line: Incompatible, located: Located, n: int) -> Iterator[Finding]:
    duties = line.posts or line.steps
    if bool(line.posts) == bool(line.steps):
        yield Finding("DUTIES_NAMED_TWICE", located.place("incompatible", n))
    elif len(set(duties)) <= line.at_most:
        facts: dict[str, object] = {"n": len(set(duties)), "at_most": line.at_most}
        yield Finding("DUTIES_NEVER_BIND", located.place("incompatible", n), facts=facts)


def _posts(organ: OrganEntry, line: Incompatible, located: Located, n: int, into: list[str]) -> Iterator[Finding]:
    for k, name in enumerate(line.posts):
        yield from organ.named_post(name, located.place("incompatible", n, "posts", k), into)


def item_duties(organ: OrganEntry, items: Iterable[Item]) -> Iterator[Finding]:
    """Steps of the table that no item of the organ has. Items without steps of their own take them from profiles, later."""
    if organ.duties is None:
        return
    listed = list(items)
    if not all(item.steps for item in listed):
        return
    known = list(dict.fromkeys(step.id for item in listed for step in item.steps))
    for n, line in enumerate(organ.duties.file.incompatible):
        for k, name in enumerate(line.steps):
            if name not in known:
                place = organ.duties.located.place("incompatible", n, "steps", k)
                yield Finding("UNKNOWN_STEP", place, facts={"step": name, "near": near(name, known)})
