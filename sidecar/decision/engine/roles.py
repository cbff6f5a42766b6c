"""Role inheritance (Casbin's `g`, NIST core and hierarchical RBAC): who reaches which role, resolved once per snapshot.

A graph is immutable: `linked` and `unlinked` give a new graph that shares all but the reach of those concerned, so that one
appointment costs no reload. Reach is what Casbin's role manager answers: oneself, and what can be reached over at most nine
links; with a domain, over the links of that domain only. Nothing is ever stored for a name that was only asked about.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

MAX_LINKS = 9  # Casbin looks at ten levels, oneself being the first

Link = tuple[str, str, str]  # user, role, domain ("" without one)
_Node = tuple[str, str]  # name, domain


class RoleGraph(NamedTuple):
    """Links by user and by role, and for every user what it reaches. Keys are (name, domain)."""

    links: Mapping[_Node, tuple[str, ...]]
    users: Mapping[_Node, tuple[str, ...]]
    reaches: Mapping[_Node, frozenset[str]]

    def reach(self, name: str, domain: str = "") -> frozenset[str]:
        """The roles of a name in a domain, the name itself included."""
        return self.reaches.get((name, domain)) or frozenset((name,))

    def linked(self, *link: str) -> "RoleGraph":
        """The graph with one more link (user, role[, domain]); the same link twice counts twice, as in Casbin."""
        user, role, domain = _as_link(link)
        links, users = dict(self.links), dict(self.users)
        links[user, domain] = (*links.get((user, domain), ()), role)
        users[role, domain] = (*users.get((role, domain), ()), user)
        return _resolved(links, users, dict(self.reaches), _concerned(users, user, domain))

    def unlinked(self, *link: str) -> "RoleGraph":
        """The graph with one link less. Raises KeyError when it is not there."""
        user, role, domain = _as_link(link)
        if role not in self.links.get((user, domain), ()):
            raise KeyError(link)
        concerned = _concerned(self.users, user, domain)
        links, users = dict(self.links), dict(self.users)
        _take_out(links, (user, domain), role)
        _take_out(users, (role, domain), user)
        return _resolved(links, users, dict(self.reaches), concerned)


EMPTY = RoleGraph({}, {}, {})


def role_graph(links: Iterable[Iterable[str]]) -> RoleGraph:
    """The graph of all links (user, role[, domain])."""
    below: dict[_Node, list[str]] = {}
    above: dict[_Node, list[str]] = {}
    for found in links:
        user, role, domain = _as_link(tuple(found))
        below.setdefault((user, domain), []).append(role)
        above.setdefault((role, domain), []).append(user)
    frozen = {node: tuple(roles) for node, roles in below.items()}
    return _resolved(frozen, {node: tuple(users) for node, users in above.items()}, {}, frozen)


def _as_link(link: tuple[str, ...]) -> Link:
    user, role, *domain = link
    return user, role, domain[0] if domain else ""


def _resolved(
    links: Mapping[_Node, tuple[str, ...]],
    users: Mapping[_Node, tuple[str, ...]],
    reaches: dict[_Node, frozenset[str]],
    concerned: Iterable[_Node],
) -> RoleGraph:
    shared: dict[frozenset[str], frozenset[str]] = {}
    for node in concerned:
        if node in links:
            found = _reach(links, node)
            reaches[node] = shared.setdefault(found, found)
        else:
            reaches.pop(node, None)
    return RoleGraph(links, users, reaches)


def _reach(links: Mapping[_Node, tuple[str, ...]], node: _Node) -> frozenset[str]:
    name, domain = node
    found, edge = {name}, {name}
    for _ in range(MAX_LINKS):
        edge = {role for user in edge for role in links.get((user, domain), ())} - found
        if not edge:
            break
        found.update(edge)
    return frozenset(found)


def _concerned(users: Mapping[_Node, tuple[str, ...]], name: str, domain: str) -> set[_Node]:
    """The name and everyone who reaches it."""
    found, edge = {name}, {name}
    while edge:
        edge = {user for role in edge for user in users.get((role, domain), ())} - found
        found.update(edge)
    return {(user, domain) for user in found}


def _take_out(table: dict[_Node, tuple[str, ...]], node: _Node, name: str) -> None:
    left = list(table[node])
    left.remove(name)
    if left:
        table[node] = tuple(left)
    else:
        del table[node]
