"""What a guard may look at, and what it answers.

A guard gets the argument of its deny row and this context, and answers None (let it pass) or a `Stop`: a code of the refusal and
the facts its sentence needs. It never looks at anything else: no clock, no store, no other request.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from sidecar.case_history.draw import DrawBrought
from sidecar.case_history.history import GRANT, PERFORMED, REFUSE, ActRecorded, CaseHistory
from sidecar.case_history.ledger import Ledger
from sidecar.case_history.resolution import Resolution
from sidecar.compiler.manifest import ItemFacts
from sidecar.expressions.facts import Asserted, Value, Values, form_of
from sidecar.messages import Sentence
from sidecar.personnel.registers import Delegation, Personnel
from sidecar.power_list.control_kinds import ABOUT, OUTCOME, REASON_IF_REFUSED
from sidecar.power_list.declared import TODAY, derived_facts
from sidecar.timekeeping.calendar import Calendar
from sidecar.timekeeping.limits import Deadlines

PENDING, GRANTED, REFUSED = "pending", "granted", "refused"  # states of a recusal that was asked for

WEEKDAYS_ONLY = Deadlines(Calendar())  # where no calendar is at hand

EXERCISE, CO_SIGN, VOTE, QUESTION = "exercise", "co_sign", "vote", "question"


class AccessRequest(msgspec.Struct, frozen=True):
    """A request as the decision sees it: identifiers checked, party tokenised.

    `facts` are asserted by the caller, in the forms of `expressions/facts.py`; `evidence` names what the caller holds (digests
    are in the record). `on_behalf` is the person for whom a delegate acts, `about` the officer a step speaks of, `vote` a
    member's vote. `content` is the digest of the draft that is put to the vote or decided, `resolution` the record of a meeting,
    `corrects` the decision of this case that is corrected or revoked.
    """

    person: str
    step: str
    item: str
    case_id: str
    region: str = ""
    party: str = ""
    acting_post: str = ""
    level: str = ""
    outcome: str = ""
    intent: str = EXERCISE
    facts: Mapping[str, Asserted] = {}
    evidence: frozenset[str] = frozenset()
    on_behalf: str = ""
    about: str = ""
    vote: str = ""
    content: str = ""
    resolution: Resolution | None = None
    draw: DrawBrought | None = None
    corrects: str = ""


class Stop(msgspec.Struct, frozen=True):
    """A refusal in the making. `sentence` names the catalogue entry when it differs from the code; `missing` names, for
    programs, the facts, evidence or steps that would change the answer."""

    code: str
    facts: Mapping[str, object] = {}
    sentence: str = ""
    missing: tuple[str, ...] = ()


T = TypeVar("T")
_Performed = Mapping[str, Sequence[ActRecorded]]  # by step


class once(Generic[T]):  # noqa: N801 - reads as the decorator it is
    """`functools.cached_property` without its lock, which before Python 3.12 costs more than most of these values. A context
    belongs to one request and so to one thread."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self.__doc__ = make, make.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, holder: Any, _: type) -> T:
        value = holder.__dict__[self._name] = self._make(holder)
        return value


