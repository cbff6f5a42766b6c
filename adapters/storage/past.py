"""The log for a replay: one record that is replayed, and others beside it in which acts of the same cases may lie."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from adapters.storage.kept import KeptGrounds, open_version
from adapters.storage.kept_items import KeptItems
from adapters.storage.policy_folder import PolicyFolder, rules_in
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from sidecar.decision.engine import Engine
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import NotKeptError, PolicyError
from sidecar.personnel.registers import Personnel
from sidecar.ports.past import Versions
from sidecar.ports.records import Filter, Stored

T = TypeVar("T")


class RecordedPast:
    """Reads data folders; the first is the one that is replayed."""

    def __init__(self, data: Path, beside: Sequence[Path] = ()) -> None:
        self.reader = SqliteReader(data / RECORD_FILE)
        self._all = [self.reader, *(SqliteReader(folder / RECORD_FILE) for folder in beside)]

    def released(self, wanted: Filter) -> int:
        return self.reader.released(wanted)

    def since(self, wanted: Filter, *, after: int, limit: int) -> Sequence[Stored]:
        return self.reader.since(wanted, after=after, limit=limit)

    def events_after(self, case_id: str, version: int, upto: int) -> Versions:
        return self._merged(lambda reader: reader.events_after(case_id, version, upto))

    def changes_after(self, ledger_id: str, version: int, upto: int) -> Versions:
        return self._merged(lambda reader: reader.changes_after(ledger_id, version, upto))

    def kept_answer(self, caller: str, request_id: str, seq: int) -> bytes | None:
        return self.reader.kept_answer(caller, request_id, seq)

    def close(self) -> None:
        for reader in self._all:
            reader.close()

    def _merged(self, read: Callable[[SqliteReader], Versions]) -> Versions:
        if len(self._all) == 1:
            return read(self.reader)
        return sorted(dict([found for reader in self._all for found in read(reader)]).items())


class FoundGrounds:
    """Policies and registers kept in the data folders, and policies in further folders that somebody names."""

    def __init__(self, data: Sequence[Path], policies: Sequence[Path] = ()) -> None:
        self._kept = [KeptGrounds(folder) for folder in data]
        named = {_digest_in(folder): folder for folder in policies}
        self._policies: Mapping[str, Path] = {
            digest: path for kept in self._kept for digest, path in kept.policies().items()
        } | named

    def where(self, digest: str) -> Path | None:
        """The folder in which policies of a digest lie."""
        plain = (folder for kept in self._kept if (folder := kept.plain_folder(digest)).is_dir())
        return self._policies.get(digest) or next(plain, None)

    def policy(self, digest: str) -> PolicySnapshot:
        folder = self._policies.get(digest)
        if folder is None:
            raise NotKeptError("POLICIES_NOT_KEPT", digest=digest)
        return open_version(folder, digest)

    def plain(self, digest: str) -> Engine:
        return self._first(lambda kept: kept.plain(digest))

    def personnel(self, digest: str) -> Personnel:
        return self._first(lambda kept: kept.personnel(digest))

    def _first(self, read: Callable[[KeptGrounds], T]) -> T:
        """From the first folder that has it; where none has, what the first one says."""
        faults = []
        for kept in self._kept:
            try:
                return read(kept)
            except NotKeptError as fault:
                faults.append(fault)
        raise faults[0]


class Serving(NamedTuple):
    """Policies and registers that serve now, and the digest of the registers."""

    policy: PolicySnapshot
    personnel: Personnel
    personnel_digest: str


class ServedLibrary:
    """What is kept in the data folder of a sidecar that serves; what serves now is at hand and is not read again. A version that
    is kept later is found, too."""

    def __init__(self, data: Path, serving: Callable[[], Serving] | None = None) -> None:
        self._data, self._serving = data, serving
        self._items = KeptItems(KeptGrounds(data))

    def policy(self, digest: str) -> PolicySnapshot:
        serving = self._serving() if self._serving else None
        return serving.policy if serving and serving.policy.digest == digest else self._found().policy(digest)

    def personnel(self, digest: str) -> Personnel:
        serving = self._serving() if self._serving else None
        return serving.personnel if serving and serving.personnel_digest == digest else self._found().personnel(digest)

    def plain(self, digest: str) -> Engine:
        return self._found().plain(digest)

    def items_of(self, power_class: str) -> set[str]:
        return self._items.items_of(power_class)

    def items_called(self, name: str) -> set[str]:
        return self._items.items_called(name)

    def rules(self, digest: str) -> Mapping[str, dict[str, str]]:
        folder = self._found().where(digest)
        return _rules(folder) if folder else {}

    def _found(self) -> FoundGrounds:
        return FoundGrounds([self._data])


_rules = lru_cache(maxsize=4)(rules_in)  # a version that is kept does not change


def _digest_in(folder: Path) -> str:
    """The digest of the compiled policies in a folder. Raises PolicyError."""
    try:
        return PolicyFolder(folder).proven().digest
    except PolicyError as fault:
        raise PolicyError("PASSED_ON_OF", where=folder, told=fault.sentence, advice=fault.advice) from fault
