"""`quanheng routes`: a route file drafted from an OpenAPI file, and one held against itself and against the API it leads to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from adapters.enforcement.drafting import draft_of
from adapters.enforcement.lint import Coverage, coverage_of, doubts_of, held_against
from adapters.enforcement.openapi import Api, read_api
from adapters.enforcement.routes import check_routes
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_error, print_json, print_line
from sidecar.cli.proxying import known_in, read_file
from sidecar.errors import RouteFileError
from sidecar.messages import Sentence
from sidecar.power_list.findings import Finding, has_errors, in_reading_order

routes_app = typer.Typer(no_args_is_help=True, help="Route files of enforcement points 路由文件")

Prefix = Annotated[
    str | None, typer.Option(help="What stands before every path of the API; that of its first server unless given 路径前缀")
]

_OPENAPI_FILE = Sentence("接口文件", "OpenAPI file")
_WORDS = {
    Language.ZH: {
        "findings": "{errors} 个错误，{warnings} 个警告",
        "coverage": "接口 {operations} 个：环节 {steps}，非权力 {not_a_power}，未映射 {unmapped}；监督覆盖 {percent}%",
        "unrouted": "没有路由通向的环节：{names}",
        "drafted": "已起草 {n} 个接口，“待填”之处须由人填写",
    },
    Language.EN: {
        "findings": "errors: {errors}, warnings: {warnings}",
        "coverage": "operations: {operations}; steps {steps}, no power {not_a_power}, not mapped {unmapped}; {percent}% covered",
        "unrouted": "steps no route leads to: {names}",
        "drafted": "operations drafted: {n}; a person fills in what is marked 待填",
    },
}


@routes_app.callback()
def routes_family() -> None:
    """Route files of enforcement points 路由文件."""


@routes_app.command("draft")
def draft_command(
    openapi: Annotated[Path, typer.Argument(metavar="OPENAPI", help="OpenAPI 3.0 or 3.1, JSON or YAML 接口文件")],
    lang: LangOption,
    out: Annotated[Path | None, typer.Option(help="A file that is not there yet; else standard output 输出文件")] = None,
    prefix: Prefix = None,
) -> None:
    """Draft a route file from an OpenAPI file: every operation, and what a person must fill in 起草路由文件."""
    api = _api(openapi, prefix)
    if not api.operations:
        _show(api.findings, lang)
        raise typer.Exit(FOUND)
    text = draft_of(api.operations, openapi.name)
    if out is None:
        print_line(text.rstrip("\n"))
    else:
        _write_new(out, text)
    for finding in in_reading_order(api.findings):
        print_error(_line(finding, lang))
    print_error(_WORDS[lang]["drafted"].format(n=len(api.operations)))
    raise typer.Exit(FOUND if api.findings else OK)


@routes_app.command("lint")
def lint_command(
    routes: Annotated[Path, typer.Argument(metavar="MAP", help="Route file 路由文件")],
    lang: LangOption,
    openapi: Annotated[Path | None, typer.Option(help="The API the routes lead to 接口文件")] = None,
    policies: Annotated[Path | None, typer.Option(help="Check items and steps against this built folder 核对事项和环节")] = None,
    prefix: Prefix = None,
    json: JsonOption = False,
) -> None:
    """Find what a route file overlooks: overlaps, routes nobody reaches, operations that are not mapped 检查路由文件."""
    known = known_in(policies) if policies else None
    checked = check_routes(str(routes), read_file(routes), known)
    findings = [*checked.findings, *doubts_of(checked)]
    coverage = None
    if openapi is not None:
        api = _api(openapi, prefix)
        findings += [*api.findings, *held_against(checked, api.operations)]
        if checked.draft and api.operations:
            coverage = coverage_of(checked.draft, api.operations, known.steps if known else None)
    ordered = in_reading_order(findings)
    if json:
        print_json(_as_json(ordered, coverage))
    else:
        _show(ordered, lang)
        _show_coverage(coverage, lang)
    raise typer.Exit(FOUND if has_errors(ordered) else OK)


def _api(path: Path, prefix: str | None) -> Api:
    return read_api(str(path), read_file(path, _OPENAPI_FILE), prefix)


def _write_new(path: Path, text: str) -> None:
    """A draft never takes the place of a file somebody has filled in. Raises RouteFileError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as fault:
        raise RouteFileError("ROUTES_EXIST", path=path) from fault


def _line(finding: Finding, lang: Language) -> str:
    return f"{finding.place}: {finding.severity}: {finding.sentence.in_language(lang)} ({finding.code})"


def _counts(findings: Iterable[Finding]) -> dict[str, int]:
    kinds = [finding.severity.value for finding in findings]
    return {"errors": kinds.count("error"), "warnings": kinds.count("warning")}


def _show(findings: Iterable[Finding], lang: Language) -> None:
    ordered = in_reading_order(findings)
    for finding in ordered:
        print_line(_line(finding, lang))
    print_line(_WORDS[lang]["findings"].format_map(_counts(ordered)))


def _show_coverage(coverage: Coverage | None, lang: Language) -> None:
    if coverage is None:
        return
    print_line(_WORDS[lang]["coverage"].format_map(_coverage(coverage)))
    if coverage.unrouted_steps:
        print_line(_WORDS[lang]["unrouted"].format(names=", ".join(coverage.unrouted_steps)))


def _coverage(coverage: Coverage) -> dict[str, object]:
    return {**coverage._asdict(), "operations": coverage.operations, "percent": coverage.percent}


def _as_json(findings: list[Finding], coverage: Coverage | None) -> dict[str, object]:
    told = [
        {
            "severity": finding.severity,
            "code": finding.code,
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "zh": finding.sentence.zh,
            "en": finding.sentence.en,
        }
        for finding in findings
    ]
    return {**_counts(findings), "coverage": _coverage(coverage) if coverage else None, "findings": told}
