"""What must be said of an item, and what must be shown of it before it is published (政府信息公开条例; 行政许可法 30).

Five blocks make a power one of the law (机构、职能、权限、程序、责任): the organ, what it is for, how far it reaches, the steps,
who answers for it. Organ, reach and steps no item can be without; the other two are checked here. The public view has more
fields: supervision, and for a licence its conditions, quantity, limits and materials. What lacks them can be decided on but not
published, so that is a warning, and none in a draft.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sidecar.messages import Sentence
from sidecar.power_list import vocabulary as words
from sidecar.power_list.catalogue import Catalogue
from sidecar.power_list.entries import ItemEntry
from sidecar.power_list.findings import Finding, Severity
from sidecar.power_list.lawfulness import Check, severity_of
from sidecar.power_list.model import DisclosureException
from sidecar.power_list.parts import Part

_FUNCTION, _RESPONSIBILITY = Sentence("职能", "function"), Sentence("责任", "responsibility")
_PROACTIVE_CLASSES = frozenset({"licensing", "penalty"})


def _blocks(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    item = entry.item
    for block, key, path, present in (
        (_FUNCTION, "scope.function", ("scope",), bool(item.scope.function)),
        (_RESPONSIBILITY, "accountable", ("id",), bool(item.accountable)),
        (_RESPONSIBILITY, "accountability_grounds", ("id",), bool(item.accountability_grounds)),
    ):
        if not present:
            yield entry.finding("MISSING_BLOCK", path, severity_of(entry), block=block, key=key)


def _public_fields(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    yield from _empty(entry, {"scope.function": bool(entry.item.scope.function), "supervision": entry.item.supervision.is_named})


def _licence_fields(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    item, limits = entry.item, entry.item.time_limits
    if item.power_class == "licensing":
        shown = {
            "conditions": bool(item.conditions),
            "quantity": bool(item.quantity),
            "time_limits": bool(limits.statutory or limits.rule or limits.promised),
            "materials": bool(item.materials),
        }
        yield from _empty(entry, shown)


def _empty(entry: ItemEntry, shown: Mapping[str, bool]) -> Iterator[Finding]:
    """The keys that are empty, where the item is to be public and no draft."""
    lacking = [key for key, present in shown.items() if not present]
    if lacking and entry.item.disclosure.mode == "proactive" and not entry.organ.is_draft:
        yield entry.finding("NOT_PUBLISHABLE", ("id",), Severity.WARNING, keys="、".join(lacking))


def _withheld(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    disclosure = entry.item.disclosure
    if disclosure.mode == "withheld" and disclosure.exception is None:
        yield entry.finding("WITHHELD_WITHOUT_GROUND", ("disclosure",))


def _sufficient(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    """What must be public is not withheld as an internal affair."""
    disclosure, power_class = entry.item.disclosure, entry.item.power_class
    exception = disclosure.exception
    if disclosure.mode == "withheld" and exception and exception.kind == "internal" and power_class in _PROACTIVE_CLASSES:
        power = words.label(words.POWER_CLASSES, power_class)
        yield entry.finding("GROUND_NOT_SUFFICIENT", ("disclosure", "exception"), power_class=power)


def _third_party(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    exception = entry.item.disclosure.exception
    if exception and exception.kind == "private" and not exception.third_party_opinion:
        yield entry.finding("THIRD_PARTY_NOT_ASKED", ("disclosure", "exception"))


def _proactive(entry: ItemEntry, _: Catalogue) -> Iterator[Finding]:
    disclosure = entry.item.disclosure
    if entry.item.power_class not in _PROACTIVE_CLASSES or entry.organ.is_draft:
        return
    if disclosure.mode != "proactive" or "result" not in disclosure.artefacts:
        power = words.label(words.POWER_CLASSES, entry.item.power_class)
        yield entry.finding("NOT_PROACTIVE", ("disclosure",), Severity.WARNING, power_class=power)


PUBLICITY_CHECKS: tuple[Check, ...] = (
    Check("PL-5", ("MISSING_BLOCK",), _blocks),
    Check("PL-6", ("NOT_PUBLISHABLE",), _public_fields),
    Check("AL-30", ("NOT_PUBLISHABLE",), _licence_fields),
    Check("GI-5", ("WITHHELD_WITHOUT_GROUND",), _withheld),
    Check("GI-15", ("THIRD_PARTY_NOT_ASKED",), _third_party),
    Check("GI-16", ("GROUND_NOT_SUFFICIENT",), _sufficient),
    Check("GI-20", ("NOT_PROACTIVE",), _proactive),
)

# What the language itself demands: a block without the key is a mistake of form.
REQUIRED_KEYS: Mapping[str, tuple[type[Part], str]] = MappingProxyType(
    {
        "GI-14": (DisclosureException, "kind"),
        "GI-16": (DisclosureException, "kind"),
        "GI-17": (DisclosureException, "reviewer_post"),
        "GI-18": (DisclosureException, "review_by"),
    }
)
