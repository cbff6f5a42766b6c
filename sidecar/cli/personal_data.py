"""`quanheng log erase|open`: personal data behind the record. Each needs a basis, and each leaves an entry."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from adapters.storage.log_making import actor
from adapters.storage.pending_events import PendingEvents
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.subject_keys import SubjectKeyFile
from sidecar.cli.log_places import CommandClock, DataOption
from sidecar.cli.output import JsonOption, LangOption, Language, print_json, print_line
from sidecar.decision_log.commitments import Commitment, is_opened_by, unseal
from sidecar.decision_log.erasure import PARTY, commitments_of, slots_of
from sidecar.errors import NotFoundError, SettingsError
from sidecar.ports.subjects import PersonalEvent, SubjectKeys
from sidecar.service.asked import party_tokeniser
from sidecar.service.ids import new_id
from sidecar.wiring import PARTY_KEY_FILE

_TOKEN_LENGTH = len(PARTY) + 32
OPENED, ERASED, NOT_KEPT, MATCHES, DIFFERS = "opened", "erased", "not_kept", "matches", "differs"

SubjectsOption = Annotated[
    Path | None,
    typer.Option("--subjects", envvar="QUANHENG_SUBJECTS", help="File of subjects' keys, by default DATA.subjects 密钥文件"),
]
PartyKeyOption = Annotated[
    Path | None,
    typer.Option("--party-key", envvar="QUANHENG_PARTY_KEY", help="By default party.key in the data folder 当事人令牌密钥"),
]
BasisOption = Annotated[str, typer.Option(help="The article or order that asks for it 依据")]


def erase_command(
    lang: LangOption,
    subject: Annotated[
        str, typer.Option(help="Token pty-…; or - and the identifier on standard input 当事人令牌，或 - 从标准输入读")
    ],
    basis: BasisOption,
    data: DataOption = Path("var/data"),
    subjects: SubjectsOption = None,
    party_key: PartyKeyOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy the keys of one person's data: proofs stand, nothing can be opened any more; it is recorded 依法删除."""
    refuse_blank(basis)
    token = _token(subject, party_key or data / PARTY_KEY_FILE)
    reader = SqliteReader(data / RECORD_FILE)
    entries, slots = _found(reader, token)
    if not entries:
        raise NotFoundError("NO_ENTRY_NAMES_TOKEN", token=token)
    keys = SubjectKeyFile(data, subjects)
    now = CommandClock().now()
    event = PersonalEvent(new_id(int(now.timestamp() * 1000)), "erasure", token, basis, actor(), entries, tuple(sorted(slots)))
    pending = PendingEvents(data, keys)
    pending.begin(event)  # first: once a key is gone, that it went will be recorded
    pending.carry_out(event)
    told = {"subject": token, "entries": entries, "keys": len(slots), "event": event.event_id}
    if json:
        print_json(told)
        return
    print_line(
        {
            Language.ZH: f"{token}：{entries} 条记录涉及，销毁密钥 {len(slots)} 个；日志与证明不变。"
            f"由服务（或其下次启动时）入账，编号 {event.event_id}",
            Language.EN: f"{token}: named by {entries} entries, {len(slots)} keys destroyed; log and proofs stand. "
            f"The sidecar records it, now or at its next start, as {event.event_id}",
        }[lang]
    )


def open_command(
    lang: LangOption,
    decision_id: Annotated[str, typer.Argument(metavar="DECISION_ID", help="决定编号")],
    basis: BasisOption,
    data: DataOption = Path("var/data"),
    subjects: SubjectsOption = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="PLACE=TEXT", help="Is this what was recorded there? 核对某处的原值")
    ] = None,
    json: JsonOption = False,
) -> None:
    """What stands behind the commitments of a decision and its outcome: the value, or erased; it is recorded 查看遮蔽内容."""
    refuse_blank(basis)
    given = _given(value or ())
    reader = SqliteReader(data / RECORD_FILE)
    stored = [entry for entry in (reader.find(decision_id), reader.outcome_of(decision_id)) if entry]
    if not stored:
        raise NotFoundError("NO_DECISION", decision_id=decision_id)
    keys = SubjectKeyFile(data, subjects)
    now = CommandClock().now()
    event = PersonalEvent(new_id(int(now.timestamp() * 1000)), "opening", decision_id, basis, actor(), len(stored))
    PendingEvents(data, keys).begin(event)  # before anything is shown
    shown = [
        {"place": place, **_opened(keys, decision_id, place, commitment, given)}
        for entry in stored
        for place, commitment in commitments_of(msgspec.json.decode(entry.body)).items()
    ]
    if json:
        print_json({"decision_id": decision_id, "commitments": shown})
        return
    if not shown:
        nothing = ("该决定没有遮蔽内容，无可查看", "this decision has no commitments: there is nothing to look behind")
        print_line(nothing[0 if lang is Language.ZH else 1])
    for one in shown:
        print_line(f"{one['place']}  {_SAID[one['state']][0 if lang is Language.ZH else 1]}  {one.get('value', '')}".rstrip())


_SAID = {
    OPENED: ("原值", "it was"),
    ERASED: ("已依法删除", "erased"),
    NOT_KEPT: ("未保存原值，可用 --value 核对", "the value is not kept; hold one against it with --value"),
    MATCHES: ("与所给值相符", "it is the value you gave"),
    DIFFERS: ("与所给值不符", "it is NOT the value you gave"),
}


def _opened(keys: SubjectKeys, entry: str, place: str, commitment: Commitment, given: dict[str, Any]) -> dict[str, Any]:
    key = keys.key(commitment.slot)
    if key is None:
        return {"state": ERASED}
    if place in given:
        return {"state": MATCHES if is_opened_by(commitment.text, key, entry, place, given[place]) else DIFFERS}
    sealed = keys.kept(commitment.text)
    return {"state": NOT_KEPT} if sealed is None else {"state": OPENED, "value": unseal(key, commitment.text, sealed)}


def _found(reader: SqliteReader, token: str) -> tuple[int, set[int]]:
    """How many entries speak of a subject, and which keys what they hold of it rests on."""
    digits, entries, slots = token.removeprefix(PARTY), 0, set()
    for stored in reader.naming(digits):
        fields = msgspec.json.decode(stored.body)
        of_party = fields.get("party_token") == token
        entries += 1
        slots |= slots_of(fields, digits, of_party=of_party)
        outcome = reader.outcome_of(fields["decision_id"]) if of_party and fields.get("kind") == "decision" else None
        if outcome:
            slots |= slots_of(msgspec.json.decode(outcome.body), digits, of_party=True)
    return entries, slots


def _token(subject: str, party_key: Path) -> str:
    if subject == "-":
        plain = sys.stdin.readline().strip()
        if not plain:
            raise SettingsError("NO_IDENTIFIER")
        return party_tokeniser(party_key.read_bytes())(plain)
    if not subject.startswith(PARTY) or len(subject) != _TOKEN_LENGTH:
        raise SettingsError("NOT_A_TOKEN", subject=subject[:40])
    return subject


def _given(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Values to hold against commitments: JSON where it is an object, text otherwise."""
    given: dict[str, Any] = {}
    for pair in pairs:
        place, parted, text = pair.partition("=")
        if not parted:
            raise SettingsError("NOT_PLACE_TEXT", pair=pair)
        try:
            given[place] = msgspec.json.decode(text) if text.startswith("{") else text
        except msgspec.DecodeError as fault:
            raise SettingsError("NOT_FACTS", place=place, fault=fault) from fault
    return given


def refuse_blank(basis: str) -> None:
    if not basis.strip():
        raise SettingsError("NO_BASIS")