class ControlContext(msgspec.Struct, frozen=True, dict=True):
    """One request against one case at one moment. `ledgers` holds those that the step's rows name (`controls/ledgers.py`); a
    control that finds its ledger missing cannot judge, and prohibits. `deadlines` counts days by the policy's own calendar."""

    request: AccessRequest
    item: ItemFacts
    organ_level: str
    history: CaseHistory
    personnel: Personnel
    now: datetime
    ledgers: Mapping[str, Ledger] = {}
    deadlines: Deadlines = WEEKDAYS_ONLY

    @once
    def day(self) -> date:
        return self.now.date()

    @once
    def persons(self) -> tuple[str, ...]:
        """Who stands behind the request: the one who acts, and the one they act for."""
        request = self.request
        return (request.person, request.on_behalf) if request.on_behalf else (request.person,)

    @once
    def signatures(self) -> tuple[ActRecorded, ...]:
        """Co-signatures of the step since it was last performed, of those who still may take part."""
        signed, recused = self.history.signatures(self.request.step), self.recused
        return tuple([act for act in signed if recused.isdisjoint(act.persons)]) if recused else signed

    @once
    def recusals(self) -> Mapping[str, str]:
        """How it stands with the recusal of officers of whom acts of the case speak: pending, granted or refused."""
        states: dict[str, str] = {}
        for act in self.history.acts:
            verb = self.verb(act.step) if act.about and act.kind == PERFORMED else ""
            if verb == "request_recusal":
                states[act.about] = PENDING
            elif verb == "rule_on_recusal":
                states[act.about] = GRANTED if act.outcome == GRANT else REFUSED
        return states

    @property
    def recused(self) -> frozenset[str]:
        """Officers who are out of the case for good."""
        return frozenset([person for person, state in self.recusals.items() if state == GRANTED])

    @property
    def able(self) -> Sequence[str]:
        """Full ids of the posts that hold the step."""
        entry = self.item.steps.get(self.request.step)
        return entry.posts if entry else ()

    @once
    def owned(self) -> frozenset[str]:
        """The posts held today by the one whose power it is: who acts, or the one they act for."""
        return self.personnel.posts(self.request.on_behalf or self.request.person, self.day)

    @once
    def held(self) -> frozenset[str]:
        """The posts that may be acted through: one's own, of a delegator those that are lent for this step of this item."""
        owned = self.owned - self.suspended_posts if self.personnel.any_suspended else self.owned
        if not self.request.on_behalf or any(not delegation.posts for delegation in self._lent):
            return owned
        return owned & {post for delegation in self._lent for post in delegation.posts}

    @once
    def worked_out(self) -> dict[Hashable, Any]:
        """What several guards of one family ask of this request, each kept under a key of its own kind."""
        return {}

    @once
    def suspended_posts(self) -> frozenset[str]:
        """Posts that are owned and suspended now."""
        if not self.personnel.any_suspended:
            return frozenset()
        return frozenset([post for post in self.owned if self.personnel.is_suspended("post", post, self.now)])

    @once
    def post(self) -> str:
        """The post acted through: the one that is named, else the first of the step's that is held; empty where there is none."""
        return self.request.acting_post or next((post for post in self.able if post in self.held), "")

    @once
    def _lent(self) -> tuple[Delegation, ...]:
        request = self.request
        if request.on_behalf in ("", request.person):
            return ()
        found = self.personnel.delegations(request.person, request.on_behalf)
        return tuple([lent for lent in found if lent.term.holds(self.now) and lent.covers(request.item, request.step)])

    @once
    def delegation(self) -> Delegation | None:
        """What lets the one who acts use the post: in term, covering item, step and post."""
        if self.post not in self.held or self.post not in self.able:
            return None
        return next((lent for lent in self._lent if not lent.posts or self.post in lent.posts), None)

    @once
    def facts(self) -> Values:
        """Remembered, asserted now, and derived from the case's own history; the last always win. What is not of its declared
        type is unknown."""
        return _Facts(self.item, self.request, self.history, self.performed, self.day)

    def read(self, asserted: Mapping[str, Asserted]) -> dict[str, Value]:
        """What is asserted, as the item's expressions read it."""
        read = {name: fact.read(asserted[name]) for name, fact in self.item.facts.items() if name in asserted}
        return {name: value for name, value in read.items() if value is not None}

    def facts_at(self, act: ActRecorded) -> Values:
        """The asserted facts as they were known when an act was done."""
        return self.read(self.history.facts_at(act.decision_id))

    @once
    def invalid_facts(self) -> tuple[str, ...]:
        """Facts that the request asserts in another type or unit than declared."""
        asserted, declared = self.request.facts, self.item.facts
        return tuple([name for name in asserted if name in declared and declared[name].read(asserted[name]) is None])

    @once
    def revoked(self) -> frozenset[str]:
        """Decisions of this case that were revoked: they no longer open the way to anything."""
        return frozenset([act.corrects for act in self.history.acts if act.corrects and self.verb(act.step) == "revoke"])

    @once
    def performed(self) -> _Performed:
        """The performances of each step that was done, in their order, revoked ones among them."""
        found: dict[str, list[ActRecorded]] = {}
        for act in self.history.acts:
            if act.kind == PERFORMED:
                found.setdefault(act.step, []).append(act)
        return found

    def performances(self, step: str) -> Sequence[ActRecorded]:
        """The performances of a step that stand: they did not fail and were not revoked."""
        acts, revoked = self.performed.get(step, ()), self.revoked
        return [act for act in acts if act.decision_id not in revoked] if revoked else acts

    @once
    def parts(self) -> set[tuple[str, str]]:
        """Step and person of everyone who took part: performers, co-signers and voters alike, and those they acted for."""
        acts = self.history.acts
        return {(act.step, act.person) for act in acts}.union([(act.step, act.on_behalf) for act in acts if act.on_behalf])

    @property
    def acting(self) -> frozenset[str]:
        """Full ids of the posts the request may be acting through: the one it names, where it names one."""
        named = self.request.acting_post
        return self.held & {named} if named else self.held

    @property
    def party(self) -> str:
        return self.history.party or self.request.party

    def step_name(self, step: str) -> str:
        entry = self.item.steps.get(step)
        return entry.name if entry else step

    def verb(self, step: str) -> str:
        entry = self.item.steps.get(step)
        return entry.verb if entry else ""

    @property
    def asked_step(self) -> str:
        return self.step_name(self.request.step)

    @once
    def asked_verb(self) -> str:
        return self.verb(self.request.step)


