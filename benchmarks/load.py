"""One run of load over HTTP: what `wrk` told, and what it cost the servers; shared by the comparisons over HTTP."""

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Figures(NamedTuple):
    """Requests a second; latencies, and processor time of the server a request, in microseconds; wrong answers."""

    rate: float
    p50: float
    p99: float
    cpu: float
    wrong: int


def driven(command: Sequence[str], pids: Iterable[int]) -> Figures:
    """Runs `wrk` with a script whose last line is RESULT requests, microseconds, p50, p99, wrong answers."""
    servers = list(pids)
    before = processor_seconds(servers)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = processor_seconds(servers) - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    if found is None:
        raise SystemExit(output)
    requests, duration, p50, p99, wrong = map(int, found.groups())
    return Figures(requests / (duration / 1e6), p50, p99, spent * 1e6 / max(1, requests), wrong)


def processor_seconds(pids: Iterable[int]) -> float:
    """Of processes with their threads."""
    return sum(map(_processor, pids))


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def print_table(runs: Mapping[tuple[str, int], Sequence[Figures]], who: str) -> None:
    """Medians of the runs of each contestant, by the number of connections; all wrong answers."""
    write = sys.stdout.write
    write(f"| connections | {who} | req/s | p50 µs | p99 µs | CPU µs a request | wrong |\n|---|---|---|---|---|---|---|\n")
    for (name, connections), found in sorted(runs.items(), key=lambda run: run[0][1]):
        rate, p50, p99, cpu, _ = map(statistics.median, zip(*found, strict=True))
        wrong = sum(figures.wrong for figures in found)
        write(f"| {connections} | {name} | {rate:,.0f} | {p50:,.0f} | {p99:,.0f} | {cpu:,.0f} | {wrong} |\n")
