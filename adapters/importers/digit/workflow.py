"""A workflow beside the control profile of a class of power: which action is which step, and what it would need.

An action that is listed under one state with the identifier of another is a mistake; until it is corrected it is no step, for
nobody knows which of the two was meant.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from adapters.importers.digit.access import Access
from adapters.importers.digit.reading import Act, Configuration, Entry, Found, State, Workflow
from adapters.importers.digit.words import CANCELS, HANDLING, PARTY, Meaning, meaning_of
from sidecar.case_history.history import GRANT, REFUSE
from sidecar.messages import Sentence
from sidecar.power_list import vocabulary as words
from sidecar.power_list.profile import ProfileFile, ProfileStep


class Counterpart(NamedTuple):
    """An action of a workflow and what it is: a step of the profile, a verb the profile does not know, or none."""

    act: Act
    meaning: Meaning
    step: str

    @property
    def word(self) -> str:
        """For people: the verb, or why there is none."""
        return self.meaning.verb or self.meaning.none


class Compared(NamedTuple):
    """One workflow beside the profile."""

    workflow: Workflow
    counterparts: list[Counterpart]
    findings: list[Found]

    def of_step(self, step: str) -> list[Counterpart]:
        return [counterpart for counterpart in self.counterparts if counterpart.step == step]


def compare(workflow: Workflow, profile: ProfileFile, access: Access) -> Compared:
    """Which action is which step, and everything the workflow lacks."""
    findings: list[Found] = list(_contradictions(workflow))
    counterparts = list(_counterparts(workflow, profile, findings))
    compared = Compared(workflow, counterparts, findings)
    findings += _missing_steps(compared, profile)
    findings += _separations(compared, profile, access)
    findings += _officers(compared, profile)
    findings += _endings(compared, profile)
    return compared


def misplaced(act: Act, workflow: Workflow) -> State | None:
    """The state whose identifier an action carries, where that is not the one it is listed under."""
    named = workflow.state_named(act.state_id)
    return named if named and named.name != act.state else None


# -- the workflow in itself ------------------------------------------------------------------------------------------


def _contradictions(workflow: Workflow) -> Iterator[Found]:
    starts = [state for state in workflow.states if state.starts]
    if len(starts) > 1:
        yield starts[1].entry.found("SEVERAL_STARTS", "isStartState", n=len(starts))
    for state in workflow.states:
        yield from _of_state(state, workflow)


def _of_state(state: State, workflow: Workflow) -> Iterator[Found]:
    for act in state.acts:
        if not act.word:
            yield act.entry.found("EMPTY_ACTION", "action", state=state.name or "-")
            continue
        other = misplaced(act, workflow)
        if other:
            facts = {"action": act.word, "state": state.name, "other": other.name, "roles": ", ".join(act.roles)}
            yield act.entry.found("STATE_OF_ANOTHER", "stateId", **facts)
        for member, uuid in (("stateId", act.state_id), ("nextStateId", act.next_id)):
            if workflow.state_named(uuid) is None:
                yield act.entry.found("UNKNOWN_STATE", member, action=act.word, key=member)
    listed = {word.strip().upper() for word in state.entry.of("applicableActions").split(",") if word.strip()}
    there = {act.word for act in state.acts if act.word}
    if listed and listed != there:
        more, less = (", ".join(sorted(names)) or "-" for names in (listed - there, there - listed))
        yield state.entry.found("ACTIONS_DIFFER", "applicableActions", state=state.name or "-", more=more, less=less)


# -- which action is which step --------------------------------------------------------------------------------------


def _counterparts(workflow: Workflow, profile: ProfileFile, findings: list[Found]) -> Iterator[Counterpart]:
    by_verb: dict[str, str] = {}
    for step in profile.steps:
        by_verb.setdefault(step.verb, step.id)
    for state in workflow.states:
        for act in state.acts:
            if not act.word or misplaced(act, workflow):
                continue
            meaning = meaning_of(act.word, state.name)
            if meaning is None:
                findings.append(act.entry.found("UNKNOWN_WORD", "action", action=act.word, verbs=", ".join(words.VERBS)))
            elif meaning.none == CANCELS and _was_granted(state, workflow):
                yield Counterpart(act, Meaning("revoke"), by_verb.get("revoke", "revoke"))
            else:
                yield Counterpart(act, meaning, by_verb.get(meaning.verb, meaning.verb))


def _was_granted(state: State, workflow: Workflow) -> bool:
    """Whether a decision to grant leads into the state: to cancel there is to take back what was granted."""
    acts = (act for before in workflow.states for act in before.acts if not misplaced(act, workflow))
    return any(act.next_id == state.uuid and _is_grant(act) for act in acts)


def _is_grant(act: Act) -> bool:
    meaning = meaning_of(act.word, act.state)
    return meaning is not None and meaning.outcome == GRANT


# -- what the profile asks -------------------------------------------------------------------------------------------


def _missing_steps(compared: Compared, profile: ProfileFile) -> Iterator[Found]:
    for step in profile.steps:
        if not compared.of_step(step.id):
            code = "MISSING_STEP" if step.id in profile.requires_steps else "MISSING_WHEN_NEEDED"
            yield compared.workflow.entry.found(code, "states", step=step.name, id=step.id, basis=step.basis)


def _separations(compared: Compared, profile: ProfileFile, access: Access) -> Iterator[Found]:
    """For each pair of the profile: one role that does both, and two roles that one person may hold."""
    names = {step.id: step.name for step in profile.steps}
    for rule in profile.separation:
        firsts, seconds = (compared.of_step(name) for name in rule.pair)
        if not firsts or not seconds:
            continue
        one, other = _roles(firsts), _roles(seconds)
        shared = [role for role in one if role in other]
        apart = [role for role in other if role not in one]
        facts: dict[str, object] = {
            "first": names[rule.pair[0]],
            "second": names[rule.pair[1]],
            "first_id": rule.pair[0],
            "second_id": rule.pair[1],
            "basis": rule.basis,
        }
        if shared:
            act = next(c.act for c in seconds if set(shared) & set(c.act.roles))
            yield act.entry.found("ONE_ROLE_FOR_BOTH", "roles", shared=", ".join(shared), **facts)
        if apart:
            act = next(c.act for c in seconds if set(apart) & set(c.act.roles))
            facts |= {"roles": ", ".join(one), "others": ", ".join(apart), "overlap": _overlap(one, apart, access)}
            yield act.entry.found("PERSONS_NOT_SEPARATED", "roles", **facts)


def _roles(counterparts: Iterable[Counterpart]) -> list[str]:
    return list(dict.fromkeys(role for counterpart in counterparts for role in counterpart.act.roles))


def _overlap(one: Iterable[str], other: Iterable[str], access: Access) -> Sentence:
    """What the grants add to it: that one of the roles may call all that the other may."""
    known = {(pair.role, pair.other): pair for pair in (*access.inside, *access.identical)}
    for first in one:
        for second in other:
            pair = known.get((first, second)) or known.get((second, first))
            if pair:
                return Sentence(
                    f"；{pair.role} 的 {pair.actions} 种操作全在 {pair.other} 的 {pair.of} 种之内",
                    f"; all {pair.actions} actions of {pair.role} are among the {pair.of} of {pair.other}",
                )
    return Sentence("", "")


def _officers(compared: Compared, profile: ProfileFile) -> Iterator[Found]:
    for step in profile.steps:
        found = compared.of_step(step.id)
        if found and step.officers and step.officers.min > 1:
            basis = step.officers.basis or step.basis
            facts = {"step": step.name, "id": step.id, "roles": ", ".join(_roles(found)), "n": step.officers.min, "basis": basis}
            yield found[0].act.entry.found("TOO_FEW_OFFICERS", "roles", **facts)


def _endings(compared: Compared, profile: ProfileFile) -> Iterator[Found]:
    """How a case may end: by a decision, and by nothing else."""
    basis = next((step.basis for step in profile.steps if step.verb == "decide"), "-")
    for state in compared.workflow.states:
        here = [counterpart for counterpart in compared.counterparts if _is_under(state, counterpart)]
        decides = any(counterpart.meaning.outcome == GRANT for counterpart in here)
        yield from _one_role(state, here) if decides else ()
        for counterpart in here:
            act, meaning = counterpart.act, counterpart.meaning
            facts = {"state": state.name, "roles": ", ".join(act.roles), "action": act.word, "basis": basis}
            if meaning.outcome == REFUSE and not decides:
                yield act.entry.found("REFUSED_BEFORE_DECISION", "action", **facts)
            if meaning.none == CANCELS:
                yield act.entry.found("ENDED_WITHOUT_DECISION", "action", **facts)


def _is_under(state: State, counterpart: Counterpart) -> bool:
    """Whether an action is listed under a state; two states may have the same name."""
    return any(act is counterpart.act for act in state.acts)


def _one_role(state: State, here: Iterable[Counterpart]) -> Iterator[Found]:
    ends = [counterpart for counterpart in here if counterpart.meaning.outcome or counterpart.meaning.none == CANCELS]
    for role in _roles(ends):
        can = [counterpart.act.word for counterpart in ends if role in counterpart.act.roles]
        if len(can) > 2:  # noqa: PLR2004 - granting and refusing are one decision; a third ending is another
            yield state.entry.found("ONE_ROLE_ENDS_ALL", "actions", state=state.name, role=role, actions=", ".join(can))


# -- decisions that nobody takes -------------------------------------------------------------------------------------


def examine_escalations(read: Configuration, compared: Mapping[str, Compared], profile: ProfileFile) -> Iterator[Found]:
    """What happens by itself when a term is over."""
    decide: ProfileStep | None = next((step for step in profile.steps if step.verb == "decide"), None)
    for entry in read.escalations:
        if entry.of("active").lower() == "false":
            continue
        service, state, word = entry.of("businessService"), entry.of("state"), entry.of("action").upper()
        beside = compared.get(service)
        found = _act_of(beside, state, word) if beside else None
        if found is None:
            yield entry.found("ESCALATION_OF_NOTHING", "businessService", service=service, state=state, action=word)
        elif found.meaning.verb:
            facts = {"state": state, "action": word, "sla": _sla(entry), "basis": decide.basis if decide else "-"}
            yield entry.found("DECIDED_WITHOUT_PERSON", "action", **facts)


def _act_of(compared: Compared, state: str, word: str) -> Counterpart | None:
    return next((c for c in compared.counterparts if (c.act.state, c.act.word) == (state, word)), None)


def _sla(entry: Entry) -> str:
    value = entry.data.get("stateSLA")
    return f"{value:g}" if isinstance(value, int | float) else entry.of("businessSLA") or "-"


NOT_A_POWER: Mapping[str, Sentence] = {
    PARTY: Sentence("当事人自己的行为", "an act of the party"),
    HANDLING: Sentence("内部流转", "passing the file on"),
    CANCELS: Sentence("不经决定而终结", "ends the case without a decision"),
}
