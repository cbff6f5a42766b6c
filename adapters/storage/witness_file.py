"""What a witness remembers: for each log the size and root it cosigned last, in one SQLite file, durable before any answer.

A restored backup would make it forget, and a witness that forgets can be led twice: the file is not for backups. A new witness
with a new key is the remedy where it is lost.
"""

import sqlite3
import threading
from pathlib import Path

from sidecar.decision_log.witnessing import Seen

WITNESS_FILE = "witness.sqlite3"


class WitnessFile:
    """Raises sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        path = folder / WITNESS_FILE
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.execute("PRAGMA synchronous=EXTRA")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL) WITHOUT ROWID"
        )

    def last(self, origin: str) -> Seen | None:
        with self._lock:
            found = self._connection.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return Seen(*found) if found else None

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Remember `new` if what is remembered is still `old`, in one step; durable when it returns."""
        with self._lock:
            if old is None:
                query, values = "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (origin, new.size, new.root)
            else:
                query = "UPDATE seen SET size = ?, root = ? WHERE origin = ? AND size = ? AND root = ?"
                values = (new.size, new.root, origin, old.size, old.root)  # type: ignore[assignment]
            return self._connection.execute(query, values).rowcount == 1

    def close(self) -> None:
        with self._lock:
            self._connection.close()
