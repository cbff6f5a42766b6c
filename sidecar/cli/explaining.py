"""`quanheng explain`: why a request is allowed or refused, and which rows came nearest, term by term.

Of a policy folder: for an officer, or for made-up posts, on the case as it stands in the record, or on none. Of a plain Casbin
policy: for the values of a request. Nothing is recorded, and nothing is allowed by it.
"""

import json as jsonlib
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from sidecar.case_history.history import CaseHistory, fold
from sidecar.case_history.ledger import Ledger, fold_changes
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_json, print_line
from sidecar.controls.context import EXERCISE, AccessRequest
from sidecar.decision.counted import ledgers_for
from sidecar.decision.decide import decide, nearest
from sidecar.decision.decision import Decision
from sidecar.decision.engine import Failed, read_engine
from sidecar.decision.policy import PolicySnapshot, as_text
from sidecar.errors import SettingsError
from sidecar.expressions.facts import Asserted
from sidecar.personnel.registers import Appointment, CredentialHeld, Personnel, Span
from sidecar.power_list import vocabulary as words
from sidecar.settings import TIMEZONE
from sidecar.wiring import read_personnel_folder, token_of_parties

Values = Annotated[
    list[str] | None, typer.Argument(metavar="[VALUE]…", help="Values of a request of the plain policy; JSON for objects")
]
Rows = Annotated[int, typer.Option("--rows", min=1, max=100, help="How many of the nearest rows to show 显示行数")]


def explain_command(
    lang: LangOption,
    values: Values = None,
    policies: Annotated[Path, typer.Option(help="Built policy folder 策略目录")] = Path("policies"),
    item: Annotated[str, typer.Option(help="事项")] = "",
    step: Annotated[str, typer.Option(help="环节")] = "",
    officer: Annotated[str, typer.Option(help="人员, with --personnel")] = "somebody",
    personnel: Annotated[Path | None, typer.Option(help="Folder of appointments.csv 任职数据目录")] = None,
    post: Annotated[list[str] | None, typer.Option(help="A post held for the sake of the question, unit.post 假定岗位")] = None,
    credential: Annotated[list[str] | None, typer.Option(help="A credential held likewise 假定资格")] = None,
    case: Annotated[str, typer.Option(help="案号, with --data")] = "",
    data: Annotated[Path | None, typer.Option(help="Folder of the record, for the case's history 记录目录")] = None,
    party: Annotated[str, typer.Option(help="当事人, with --data")] = "",
    region: Annotated[str, typer.Option(help="行政区划")] = "",
    outcome: Annotated[str, typer.Option(help="grant | refuse")] = "",
    fact: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="事实")] = None,
    evidence: Annotated[list[str] | None, typer.Option(help="证据名称")] = None,
    day: Annotated[str, typer.Option(help="2026-01-31, or 2026-01-31T21:30; now without it 日期")] = "",
    model: Annotated[Path | None, typer.Option(help="A plain Casbin model.conf, with --policy")] = None,
    policy: Annotated[Path | None, typer.Option(help="Its policy.csv")] = None,
    rows: Rows = 5,
    json: JsonOption = False,
) -> None:
    """Why is this allowed or refused? The decision with all its grounds, and the rows that came nearest 解释一次决定."""
    if model and policy:
        _explain_plain(model, policy, values or [], rows, json)
        return
    snapshot = PolicyFolder(policies).snapshot()
    people = _people(snapshot, personnel, data, officer, post or [], credential or [])
    history = _history(data, case)
    if not (step and (item or history.item)):
        raise SettingsError("QUESTION_MISSING")
    request = AccessRequest(
        person=officer,
        step=step,
        item=item or history.item,
        case_id=case,
        region=region,
        party=token_of_parties(data)(party) if party and data else "",
        outcome=outcome,
        intent=EXERCISE,
        facts=dict(_fact(text) for text in fact or []),
        evidence=frozenset(evidence or []),
    )
    now = _moment(day)
    ledgers = _ledgers(data, ledgers_for(snapshot, people, history, request, now))
    decision = decide(snapshot, people, history, request, now, ledgers)
    near = nearest(snapshot, people, history, request, now, rows)
    if json:
        print_json(
            {"allowed": decision.allowed, "code": decision.code, "reason": decision.reason.in_both(), "nearest": _as_json(near)}
        )
    else:
        _tell(decision, lang)
        _tell_rows(near, snapshot)
    raise typer.Exit(OK if decision.allowed else FOUND)


