"""The one place time comes from."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """`now()` is aware, in the zone in which statutes count days; `source` names where the reading comes from."""

    @property
    def source(self) -> str: ...

    def now(self) -> datetime: ...