class _Facts(Mapping[str, Value]):
    """What is known, each fact found when it is first read: an item has a hundred, a condition reads two. It holds no context:
    that would be a circle, and circles wait for the garbage collector, which stops every request while it looks for them."""

    def __init__(
        self, item: ItemFacts, request: AccessRequest, history: CaseHistory, performed: _Performed, today: date
    ) -> None:
        self._declared, self._asserted, self._remembered = item.facts, request.facts, history.facts
        self._derived, self._performed, self._today = _derived(tuple(item.steps)), performed, today
        self._read: dict[str, Value | None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """As of any mapping, without an exception for what is unknown."""
        if name not in self._read:
            self._read[name] = self._found(name)
        value = self._read[name]
        return default if value is None else value

    def __getitem__(self, name: str) -> Value:
        value: Value | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self._declared, *self._derived])
        return (name for name in names if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _found(self, name: str) -> Value | None:
        derived = self._derived.get(name)
        if derived is not None:
            return derived[0](derived[1], self._performed, self._today)
        fact = self._declared.get(name)
        asserted = self._asserted if name in self._asserted else self._remembered
        return fact.read(asserted[name]) if fact is not None and name in asserted else None


def _was_done(step: str, performed: _Performed, _: date) -> bool:
    return step in performed


def _was_refused(step: str, performed: _Performed, _: date) -> bool:
    return step in performed and performed[step][-1].outcome == REFUSE


def _done_on(step: str, performed: _Performed, _: date) -> int | None:
    return performed[step][-1].day.toordinal() if step in performed else None


def _is_today(_: str, __: _Performed, today: date) -> int:
    return today.toordinal()


_Derive = Callable[[str, _Performed, date], Value | None]


@lru_cache(maxsize=4_096)
def _derived(steps: tuple[str, ...]) -> Mapping[str, tuple[_Derive, str]]:
    """How the facts of an item's steps follow from the history, by their names."""
    found: dict[str, tuple[_Derive, str]] = {TODAY: (_is_today, "")}
    for step in steps:
        found |= zip(derived_facts(step), ((_was_done, step), (_was_refused, step), (_done_on, step)), strict=True)
    return found


def missing(names: tuple[str, ...], context: ControlContext) -> Stop:
    """The refusal that asks for what is missing: facts to assert, evidence to carry, or the party. A fact that was asserted
    otherwise than declared is not missing but invalid."""
    invalid = next((name for name in names if name in context.invalid_facts), None)
    if invalid is not None:
        return invalid_fact(invalid, context)
    said = [_name_of(name, context) for name in names]
    told = Sentence("、".join(name.zh for name in said), ", ".join(name.en for name in said))
    return Stop("MISSING_REQUIREMENT", {"missing": told, "step": context.asked_step}, missing=names)


def invalid_fact(name: str, context: ControlContext) -> Stop:
    """The refusal of a fact in another type or unit than declared. It names the declared one, never the value."""
    fact = context.item.facts[name]
    facts = {"fact": _name_of(name, context), "form": fact.form, "sent": form_of(context.request.facts[name])}
    return Stop("FACT_INVALID", facts, missing=(name,))


def _name_of(name: str, context: ControlContext) -> Sentence:
    """A fact as its declaration calls it; the name by which a request gives it stands in the ground's `missing`."""
    fact = context.item.facts.get(name)
    return fact.label if fact else Sentence(_NAMED.get(name, name), name)


# What every item may ask for, in words; facts and evidence of one item carry the names its maintainers gave them.
_NAMED: Mapping[str, str] = {
    "party": "当事人（party）",
    ABOUT: "涉及的人员（about）",
    OUTCOME: "办理结果（outcome：grant 准予或 refuse 不予准许）",
    REASON_IF_REFUSED: "不予准许的理由（reason）",
    "vote": "表决意见（vote：for 赞成、against 反对、abstain 弃权）",
    "content": "所议决定草案的摘要（content）",
    "dissent": "书面的不同意见（dissent）",
    "corrects": "所纠正或撤销的决定（corrects）",
    "reason": "理由（reason）",
    "course_record": "全过程记录（course_record）",
    "hearing_right": "已告知听证权利（hearing_right）",
}
