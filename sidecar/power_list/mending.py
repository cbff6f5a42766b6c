"""Mending a tree with mistakes so that the rest of it can still be checked in the same run.

A maintainer wants every mistake at once: a misspelt key in one place must not hide an unknown post in another. So after the
mistakes of form are reported, they are taken out of the tree: unknown keys and wrong values are removed, a required key of an
item, a step, a post or an expectation gets a placeholder, and what cannot be mended takes its enclosing block with it. What is
left is checked for the mistakes that need the whole. A mended tree is never compiled.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

from sidecar.power_list.load_keys import Block, Named, Path, key_in
from sidecar.power_list.source import Mapping, Node, Scalar, Sequence

PLACEHOLDER = "#"  # no name of the language begins with it; references to it are not followed


def _scalar(line: int, column: int, value: str) -> Scalar:
    return Scalar(line, column, value, value)


def _list_of(line: int, column: int, *items: Node) -> Sequence:
    return Sequence(line, column, list(items))


def _block(line: int, column: int, **values: str | bool) -> Mapping:
    entries: list[tuple[Scalar, Node]] = [
        (_scalar(line, column, key), Scalar(line, column, str(value), value)) for key, value in values.items()
    ]
    return Mapping(line, column, entries)


def _plain(value: str) -> Callable[[int, int], Node]:
    return lambda line, column: _scalar(line, column, value)


# What stands in for a required key, by the block it is missing from. Blocks that are not here are removed.
_STAND_INS: dict[str, dict[str, Callable[[int, int], Node]]] = {
    "Item": {
        "id": lambda line, column: _scalar(line, column, f"unnamed-{line}"),
        "name": _plain("-"),
        "power_class": _plain("other"),
        "legal_basis": lambda line, column: _list_of(line, column, _block(line, column, instrument="unclassified", title="-")),
        "body": lambda line, column: _block(line, column, name="-"),
        "level": _plain("3"),
        "region": _plain("000000"),
        "units": lambda line, column: _list_of(line, column, _block(line, column, unit=PLACEHOLDER, lead=True)),
    },
    "Step": {
        "id": lambda line, column: _scalar(line, column, f"unnamed-{line}-{column}"),
        "name": _plain("-"),
        "verb": _plain("review"),
        "type": _plain("execute"),
        "posts": lambda line, column: _list_of(line, column, _scalar(line, column, PLACEHOLDER)),
    },
    "Post": {"name": _plain("-")},
    "Unit": {"name": _plain("-")},
    "Organ": {
        "id": _plain("unnamed"),
        "name": _plain("-"),
        "level": _plain("3"),
        "region": _plain("000000"),
    },
    "Expectation": {
        "name": lambda line, column: _scalar(line, column, f"unnamed-{line}-{column}"),
        "officers": lambda line, column: Mapping(line, column, [(_scalar(line, column, PLACEHOLDER), Mapping(line, column))]),
        "request": lambda line, column: _block(line, column, officer=PLACEHOLDER, step="unnamed"),
        "expect": lambda line, column: _block(line, column, decision="deny"),
    },
    "RequestGiven": {"officer": _plain(PLACEHOLDER), "step": _plain("unnamed")},
    "Expected": {"decision": _plain("deny")},
}


def mend(root: Node, model: type[BaseModel], errors: Iterable[Any]) -> bool:
    """Take the errors out of the tree, in place. False when nothing could be changed."""
    changes = [change for error in errors if (change := _change(root, model, error))]
    for change in changes:
        change()
    return bool(changes)


def _change(root: Node, model: type[BaseModel], error: Any) -> Callable[[], None] | None:
    path: Path = error["loc"]
    trail = _trail(root, model, path)
    if error["type"] == "missing" and len(trail) == len(path):
        node, block, _ = trail[-1]
        return _stand_in(node, block, str(path[-1])) or _removal(trail)
    if error["type"] == "too_short" and len(trail) == len(path) + 1:
        parent, block, _ = trail[-2]
        return _replacement(parent, trail[-1][0], block, str(path[-1])) or _removal(trail)
    return _removal(trail)


_Trail = list[tuple[Node, Block | None, Path]]


def _trail(root: Node, model: type[BaseModel], path: Path) -> _Trail:
    """The nodes from the root down a path, each with the block it is read as, as far as they exist."""
    trail: _Trail = [(root, model, ())]
    for end, step in enumerate(path, start=1):
        node, block, _ = trail[-1]
        found = _child(node, block, step)
        if found is None:
            break
        trail.append((*found, path[:end]))
    return trail


def _child(node: Node, block: Block | None, step: str | int) -> tuple[Node, Block | None] | None:
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step], block
    if isinstance(node, Mapping):
        for key, child in node.entries:
            name, below = key_in(block, key.text)
            if name == step:
                return child, below
    return None


def _stand_in(node: Node, block: Block | None, key: str) -> Callable[[], None] | None:
    make = _STAND_INS.get(block.__name__, {}).get(key) if isinstance(block, type) else None
    if make is None or not isinstance(node, Mapping):
        return None
    entry = (_scalar(node.line, node.column, key), make(node.line, node.column))
    return lambda: node.entries.append(entry)


def _replacement(parent: Node, child: Node, block: Block | None, key: str) -> Callable[[], None] | None:
    add = _stand_in(parent, block, key)
    remove = _without(parent, child)
    if add is None:
        return None

    def replace() -> None:
        remove()
        add()

    return replace


def _removal(trail: _Trail) -> Callable[[], None] | None:
    if len(trail) < 2:  # noqa: PLR2004 - the root itself cannot be taken out
        return None
    (parent, block, _), (child, _, _) = trail[-2:]
    if isinstance(block, Named) and isinstance(parent, Mapping) and not isinstance(child, Mapping):
        return _emptied(parent, child)
    return _without(parent, child)


def _emptied(parent: Mapping, child: Node) -> Callable[[], None]:
    """A block under a name of the writer's own is emptied, not removed: other places may use the name."""

    def empty() -> None:
        parent.entries[:] = [(key, Mapping(child.line, child.column) if node is child else node) for key, node in parent.entries]

    return empty


def _without(parent: Node, child: Node) -> Callable[[], None]:
    def remove() -> None:
        if isinstance(parent, Mapping):
            parent.entries[:] = [(key, node) for key, node in parent.entries if node is not child]
        elif isinstance(parent, Sequence):
            parent.items[:] = [node for node in parent.items if node is not child]

    return remove
