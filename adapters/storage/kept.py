"""What decisions rested on, kept beside the record by its digest: every version of the policies that served, every state of the
personnel registers. With it and the entries each decision can be made again, and an inspector can read the rules of that day.

    kept/policies/<digest>/          a policy folder: model, compiled files and, where they were there, the sources
    kept/plain/<digest>/             a plain Casbin policy: model.conf and policy.csv
    kept/personnel/<digest>.gz       the registers, as in sidecar/personnel/kept.py

A version is written whole or not at all, once, before anything is decided on it. Nothing here is believed: whoever reads a
version holds it against its digest, which stands in the leaf of each decision.
"""

import gzip
import hashlib
import os
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from adapters.storage.durable import sync
from adapters.storage.policy_folder import PolicyFolder, write_files
from sidecar.compiler.compile import MODEL_FILE
from sidecar.compiler.manifest import sha256
from sidecar.decision.engine import Engine, read_engine
from sidecar.decision.policy import PolicySnapshot, as_text
from sidecar.decision_log.retention import MONTHS, Span
from sidecar.errors import NotKeptError, PersonnelError, PolicyError, reason_of
from sidecar.personnel.kept import lines_of, read_lines
from sidecar.personnel.registers import Personnel

KEPT_FOLDER, ROWS_FILE = "kept", "policy.csv"
_PREFIX = "sha256:"
_PORTION = 500  # lines of registers that are encoded before requests are let in again


class KeptGrounds:
    """What is kept in a data folder. Made at the first version that is kept."""

    def __init__(self, data: Path) -> None:
        root = data / KEPT_FOLDER
        self._policies, self._plain, self._personnel = root / "policies", root / "plain", root / "personnel"

    # -- keeping -------------------------------------------------------------------------------------------------------

    def keep_policies(self, folder: PolicyFolder, snapshot: PolicySnapshot) -> None:
        """Raises PolicyError where the files are no longer those of the snapshot, OSError where they cannot be written."""
        target = self._policies / _name(snapshot.digest)
        if not target.exists():
            _write_whole(target, folder.files_of(snapshot))

    def keep_plain(self, model: bytes, policy: bytes) -> None:
        """Raises OSError where they cannot be written."""
        target = self._plain / _name(plain_digest(model, policy))
        if not target.exists():
            _write_whole(target, {MODEL_FILE: model, ROWS_FILE: policy})

    def keep_personnel(self, personnel: Personnel) -> str:
        """The digest of the registers. Raises OSError where they cannot be written."""
        self._personnel.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._personnel / ".new"
        digest, packer = hashlib.sha256(), zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        lines = lines_of(personnel)
        with draft.open("wb") as stream:
            draft.chmod(0o600)
            while portion := b"".join(islice(lines, _PORTION)):
                digest.update(portion)
                stream.write(packer.compress(portion))
                time.sleep(0)  # whoever serves beside goes first
            stream.write(packer.flush())
            stream.flush()
            os.fsync(stream.fileno())
        target = self._personnel_file(digest.hexdigest())
        if target.exists():
            draft.unlink()
        else:
            draft.rename(target)
            sync(self._personnel)
        return _PREFIX + digest.hexdigest()

    # -- reading -------------------------------------------------------------------------------------------------------

    def policies(self) -> dict[str, Path]:
        """Every version that is kept: digest → policy folder."""
        folders = self._policies.iterdir() if self._policies.is_dir() else ()
        return {_PREFIX + folder.name: folder for folder in folders if not folder.name.startswith(".")}

    def plain(self, digest: str) -> Engine:
        """The plain policy of a digest. Raises NotKeptError where it is not kept, or is another."""
        folder = self.plain_folder(digest)
        try:
            model, policy = (folder / MODEL_FILE).read_bytes(), (folder / ROWS_FILE).read_bytes()
            if plain_digest(model, policy) == digest:
                return read_engine(as_text(model, MODEL_FILE), as_text(policy, ROWS_FILE), default_allow=True)
        except (OSError, PolicyError) as fault:
            raise NotKeptError("KEPT_UNREADABLE", folder=folder, fault=reason_of(fault)) from fault
        raise NotKeptError("ANOTHER_POLICY_KEPT", folder=folder)

    def plain_folder(self, digest: str) -> Path:
        """Where a plain policy lies, if it is kept."""
        return self._plain / _name(digest)

    def retention(self) -> dict[str, Span]:
        """How long the power list has the records of each item kept: the longest that any version said that is kept. Raises
        NotKeptError where a version cannot be read, or is another: it may have said longer."""
        longest: dict[str, Span] = {}
        for digest, folder in sorted(self.policies().items()):
            for item, span in _spans(folder, digest):
                longest[item] = max(span, longest.get(item, span), key=lambda one: one.months)
        return longest

    def personnel(self, digest: str) -> Personnel:
        """The registers of a digest. Raises NotKeptError where they are not kept, or are others."""
        path = self._personnel_file(_name(digest))
        try:
            return read_lines(_proven(path, digest))
        except FileNotFoundError:
            raise NotKeptError("KEPT_FILE_GONE", path=path) from None
        except (OSError, EOFError, zlib.error, PersonnelError) as fault:
            raise NotKeptError("KEPT_FILE_UNREADABLE", path=path, fault=reason_of(fault)) from fault

    def _personnel_file(self, name: str) -> Path:
        return self._personnel / f"{name}.gz"


def plain_digest(model: bytes, policy: bytes) -> str:
    """By which a plain Casbin policy is known."""
    return sha256(f"{sha256(model)}\n{sha256(policy)}\n".encode())


def _write_whole(target: Path, files: Mapping[str, bytes]) -> None:
    """A folder with these files, there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    write_files(draft, files)
    draft.rename(target)
    sync(target.parent)


def open_version(folder: Path, digest: str) -> PolicySnapshot:
    """The policies in a folder, proven to be those of the digest. Raises NotKeptError."""
    try:
        snapshot = PolicyFolder(folder).proven()
    except PolicyError as fault:
        raise NotKeptError("KEPT_POLICIES_UNUSABLE", folder=folder, message=fault.sentence) from fault
    if snapshot.digest != digest:
        raise NotKeptError("KEPT_DIGEST_DIFFERS", folder=folder, digest=snapshot.digest, digest2=digest)
    return snapshot


def _spans(folder: Path, digest: str) -> Iterator[tuple[str, Span]]:
    try:
        manifest = PolicyFolder(folder).manifest()
    except PolicyError as fault:
        raise NotKeptError("KEPT_POLICIES_UNUSABLE", folder=folder, message=fault.sentence) from fault
    if manifest.digest != digest:
        raise NotKeptError("KEPT_DIGEST_DIFFERS", folder=folder, digest=manifest.digest, digest2=digest)
    for item, facts in manifest.items.items():
        if kept := facts.retention:
            yield item, Span(kept.years * MONTHS, kept.basis, f"{facts.file}:{kept.line} {digest[: len(_PREFIX) + 12]}")


def _name(digest: str) -> str:
    return digest.removeprefix(_PREFIX)


def _proven(path: Path, digest: str) -> Iterator[bytes]:
    """The lines of a packed file; when they have come to their end they were those of the digest."""
    found = hashlib.sha256()
    with gzip.open(path) as lines:
        for line in lines:
            found.update(line)
            yield line
    if _PREFIX + found.hexdigest() != digest:
        raise PersonnelError("DIGEST_DIFFERS", prefix=_PREFIX, hexdigest=found.hexdigest(), digest=digest)
