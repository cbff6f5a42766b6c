"""`quanheng rules`: the catalogue of rules, and where each of them stands in a policy folder and in the program."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.policy_folder import SHIPPED, PolicyFolder
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_json, print_line
from sidecar.compiler.compile import MANIFEST_FILE, Checked, check, compile_policies
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import PolicyError, SettingsError
from sidecar.expectations.coverage import RuleStanding, standings
from sidecar.expectations.run import run_expectations
from sidecar.messages import Sentence
from sidecar.power_list import vocabulary as words

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="Policy folder 策略目录", show_default="the shipped policies")]


def rules_command(
    lang: LangOption,
    folder: Folder = SHIPPED,
    json: JsonOption = False,
    phase: Annotated[str, typer.Option("--phase", help="C compile, D decision, A afterwards 阶段")] = "",
    rule: Annotated[str, typer.Option("--rule", help="One rule in full 单条规则")] = "",
) -> None:
    """The rules of the law: article, where each is implemented, which items and expectations use it 规则目录."""
    if phase.upper() not in ("", *words.PHASES):
        raise SettingsError("NO_SUCH_PHASE", phase=phase, known=", ".join(words.PHASES))
    found = _standings(folder)
    shown = [s for s in found if (not phase or phase.upper() in s.rule.phases) and (not rule or s.rule.id == rule)]
    if rule and not shown:
        raise SettingsError("NO_SUCH_RULE", rule=rule)
    if json:
        print_json([_as_json(standing) for standing in shown])
    else:
        for standing in shown:
            _show(standing, lang, whole=bool(rule))
        _show_summary(shown, lang)
    raise typer.Exit(FOUND if any(s.is_missing for s in shown) else OK)


def _standings(folder: Path) -> list[RuleStanding]:
    """Of the sources as they lie there, built or not."""
    files = PolicyFolder(folder)
    sources = files.sources()
    checked = check(sources)
    if checked.broken and checked.policies.organs:
        raise PolicyError("POLICIES_MISTAKEN", folder=folder)
    if checked.broken:  # profiles without an organ, as they are shipped
        return standings(Checked(checked.policies, [], []), (), {})
    compiled = compile_policies(checked, files.model(), sources)
    manifest = compiled.files[MANIFEST_FILE]
    policy = PolicySnapshot.of_build(model=compiled.model, policy=compiled.policy, manifest=manifest)
    outcomes = run_expectations(files.expectations(), policy).outcomes
    return standings(checked, outcomes, {row.id: row.rule for row in compiled.rows})


_WORDS = {
    Language.EN: {
        "profiles": "profiles",
        "controls": "controls",
        "checks": "checks",
        "codes": "decided as",
        "record": "kept by the record",
        "items": "items",
        "expectations": "expectations: {passed} pass, {refused} refused, {alone} of them for this alone",
        "afterwards": "to be found afterwards",
        "of_items": "no item here is of this statute",
        "nowhere": "NOWHERE",
        "parameter": "figure",
        "summary": "{rules} rules; {must} to be checked when policies are built or requests decided; nowhere: {missing}",
    },
    Language.ZH: {
        "profiles": "模板",
        "controls": "控制",
        "checks": "检查",
        "codes": "决定",
        "record": "由记录保证",
        "items": "事项",
        "expectations": "期望：{passed} 条通过，{refused} 条拒绝，其中 {alone} 条只因本规则",
        "afterwards": "事后发现",
        "of_items": "此处没有适用该法的事项",
        "nowhere": "没有实现",
        "parameter": "数值",
        "summary": "{rules} 条规则；{must} 条须在编译或决定时检查；没有实现的：{missing}",
    },
}


def _show(standing: RuleStanding, lang: Language, *, whole: bool) -> None:
    rule, said = standing.rule, _WORDS[lang]
    name = Sentence(rule.name, rule.english).in_language(lang)
    print_line(f"{rule.id:<10}{'/'.join(rule.phases):<6}{name}（{rule.source}）")
    for label, values in _places(standing, whole=whole):
        print_line(f"{'':16}{said[label]}: {values}")
    if not standing.stands:
        label = "nowhere" if standing.is_missing else "of_items" if rule.of_items else "afterwards"
        print_line(f"{'':16}{said[label]}")
    if standing.passed or standing.refused:
        counts = {name: len(getattr(standing, name)) for name in ("passed", "refused", "alone")}
        print_line(f"{'':16}{said['expectations'].format_map(counts)}")
    if whole:
        _show_figures(standing, lang)


def _places(standing: RuleStanding, *, whole: bool) -> Iterable[tuple[str, str]]:
    places = [f"{place.file.removeprefix('profiles/')}:{place.line}" for place in standing.profiles]
    items = ", ".join(standing.items) if whole else str(len(standing.items))
    for label, values in (
        ("profiles", ", ".join(places)),
        ("controls", ", ".join(sorted(standing.controls))),
        ("checks", ", ".join(sorted(standing.checks))),
        ("codes", ", ".join(sorted(standing.codes))),
        ("record", standing.record),
        ("items", items if standing.items else ""),
    ):
        if values:
            yield label, values


def _show_figures(standing: RuleStanding, lang: Language) -> None:
    for parameter in standing.rule.parameters:
        mark = words.label(words.STANDINGS, parameter.standing) if lang is Language.ZH else parameter.standing
        print_line(f"{'':16}{_WORDS[lang]['parameter']}: {parameter.name} = {parameter.value}（{parameter.basis}；{mark}）")
    for name in standing.refused:
        print_line(f"{'':16}✗ {name}")
    for name in standing.passed:
        print_line(f"{'':16}✓ {name}")


def _show_summary(shown: Sequence[RuleStanding], lang: Language) -> None:
    missing = ", ".join(standing.rule.id for standing in shown if standing.is_missing) or "-"
    must = sum(standing.rule.must_stand for standing in shown)
    print_line(_WORDS[lang]["summary"].format(rules=len(shown), must=must, missing=missing))


def _as_json(standing: RuleStanding) -> dict[str, object]:
    rule = standing.rule
    return {
        "id": rule.id,
        "zh": rule.name,
        "en": rule.english,
        "source": rule.source,
        "standing": rule.standing,
        "phases": rule.phases,
        "outcomes": rule.outcomes,
        "parameters": [parameter.model_dump() for parameter in rule.parameters],
        "catalogue": str(standing.place),
        "implemented": {
            "profiles": [str(place) for place in standing.profiles],
            "controls": sorted(standing.controls),
            "checks": sorted(standing.checks),
            "codes": sorted(standing.codes),
            "record": standing.record,
        },
        "missing": standing.is_missing,
        "items": standing.items,
        "expectations": {"passed": standing.passed, "refused": standing.refused, "refused_alone": standing.alone},
    }
