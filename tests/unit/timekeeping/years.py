"""The shipped calendars."""

from pathlib import Path

from sidecar.power_list.policy_set import read_calendars
from sidecar.timekeeping.calendar import Calendar

FOLDER = Path(__file__).resolve().parents[3] / "policies" / "calendar"
FILES = {f"calendar/{path.name}": path.read_bytes() for path in sorted(FOLDER.glob("*.yaml"))}
ENTRIES, _FINDINGS = read_calendars(FILES)
SHIPPED = Calendar({year: entry.year for year, entry in ENTRIES.items()})
