"""A workflow as a draft in the language: roles become posts to confirm, actions with a verb become steps.

What the configuration does not say is not invented. The legal basis stands there as a blank of unknown kind, of which
`quanheng check` warns; steps that the profile requires and the workflow lacks are left out, and `quanheng check` refuses with
exactly these.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from adapters.importers.digit.reading import Act, Configuration
from adapters.importers.digit.workflow import Compared, Counterpart, misplaced
from adapters.importers.naming import distinct
from adapters.importers.writing import write_yaml
from sidecar.errors import DigitError
from sidecar.power_list.profiles import ProfileFile

COMMAND = "import digit"
NO_BASIS = "待补：设定该权力的法律（DIGIT 配置未载） to be written: the law that creates this power"

_TIERS = ("handler", "section_head", "leader")
_DECIDING = frozenset({"decide", "revoke"})


class Setting(NamedTuple):
    """The organ the draft is for."""

    organ: str
    name: str
    region: str
    level: str
    power_class: str


def draft(read: Configuration, compared: Iterable[Compared], profile: ProfileFile, setting: Setting) -> dict[str, str]:
    """`organ.yaml` and `powers.yaml` as text."""
    ranks: dict[str, str] = {}
    drafts = [(beside, steps) for beside in compared if (steps := list(_steps(beside, profile, ranks)))]
    if not drafts:
        raise DigitError("NO_WORKFLOW")
    posts, unit = _posts(ranks), f"{setting.organ}-workflow"
    for _, steps in drafts:
        for step in steps:
            step["posts"] = [posts[role] for role in step["posts"]]
    taken: set[str] = set()
    items = [_item(beside, steps, profile, setting, taken) for beside, steps in drafts]
    names = {entry.of("code"): entry.of("name") for entry in read.roles}
    organ: dict[str, Any] = {
        "organ": {"id": setting.organ, "name": setting.name, "level": setting.level, "region": setting.region},
        "units": [{"id": unit, "name": "待定机构 unit to be named"}],
        "posts": [
            {"id": posts[role], "name": names.get(role) or role, "unit": unit, "rank": rank, "confirmed": False}
            for role, rank in ranks.items()
        ],
    }
    files = sorted(read.texts)
    return {
        "organ.yaml": write_yaml("organ", organ, COMMAND, files),
        "powers.yaml": write_yaml("workflow", {"items": items}, COMMAND, files),
    }


def slug(text: str) -> str:
    """TL_APPROVER → tl_approver."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-") or "role"


def _posts(roles: Iterable[str]) -> dict[str, str]:
    """A post for each role; two codes that spell alike are told apart."""
    posts: dict[str, str] = {}
    for role in roles:
        posts[role] = distinct(slug(role), posts.values())
    return posts


def _item(
    beside: Compared, steps: list[dict[str, Any]], profile: ProfileFile, setting: Setting, taken: set[str]
) -> dict[str, Any]:
    ids = {step["id"] for step in steps}
    own = distinct(f"{setting.organ}-{slug(beside.workflow.name)}", taken)
    taken.add(own)
    return {
        "id": own,
        "name": f"{beside.workflow.name}（DIGIT）",
        "power_class": setting.power_class,
        "legal_basis": [{"instrument": "unclassified", "title": NO_BASIS}],
        "body": {"name": setting.name},
        "level": setting.level,
        "region": setting.region,
        "units": [{"unit": f"{setting.organ}-workflow", "lead": True}],
        "steps": steps,
        "control_profile": profile.profile,
        "controls": {"separation": [list(rule.pair) for rule in profile.separation if ids.issuperset(rule.pair)]},
    }


def _steps(beside: Compared, profile: ProfileFile, ranks: dict[str, str]) -> Iterator[dict[str, Any]]:
    """One step for each state in which something with a verb is done, in the order of the flow."""
    order = _distance(beside)
    verbs = [c for c in beside.counterparts if c.meaning.verb and c.meaning.verb != "return" and _settled(c, beside)]
    groups: dict[tuple[str, str], list[Counterpart]] = {}
    for counterpart in sorted(verbs, key=lambda c: order.get(c.act.state, len(order))):
        groups.setdefault((counterpart.step, counterpart.act.state), []).append(counterpart)
    tiers = {step.id: step.tier or "handler" for step in profile.steps}
    ids = _ids(groups)
    for key, found in groups.items():
        verb = found[0].meaning.verb
        roles = list(dict.fromkeys(role for counterpart in found for role in counterpart.act.roles))
        for role in roles:
            tier = tiers.get(found[0].step, "leader" if verb in _DECIDING else "handler")
            ranks[role] = max(ranks.get(role, _TIERS[0]), tier, key=_TIERS.index)
        step: dict[str, Any] = {
            "id": ids[key],
            "name": f"{key[1]}: {', '.join(counterpart.act.word for counterpart in found)}",
            "verb": verb,
            "type": "decide" if verb in _DECIDING else "execute",
            "posts": roles,
        }
        after = [ids[before] for before in groups if order[before[1]] < order[key[1]] and _leads(before, key, groups, beside)]
        yield step | ({"after": after} if after else {}) | ({"optional": True} if verb == "revoke" else {})


def _settled(counterpart: Counterpart, beside: Compared) -> bool:
    """A refusal before the decision is a finding, not a step of the draft."""
    decides = {c.act.state for c in beside.counterparts if c.meaning.outcome == "grant"}
    return not counterpart.meaning.outcome or counterpart.act.state in decides


def _ids(groups: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The profile's own id for the first step of a kind, the state beside it for any other."""
    ids: dict[tuple[str, str], str] = {}
    for step, state in groups:
        ids[step, state] = step if step not in ids.values() else f"{step}-{slug(state)}"
    return ids


def _distance(beside: Compared) -> dict[str, int]:
    """How many actions each state is away from a start."""
    workflow = beside.workflow
    reached = {state.name: 0 for state in workflow.states if state.starts}
    waiting = list(reached)
    while waiting:
        name = waiting.pop(0)
        for following in _following(name, beside):
            if following not in reached:
                reached[following] = reached[name] + 1
                waiting.append(following)
    return {state.name: reached.get(state.name, len(workflow.states)) for state in workflow.states}


def _following(state: str, beside: Compared) -> Iterator[str]:
    for act in _acts(state, beside):
        following = beside.workflow.state_named(act.next_id)
        if following and following.name != state:
            yield following.name


def _acts(state: str, beside: Compared) -> Iterator[Act]:
    found = (s for s in beside.workflow.states if s.name == state)
    return (act for s in found for act in s.acts if not misplaced(act, beside.workflow))


def _leads(
    before: tuple[str, str], key: tuple[str, str], groups: Mapping[tuple[str, str], list[Counterpart]], beside: Compared
) -> bool:
    """Whether a step leads to the state of another without a step between."""
    own = {state for _, state in groups}
    next_ids = [counterpart.act.next_id for counterpart in groups[before]]
    waiting = [state.name for state in (beside.workflow.state_named(uuid) for uuid in next_ids) if state]
    seen: set[str] = set()
    while waiting:
        state = waiting.pop()
        if state == key[1]:
            return True
        if state not in seen and state not in own:
            waiting += _following(state, beside)
        seen.add(state)
    return False
