"""`quanheng log observed`: what would have been refused, had it been in earnest."""

from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from adapters.storage.record_reader import SqliteReader
from sidecar.cli.log_places import DataOption
from sidecar.cli.log_querying import Case, Item, Officer, Since, Until, item_id, moment_of, reader_of
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, Language, print_json, print_line
from sidecar.cli.showing import ShownEntry
from sidecar.decision_log.observed import Observed, observed_in
from sidecar.ports.records import Filter, portions
from sidecar.service.inspect import as_shown

T = TypeVar("T", bound=Hashable)

_WORDS = {
    Language.ZH: {
        "figures": "{decisions} 个决定中，{refusals} 个本应拒绝、观察期内放行：案内首次 {first}，随前一步而来 {following}",
        "item": "按事项",
        "officer": "按人员",
        "code": "按代码",
        "caller": "按系统",
        "more": "  …另有 {n} 个",
    },
    Language.EN: {
        "figures": "decisions: {decisions}; would have been refused, and were let through: {refusals}"
        " (first in their case {first}, following such a one {following})",
        "item": "by item",
        "officer": "by officer",
        "code": "by code",
        "caller": "by system",
        "more": "  … and {n} more",
    },
}


def observed_command(
    lang: LangOption,
    data: DataOption = Path("var/data"),
    officer: Officer = "",
    item: Item = "",
    case: Case = "",
    since: Since = "",
    until: Until = "",
    show: Annotated[int, typer.Option(min=1, max=10_000, help="So many of each kind 每类显示条数")] = 20,
    json: JsonOption = False,
) -> None:
    """What would have been refused while a system is observed, by item, officer and code; status 1 if any 观察结果."""
    reader = reader_of(data)
    wanted = Filter(
        officer, item_id(reader, item), case, kind="decision", since_ms=moment_of(since), until_ms=moment_of(until, end=True)
    )
    found = observed_in(_entries(reader, wanted))
    if json:
        print_json(_as_json(found))
    else:
        for line in _lines(found, show, lang):
            print_line(line)
    raise typer.Exit(FOUND if found.refusals else OK)


def _entries(reader: SqliteReader, wanted: Filter) -> Iterator[ShownEntry]:
    for portion in portions(reader, wanted):
        yield from map(as_shown, portion)


def _figures(found: Observed) -> dict[str, int]:
    return {
        "decisions": found.decisions,
        "refusals": found.refusals,
        "first": found.first,
        "following": found.following,
    }


def _kinds(found: Observed) -> dict[str, list[tuple[str, int]]]:
    items = [(f"{name} {item}".strip(), count) for (item, name), count in _ordered(found.by_item)]
    return {
        "item": items,
        "officer": _ordered(found.by_officer),
        "code": _ordered(found.by_code),
        "caller": _ordered(found.by_caller),
    }


def _ordered(counts: Counter[T]) -> list[tuple[T, int]]:
    """The most frequent first; of the same number in the order of their names."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))


def _lines(found: Observed, show: int, lang: Language) -> Iterator[str]:
    words = _WORDS[lang]
    yield words["figures"].format_map(_figures(found))
    for kind, counts in _kinds(found).items():
        if counts:
            yield words[kind]
        yield from (f"  {count:>7}  {name}" for name, count in counts[:show])
        if len(counts) > show:
            yield words["more"].format(n=len(counts) - show)


def _as_json(found: Observed) -> dict[str, object]:
    by = {"item": {item: count for (item, _), count in _ordered(found.by_item)}}
    by |= {kind: dict(counts) for kind, counts in _kinds(found).items() if kind != "item"}
    return {**_figures(found), "by": by}
