"""Reading the catalogue, and the rules that profiles and items name: each must be one that the catalogue has."""

from collections.abc import Iterable, Iterator

from sidecar.messages import near
from sidecar.power_list.catalogue import Catalogue, CatalogueFile, Figure, Rule
from sidecar.power_list.findings import Finding, Place, Severity
from sidecar.power_list.load import Located, load
from sidecar.power_list.parts import Part
from sidecar.power_list.references import duplicate
from sidecar.power_list.source import read_source


def read_catalogue(path: str, data: bytes) -> tuple[Catalogue, list[Finding]]:
    """The catalogue of a folder, and every mistake in it."""
    loaded = load(read_source(path, data), CatalogueFile)
    catalogue = Catalogue()
    if loaded.draft is None:
        return catalogue, loaded.findings
    catalogue.chapters = loaded.draft.chapters
    findings = [*loaded.findings]
    for place, rule in _placed(loaded.draft, loaded.located):
        if rule.id in catalogue.rules:
            findings.append(duplicate("rule", rule.id, place, catalogue.places[rule.id]))
        catalogue.rules.setdefault(rule.id, rule)
        catalogue.places.setdefault(rule.id, place)
        findings += _parameters(catalogue, rule, place)
    return catalogue, findings


def _placed(file: CatalogueFile, located: Located) -> Iterator[tuple[Place, Rule]]:
    for n, chapter in enumerate(file.chapters):
        for k, rule in enumerate(chapter.rules):
            yield located.place("chapters", n, "rules", k), rule


def _parameters(catalogue: Catalogue, rule: Rule, place: Place) -> Iterator[Finding]:
    for parameter in rule.parameters:
        if parameter.name in catalogue.parameters:
            first = next(catalogue.places[r.id] for r in catalogue.rules.values() if _holds(r, parameter.name))
            yield duplicate("parameter", parameter.name, place, first)
        else:
            catalogue.figures.append(Figure(parameter.name, parameter.value, place))
        catalogue.parameters.setdefault(parameter.name, parameter)


def _holds(rule: Rule, name: str) -> bool:
    return any(parameter.name == name for parameter in rule.parameters)


def rules_named(part: Part, located: Located, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Place]]:
    """Every rule that a profile or an item names, with the place of the words it stands for. Declared facts and figures name the
    rule that asks for them too, but a declaration restrains nobody."""
    for name, info in type(part).model_fields.items():
        value, at = getattr(part, name), (*path, info.alias or name)
        if name == "rule" and isinstance(value, str):
            yield value, located.place(*path)
        elif name not in _DECLARATIONS:
            yield from _rules_below(value, located, at)


def _rules_below(value: object, located: Located, path: tuple[str | int, ...]) -> Iterator[tuple[str, Place]]:
    if isinstance(value, Part):
        yield from rules_named(value, located, path)
    elif isinstance(value, tuple):
        for n, child in enumerate(value):
            yield from _rules_below(child, located, (*path, n))


_DECLARATIONS = frozenset({"facts", "parameters"})


def unknown_rules(catalogue: Catalogue, named: Iterable[tuple[str, Place]], item: str = "") -> Iterator[Finding]:
    """Rules that a profile or an item names and the catalogue does not have: a refusal would cite what nobody can look up."""
    if not catalogue.rules:
        return
    for rule, place in named:
        if rule not in catalogue.rules:
            facts: dict[str, object] = {"rule": rule, "near": near(rule, catalogue.rules)}
            yield Finding("UNKNOWN_RULE", place, item=item, facts=facts, severity=Severity.WARNING)
