"""`quanheng import workbook`: published power lists into the language."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from adapters.importers.workbook import Import, Notice, Unplaced, as_json, import_workbooks
from adapters.storage.policy_folder import write_files
from sidecar.cli.output import JsonOption, LangOption, Language, print_json, print_line
from sidecar.errors import PolicyError, WorkbookError
from sidecar.power_list.policy_set import ORGAN_FILE, POWERS_FILE

import_app = typer.Typer(no_args_is_help=True, help="Bring published lists into the language 导入")

SHOWN_NOTICES = 20
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
    level: Annotated[str | None, typer.Option(help="Level 1-5; else the most common of the list 行使层级")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite an earlier import 覆盖")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every notice 显示全部提示")] = False,
    json: JsonOption = False,
) -> None:
    """Turn published workbooks into organ.yaml (with a post map to complete) and powers.yaml 导入权责清单."""
    imported = import_workbooks(
        [(path.name, _read(path)) for path in workbooks], organ=organ, name=name, region=region, level=level
    )
    files = {ORGAN_FILE: imported.organ_yaml.encode(), POWERS_FILE: imported.powers_yaml.encode()}
    _refuse_overwrite(out / organ, files, replace=replace)
    write_files(out / organ, files)
    if json:
        print_json(as_json(imported))
    else:
        _show(imported, out, lang, every=every)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_WORKBOOK:
            raise WorkbookError(f"{path}: larger than {MAX_WORKBOOK} bytes", "split the workbook")
        return path.read_bytes()
    except OSError as fault:
        raise WorkbookError(f"{path}: {fault.strerror}", "name a readable workbook") from fault


def _refuse_overwrite(folder: Path, files: dict[str, bytes], *, replace: bool) -> None:
    """Somebody may have completed the post map by hand since the last import."""
    existing = [str(folder / name) for name in files if (folder / name).exists()]
    if existing and not replace:
        raise PolicyError(f"{', '.join(existing)} exist already", "import into another folder and compare, or say --replace")


def _show(imported: Import, out: Path, lang: Language, *, every: bool) -> None:
    zh = lang is Language.ZH
    per_file = Counter(item.file for item in imported.items)
    for file, count in per_file.items():
        print_line(f"{file}: {count} " + ("个事项" if zh else "items"))
    _show_notices(imported.unplaced, "未能放置的行" if zh else "rows that were not placed", lang, every=every)
    _show_notices(imported.warnings, "提示" if zh else "warnings", lang, every=every)
    print_line(
        f"已写入 {out}。下一步：核对 organ.yaml 的岗位，然后运行 quanheng check {out}"
        if zh
        else f"written to {out}. Next: confirm the posts in organ.yaml, then run: quanheng check {out}"
    )


def _show_notices(notices: tuple[Unplaced, ...] | tuple[Notice, ...], heading: str, lang: Language, *, every: bool) -> None:
    if not notices:
        return
    kinds = ", ".join(f"{code} {n}" for code, n in Counter(notice.code for notice in notices).most_common())
    print_line(f"{heading}: {len(notices)} ({kinds})")
    for notice in notices if every else notices[:SHOWN_NOTICES]:
        print_line("  " + _line(notice, lang))
    if not every and len(notices) > SHOWN_NOTICES:
        print_line("  … --all")


def _line(notice: Unplaced | Notice, lang: Language) -> str:
    place = f"{notice.file} [{notice.sheet}]" if notice.sheet else notice.file
    cell = notice.column if isinstance(notice, Unplaced) else notice.cell
    if isinstance(notice, Unplaced):
        cell = f"{cell or 'row '}{notice.row}" if notice.row else ""
    shown = f": {' | '.join(notice.values)}" if isinstance(notice, Unplaced) and notice.values else ""
    return f"{place} {cell}: {notice.zh if lang is Language.ZH else notice.en} ({notice.code}){shown}"
