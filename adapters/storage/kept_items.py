"""By what people called items in every version of the policies that is kept: their names and classes of power.

A version never changes, so each is read once, and only what items are called is remembered of it; versions that are kept later
are taken in when somebody asks.
"""

import threading
from pathlib import Path

import msgspec

from adapters.storage.kept import KeptGrounds
from sidecar.compiler.compile import MANIFEST_FILE
from sidecar.errors import NotKeptError, reason_of


class KeptItems:
    """Safe from several threads. What is asked raises NotKeptError where a version cannot be read."""

    def __init__(self, kept: KeptGrounds) -> None:
        self._kept, self._lock = kept, threading.Lock()
        self._versions: set[str] = set()
        self._ids: set[str] = set()
        self._by_class: dict[str, set[str]] = {}
        self._by_name: dict[str, set[str]] = {}

    def items_of(self, power_class: str) -> set[str]:
        """The items that ever were of a class of power."""
        with self._lock:
            self._follow()
            return set(self._by_class.get(power_class, ()))

    def items_called(self, name: str) -> set[str]:
        """The item of this id, else those that ever bore the name."""
        with self._lock:
            self._follow()
            return {name} if name in self._ids else set(self._by_name.get(name, ()))

    def _follow(self) -> None:
        for digest, folder in self._kept.policies().items():
            if digest not in self._versions:
                for item, called in _items_in(folder).items():
                    self._ids.add(item)
                    self._by_class.setdefault(called.power_class, set()).add(item)
                    self._by_name.setdefault(called.name, set()).add(item)
                self._versions.add(digest)


class _Called(msgspec.Struct):
    name: str
    power_class: str


class _Items(msgspec.Struct):
    items: dict[str, _Called]


def _items_in(folder: Path) -> dict[str, _Called]:
    """Every item of a version."""
    try:
        return msgspec.json.decode((folder / MANIFEST_FILE).read_bytes(), type=_Items).items
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as fault:
        raise NotKeptError("KEPT_UNREADABLE", folder=folder, fault=reason_of(fault)) from fault
