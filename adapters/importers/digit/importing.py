"""The whole import: files in; figures, findings, the table of steps, and a draft out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.importers.digit.access import Access, examine_access
from adapters.importers.digit.drafting import Setting, draft
from adapters.importers.digit.json_text import pointer
from adapters.importers.digit.reading import FILES, Found, read_configuration
from adapters.importers.digit.sentences import SENTENCES
from adapters.importers.digit.workflow import Compared, compare, examine_escalations
from sidecar.messages import filled
from sidecar.power_list.findings import Place
from sidecar.power_list.profile import ProfileFile


@dataclass(frozen=True, slots=True)
class Digit:
    """The result. `drafts` are the files of the draft, where one was asked for."""

    profile: ProfileFile
    access: Access
    compared: tuple[Compared, ...]
    findings: tuple[Found, ...]
    drafts: Mapping[str, str]


def import_digit(files: Mapping[str, bytes], profile: ProfileFile, setting: Setting | None = None) -> Digit:
    """Read the master data in `files` (name → bytes) and hold its workflows against a control profile. Raises DigitError when it
    cannot be read."""
    read = read_configuration(files)
    access = examine_access(read)
    compared = tuple(compare(workflow, profile, access) for workflow in read.workflows)
    by_name = {beside.workflow.name: beside for beside in compared}
    missing = [_missing(name) for name in FILES if name not in files]
    findings = [
        *missing,
        *read.findings,
        *access.findings,
        *(found for beside in compared for found in beside.findings),
        *examine_escalations(read, by_name, profile),
    ]
    drafts = draft(read, compared, profile, setting) if setting else {}
    return Digit(profile, access, compared, tuple(findings), drafts)


def _missing(name: str) -> Found:
    facts = {"name": name}
    return Found("FILE_MISSING", Place(name, 1, 1), "", filled(SENTENCES["FILE_MISSING"], facts), facts)


def as_json(digit: Digit) -> dict[str, object]:
    """For programs: figures, pairs of roles, the table of steps, and every finding with its place."""
    counts: dict[str, int] = {}
    for found in digit.findings:
        counts[found.code] = counts.get(found.code, 0) + 1
    return {
        "figures": dict(digit.access.figures),
        "counts": counts,
        "identical_roles": [{"roles": [pair.role, pair.other], "actions": pair.actions} for pair in digit.access.identical],
        "inside_roles": [
            {"role": pair.role, "inside": pair.other, "actions": pair.actions, "of": pair.of} for pair in digit.access.inside
        ],
        "profile": digit.profile.profile,
        "workflows": [_workflow_as_json(beside) for beside in digit.compared],
        "findings": [_found_as_json(found) for found in digit.findings],
    }


def _workflow_as_json(beside: Compared) -> dict[str, Any]:
    states = beside.workflow.states
    return {
        "name": beside.workflow.name,
        "states": len(states),
        "actions": sum(len(state.acts) for state in states),
        "roles": sorted({role for state in states for act in state.acts for role in act.roles}),
        "steps": [
            {
                "state": counterpart.act.state,
                "action": counterpart.act.word,
                "roles": counterpart.act.roles,
                "verb": counterpart.meaning.verb,
                "outcome": counterpart.meaning.outcome,
                "step": counterpart.step,
                "none": counterpart.meaning.none,
                "pointer": pointer(counterpart.act.entry.path),
            }
            for counterpart in beside.counterparts
        ],
    }


def _found_as_json(found: Found) -> dict[str, object]:
    place = found.place
    where = {"file": place.file, "pointer": found.pointer, "line": place.line, "column": place.column}
    facts = {name: value for name, value in found.facts.items() if isinstance(value, str | int)}
    return {"code": found.code, **where, "zh": found.sentence.zh, "en": found.sentence.en, "facts": facts}
