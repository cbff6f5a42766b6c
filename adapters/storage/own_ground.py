"""What a store of one process proves of each commit: that it was judged by what serves now, and that what it rests on is in force
by the store's clock, read again at the moment of the commit.

The clock never goes back: a machine whose clock is set back does not revive a power that has ended.
"""

import time
from collections.abc import Callable

from sidecar.errors import OutsideWindowError, StalePolicyError
from sidecar.ports.records import Commit, Epoch


def system_ms() -> int:
    """The machine's clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Ground:
    """`epoch` is what serves now; None while nobody said."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.epoch: Epoch | None = None
        self._now_ms = now_ms
        self._latest_ms = 0

    def prove(self, commit: Commit) -> None:
        """Raises StalePolicyError or OutsideWindowError."""
        if commit.epoch is not None and self.epoch is not None and commit.epoch != self.epoch:
            raise StalePolicyError("OTHERS_SERVE_BY_NOW")
        if commit.window is not None:
            self._latest_ms = max(self._latest_ms, self._now_ms())
            if not commit.window.holds(self._latest_ms):
                raise OutsideWindowError("NOT_IN_FORCE_AT", case_id=commit.case_id, latest_ms=self._latest_ms)
