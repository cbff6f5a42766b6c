"""`quanheng case keys|show|repair`: the cases that many sidecars share, held against their logs and rebuilt from them."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import track

from adapters.storage.redis.cases import Read, read
from adapters.storage.redis.ground import Fingerprints, fingerprint
from adapters.storage.redis.rebuilding import Logs, Problem, Rebuilder, Told
from adapters.storage.redis.server import Server
from sidecar.case_history.history import decode_event
from sidecar.cli.output import FOUND, JsonOption, LangOption, Language, print_error, print_json, print_line
from sidecar.errors import SettingsError
from sidecar.settings import Settings, read_case_settings
from sidecar.wiring import PARTY_KEY_FILE, STATE_KEY_FILE, case_store_address, key_file, shared_keys

case_app = typer.Typer(no_args_is_help=True, help="Cases that many sidecars share 多个边车共享的案件")

Config = Annotated[Path | None, typer.Option(help="Settings file of a sidecar of the store; else the environment 设置文件")]
FromLogs = Annotated[list[Path], typer.Option("--from-logs", help="Data folder of a sidecar; name all of them 各边车的记录目录")]
CaseArgument = Annotated[str, typer.Argument(metavar="[CASE]", help="案号")]

_TOLD = {
    "same": {Language.ZH: "存储与记录一致", Language.EN: "store and logs agree"},
    "behind": {
        Language.ZH: "存储落后于记录——请运行 quanheng case repair",
        Language.EN: "the store is behind the logs: quanheng case repair",
    },
    "ahead": {
        Language.ZH: "存储多于所给记录——可能缺少某个边车的记录",
        Language.EN: "the store has more than these logs: one is missing",
    },
    "differs": {
        Language.ZH: "存储与记录不同——请运行 quanheng case repair",
        Language.EN: "the store tells it differently: quanheng case repair",
    },
}


@case_app.command("keys")
def keys_command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them 目录")]) -> None:
    """Make the two keys all sidecars of one store have, once: party.key and state.key 生成共享密钥."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (PARTY_KEY_FILE, STATE_KEY_FILE):
        if (folder / name).exists():
            raise SettingsError("KEY_EXISTS", folder=folder / name)
    for name in (PARTY_KEY_FILE, STATE_KEY_FILE):
        key_file(folder / name)
        print_line(f"{name.replace('.', '_')} = {str(folder / name)!r}")


@case_app.command("show")
def show_command(
    case: Annotated[str, typer.Argument(metavar="CASE", help="案号")],
    lang: LangOption,
    from_logs: FromLogs = [],  # noqa: B006 - typer reads it, nobody changes it
    config: Config = None,
    json: JsonOption = False,
) -> None:
    """A case as the store has it, beside what the logs tell; status 1 where they differ 查看案件状态."""
    settings = read_case_settings(config=config)
    found = asyncio.run(_read(settings, case))
    logs = Logs(from_logs)
    told = logs.tell(case) if from_logs else None
    logs.close()
    verdict = _verdict(found, told) if from_logs else ""
    acts = [_act(item.event) for item in found.items]
    if json:
        problem = told._asdict() if isinstance(told, Problem) else None
        state = {"case": case, "version": found.version, "digest": found.digest, "acts": acts}
        print_json({**state, "verdict": verdict, "problem": problem})
    else:
        print_line(f"{case}  v{found.version}  {found.digest[:16]}")
        for n, act in enumerate(acts, start=1):
            print_line(f"  {n}  " + "  ".join(str(value) for value in act.values()))
        if isinstance(told, Problem):
            print_line(f"{told.kind}: {told.told}")
        elif verdict:
            print_line(_TOLD[verdict][lang])
    if verdict not in ("", "same"):
        raise typer.Exit(FOUND)


@case_app.command("repair")
def repair_command(
    lang: LangOption,
    case: CaseArgument = "",
    from_logs: FromLogs = [],  # noqa: B006 - typer reads it, nobody changes it
    everything: Annotated[bool, typer.Option("--all", help="Every case and ledger of the logs 全部案件")] = False,
    without: Annotated[list[str], typer.Option(help="A sidecar whose log is lost for good 已无法取得记录的边车")] = [],  # noqa: B006
    keep_both: Annotated[
        bool, typer.Option("--keep-both", help="Where two acts made one version, keep both 分叉时两者都保留")
    ] = False,
    config: Config = None,
    json: JsonOption = False,
) -> None:
    """Put a case, or all of them, back into the store as the logs of all sidecars tell; status 1 where one cannot be told
    重建."""
    if bool(case) == everything or not from_logs:
        raise SettingsError("CASES_NOT_NAMED")
    settings = read_case_settings(config=config)
    logs = Logs(from_logs)
    lost = logs.missing - set(without)
    if lost:
        raise SettingsError("LOGS_MISSING", lost=", ".join(sorted(lost)))
    problems = asyncio.run(_rebuild(settings, logs, [case] if case else logs.case_ids(), everything=everything, merge=keep_both))
    logs.close()
    if json:
        print_json([problem._asdict() for problem in problems])
    for problem in problems:
        print_error(f"{problem.case_id}: {problem.kind}: {problem.told}")
    if problems:
        raise typer.Exit(FOUND)
    if not json:
        print_line({Language.ZH: "已按记录重建", Language.EN: "rebuilt from the logs"}[lang])


async def _read(settings: Settings, case: str) -> Read:
    server = Server(case_store_address(settings))
    try:
        return await read(server, case, 0)
    finally:
        await server.close()


async def _rebuild(settings: Settings, logs: Logs, cases: Sequence[str], *, everything: bool, merge: bool) -> list[Problem]:
    server = Server(case_store_address(settings))
    keys = shared_keys(settings)
    rebuilder = Rebuilder(server, Fingerprints(fingerprint(keys.party), fingerprint(keys.state)), settings.cases_identifiers)
    problems = []
    try:
        quiet = not (everything and sys.stderr.isatty())
        for case in track(cases, description="cases", console=Console(stderr=True), disable=quiet, transient=True):
            told = logs.tell(case, merge=merge)
            problem = await rebuilder.case(told) if isinstance(told, Told) else told
            problems += [problem] if problem else []
        if everything:
            for ledger in logs.ledger_ids():
                await rebuilder.ledger(ledger, *logs.changes(ledger))
        if everything and not problems:
            await rebuilder.mark(logs.store)
    finally:
        await server.close()
    return problems


def _verdict(found: Read, told: Told | Problem | None) -> str:
    if not isinstance(told, Told):
        return "differs"
    digests = [item.digest for item in told.items]
    if found.digest == told.digest:
        return "same"
    if not found.version or found.digest in digests:
        return "behind"
    return "ahead" if told.digest in [item.digest for item in found.items] or not told.items else "differs"


def _act(event: bytes) -> dict[str, Any]:
    act: dict[str, Any] = msgspec.to_builtins(decode_event(event))
    named = ("type", "step", "kind", "person", "post", "outcome", "result", "time", "decision_id")
    return {name: act[name] for name in named if act.get(name)}
