"""Notices that commands leave for the running service, or for the next one: one small file each, in a folder of the data folder
that only its owner may write to. So a command that has something to tell the log needs no door into the service."""

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from adapters.storage.durable import replace

FOLDER = "notices"
_FIELDS = frozenset({"event", "size", "root", "holder", "digest", "actor"})


class NoticeFolder:
    def __init__(self, data: Path) -> None:
        self._root = data / FOLDER

    def leave(self, notice: dict[str, str]) -> None:
        """When this returns the notice is durable. Raises OSError."""
        self._root.mkdir(exist_ok=True, mode=0o700)
        replace(self._root / f"{secrets.token_hex(8)}.json", json.dumps(notice, ensure_ascii=False).encode())

    def take(self) -> Sequence[dict[str, str]]:
        """Each notice is given once: told twice would be two anchors, told never is only a command to repeat."""
        if not self._root.is_dir():
            return []
        taken = []
        for path in sorted(self._root.glob("*.json")):
            try:
                notice = json.loads(path.read_text("utf-8"))
            except ValueError:
                notice = None
            path.unlink()
            if isinstance(notice, dict) and set(notice) == _FIELDS and all(isinstance(text, str) for text in notice.values()):
                taken.append(notice)
        return taken
