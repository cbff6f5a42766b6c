"""`quanheng check`, `build`, `test`, `schema`: the maintainer's commands."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.policy_folder import PolicyFolder
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_json, print_line
from sidecar.compiler.compile import Checked, Compiled, check, compile_policies
from sidecar.decision.policy import refuse_weak_model
from sidecar.errors import SettingsError
from sidecar.expectations.reading import names_in, read_expectations
from sidecar.expectations.run import Outcome, Report, run_expectations
from sidecar.messages import counted
from sidecar.power_list.doubts import missing_year, retention_unsaid
from sidecar.power_list.findings import Finding, Severity, has_errors, in_reading_order
from sidecar.power_list.json_schema import SCHEMAS, schema_of
from sidecar.power_list.policy_set import unread_files
from sidecar.service.record_rules import read_record_rules_file

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Policy folder 策略目录")]

RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", envvar="QUANHENG_RECORD_RULES", help="Rules of the record, for how long it is kept 留痕规则文件"),
]

SHOWN_WARNINGS = 40


def check_command(
    folder: Folder,
    lang: LangOption,
    json: JsonOption = False,
    every: Annotated[bool, typer.Option("--all", help="Show every warning 显示全部警告")] = False,
    rules: RulesOption = None,
) -> None:
    """Check a policy folder: every mistake of every file in one run 检查策略目录."""
    files = PolicyFolder(folder)
    sources = files.sources()
    checked = check(sources)
    if not checked.broken:
        _compiled(files, checked, sources)
    expectations = read_expectations(files.expectations(), names_in(checked, sources))
    this_year = missing_year(checked.policies, date.today().year)  # noqa: DTZ011 - the year of the person who asks
    unsaid = retention_unsaid(checked.policies, read_record_rules_file(rules).retention.says)
    findings = in_reading_order([*checked.findings, *this_year, *unsaid, *expectations.findings])
    counts = _counts(checked, findings) | {"expectations": expectations.written}
    if json:
        print_json(_as_json(counts, findings))
    else:
        _show_findings(folder, findings, lang, every)
        _show_summary(counts, lang)
    raise typer.Exit(FOUND if has_errors(findings) else OK)


def _compiled(files: PolicyFolder, checked: Checked, sources: Mapping[str, bytes]) -> Compiled:
    """What would be served; raises PolicyError when it could not be, or when the model is weaker than the rows need."""
    compiled = compile_policies(checked, files.model(), sources)
    refuse_weak_model(compiled.model, compiled.policy)
    return compiled


def build_command(folder: Folder, lang: LangOption, json: JsonOption = False) -> None:
    """Compile a policy folder to Casbin rows and a manifest 编译."""
    files = PolicyFolder(folder)
    sources = files.sources()
    checked = check(sources)
    if checked.broken:
        errors = [f for f in checked.findings if f.severity is Severity.ERROR]
        counts = _counts(checked, checked.findings)
        if json:
            print_json(_as_json(counts, checked.findings))
        else:
            _show_findings(folder, errors, lang, every=True)
            _show_summary(counts, lang)
        raise typer.Exit(FOUND)
    compiled = _compiled(files, checked, sources)
    files.write(compiled)
    facts = {
        "items": len(checked.items),
        "rows": len(compiled.rows),
        "digest": compiled.manifest.digest,
        "files": sorted(compiled.files),
    }
    if json:
        print_json(facts)
    elif lang is Language.ZH:
        print_line("已编译 {items} 个事项，{rows} 行策略，摘要 {digest}".format_map(facts))
    else:
        built = f"built {counted(len(checked.items), 'item')} into {counted(len(compiled.rows), 'row')}"
        print_line(f"{built}, digest {compiled.manifest.digest}")


def expectations_command(folder: Folder, lang: LangOption, json: JsonOption = False) -> None:
    """Run the expectations of a built policy folder 运行期望测试."""
    files = PolicyFolder(folder)
    strays = tuple(unread_files(files.sources()))
    report = Report(strays) if strays else run_expectations(files.expectations(), files.snapshot())
    if json:
        print_json(_report_as_json(report))
    else:
        _show_report(folder, report, lang)
    raise typer.Exit(OK if report.passed else FOUND)


def schema_command(name: Annotated[str, typer.Argument(help=" | ".join(SCHEMAS))]) -> None:
    """Print the JSON Schema of a kind of file, for editors 输出 JSON Schema."""
    if name not in SCHEMAS:
        raise SettingsError("NO_SUCH_SCHEMA", name=name, known=", ".join(SCHEMAS))
    print_json(schema_of(name))


def _show_findings(folder: Path, findings: list[Finding], lang: Language, every: bool) -> None:
    shown = 0
    for finding in findings:
        if finding.severity is Severity.WARNING and not every:
            shown += 1
            if shown > SHOWN_WARNINGS:
                continue
        item = f"[{finding.item}] " if finding.item else ""
        print_line(
            f"{folder / finding.place.file}:{finding.place.line}:{finding.place.column}: {finding.severity}: {item}"
            f"{finding.sentence.in_language(lang)} ({' '.join(filter(None, (finding.code, finding.rule)))})"
        )
    if shown > SHOWN_WARNINGS:
        rest = Counter(f.code for f in findings if f.severity is Severity.WARNING)
        told = {
            Language.ZH: "…警告共 {n} 条，按种类：{kinds}；--all 显示全部",
            Language.EN: "… {n} warnings in all, by kind: {kinds}; --all shows each",
        }
        kinds = ", ".join(f"{code} {n}" for code, n in rest.most_common())
        print_line(told[lang].format(n=rest.total(), kinds=kinds))


def _show_summary(counts: dict[str, int], lang: Language) -> None:
    if lang is Language.ZH:
        print_line("{organs} 个机关，{items} 个事项：{errors} 个错误，{warnings} 个警告".format_map(counts))
    else:
        organs, items, errors, warnings = (counted(counts[f"{noun}s"], noun) for noun in ("organ", "item", "error", "warning"))
        print_line(f"{organs}, {items}: {errors}, {warnings}")


def _counts(checked: Checked, findings: list[Finding]) -> dict[str, int]:
    return {
        "organs": len(checked.policies.organs),
        "items": len(checked.policies.items),
        "errors": sum(f.severity is Severity.ERROR for f in findings),
        "warnings": sum(f.severity is Severity.WARNING for f in findings),
    }


def _as_json(counts: dict[str, int], findings: list[Finding]) -> dict[str, object]:
    return {**counts, "findings": [_finding_as_json(finding) for finding in findings]}


def _finding_as_json(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "severity": finding.severity,
        "code": finding.code,
        "rule": finding.rule,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "item": finding.item,
        "zh": finding.sentence.zh,
        "en": finding.sentence.en,
    }


_WORDS = {
    Language.ZH: {
        "decision": "决定",
        "codes": "代码",
        "obligations": "附随义务",
        "flags": "提示",
        "allow": "准许",
        "deny": "拒绝",
        "expected": "期望",
        "found": "实际",
        "hold": "{held}/{written} 条期望成立",
        "unread": "；{unread} 条有误，未能运行",
        "lost": "；不能读取：{lost}",
        "items": "没有期望触及的事项",
        "rules": "没有期望触发的规则",
    },
    Language.EN: {
        "hold": "{held}/{written} expectations hold",
        "unread": "; {unread} not run, mistakes above",
        "lost": "; cannot be read: {lost}",
        "items": "items no expectation touches",
        "rules": "rules no expectation has seen refuse",
    },
}


def _show_report(folder: Path, report: Report, lang: Language) -> None:
    _show_findings(folder, list(report.findings), lang, every=True)
    for outcome in report.outcomes:
        if not outcome.holds:
            _show_difference(folder, outcome, lang)
    if not report.written and not report.lost:
        return
    words = _WORDS[lang]
    told = words["hold"] + (words["unread"] if report.unread else "") + (words["lost"] if report.lost else "")
    print_line(told.format_map(_report_counts(report) | {"lost": ", ".join(report.lost)}))
    for label, names in (("items", report.untouched_items), ("rules", report.untouched_rules)):
        print_line(f"{words[label]}: {', '.join(names) or '-'}")


def _report_counts(report: Report) -> dict[str, object]:
    return {"held": sum(outcome.holds for outcome in report.outcomes), "written": report.written, "unread": report.unread}


def _show_difference(folder: Path, outcome: Outcome, lang: Language) -> None:
    place, words = outcome.place, _WORDS[lang]
    print_line(f"{folder / place.file}:{place.line}:{place.column}: [{outcome.item}] {outcome.name}")
    for what, expected, found in outcome.differences:
        print_line(f"    {words.get(what, what)}:")
        for label, value in (("expected", expected), ("found", found)):
            print_line(f"      {words.get(label, label)}: {words.get(value, value)}")
    for ground in outcome.decision.grounds:
        print_line(f"      {ground.code}: {ground.reason.in_language(lang)} [{ground.source}]")


def _report_as_json(report: Report) -> dict[str, object]:
    return {
        "passed": report.passed,
        **_report_counts(report),
        "lost": report.lost,
        "expectations": [
            {
                "name": outcome.name,
                "item": outcome.item,
                "file": outcome.place.file,
                "line": outcome.place.line,
                "holds": outcome.holds,
                "differences": [{"what": w, "expected": e, "found": f} for w, e, f in outcome.differences],
            }
            for outcome in report.outcomes
        ],
        "findings": [_finding_as_json(finding) for finding in report.findings],
        "untouched_items": report.untouched_items,
        "untouched_rules": report.untouched_rules,
    }
