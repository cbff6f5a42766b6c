"""Bodies that decide together (集体讨论): who was there, how they voted, who spoke last, and what the resolution covers.

A deliberation reaches its case in one of two forms, which these guards read alike:
  * collected: each member votes by an act of their own (`intent: vote`), and performing the step closes the vote. Nobody can vote
    for another, and the order in which members spoke is the order of the case's history;
  * brought: who keeps the minutes performs the step with the record of the meeting (`context.resolution`), the members in the
    order in which they spoke.

Due to attend are those who hold a member's or the chair's post that day, natural persons each once, whatever posts they hold.
One who must recuse is due like the others and may not vote: a body too much of which must recuse cannot decide, and the matter
goes up. Members agree by shares of those due, not of those present (应到会成员). Whether the outcome follows the votes or the
word of the chair (行政首长负责制) is in the terms.

Articles: 重大行政决策程序暂行条例 25, 30, 33; 行政处罚法 57; 党组工作条例 (quorum); the chair's last word: 末位表态.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from sidecar.case_history.history import AGAINST, FOR, GRANT, REFUSE, VOTED, ActRecorded
from sidecar.case_history.resolution import Resolution
from sidecar.compiler.terms import Terms, read_terms
from sidecar.controls import recusal
from sidecar.controls.context import CO_SIGN, GRANTED, VOTE, ControlContext, Stop, missing
from sidecar.expressions.evaluation import Result
from sidecar.expressions.facts import Fact
from sidecar.expressions.meaning import Expression, read_row
from sidecar.expressions.measures import MONEY
from sidecar.messages import Sentence
from sidecar.power_list.shares import share_label, share_of

FEWEST = 2  # one person is no body
REASON, DISSENT = "reason", "dissent"  # evidence a vote carries
_WRITTEN = frozenset({REASON, DISSENT})


class Voice(NamedTuple):
    """What one member said: `reasoned` where a reason was given at the meeting or a dissent left in writing."""

    person: str
    vote: str
    reasoned: bool


class Meeting(NamedTuple):
    """Those who spoke, in their order; `due` those who should have attended, `chairs` those of them who preside."""

    voices: tuple[Voice, ...]
    due: frozenset[str]
    chairs: frozenset[str]
    presiding: str = ""

    @property
    def present(self) -> int:
        return len({voice.person for voice in self.voices} & self.due)

    def votes(self, vote: str) -> int:
        return sum(voice.vote == vote for voice in self.voices)


def quorum(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the terms. Of a vote: that it is a member's first one. Of the closing: attendance, agreement, and the outcome."""
    terms, request = read_terms(arg), context.request
    if request.intent == CO_SIGN:
        return None
    meeting = _meeting(terms, context)
    if request.intent == VOTE:
        return _of_vote(meeting, context)
    if not context.acting.intersection(context.able):
        return Stop("NO_POWER", {"item": context.item.name, "step": context.asked_step}, sentence="ONLY_VOTES")
    return _of_record(meeting, context) or _of_attendance(terms, meeting, context) or _of_outcome(terms, meeting, context)


