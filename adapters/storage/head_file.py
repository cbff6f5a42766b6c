"""The largest signed head, outside the data folder, where no restored backup sets it back.

One small file: the checkpoint as it was signed. It is replaced in one step and durable before anybody else sees the checkpoint,
so that a log which is behind it, or tells another history, is known at the next start, however neatly it was put in place.
"""

from pathlib import Path

from adapters.storage.durable import replace
from sidecar.errors import StoreError, reason_of


class HeadFile:
    """`read` gives the head, or None where there is none yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """Raises StoreError where there is one that cannot be read."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise StoreError("HEAD_UNREADABLE", path=self.path, reason=reason_of(fault)) from fault

    def replace(self, note: bytes) -> None:
        """When this returns the head is durable. Raises OSError, and then the earlier one stands."""
        replace(self.path, note)
