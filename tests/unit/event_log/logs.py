"""Logs and mapping files as text, and a replay of them in this process."""

import io
from collections.abc import Sequence
from typing import Any

from adapters.importers.event_log.mapping import Mapped, read_mapping, refuse_unknown_names
from adapters.importers.event_log.replaying import Judged, Report, replay_log
from adapters.importers.event_log.rules import compile_rules
from adapters.importers.event_log.sentences import Notice
from adapters.storage.policy_folder import shipped_law, shipped_model
from sidecar.decision.policy import PolicySnapshot
from sidecar.personnel.registers import Personnel
from sidecar.replay.cases import Mode, Replayed

MAPPING = """log:
  columns: {case: 案号, activity: 环节, person: 经办人, time: 时间}
  zone: Asia/Shanghai
activities:
  - {activity: 审核, step: review}
  - {activity: 核准, step: decide}
rules:
  steps:
    - {id: review, name: 审核, verb: review, type: execute}
    - {id: decide, name: 核准, verb: decide, type: decide}
  controls: {separation: [[review, decide]]}
"""
HEADING = "案号,环节,经办人,时间"


def log_of(*rows: str, heading: str = HEADING) -> str:
    return "\n".join((heading, *rows)) + "\n"


class Seen:
    """A witness that keeps everything."""

    def __init__(self) -> None:
        self.rows = 0
        self.notices: list[Notice] = []
        self.replays: list[Replayed] = []

    def row(self) -> None:
        self.rows += 1

    def noticed(self, found: Notice) -> None:
        self.notices.append(found)

    def deciding(self, events: int) -> None:
        assert events > 0

    def replayed(self, replayed: Replayed) -> None:
        self.replays.append(replayed)

    @property
    def told(self) -> list[tuple[str, int, int]]:
        return [(n.code, n.place.line, n.place.column) for n in self.notices]


def judged(
    mapping: str, mode: Mode, policy: PolicySnapshot | None = None, registers: Personnel | None = None
) -> tuple[Mapped, Judged]:
    mapped = read_mapping("mapping.yaml", mapping.encode())
    if policy:
        refuse_unknown_names(mapped, policy.items)
        return mapped, Judged(policy, mapped.file.item or "", registers, mode)
    assert mapped.file.rules
    policy = compile_rules(mapped.file.rules, mapped.located, mapping.encode(), shipped_model(), shipped_law())
    return mapped, Judged(policy, mapped.file.rules.id, None, mode)


def replay(log: str, mapping: str = MAPPING, mode: Mode = Mode.OBSERVE, **named: Any) -> tuple[Report, Seen]:
    """The report, and everything a witness was told."""
    seen = Seen()
    mapped, by = judged(mapping, mode, **named)
    report = replay_log(io.StringIO(log, newline=""), "log.csv", mapped, by, lambda party: f"pty-{party}", seen)
    return report, seen


def refused(seen: Seen) -> Sequence[tuple[int, str]]:
    """Lines and codes of the refused events, in the order of the replay."""
    return [(r.event.place.line, r.decision.code) for r in seen.replays if r.refused and r.decision]
