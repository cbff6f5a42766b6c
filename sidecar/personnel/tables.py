"""Personnel tables in CSV → registers, every bad cell of every table reported in one run.

    appointments.csv   person,post,from,to            人员,岗位,起,止
    credentials.csv    person,credential,from,to      人员,资格,起,止
    declarations.csv   person,party,relation,from,to  人员,当事人,关系,起,止; from and to of the relation itself
    delegations.csv    delegator,delegate,kind,post,item,step,from,to,document,published
                       委托人,代理人,代理人性质,岗位,事项,环节,起,止,文号,公开日期
    suspensions.csv    what,target,from,to,ordered_by,approved_by,document  对象类型,对象,起,止,决定人,批准人,文号
    audits.csv         person,post,audited,document   人员,岗位,审计日期,文号
    kin.csv            person,relative,relation,from,to  人员,亲属,关系,起,止; both are officers
    leavers.csv        person,post,left,party         人员,岗位,离职日期,当事人; the last post, and whom they serve now

Only the first must be there. How cells are written: `personnel/cells.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType

from sidecar.errors import PersonnelError
from sidecar.messages import Sentence, counted
from sidecar.personnel.cells import BAD, Problems, Row, day, names, one_of, person, rows, span, term, text_of
from sidecar.personnel.registers import Appointment, Audit, CredentialHeld, Delegation, Interest, Leaver, Personnel, Suspension
from sidecar.personnel.rules import (
    LEADING,
    Kinship,
    Known,
    Placed,
    PlacedDelegation,
    PlacedKin,
    Rules,
    held_together,
    kin_too_near,
    without_beginning,
    wrongly_delegated,
)
from sidecar.power_list import vocabulary as words

APPOINTMENTS, CREDENTIALS, DECLARATIONS = "appointments.csv", "credentials.csv", "declarations.csv"
DELEGATIONS, SUSPENSIONS, AUDITS, KIN = "delegations.csv", "suspensions.csv", "audits.csv", "kin.csv"
LEAVERS = "leavers.csv"

COLUMNS = MappingProxyType(
    {
        APPOINTMENTS: ("person", "post", "from", "to"),
        CREDENTIALS: ("person", "credential", "from", "to"),
        DECLARATIONS: ("person", "party", "relation", "from", "to"),
        DELEGATIONS: ("delegator", "delegate", "kind", "post", "item", "step", "from", "to", "document", "published"),
        AUDITS: ("person", "post", "audited", "document"),
        KIN: ("person", "relative", "relation", "from", "to"),
        LEAVERS: ("person", "post", "left", "party"),
        SUSPENSIONS: ("what", "target", "from", "to", "ordered_by", "approved_by", "document"),
    }
)

_NO_RULES = Rules()


def read_personnel(
    tables: Mapping[str, bytes], known: Known, party_token: Callable[[str], str], rules: Rules = _NO_RULES
) -> Personnel:
    """Read the tables (file name → bytes). Raises PersonnelError naming every bad cell, and everything the rules forbid."""
    problems: Problems = []
    placed = list(_appointments(tables, known, problems))
    appointments = [appointment for appointment, _ in placed]
    credentials = list(_credentials(tables, problems))
    interests = list(_interests(tables, party_token, problems))
    delegations = list(_delegations(tables, known, problems))
    suspensions = list(_suspensions(tables, known, problems))
    problems += held_together(placed, rules)
    audits = list(_audits(tables, known, problems))
    leavers = list(_leavers(tables, known, party_token, problems))
    problems += without_beginning(placed, known.posts)
    problems += kin_too_near(_kin(tables, problems), placed, known.posts)
    problems += wrongly_delegated(delegations, appointments, known.posts)
    _refuse(problems)
    return Personnel(appointments, credentials, interests, [lent for lent, _ in delegations], suspensions, audits, leavers)


def read_suspensions(tables: Mapping[str, bytes], known: Known) -> tuple[Suspension, ...]:
    """The register of suspensions alone. Raises PersonnelError."""
    problems: Problems = []
    found = tuple(_suspensions(tables, known, problems))
    _refuse(problems)
    return found


def _refuse(problems: Problems) -> None:
    if problems:
        listing = "\n".join(problems)
        number = Sentence(str(len(problems)), counted(len(problems), "mistake"))
        raise PersonnelError("PERSONNEL_MISTAKEN", problems=tuple(problems), number=number, listing=listing)


def _rows(file: str, tables: Mapping[str, bytes], problems: Problems) -> Iterator[Row]:
    return rows(file, tables.get(file), COLUMNS[file], problems)


def _appointments(tables: Mapping[str, bytes], known: Known, problems: Problems) -> Iterator[Placed]:
    seen: dict[Appointment, str] = {}
    for row in _rows(APPOINTMENTS, tables, problems):
        who, days = person(row, problems), span(row, problems)
        post, place = row["post"]
        if post not in known.posts:
            problems.append(f"{place}: no such post: {post!r} 没有该岗位 — write unit.post as in organ.yaml")
        if who and days:
            appointment = Appointment(who, post, days)
            first = seen.setdefault(appointment, place)
            if first != place:
                problems.append(f"{place}: the same appointment already stands at {first} 任职重复 — keep one")
            yield appointment, place


def _credentials(tables: Mapping[str, bytes], problems: Problems) -> Iterator[CredentialHeld]:
    known = words.spellings(words.CREDENTIALS)
    for row in _rows(CREDENTIALS, tables, problems):
        who, days = person(row, problems), span(row, problems)
        name = one_of(row, "credential", "credential", known, problems)
        if name and who and days:
            yield CredentialHeld(who, name, days)


def _interests(tables: Mapping[str, bytes], party_token: Callable[[str], str], problems: Problems) -> Iterator[Interest]:
    known = words.spellings(words.DECLARABLE)
    for row in _rows(DECLARATIONS, tables, problems):
        who, days = person(row, problems), span(row, problems)
        relation = one_of(row, "relation", "relation", known, problems)
        party, place = row["party"]
        if relation and not party:
            problems.append(f"{place}: the party is empty 当事人为空 — write the party's identifier")
        elif relation and who and days:
            yield Interest(who, party_token(party), relation, days)


def _delegations(tables: Mapping[str, bytes], known: Known, problems: Problems) -> Iterator[PlacedDelegation]:
    kinds = words.spellings(words.DELEGATES)
    for row in _rows(DELEGATIONS, tables, problems):
        before = len(problems)
        delegator, delegate = (person(row, problems, column) for column in ("delegator", "delegate"))
        kind, document = one_of(row, "kind", "delegate", kinds, problems), text_of(row, "document", "the document", problems)
        posts, items = names(row, "post", known.posts, problems), names(row, "item", known.items, problems)
        steps, time = names(row, "step", None, problems), term(row, problems, open_end=False)
        published = day(row["published"], problems)
        if not posts and not items:
            problems.append(f"{row['post'][1]}: neither post nor item is named 委托范围不明 — a delegation names what it covers")
        if time and len(problems) == before:
            lent = Delegation(delegator, delegate, kind, posts, items, steps, time, document, _day_or_none(published))
            yield lent, row["delegate"][1]


def _day_or_none(found: date | None) -> date | None:
    return None if found is BAD else found


def _audits(tables: Mapping[str, bytes], known: Known, problems: Problems) -> Iterator[Audit]:
    for row in _rows(AUDITS, tables, problems):
        who, document = person(row, problems), text_of(row, "document", "the document", problems)
        posts, audited = names(row, "post", known.posts, problems), day(row["audited"], problems)
        if audited is None:
            problems.append(f"{row['audited'][1]}: the day is empty 审计日期不能为空 — write it")
        elif who and document and audited is not BAD:
            yield from (Audit(who, post, audited, document) for post in posts)


def _leavers(
    tables: Mapping[str, bytes], known: Known, party_token: Callable[[str], str], problems: Problems
) -> Iterator[Leaver]:
    for row in _rows(LEAVERS, tables, problems):
        who, posts, left = person(row, problems), names(row, "post", known.posts, problems), day(row["left"], problems)
        party, place = row["party"]
        if not party:
            problems.append(f"{place}: the party is empty 当事人为空 — write the identifier of whom they serve")
        elif left is None:
            problems.append(f"{row['left'][1]}: the day is empty 离职日期不能为空 — write it")
        elif len(posts) != 1:
            problems.append(f"{row['post'][1]}: one post 须写一个岗位 — write the post that was left")
        elif who and left is not BAD and posts[0] in known.posts:
            facts = known.posts[posts[0]]
            yield Leaver(who, facts.organ, facts.rank in LEADING, left, party_token(party))


def _kin(tables: Mapping[str, bytes], problems: Problems) -> Iterator[PlacedKin]:
    known = words.spellings(words.KINSHIP)
    for row in _rows(KIN, tables, problems):
        who, relative = (person(row, problems, column) for column in ("person", "relative"))
        relation, days = one_of(row, "relation", "kinship", known, problems), span(row, problems)
        if who and who == relative:
            problems.append(f"{row['relative'][1]}: kin of oneself 亲属与本人相同 — name the other officer")
        elif who and relative and relation and days:
            yield Kinship(who, relative, relation, days), row["relative"][1]


def _suspensions(tables: Mapping[str, bytes], known: Known, problems: Problems) -> Iterator[Suspension]:
    kinds = words.spellings(words.SUSPENDABLE)
    names_of = {"item": known.items, "post": known.posts}
    for row in _rows(SUSPENSIONS, tables, problems):
        before = len(problems)
        what, target = one_of(row, "what", "kind", kinds, problems), text_of(row, "target", "the target", problems)
        ordered, approved = (person(row, problems, column) for column in ("ordered_by", "approved_by"))
        document, time = text_of(row, "document", "the document", problems), term(row, problems, open_end=True)
        if target and target not in names_of.get(what, (target,)):
            problems.append(f"{row['target'][1]}: no such {what}: {target!r} 不存在 — write it as in the policies")
        if ordered and ordered.casefold() == approved.casefold():
            place = row["approved_by"][1]
            problems.append(f"{place}: one person ordered and approved 决定人与批准人相同 — a suspension is an act of two")
        if time and len(problems) == before:
            yield Suspension(what, target, time, ordered, approved, document)
