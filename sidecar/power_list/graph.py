"""Steps that wait for one another."""

from collections.abc import Mapping, Sequence


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
