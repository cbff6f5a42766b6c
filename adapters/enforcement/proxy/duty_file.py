"""The file of duties: one line of JSON each, appended and synced before the act they belong to goes on.

A line that a crash left without its end belongs to no act, since nobody went on; it is cut off when the file is opened again. A
write that failed is cut off at once. One process writes; a second one is refused the file. What has been told to others is a
place in the file, kept beside it: told before the place was kept is told again.
"""

import fcntl
import os
from pathlib import Path

from adapters.storage.durable import replace, sync
from sidecar.errors import SettingsError, reason_of

NAME, PLACE = "duties.jsonl", "told"
_READ = 1024 * 1024  # bytes looked through at once


class DutyFile:
    """The file in a folder of its own. Raises SettingsError where it cannot be had."""

    def __init__(self, folder: Path) -> None:
        self.path, self._place = folder / NAME, folder / PLACE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            sync(folder)
        except OSError as fault:
            raise SettingsError("DUTY_FILE_UNUSABLE", path=fault.filename or folder, reason=reason_of(fault)) from fault
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            os.close(self._descriptor)
            raise SettingsError("DUTY_FILE_TAKEN", path=self.path) from fault
        self.size = self._whole()
        os.ftruncate(self._descriptor, self.size)

    def append(self, lines: bytes) -> None:
        """When this returns they are durable. Raises OSError, and then none of them is there."""
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(lines)

    def lines_from(self, place: int) -> list[bytes]:
        """Some of the lines that begin at a place, each with its end; none at the end of the file. Raises OSError."""
        data, wanted = b"", _READ
        while b"\n" not in data and len(data) < self.size - place:
            data = os.pread(self._descriptor, min(wanted, self.size - place), place)
            wanted *= 2
        return [line + b"\n" for line in data.split(b"\n")[:-1]]

    @property
    def told(self) -> int:
        """The place before which everything has been told: the beginning where it is not known, or the file is another."""
        try:
            place = int(self._place.read_bytes())
        except (OSError, ValueError):
            return 0
        return place if 0 <= place <= self.size else 0

    def keep_told(self, place: int) -> None:
        """Raises OSError."""
        replace(self._place, b"%d\n" % place)

    def close(self) -> None:
        os.close(self._descriptor)

    def _whole(self) -> int:
        """Where the last whole line ends."""
        end = os.fstat(self._descriptor).st_size
        while end:
            start = max(0, end - _READ)
            at = os.pread(self._descriptor, end - start, start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
        return 0
