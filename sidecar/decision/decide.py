"""`decide()`: the power first, then what restrains it here and now; all grounds collected, deny wins.

    1. The engine answers which allow rows give this person, through a post in force today, this step of this item here, and
       which deny rows stop the request on the case's own history.
    2. Where no allow row matches, the reason is looked for: the item unknown or not in force, the region outside, the
       appointment ended, or simply no power.
    3. What belongs to no row is checked beside it: the case keeps the item, region and party of its first act.
    4. What is let pass may still be marked: a limit that is over, a condition worth a second look. Flags never refuse.

Default deny: an allow names item, version, step, post, rows and legal basis, and is built only from matched rows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from sidecar.case_history.history import MAX_EVENTS, REFUSE, CaseHistory
from sidecar.case_history.ledger import Ledger
from sidecar.compiler.manifest import ItemFacts
from sidecar.controls.context import CO_SIGN, PENDING, VOTE, AccessRequest, ControlContext, Stop, invalid_fact, once
from sidecar.controls.delegation import unproven
from sidecar.controls.flags import Marked, marked
from sidecar.controls.order import AFTER_REFUSAL
from sidecar.controls.suspension import suspended
from sidecar.controls.table import Judge
from sidecar.decision.counted import NO_LEDGERS
from sidecar.decision.decision import Decision, Due, Flag, Ground, Judged
from sidecar.decision.engine import Failed, Matches, Row
from sidecar.decision.policy import PolicySnapshot, in_force
from sidecar.decision.unwritten import UNLISTED, rule_of, said_of_unknown
from sidecar.expressions.meaning import read_row
from sidecar.messages import say, told
from sidecar.personnel.registers import Personnel
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import DEADLINE, RULE_ON_RECUSAL, SIGNED_TOGETHER, WHEN, ControlKind
from sidecar.power_list.regions import within

# The headline is the ground a person must deal with first: whose power, which case, then what is missing.
_PRECEDENCE = (
    "CONTROL_ERROR",
    "SUSPENDED",
    "NO_POST",
    "POST_EXPIRED",
    "NO_POWER",
    "ITEM_NOT_IN_FORCE",
    "OUT_OF_REGION",
    "WRONG_LEVEL",
    "CASE_ITEM_MISMATCH",
    "CASE_REGION_MISMATCH",
    "CASE_PARTY_MISMATCH",
    "CASE_TOO_LARGE",
    "CASE_CLOSED",
    "OUT_OF_SCOPE",
    "LIMITATION_EXPIRED",
    "TIME_BARRED",
    "DELEGATION_INVALID",
    "RECUSAL",
    "PRINCIPAL_BARRED",
    "SAME_PERSON_PRIOR_STEP",
    "TENURE_EXCEEDED",
    "CREDENTIAL_MISSING",
    "EMERGENCY_DEBT_OPEN",
    "STEP_ALREADY_DONE",
    "CO_SIGN_NOT_NEEDED",
    "VOTE_NOT_NEEDED",
    "RIGHTS_NOT_NOTIFIED",
    "HEARING_REQUIRED",
    "LEGAL_REVIEW_REQUIRED",
    "COLLECTIVE_REQUIRED",
    "RESOLUTION_INVALID",
    "DRAW_INVALID",
    "NOT_DRAWN",
    "STEP_OUT_OF_ORDER",
    "DISCRETION_OUT_OF_BOUNDS",
    "TOO_FEW_OFFICERS",
    "FACT_INVALID",
    "MISSING_REQUIREMENT",
)
# Refusals of this person, not of the act: somebody else may do it.
_ANOTHER_MAY = frozenset(
    {
        "NO_POST",
        "POST_EXPIRED",
        "NO_POWER",
        "RECUSAL",
        "SAME_PERSON_PRIOR_STEP",
        "CREDENTIAL_MISSING",
        "TENURE_EXCEEDED",
        "TOO_FEW_OFFICERS",
    }
)
# What an allow is called when it is no performance of the step.
_GRANTED = {CO_SIGN: "CO_SIGNED", VOTE: "VOTED"}
_RANK = {code: n for n, code in enumerate(_PRECEDENCE)}

# columns of a p row, as in policies/model.conf
_ID, _SUB, _REGION, _SINCE, _UNTIL, _CTL, _ARG = 0, 1, 2, 5, 6, 7, 8


def decide(
    policy: PolicySnapshot,
    personnel: Personnel,
    history: CaseHistory,
    request: AccessRequest,
    now: datetime,
    ledgers: Mapping[str, Ledger] = NO_LEDGERS,
) -> Decision:
    """Decide one request in a case at a moment. Pure: the same values in give the same decision out. `ledgers` holds those that
    `counted.ledgers_for` names; without one that it needs, a control refuses."""
    item = policy.item(request.item)
    if item is None or request.step not in item.steps:
        return _unknown(request, item)
    asked = _Asked(policy, personnel, history, request, item, now, ledgers)
    matches = policy.engine.match(asked.casbin_request, reach={"g": asked.reach})
    findings = [*asked.power_findings(matches), *asked.case_findings(), *asked.control_findings(matches)]
    return asked.refused(findings, matches) if findings else asked.granted(matches)


def nearest(
    policy: PolicySnapshot, personnel: Personnel, history: CaseHistory, request: AccessRequest, now: datetime, limit: int
) -> list[Failed]:
    """The powers of the step, or of the item where the step is unknown, that came nearest to the request, with the terms that
    held and failed; none for an unknown item."""
    item = policy.item(request.item)
    if item is None:
        return []
    asked = _Asked(policy, personnel, history, request, item, now)
    steps = [request.step] if request.step in item.steps else list(item.steps)
    among = [row for step in steps for row in policy.step(request.item, step).rows if row[_CTL] == "-"]
    return policy.engine.nearest(asked.casbin_request, reach={"g": asked.reach}, limit=limit, among=among)


class _Finding(NamedTuple):
    """A ground before it is said: its code, and the rule of the catalogue or the row that stops; what its sentence is told with,
    beside what is the same for every request of the step."""

    code: str
    rule: str
    row: Row | None
    facts: tuple[tuple[str, object], ...]
    sentence: str = ""
    missing: tuple[str, ...] = ()
    basis: str = ""

    @property
    def known_by(self) -> tuple[object, ...]:
        told = tuple([(name, type(fact), fact) for name, fact in self.facts])  # 1 and true are equal, but not the same words
        return self.code, self.row[-1] if self.row else self.rule, told, self.sentence, self.missing, self.basis


class _Asked:
    """One request with everything it is decided on."""

    def __init__(
        self,
        policy: PolicySnapshot,
        personnel: Personnel,
        history: CaseHistory,
        request: AccessRequest,
        item: ItemFacts,
        now: datetime,
        ledgers: Mapping[str, Ledger] = NO_LEDGERS,
    ) -> None:
        self._policy, self._personnel, self._history = policy, personnel, history
        self._request, self._item, self._today = request, item, now.date()
        self._region = request.region or history.region or item.region
        self._rows = policy.step(request.item, request.step)
        organ = policy.organs[item.organ]
        self._context = ControlContext(request, item, organ.level, history, personnel, now, ledgers, policy.deadlines)
        self._judge = Judge(self._context)
        held = self._context.held
        posts = held & {request.acting_post} if request.acting_post else held
        self._roles = frozenset([f"post:{post}" for post in posts])
        self._day = _day(self._today)

    @property
    def casbin_request(self) -> tuple[object, ...]:
        request = self._request
        return (f"officer:{request.person}", self._region, request.item, request.step, self._day, self._judge)

    def reach(self, _subject: str) -> frozenset[str]:
        """Casbin's `g`: appointments in force today."""
        return self._roles

    # -- why not ---------------------------------------------------------------------------------------------------

    def power_findings(self, matches: Matches) -> Iterator[_Finding]:
        stops = list(suspended(self._context))
        for stop in stops:
            yield self._finding(stop.code, "CASE", **stop.facts)._replace(basis=str(stop.facts["document"]))
        if stops or matches.allow or (self._request.on_behalf and self._context.delegation is None):
            return  # of a delegate it is said why the delegation does not carry
        if self._request.acting_post and not self._roles:
            yield self._no_post(self._request.acting_post)
            return
        powers = [row for row in matches.considered if row[_CTL] == "-"]
        mine = [row for row in powers if row[_SUB] in self._roles]
        if not mine:
            yield self._no_power(powers)
            return
        here = [row for row in mine if within(self._region, row[_REGION])]
        if not here:
            allowed = "、".join(sorted({row[_REGION] for row in mine}))
            yield self._unwritten("OUT_OF_REGION", region=self._region, item=self._item.name, allowed=allowed)
        if not any(in_force(self._day, row[_SINCE], row[_UNTIL]) for row in mine):
            period = f"{self._item.since} — {self._item.until}"
            status = words.label(words.STATUSES, self._item.status)
            yield self._unwritten("ITEM_NOT_IN_FORCE", item=self._item.name, status=status, period=period)

    def _no_power(self, powers: Iterable[Row]) -> _Finding:
        """No post of this person holds the step; say so, or say that the one which did has ended."""
        wanted = {row[_SUB].removeprefix("post:") for row in powers}
        ended = [a for a in self._personnel.appointments(self._request.person) if a.post in wanted]
        if ended:
            return self._no_post(ended[-1].post)
        return self._unwritten("NO_POWER", item=self._item.name, step=self._step_name)

    def _no_post(self, post: str) -> _Finding:
        spans = [a.span for a in self._personnel.appointments(self._request.person) if a.post == post]
        ended = [span.end for span in spans if span.end and span.end < self._today]
        name = f"“{self._policy.post_name(post)}”({post})"
        if ended:
            return self._unwritten("POST_EXPIRED", acting_post=name, until=max(ended))
        return self._unwritten("NO_POST", acting_post=name)

    def case_findings(self) -> Iterator[_Finding]:
        history, request = self._history, self._request
        if history.version >= MAX_EVENTS:
            yield self._finding("CASE_TOO_LARGE", "CASE", limit=MAX_EVENTS)
        if history.item and history.item != request.item:
            yield self._finding("CASE_ITEM_MISMATCH", "CASE", fixed=history.item, item=request.item)
        if history.region and request.region and history.region != request.region:
            yield self._finding("CASE_REGION_MISMATCH", "CASE", fixed=history.region)
        if history.party and request.party and history.party != request.party:
            yield self._finding("CASE_PARTY_MISMATCH", "CASE")
        for name in self._judge.context.invalid_facts:
            stop = invalid_fact(name, self._judge.context)
            yield self._finding(stop.code, "CASE", **stop.facts)._replace(missing=stop.missing)
        if request.intent == CO_SIGN and not self._has(*SIGNED_TOGETHER):
            yield self._finding("CO_SIGN_NOT_NEEDED", "CASE", step=self._step_name)
        if request.intent == VOTE and not self._has(ControlKind.QUORUM):
            yield self._finding("VOTE_NOT_NEEDED", "CASE", step=self._step_name)
        if request.on_behalf:
            yield from self._delegation_findings()

    def _delegation_findings(self) -> Iterator[_Finding]:
        rows = [row for row in self._rows.rows if row[_CTL] == ControlKind.DELEGATES]
        stop = unproven(self._context, has_rows=bool(rows))
        if stop is None:
            return
        rule, basis = (self._rows.sources[rows[0][-1]].rule, self._rows.sources[rows[0][-1]].basis) if rows else ("AL-24", "-")
        yield self._finding(stop.code, rule, **{"basis": basis, **stop.facts})._replace(sentence=stop.sentence)

    def _has(self, *kinds: ControlKind) -> bool:
        return not self._rows.controls.isdisjoint(kinds)

    def control_findings(self, matches: Matches) -> Iterator[_Finding]:
        for row in matches.deny:
            stop = self._judge.answer(row[_CTL], row[_ARG]) or Stop("CONTROL_ERROR", {"control": row[_CTL]})
            yield _Finding(stop.code, "", row, tuple(stop.facts.items()), stop.sentence, stop.missing)

    def _unwritten(self, code: str, **facts: object) -> _Finding:
        return self._finding(code, rule_of(code, self._item.power_class), **facts)

    def _finding(self, code: str, rule: str, **facts: object) -> _Finding:
        return _Finding(code, rule, None, tuple(facts.items()))

    def _said(self, finding: _Finding) -> Ground:
        """A finding in words, with where it comes from."""
        code, rule, row, facts, sentence, missing, basis = finding
        said: dict[str, object] = {"posts": self._able_names}
        if row is None:
            place = f"{self._item.file}:{self._item.line}"
            reason = say(sentence or code, **{**said, **dict(facts)})
            return Ground(code, reason, rule, basis or self._item_basis, place, "", missing)
        source = self._rows.sources[row[-1]]
        said |= {"reason": told(source.note), "basis": source.basis, **dict(facts)}
        place = f"{source.file}:{source.line}"
        return Ground(code, say(sentence or code, **said), source.rule, source.basis, place, row[_ID], missing)

    # -- the answers -----------------------------------------------------------------------------------------------

    # Decisions are values: one that was made of the same findings and rows is given again. All it is told with is part of what it
    # is known by, so that nothing said of one request is ever told to another that differs in it.

    def refused(self, findings: list[_Finding], matches: Matches) -> Decision:
        request = self._request
        allowing = tuple([row[-1] for row in matches.allow])
        found = tuple([finding.known_by for finding in findings])
        made_of = (request.item, request.step, self._region, request.acting_post, allowing, found)
        try:
            return self._policy.kept.get(made_of) or self._policy.kept.put(made_of, self._refuse(findings, matches))
        except TypeError:  # a fact that is no value of its own, a list say
            return self._refuse(findings, matches)

    def granted(self, matches: Matches) -> Decision:
        request, kept = self._request, self._policy.kept
        asked = (request.intent, request.outcome == REFUSE, self._recusal_pending, self._document)
        made_of: tuple[object, ...] = (self._region, *asked, *[row[-1] for row in matches.allow])
        marks, owed = self._marks(), self._owed_here()
        if marks or owed:
            made_of = (*made_of, marks, owed)
        return kept.get(made_of) or kept.put(made_of, self._grant(matches, marks, owed))

    def _marks(self) -> tuple[tuple[int, Marked], ...]:
        """What is marked, behind the number of the flag row."""
        if not self._rows.flags:
            return ()
        found = [(n, marked(row[1], row[2], self._context)) for n, row in enumerate(self._rows.flags)]
        return tuple([(n, mark) for n, mark in found if mark is not None])

    def _owed_here(self) -> tuple[str, ...]:
        """Rows of the obligations whose condition holds, or cannot be judged for want of a fact."""
        rows = [row for row in self._rows.duties if row[4].startswith(WHEN)]
        return tuple([row[0] for row in rows if read_row(row[4].removeprefix(WHEN)).holds(self._context.facts) is not False])

    def _flag(self, n: int, mark: Marked) -> Flag:
        row, _, _, rule, basis, source, note = self._rows.flags[n]
        grade, code, facts, due = mark
        reason = say(code, step=self._step_name, basis=basis, reason=told(note), **dict(facts))
        return Flag(row, grade, code, reason, rule, basis, source, due)

    def _refuse(self, findings: list[_Finding], matches: Matches) -> Decision:
        grounds = _without_echoes(self._said(finding) for finding in findings)
        ordered = sorted(grounds, key=lambda ground: _RANK.get(ground.code, 0))
        first = ordered[0]
        return Decision(
            allowed=False,
            code=first.code,
            reason=first.reason,
            rule=first.rule,
            basis=first.basis,
            item=self._request.item,
            item_version=self._item.version,
            step=self._request.step,
            post=self._request.acting_post or self._first_post(matches),
            rows=tuple(ground.row for ground in ordered if ground.row),
            sources=tuple(dict.fromkeys(ground.source for ground in ordered if ground.source)),
            legal_basis=tuple(self._item.basis),
            grounds=tuple(ordered),
            posts=tuple(self._remedy(first)),
            judged=self._judged(matches),
            region=self._region,
        )

    def _grant(self, matches: Matches, marks: tuple[tuple[int, Marked], ...], owed: tuple[str, ...]) -> Decision:
        post = self._first_post(matches)
        used = [row for row in matches.allow if row[_SUB] == f"post:{post}"]
        sources = [self._rows.sources[row[-1]] for row in used]
        code = _GRANTED.get(self._request.intent, "ALLOWED")
        return Decision(
            allowed=True,
            code=code,
            reason=say(code, post=self._policy.post_name(post), item=self._item.name, step=self._step_name),
            rule=sources[0].rule,
            basis="；".join(dict.fromkeys([source.basis for source in sources])),
            item=self._request.item,
            item_version=self._item.version,
            step=self._request.step,
            post=post,
            rows=tuple([row[_ID] for row in used]),
            sources=tuple(dict.fromkeys([f"{source.file}:{source.line}" for source in sources])),
            legal_basis=tuple(self._item.basis),
            posts=(post,),
            obligations=self._obligations(owed) if code == "ALLOWED" else (),
            judged=self._judged(matches),
            region=self._region,
            delegation=self._document,
            flags=tuple([self._flag(n, mark) for n, mark in marks]),
        )

    def _first_post(self, matches: Matches) -> str:
        """The post acted through. Those that only vote stand behind those that hold the step, and a member votes through them."""
        voting = self._request.intent == VOTE
        return matches.allow[-1 if voting else 0][_SUB].removeprefix("post:") if matches.allow else ""

    def _obligations(self, owed: Collection[str]) -> tuple[Due, ...]:
        rows = [row for row in self._rows.duties if self._falls_due(row, owed)]
        return tuple(Due(name, kind, arg, basis) for name, _, _, kind, arg, basis in rows)

    def _falls_due(self, row: Sequence[str], owed: Collection[str]) -> bool:
        """No deadline runs for what a refusal has closed; a ruling is due while a recusal is asked for."""
        name, _, _, kind, arg = row[:5]
        if arg.startswith(WHEN):
            return name in owed
        if kind == RULE_ON_RECUSAL:
            return self._recusal_pending
        if kind != DEADLINE or self._request.outcome != REFUSE:
            return True
        return self._item.steps[arg.split(":")[0]].verb in AFTER_REFUSAL

    @property
    def _document(self) -> str:
        """The delegation that carries the act, by the number of its document."""
        lent = self._context.delegation if self._request.on_behalf else None
        return lent.document if lent else ""

    @property
    def _recusal_pending(self) -> bool:
        return PENDING in self._context.recusals.values()

    def _judged(self, matches: Matches) -> tuple[Judged, ...]:
        stopped = {row[-1] for row in matches.deny}
        sources = self._rows.sources
        return tuple(
            [Judged(row[_ID], sources[row[-1]].rule, row[-1] in stopped) for row in matches.considered if row[_CTL] != "-"]
        )

    def _able(self) -> list[str]:
        """Full ids of the posts that hold the step."""
        return self._item.steps[self._request.step].posts

    def _remedy(self, ground: Ground) -> list[str]:
        """Who can help: those who may act instead, or those who may do the step that is missing; else nobody."""
        if ground.code in _ANOTHER_MAY:
            return self._able()
        steps = [self._item.steps[name] for name in ground.missing if name in self._item.steps]
        return [post for step in steps for post in step.posts]

    @once
    def _able_names(self) -> str:
        return self._names(self._able())

    def _names(self, posts: Iterable[str]) -> str:
        return "、".join(f"{self._policy.post_name(post)}({post})" for post in posts) or "-"

    @property
    def _step_name(self) -> str:
        return self._item.steps[self._request.step].name

    @property
    def _item_basis(self) -> str:
        return f"事项 {self._request.item} 第{self._item.version}版；" + "；".join(self._item.basis)


@lru_cache(maxsize=8)
def _day(today: date) -> str:
    return today.strftime("%Y%m%d")


def _without_echoes(grounds: Iterable[Ground]) -> list[Ground]:
    """Two rows that say the same sentence (a profile's and an item's own) are one ground."""
    return list({(ground.code, ground.reason): ground for ground in reversed(list(grounds))}.values())[::-1]


def _unknown(request: AccessRequest, item: ItemFacts | None) -> Decision:
    reason = said_of_unknown(request.item, request.step, item)
    if not request.item:
        version, basis, rule = 0, "法无授权不可为", rule_of("NO_POWER")
    elif item is None:
        version, basis, rule = 0, "优化营商环境条例第四十条；法无授权不可为", rule_of(UNLISTED)
    else:
        version, basis, rule = item.version, "；".join(item.basis), rule_of("NO_POWER", item.power_class)
    ground = Ground("NO_POWER", reason, rule, basis)
    return Decision(
        allowed=False,
        code="NO_POWER",
        reason=reason,
        rule=rule,
        basis=basis,
        item=request.item,
        item_version=version,
        step=request.step,
        grounds=(ground,),
        post=request.acting_post,
        region=request.region,
    )
