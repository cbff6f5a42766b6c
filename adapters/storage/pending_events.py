"""What commands did to personal data, waiting to become entries: one file each in a folder of the data folder.

A file is durable before a key is destroyed and goes when its entry is durable. So a crash at any point leaves a file whose rest
is done again: destroying a destroyed key changes nothing, and an entry that is there is known by its identifier.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from adapters.storage.durable import replace, sync
from sidecar.errors import StoreError
from sidecar.ports.subjects import PersonalEvent, SubjectKeys

FOLDER = "personal"


class PendingEvents:
    """Those of a data folder; `keys` are the keys they speak of."""

    def __init__(self, data: Path, keys: SubjectKeys) -> None:
        self._root, self._keys = data / FOLDER, keys

    def begin(self, event: PersonalEvent) -> None:
        """When this returns it will be carried out and recorded, whatever happens. Raises OSError."""
        self._root.mkdir(exist_ok=True, mode=0o700)
        replace(self._root / f"{event.event_id}.json", msgspec.json.encode(event))

    def waiting(self) -> Sequence[PersonalEvent]:
        """In the order of their identifiers. Raises StoreError for a file that is none of ours."""
        if not self._root.is_dir():
            return []
        found = []
        for path in sorted(self._root.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=PersonalEvent))
            except msgspec.MsgspecError as fault:
                raise StoreError("NOTICE_UNREADABLE", path=path, fault=fault) from fault
        return found

    def carry_out(self, event: PersonalEvent) -> None:
        """Destroy what it says is to be destroyed; a second time changes nothing. Raises StoreError."""
        self._keys.destroy(event.slots)

    def recorded(self, event: PersonalEvent) -> None:
        """Its entry is durable."""
        (self._root / f"{event.event_id}.json").unlink(missing_ok=True)
        sync(self._root)