def _explain_plain(model: Path, policy: Path, values: list[str], rows: int, json: bool) -> None:
    engine = read_engine(as_text(model.read_bytes(), model.name), as_text(policy.read_bytes(), policy.name), default_allow=True)
    section = engine.section()
    fields = [name.split("_", 1)[1] for name in section.section.request]
    if len(values) != len(fields):
        raise SettingsError("FIELDS_NOT_GIVEN", n=len(fields), n2=len(values), fields=" ".join(fields))
    request = [_value(text) for text in values]
    matches = engine.match(request)
    near = engine.nearest(request, limit=rows)
    matching = [f"{policy.name}:{section.line_of(row)}" for row in (*matches.allow, *matches.deny)]
    if json:
        print_json({"allowed": matches.allowed, "rows": matching, "nearest": _as_json(near)})
    else:
        print_line(
            f"{'准许 allowed' if matches.allowed else '拒绝 denied'}   {', '.join(matching) or '没有相符的行 no row matches'}"
        )
        for found in near:
            print_line(f"\n{policy.name}:{section.line_of(found.row)}  {', '.join(found.row[:-1])}")
            _tell_terms(found)
    raise typer.Exit(OK if matches.allowed else FOUND)


def _moment(text: str) -> datetime:
    """A day means its morning: limits and offices are open, night has not come."""
    zone = ZoneInfo(TIMEZONE)
    if not text:
        return datetime.now(zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise SettingsError("NOT_A_TIME", text=text) from fault
    given = moment if "T" in text else datetime.combine(moment.date(), time(10))
    return given.replace(tzinfo=zone) if given.tzinfo is None else given.astimezone(zone)


def _people(
    snapshot: PolicySnapshot, folder: Path | None, data: Path | None, officer: str, posts: list[str], credentials: list[str]
) -> Personnel:
    if folder:
        return read_personnel_folder(folder, snapshot, token_of_parties(data))
    known = words.spellings(words.CREDENTIALS)
    for name in credentials:
        if name not in known:
            raise SettingsError("NO_SUCH_CREDENTIAL", name=name, credentials=", ".join(words.CREDENTIALS))
    for name in posts:
        if name not in snapshot.posts:
            raise SettingsError("NO_SUCH_POST", name=name)
    return Personnel(
        [Appointment(officer, name, Span()) for name in posts],
        [CredentialHeld(officer, known[name], Span()) for name in credentials],
    )


def _history(data: Path | None, case: str) -> CaseHistory:
    if not (data and case):
        return CaseHistory(case)
    reader = SqliteReader(data / RECORD_FILE)
    try:
        return fold(case, reader.case_events(case))
    finally:
        reader.close()


def _ledgers(data: Path | None, names: tuple[str, ...]) -> dict[str, Ledger]:
    """What is counted across cases, as the record has it; nothing yet where there is none."""
    if not (data and names):
        return {name: Ledger(name) for name in names}
    reader = SqliteReader(data / RECORD_FILE)
    try:
        return {name: fold_changes(name, reader.ledger_changes(name)) for name in names}
    finally:
        reader.close()


def _fact(text: str) -> tuple[str, Asserted]:
    name, _, value = text.partition("=")
    if not value:
        raise SettingsError("NOT_A_FACT", text=text)
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value) if value.removeprefix("-").isdecimal() and value.isascii() else value


def _value(text: str) -> Any:
    """A value of a plain request: an object or a list when it is written in JSON, else the text itself."""
    if text[:1] in ("{", "["):
        try:
            return jsonlib.loads(text)
        except ValueError as fault:
            raise SettingsError("VALUE_NOT_JSON", text=text, fault=fault) from fault
    return text


def _tell(decision: Decision, lang: Language) -> None:
    print_line(f"{'准许 allowed' if decision.allowed else '拒绝 denied'}   {decision.code}")
    for ground in decision.grounds:
        print_line(f"  {ground.reason.in_language(lang)}  [{ground.rule}] {ground.basis}  {ground.source}")
    if decision.allowed:
        print_line(f"  {decision.reason.in_language(lang)}  {', '.join(decision.sources)}")


def _tell_rows(near: list[Failed], snapshot: PolicySnapshot) -> None:
    for found in near:
        source = snapshot.source(found.row)
        print_line(f"\n{found.row[0]}  {source.file}:{source.line}  {snapshot.post_name(found.row[1].removeprefix('post:'))}")
        _tell_terms(found)


def _tell_terms(found: Failed) -> None:
    for term in found.failed:
        print_line(f"  ✗ {term}")
    for term in found.held:
        print_line(f"  ✓ {term}")


def _as_json(near: list[Failed]) -> list[dict[str, object]]:
    return [{"row": found.row[:-1], "held": found.held, "failed": found.failed} for found in near]
