"""`quanheng import workbook`: published power lists into the language."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.importers.workbook import Import, Notice, Unplaced, as_json, import_workbooks
from adapters.storage.policy_folder import refuse_overwrite, write_files
from sidecar.cli.output import JsonOption, LangOption, Language, print_json, print_line
from sidecar.errors import WorkbookError, reason_of
from sidecar.messages import counted
from sidecar.power_list.policy_set import ORGAN_FILE, POWERS_FILE

import_app = typer.Typer(no_args_is_help=True, help="Bring published lists into the language 导入")

HANDFUL = 5  # notices of one kind are shown one by one up to here
SHOWN_PLACES = 5
MAX_WORKBOOK = 64 * 1024 * 1024  # bytes


@import_app.callback()
def import_family() -> None:
    """Bring published lists into the language 导入."""


@import_app.command("workbook")
def workbook_command(
    workbooks: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Power lists, .xls or .xlsx 权责清单")],
    organ: Annotated[str, typer.Option(help="Identifier of the organ, e.g. klmy 机关标识")],
    out: Annotated[Path, typer.Option(help="Policy folder; ORGAN/organ.yaml and ORGAN/powers.yaml are written into it 输出目录")],
    lang: LangOption,
    name: Annotated[str | None, typer.Option(help="Name of the organ 机关名称")] = None,
    region: Annotated[str | None, typer.Option(help="Region code, GB/T 2260, six digits 行政区划代码")] = None,
    level: Annotated[str | None, typer.Option(help="Level 1-5; else that of the list, else of the region 行使层级")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite an earlier import 覆盖")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every notice by itself 逐条显示")] = False,
    json: JsonOption = False,
) -> None:
    """Turn published workbooks into organ.yaml (with a post map to complete) and powers.yaml 导入权责清单."""
    imported = import_workbooks(
        [(path.name, _read(path)) for path in workbooks], organ=organ, name=name, region=region, level=level
    )
    files = {ORGAN_FILE: imported.organ_yaml.encode(), POWERS_FILE: imported.powers_yaml.encode()}
    refuse_overwrite(out / organ, files, replace=replace)
    write_files(out / organ, files)
    if json:
        print_json(as_json(imported))
    else:
        _show(imported, out / organ, lang, every=every)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_WORKBOOK:
            raise WorkbookError("WORKBOOK_FILE_TOO_LARGE", path=path, max_workbook=MAX_WORKBOOK)
        return path.read_bytes()
    except OSError as fault:
        raise WorkbookError("WORKBOOK_UNREADABLE", path=path, reason=reason_of(fault)) from fault


def _show(imported: Import, folder: Path, lang: Language, *, every: bool) -> None:
    zh = lang is Language.ZH
    for file, counts in imported.counts.items():
        print_line(f"{file}: " + (f"{counts.items} 个事项" if zh else counted(counts.items, "item")))
    _show_notices(imported.unplaced, "未导入的行" if zh else "rows that were not imported", lang, every=every)
    _show_notices(imported.warnings, "提示" if zh else "warnings", lang, every=every)
    print_line(
        f"已写入 {folder}。下一步：处理以上提示，核对 {folder / ORGAN_FILE} 的岗位，然后运行 quanheng check {folder.parent}"
        if zh
        else f"written to {folder}. Next: settle the above, confirm the posts in {folder / ORGAN_FILE}, then run: "
        f"quanheng check {folder.parent}"
    )


def _show_notices(notices: Sequence[Unplaced | Notice], heading: str, lang: Language, *, every: bool) -> None:
    """All of them, those of one kind and sheet together; of more than a handful the first, and where the others stand."""
    if not notices:
        return
    print_line(f"{heading}: {len(notices)}")
    for alike in _alike(notices):
        folded = len(alike) > HANDFUL and not every
        for notice in alike[:1] if folded else alike:
            print_line(f"  {_line(notice, lang)}")
        if folded:
            print_line(f"    {_others(alike[1:], lang)}")


def _alike(notices: Sequence[Unplaced | Notice]) -> Iterable[Sequence[Unplaced | Notice]]:
    """By file, sheet and code, each where the first of them stands."""
    groups: dict[tuple[str, str, str], list[Unplaced | Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.file, notice.sheet, notice.code), []).append(notice)
    return groups.values()


def _others(notices: Sequence[Unplaced | Notice], lang: Language) -> str:
    if lang is Language.ZH:
        places = "、".join(_cell(notice, lang) for notice in notices[:SHOWN_PLACES])
        return f"…另有 {len(notices)} 处同类提示：{places} 等；要逐条看，换一个 --out 目录、加 --all 再导入"
    places = ", ".join(_cell(notice, lang) for notice in notices[:SHOWN_PLACES])
    return f"… and {len(notices)} more of this kind: {places} …; to see each, import into another --out with --all"


def _line(notice: Unplaced | Notice, lang: Language) -> str:
    shown = f": {' | '.join(notice.values)}" if isinstance(notice, Unplaced) and notice.values else ""
    return f"{_place(notice, lang)}: {notice.zh if lang is Language.ZH else notice.en} ({notice.code}){shown}"


def _place(notice: Unplaced | Notice, lang: Language) -> str:
    """The file, its sheet and the cell or row; what concerns no file stands in organ.yaml."""
    sheet = f"[{notice.sheet}]" if notice.sheet else ""
    return " ".join(filter(None, (notice.file or ORGAN_FILE, sheet, _cell(notice, lang))))


def _cell(notice: Unplaced | Notice, lang: Language) -> str:
    cell = notice.cell if isinstance(notice, Notice) else f"{notice.column}{notice.row}" if notice.column else ""
    row = f"第 {notice.row} 行" if lang is Language.ZH else f"row {notice.row}"
    return cell or (row if notice.row else "")