def chair_last(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the terms. The chair may vote once enough others have, and after the chair nobody (条例 30; 末位表态)."""
    terms, request = read_terms(arg), context.request
    if request.intent != VOTE and request.resolution is None:
        return None  # each vote was judged when it was cast
    meeting = _meeting(terms, context)
    spoken = [voice.person for voice in meeting.voices]
    here = meeting.chairs.intersection(spoken)
    if request.intent == VOTE and request.person in meeting.chairs:
        return _chairs_turn(terms, meeting, context)
    if request.intent == VOTE:
        return _invalid("CHAIR_SPOKE", context) if here else None
    if spoken and ((here and meeting.presiding not in here) or meeting.presiding != spoken[-1]):
        return _invalid("CHAIR_NOT_LAST", context, last=spoken[-1], chair="、".join(sorted(here)) or meeting.presiding)
    return None


def _chairs_turn(terms: Terms, meeting: Meeting, context: ControlContext) -> Stop | None:
    """Whether enough others have spoken for the chair to be the last."""
    due = len(meeting.due)
    with_chair = len(meeting.due.intersection([context.request.person, *(voice.person for voice in meeting.voices)]))
    if with_chair >= FEWEST and share_of(terms.quorum).met(with_chair, due):
        return None
    return _invalid("CHAIR_TOO_EARLY", context, due=due, present=with_chair, quorum=_label(terms.quorum))


def chair_reasons(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the terms. A chair who goes against most of the others gives the reason at the meeting (条例 30)."""
    request = context.request
    if request.intent != VOTE and request.resolution is None:
        return None
    meeting = _meeting(read_terms(arg), context)
    if request.intent == VOTE:
        own_vote = Voice(request.person, request.vote, REASON in request.evidence)
        return _against_most(own_vote, meeting.voices, context) if request.person in meeting.chairs else None
    own = [voice for voice in meeting.voices if voice.person == meeting.presiding]
    others = [voice for voice in meeting.voices if voice.person != meeting.presiding]
    return _against_most(own[0], others, context) if own else None


def dissent(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the terms. Who votes against leaves the dissent in writing, which lessens their liability later (条例 30, 38)."""
    request = context.request
    if request.intent == VOTE:
        return missing((DISSENT,), context) if request.vote == AGAINST and DISSENT not in request.evidence else None
    if request.resolution is None:
        return None
    silent = [v.person for v in _meeting(read_terms(arg), context).voices if v.vote == AGAINST and not v.reasoned]
    return _invalid("DISSENT_NOT_RECORDED", context, persons="、".join(silent)) if silent else None


def members_recused(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the relations, as in `recusal.declared`. Of a record that is brought: nobody took part who must recuse (公务员法
    76)."""
    record = context.request.resolution
    for member in record.members if record else ():
        its = replace(context, request=replace(context.request, person=member.person, on_behalf=""))
        stop = (recusal.declared(arg, its) or recusal.recused(GRANTED, its)) if member.present else None
        if stop and stop.code == "RECUSAL":
            facts = {"relation": "-", **stop.facts, "person": member.person}
            return Stop("RECUSAL", facts, sentence="MEMBER_RECUSED")
        if stop:
            return stop
    return None


def covers_case(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the sum, or `-`. Votes and record speak of one draft, and the record of this case and its sum."""
    request, amount = context.request, None if arg == "-" else read_row(arg)
    if request.intent == CO_SIGN:
        return None
    record = None if request.intent == VOTE else request.resolution
    content = record.content if record else request.content
    unsaid = (*(amount.unknown(context.facts) if amount else ()), *(() if content else ("content",)))
    if unsaid:
        return missing(unsaid, context)
    if any(act.outcome == REFUSE and _draft_of(act) == content for act in context.history.performances(request.step)):
        return _invalid("VOTED_DOWN", context)
    return (record and _of_this_case(record, amount, context)) or _votes_on(content, amount, context)


def _of_this_case(record: Resolution, amount: Expression | None, context: ControlContext) -> Stop | None:
    request = context.request
    if record.case_id != request.case_id:
        return _of_another(_CASE, record.case_id, request.case_id, context)
    if request.content not in ("", record.content):
        return _of_another(_DRAFT, record.content, request.content, context)
    covered = _MONEY.read(record.amount) if record.amount is not None else None
    return _differs(covered, amount.value(context.facts), context) if amount else None


def _votes_on(content: str, amount: Expression | None, context: ControlContext) -> Stop | None:
    """Whether a vote that is still open was about something else."""
    for vote in _open_votes(context):
        if vote.content != content:
            return _of_another(_DRAFT, vote.content, content, context)
        stop = _differs(amount.value(context.facts_at(vote)), amount.value(context.facts), context) if amount else None
        if stop:
            return stop
    return None


def covers(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `step` or `step:sum`. What is done now is the draft, and the sum, that the step's resolution covers."""
    step, _, amount = arg.partition(":")
    performed = context.performances(step)
    if not performed:
        return None  # whether it had to be done is another control's question
    last = performed[-1]
    covered, asked = _draft_of(last), context.request.content
    if covered and not asked:
        return missing(("content",), context)
    if covered and covered != asked:
        return _of_another(_DRAFT, covered, asked, context)
    read = read_row(amount) if amount else None
    return _differs(read.value(context.facts_at(last)), read.value(context.facts), context) if read else None


# -- one meeting in either form ------------------------------------------------------------------------------------------


def _meeting(terms: Terms, context: ControlContext) -> Meeting:
    """Worked out once for all guards of one request."""
    known = context.worked_out.get(terms)
    if known is None:
        known = context.worked_out[terms] = _gathered(terms, context)
    return known


def _gathered(terms: Terms, context: ControlContext) -> Meeting:
    holders = context.personnel.holders
    chairs = frozenset([person for post in terms.chairs for person in holders(post, context.day)])
    due = chairs.union([person for post in terms.members for person in holders(post, context.day)])
    record = context.request.resolution
    if record is None or context.request.intent == VOTE:
        voices = [Voice(act.person, act.vote, not _WRITTEN.isdisjoint(act.evidence)) for act in _open_votes(context)]
        return Meeting(tuple(voices), due, chairs)
    heard = tuple([Voice(m.person, m.vote, bool(m.reason)) for m in record.members if m.present])
    return Meeting(heard, due, chairs, record.chair)


def _open_votes(context: ControlContext) -> Sequence[ActRecorded]:
    """Votes since the step was last performed; of one whose recusal was granted afterwards they count no more."""
    known: Sequence[ActRecorded] | None = context.worked_out.get(VOTED)
    if known is None:
        out, open_acts = context.recused, context.history.since_performed(context.request.step)
        known = context.worked_out[VOTED] = [act for act in open_acts if act.kind == VOTED and act.person not in out]
    return known


def _draft_of(act: ActRecorded) -> str:
    return act.resolution.content if act.resolution else act.content


def _of_vote(meeting: Meeting, context: ControlContext) -> Stop | None:
    request = context.request
    if request.on_behalf:
        return Stop("DELEGATION_INVALID", {"step": context.asked_step}, sentence="VOTE_IN_PERSON")
    if request.person not in meeting.due:
        return _invalid("NOT_DUE", context, persons=request.person)
    if any(voice.person == request.person for voice in meeting.voices):
        return Stop("STEP_ALREADY_DONE", {"step": context.asked_step}, sentence="ALREADY_VOTED")
    return None if request.vote else missing(("vote",), context)


def _of_record(meeting: Meeting, context: ControlContext) -> Stop | None:
    """Whether the record can be one at all: of members, each once, and not in the place of votes that were cast."""
    persons = [voice.person for voice in meeting.voices]
    strange = sorted(set(persons) - meeting.due)
    if context.request.resolution and _open_votes(context):
        return _invalid("VOTES_AND_RECORD", context)
    if strange:
        return _invalid("NOT_DUE", context, persons="、".join(strange))
    twice = sorted({person for person in persons if persons.count(person) > 1})
    return _invalid("COUNTED_TWICE", context, persons="、".join(twice)) if twice else None


def _of_attendance(terms: Terms, meeting: Meeting, context: ControlContext) -> Stop | None:
    due, present = len(meeting.due), meeting.present
    if present >= FEWEST and share_of(terms.quorum).met(present, due):
        return None
    return _invalid("QUORUM_SHORT", context, due=due, present=present, quorum=_label(terms.quorum))


def _of_outcome(terms: Terms, meeting: Meeting, context: ControlContext) -> Stop | None:
    """The outcome asked for is the one the votes, or the chair's word, came to."""
    chair = [voice for voice in meeting.voices if voice.person in (meeting.chairs or {meeting.presiding})]
    if terms.head and not chair:
        return _invalid("HEAD_SILENT", context)
    agreed = meeting.votes(FOR)
    adopted = chair[-1].vote == FOR if terms.head else share_of(terms.majority).met(agreed, len(meeting.due))
    came_to = GRANT if adopted else REFUSE
    if not context.request.outcome or context.request.outcome == came_to:
        return None
    facts = {"due": len(meeting.due), "agreed": agreed, "majority": _label(terms.majority), "outcome": _OUTCOMES[came_to]}
    return _invalid("OUTCOME_AGAINST_VOTES", context, **facts)


def _against_most(own: Voice, others: Iterable[Voice], context: ControlContext) -> Stop | None:
    heard = [voice.vote for voice in others]
    most = next((vote for vote in (FOR, AGAINST) if heard.count(vote) * 2 > len(heard)), "")
    if own.reasoned or own.vote not in (FOR, AGAINST) or most in ("", own.vote):
        return None
    stop = _invalid("AGAINST_MOST", context)
    return Stop(stop.code, stop.facts, stop.sentence, (REASON,))


def _differs(then: Result | None, now: Result | None, context: ControlContext) -> Stop | None:
    """Sums in fen."""
    if then == now:
        return None
    covered, asked = (_MONEY.spell(fen) if isinstance(fen, int) else "-" for fen in (then, now))
    return _of_another(_SUM, covered, asked, context)


def _of_another(what: Sentence, covered: object, asked: object, context: ControlContext) -> Stop:
    return _invalid("RESOLUTION_OF_ANOTHER", context, what=what, covered=covered, asked=asked)


def _invalid(sentence: str, context: ControlContext, **facts: object) -> Stop:
    return Stop("RESOLUTION_INVALID", {"step": context.asked_step, **facts}, sentence=sentence)


def _label(share: str) -> Sentence:
    return Sentence(*share_label(share))


_MONEY = Fact(MONEY, "yuan")  # a resolution counts in yuan, or says its unit
_CASE, _DRAFT, _SUM = Sentence("案件", "case"), Sentence("草案", "draft"), Sentence("数额", "sum")
_OUTCOMES = {GRANT: Sentence("通过（grant）", "adopted (grant)"), REFUSE: Sentence("不通过（refuse）", "not adopted (refuse)")}
