"""`quanheng import digit`: what a configuration of India's DIGIT platform contradicts, and what its workflows lack."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.importers.digit import FILES, Digit, Found, as_json, import_digit
from adapters.importers.digit.drafting import Setting
from adapters.importers.digit.workflow import NOT_A_POWER, Counterpart
from adapters.importers.naming import checked_level
from adapters.storage.policy_folder import refuse_overwrite, shipped_law, write_files
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_json, print_line
from sidecar.cli.tables import plain, table_lines
from sidecar.errors import DigitError, SettingsError
from sidecar.power_list import vocabulary as words
from sidecar.power_list.policy_set import read_policy_set
from sidecar.power_list.profiles import ProfileFile

MAX_FILE = 64 * 1024 * 1024  # bytes
HANDFUL = 5  # findings of one kind are shown one by one up to here
SHOWN_PLACES = 5


def digit_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a tenant's master data (roles.json …) 主数据目录")],
    lang: LangOption,
    power_class: Annotated[str, typer.Option(help="Class of power its workflows are held against 权力类型")] = "licensing",
    out: Annotated[Path | None, typer.Option(help="Policy folder; a draft is written into OUT/ORGAN 输出草稿")] = None,
    organ: Annotated[str, typer.Option(help="Identifier of the organ of the draft 机关标识")] = "digit",
    name: Annotated[str, typer.Option(help="Name of the organ 机关名称")] = "",
    region: Annotated[str, typer.Option(help="Region code, GB/T 2260 行政区划代码")] = "000000",
    level: Annotated[str, typer.Option(help="Level 1-5 行使层级")] = "4",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite an earlier draft 覆盖")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every finding by itself 逐条显示")] = False,
    json: JsonOption = False,
) -> None:
    """Read roles, actions, grants and workflows of DIGIT: contradictions, roles that are the same, and what the workflows lack to
    satisfy the control profile 检查 DIGIT 配置."""
    classes = words.spellings(words.POWER_CLASSES)
    if power_class not in classes:
        raise SettingsError("NO_SUCH_CLASS", power_class=power_class, power_classes=", ".join(words.POWER_CLASSES))
    power_class = classes[power_class]
    level = checked_level(organ, region, level) or level
    setting = Setting(organ, name or organ, region, level, power_class) if out else None
    digit = import_digit(_read(folder), _profile(power_class), setting)
    if out:
        files = {file: text.encode() for file, text in digit.drafts.items()}
        refuse_overwrite(out / organ, files, replace=replace)
        write_files(out / organ, files)
    if json:
        print_json(as_json(digit))
    else:
        for line in _page(digit, folder, lang, every=every):
            print_line(line)
        if out:
            print_line(_next(out, organ, lang))
    raise typer.Exit(FOUND if digit.findings else OK)


def _profile(power_class: str) -> ProfileFile:
    """The shipped control profile of a class."""
    profiles = read_policy_set(shipped_law()).profiles.values()
    return next(entry.profile for entry in profiles if power_class in entry.profile.applies_to)


def _read(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise DigitError("MASTER_DATA_NOT_A_FOLDER", folder=folder)
    files = {name: folder / name for name in FILES if (folder / name).is_file()}
    for path in files.values():
        if path.stat().st_size > MAX_FILE:
            raise DigitError("MASTER_DATA_TOO_LARGE", path=path, max_file=MAX_FILE)
    return {name: path.read_bytes() for name, path in files.items()}


_WORDS = {
    Language.ZH: {
        "figures": "角色 {roles} 行、{role_codes} 个代码；操作 {actions} 行、{action_ids} 个编号、{urls} 个地址；"
        "授权 {grants} 条、不重复 {distinct_grants} 条",
        "pairs": "操作完全相同的角色 {identical} 对，一个包含在另一个之内的 {inside} 对",
        "workflow": "流程 {name}，对照制约模板“{profile}”",
        "findings": "发现 {n} 处",
        "others": "…另有 {n} 处：{places}；--all 逐条显示",
    },
    Language.EN: {
        "figures": "{roles} roles, {role_codes} codes; {actions} actions, {action_ids} ids, {urls} URLs; {grants} grants, "
        "{distinct_grants} distinct",
        "pairs": "pairs of roles with the same actions: {identical}; with one inside the other: {inside}",
        "workflow": "workflow {name} beside the control profile {profile}",
        "findings": "findings: {n}",
        "others": "… and {n} more: {places}; --all shows each",
    },
}
_HEADING = {
    Language.ZH: ("状态", "动作", "角色", "对应环节"),
    Language.EN: ("state", "action", "roles", "step"),
}


def _page(digit: Digit, folder: Path, lang: Language, *, every: bool) -> Iterator[str]:
    told = _WORDS[lang]
    yield told["figures"].format_map(digit.access.figures)
    yield told["pairs"].format(identical=len(digit.access.identical), inside=len(digit.access.inside))
    names = {step.id: step.name for step in digit.profile.steps}
    for beside in digit.compared:
        yield ""
        profile = digit.profile.name if lang is Language.ZH else digit.profile.profile
        yield told["workflow"].format(name=plain(beside.workflow.name), profile=profile)
        yield from table_lines(_HEADING[lang], [_step(counterpart, names, lang) for counterpart in beside.counterparts])
    yield ""
    yield told["findings"].format(n=len(digit.findings))
    yield from _findings(digit.findings, folder, lang, every=every)


def _step(counterpart: Counterpart, names: dict[str, str], lang: Language) -> tuple[str, ...]:
    act, meaning = counterpart.act, counterpart.meaning
    if meaning.none:
        what = f"– {NOT_A_POWER[meaning.none].in_language(lang)}"
    else:
        name = names.get(counterpart.step) or words.label(words.VERBS, meaning.verb)
        outcome = f" ({meaning.outcome})" if meaning.outcome else ""
        what = f"{counterpart.step} {name}{outcome}"
    return act.state or "-", act.word, ", ".join(act.roles), what


def _findings(findings: Sequence[Found], folder: Path, lang: Language, *, every: bool) -> Iterator[str]:
    """Those of one kind together; of many the first, and where the others stand."""
    kinds = Counter(found.code for found in findings)
    for code, n in kinds.items():
        alike = [found for found in findings if found.code == code]
        shown = alike if every or n <= HANDFUL else alike[:1]
        for found in shown:
            place = f"{folder / found.place.file}:{found.place.line}:{found.place.column}"
            yield f"  {place}: {plain(found.sentence.in_language(lang))} ({code})"
        if len(shown) < n:
            places = ", ".join(f"{found.place.file}:{found.place.line}" for found in alike[1 : 1 + SHOWN_PLACES])
            yield f"    {_WORDS[lang]['others'].format(n=n - 1, places=places)}"


def _next(out: Path, organ: str, lang: Language) -> str:
    if lang is Language.ZH:
        return f"草稿已写入 {out / organ}。下一步：写明设定依据，核对岗位和动作，然后运行 quanheng check {out}"
    return f"a draft is in {out / organ}. Next: write the legal basis, confirm posts and verbs, then run: quanheng check {out}"
