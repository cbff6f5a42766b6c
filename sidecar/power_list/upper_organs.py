"""Posts of upper organs (上级机关): who above may revoke or correct what an organ decided (行政许可法 69).

They stand apart from the posts of the steps, which are the organ's own: `upper_posts` of an item names them in full, `unit.post`.
An organ is above another when its level is higher and its region holds the item's. What an upper organ may do itself it has in a
list of its own; here it only undoes.
"""

from collections.abc import Iterable, Mapping

from sidecar.messages import near
from sidecar.power_list.entries import ItemEntry, OrganEntry, PolicySet
from sidecar.power_list.findings import Finding
from sidecar.power_list.regions import within

UNDOING = frozenset({"revoke", "correct"})  # verbs


def find_upper_posts(policies: PolicySet) -> Iterable[Finding]:
    """Resolve them once every organ has been read; each mistake where it stands."""
    organ_of = {post: organ for organ in policies.organs.values() for post in organ.posts}
    for entry in policies.items.values():
        for n, post in enumerate(entry.item.upper_posts):
            yield from _checked(entry, n, post, organ_of)
        entry.upper_posts = tuple(dict.fromkeys(post for post in entry.item.upper_posts if post in organ_of))


def _checked(entry: ItemEntry, n: int, post: str, organ_of: Mapping[str, OrganEntry]) -> Iterable[Finding]:
    organ = organ_of.get(post)
    if organ is None:
        yield entry.finding("UNKNOWN_POST", ("upper_posts", n), post=post, near=near(post, organ_of))
    elif not (organ.organ.level < entry.item.level and within(entry.item.region, organ.organ.region)):
        yield entry.finding("POST_NOT_ABOVE", ("upper_posts", n), post=post, organ=organ.organ.name)
