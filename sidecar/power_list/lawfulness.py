"""What the law demands of an item before anyone may act on it (不得法外设定权力): checked when policies are built.

Which instrument may create which power (行政许可法 14–17, 行政处罚法 10–16, 行政强制法 10 and 13):

    instrument                    licence    penalty                              measure                      execution
    law                           yes        all                                  yes                          yes
    administrative regulation     yes        all but personal liberty             not liberty, not freezing    no
    State Council decision        yes        no                                   no                           no
    local regulation              yes        not liberty, not a business licence  sealing and seizing only     no
    departmental rule             no         warning, criticism, fine             no                           no
    provincial rule               one year   warning, criticism, fine             no                           no
    other government rule         no         warning, criticism, fine             no                           no
    normative document            no         no                                   no                           no

Whether a higher instrument already covers the matter, and whether a fine keeps to its limit, no list says.

A list that was imported and is not confirmed is a draft: nobody has checked the roles of its bases, so all of them count as
creating, and what is missing is a warning, because a real list leaves out the higher law more often than it invents a power. Once
the posts are confirmed, the same is an error.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from sidecar.power_list import vocabulary as words
from sidecar.power_list.catalogue import Catalogue
from sidecar.power_list.entries import ItemEntry, OrganEntry
from sidecar.power_list.findings import Finding, Severity

_LICENCE = "licence"
_PENALTIES, _MEASURES, _EXECUTIONS = (
    frozenset(table) for table in (words.PENALTIES, words.COMPULSORY_MEASURES, words.COMPULSORY_EXECUTIONS)
)
_LIGHT = frozenset({"warning", "criticism", "fine"})
_ALL = frozenset({_LICENCE}) | _PENALTIES | _MEASURES | _EXECUTIONS
_CREATES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "law": _ALL,
        "administrative_regulation": _ALL - _EXECUTIONS - {"detention", "restrict_liberty", "freeze"},
        "state_council_decision": frozenset({_LICENCE}),
        "local_regulation": frozenset({_LICENCE, "seal", "seize"}) | _PENALTIES - {"detention", "business_licence_revoked"},
        "departmental_rule": _LIGHT,
        "provincial_rule": _LIGHT | {_LICENCE},
        "local_rule": _LIGHT,
        "normative_document": frozenset(),
        "unclassified": _ALL,  # said elsewhere; what it may create nobody knows
    }
)
_POWERS_OF_CLASS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"licensing": frozenset({_LICENCE}), "penalty": _PENALTIES, "compulsion": _MEASURES | _EXECUTIONS}
)
_ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "licensing": "行政许可法第十四至十七条",
        "penalty": "行政处罚法第十至十四条、第十六条",
        "compulsion": "行政强制法第十条、第十三条",
    }
)
_POLICE = "公安"
_ENTRUSTED = frozenset({"5", "6"})  # power_source: entrusted by the superior, by an organ of the same level
_ORGAN = "1"  # nature: 法定机关


@dataclass(frozen=True, slots=True)
class Check:
    """One demand of the law: the rule it follows, what finds the items that fall short, and what it calls them."""

    rule: str
    codes: tuple[str, ...]
    run: Callable[[ItemEntry, Catalogue], Iterable[Finding]]


def found_by(checks: Iterable[Check], entry: ItemEntry, catalogue: Catalogue) -> Iterator[Finding]:
    """Every finding of every check, with its rule."""
    for check in checks:
        for finding in check.run(entry, catalogue):
            yield replace(finding, rule=check.rule)


def too_low(power_class: str, instruments: Iterable[str]) -> bool:
    """Whether none of the instruments may create any power of the class."""
    powers = _POWERS_OF_CLASS.get(power_class)
    return powers is not None and not any(_CREATES[name] & powers for name in instruments)


def severity_of(entry: ItemEntry) -> Severity:
    """An error in a list someone answers for; a warning in a draft."""
    return Severity.WARNING if entry.organ.is_draft else Severity.ERROR


def _creating(entry: ItemEntry) -> list[str]:
    basis = entry.item.legal_basis
    creating = [b.instrument for b in basis if b.role == "creates"]
    return [b.instrument for b in basis] if entry.organ.is_draft or not creating else creating


def _creation(power_class: str) -> Callable[[ItemEntry, Catalogue], Iterator[Finding]]:
    def run(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
        if entry.item.power_class != power_class:
            return
        instruments, article = _creating(entry), _ARTICLES[power_class]
        named = "、".join(words.label(words.INSTRUMENTS, name) for name in dict.fromkeys(instruments))
        if too_low(power_class, instruments):
            power = words.label(words.POWER_CLASSES, power_class)
            yield entry.finding(
                "BASIS_TOO_LOW", ("legal_basis",), severity_of(entry), power_class=power, instrument=named, article=article
            )
            return
        for n, measure in enumerate(entry.item.measures):
            if measure in _POWERS_OF_CLASS[power_class] and not any(measure in _CREATES[name] for name in instruments):
                label = words.label(words.MEASURES, measure)
                yield entry.finding(
                    "MEASURE_NOT_ALLOWED", ("measures", n), severity_of(entry), measure=label, instrument=named, article=article
                )

    return run


def _measures_of_the_class(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    known = _POWERS_OF_CLASS.get(entry.item.power_class, frozenset()) - {_LICENCE}
    for n, measure in enumerate(entry.item.measures):
        if measure not in known:
            label, power = words.label(words.MEASURES, measure), words.label(words.POWER_CLASSES, entry.item.power_class)
            yield entry.finding("MEASURE_OF_OTHER_CLASS", ("measures", n), measure=label, power_class=power)


def _temporary_licence(entry: ItemEntry, catalogue: Catalogue) -> Iterator[Finding]:
    """A provincial rule may create a licence for one year."""
    if entry.item.power_class != "licensing" or set(_creating(entry)) != {"provincial_rule"}:
        return
    start, end = entry.item.effective.start, entry.item.effective.end
    parameter = catalogue.parameters.get("temporary_licence")
    months = int(str(parameter.value).split()[0]) if parameter else 0
    if start is None or end is None or (months and end > _months_after(start, months)):
        yield entry.finding("TEMPORARY_LICENCE", ("effective",), severity_of(entry), months=months)


def _months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return day


def _entrusted_licence(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """To another administrative organ only, in writing and announced."""
    body = entry.item.body
    if entry.item.power_class != "licensing" or not _is_entrusted(entry):
        return
    lacking = [
        text
        for lacks, text in (
            (body.nature != _ORGAN, '受委托的须是行政机关（nature: "1"）'),
            (not body.entrusted_by, "写明委托机关（entrusted_by）"),
            (not (body.entrustment and body.entrustment.announced), "委托书及其公布日期（entrustment）"),
        )
        if lacks
    ]
    if lacking:
        yield entry.finding(
            "ENTRUSTMENT_NOT_LAWFUL", ("body",), severity_of(entry), lacking="；".join(lacking), article="行政许可法第二十四条"
        )


def _entrusted_penalty(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """In writing, with matter, authority and term, and published."""
    body = entry.item.body
    if entry.item.power_class != "penalty" or not _is_entrusted(entry):
        return
    if not body.entrusted_by or not body.entrustment or not body.entrustment.announced:
        yield entry.finding(
            "ENTRUSTMENT_NOT_LAWFUL",
            ("body",),
            severity_of(entry),
            lacking="写明委托机关（entrusted_by）、委托书及其公布日期（entrustment）",
            article="行政处罚法第二十条",
        )


def _entrusted_compulsion(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    if entry.item.power_class == "compulsion" and _is_entrusted(entry):
        yield entry.finding(
            "ENTRUSTMENT_NOT_LAWFUL", ("body",), severity_of(entry), lacking="强制措施权不得委托", article="行政强制法第十七条"
        )


def _is_entrusted(entry: ItemEntry) -> bool:
    body = entry.item.body
    return bool(body.power_source in _ENTRUSTED or body.entrusted_by or body.entrustment)


def _organ_named(article: str, *measures: str) -> Callable[[ItemEntry, Catalogue], Iterator[Finding]]:
    """Measures that only the police, or an organ that a law names, may take."""

    def run(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
        body = entry.item.body
        police = _POLICE in body.name and "freeze" not in measures
        for n, measure in enumerate(entry.item.measures):
            if measure in measures and not police and not body.named_by:
                label = words.label(words.MEASURES, measure)
                yield entry.finding(
                    "ORGAN_NOT_NAMED", ("measures", n), severity_of(entry), measure=label, body=body.name, article=article
                )

    return run


def _fees(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """A licence is free unless a law or an administrative regulation says otherwise; who decides does not collect."""
    item = entry.item
    if item.power_class != "licensing":
        return
    for n, fee in enumerate(item.fees):
        if fee.instrument not in ("law", "administrative_regulation"):
            label = words.label(words.INSTRUMENTS, fee.instrument)
            yield entry.finding("FEE_WITHOUT_BASIS", ("fees", n), severity_of(entry), fee=fee.name, instrument=label)
    deciding = {post for step in item.steps if step.verb == "decide" for post in entry.step_posts.get(step.id, ())}
    for n, step in enumerate(item.steps):
        if step.verb == "collect":
            if not item.fees:
                yield entry.finding("FEE_WITHOUT_BASIS", ("steps", n), severity_of(entry), fee=step.name, instrument="—")
            if both := deciding & set(entry.step_posts.get(step.id, ())):
                yield entry.finding("DECIDER_COLLECTS", ("steps", n, "posts"), severity_of(entry), posts="、".join(sorted(both)))


def _one_window(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """One unit accepts applications and delivers decisions."""
    item = entry.item
    if item.power_class != "licensing":
        return
    windows = [n for n, step in enumerate(item.steps) if step.verb in ("accept", "issue")]
    posts = [post for n in windows for post in entry.step_posts.get(item.steps[n].id, ())]
    units = list(dict.fromkeys(post.split(".")[0] for post in posts)) if item.steps else list(entry.unit_ids)
    if len(units) > 1:
        path = ("steps", windows[0], "posts") if windows else ("units",)
        yield entry.finding("SEVERAL_WINDOWS", path, Severity.WARNING, units="、".join(units))


def _administrators(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """System, security and audit administrators hold no power over a case."""
    for n, step in enumerate(entry.item.steps):
        for post in entry.step_posts.get(step.id, ()):
            if entry.organ.posts[post].administers:
                yield entry.finding("ADMINISTRATOR_HOLDS_POWER", ("steps", n, "posts"), post=post)


def incomplete_administrators(organ: OrganEntry) -> Iterator[Finding]:
    """Who names one of the three administrators names all."""
    named = {post.administers for post in organ.posts.values() if post.administers}
    if named and (missing := [label[0] for name, label in words.ADMINISTRATIONS.items() if name not in named]):
        yield Finding(
            "ADMINISTRATORS_INCOMPLETE", organ.located.place("posts"), facts={"missing": "、".join(missing)}, rule="SEC-3ROLE"
        )


ITEM_CHECKS: tuple[Check, ...] = (
    Check("AL-14", ("BASIS_TOO_LOW",), _creation("licensing")),
    Check("AP-16", ("BASIS_TOO_LOW", "MEASURE_NOT_ALLOWED"), _creation("penalty")),
    Check("AC-10", ("BASIS_TOO_LOW", "MEASURE_NOT_ALLOWED"), _creation("compulsion")),
    Check("AP-16", ("MEASURE_OF_OTHER_CLASS",), _measures_of_the_class),
    Check("AL-14", ("TEMPORARY_LICENCE",), _temporary_licence),
    Check("AL-24", ("ENTRUSTMENT_NOT_LAWFUL",), _entrusted_licence),
    Check("AP-20", ("ENTRUSTMENT_NOT_LAWFUL",), _entrusted_penalty),
    Check("AC-17", ("ENTRUSTMENT_NOT_LAWFUL",), _entrusted_compulsion),
    Check(
        "AP-18", ("ORGAN_NOT_NAMED",), _organ_named("行政处罚法第十八条第三款、行政强制法第十条", "detention", "restrict_liberty")
    ),
    Check("AC-30", ("ORGAN_NOT_NAMED",), _organ_named("行政强制法第二十九条", "freeze")),
    Check("AL-58", ("FEE_WITHOUT_BASIS", "DECIDER_COLLECTS"), _fees),
    Check("AL-26", ("SEVERAL_WINDOWS",), _one_window),
    Check("SEC-3ROLE", ("ADMINISTRATOR_HOLDS_POWER",), _administrators),
)
