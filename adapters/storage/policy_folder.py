"""A policy folder on disk: its sources read with care, its compiled files written whole or not at all.

Refused: symbolic links, device files, anything outside the folder and anything writable by everyone. A folder without profiles,
catalogue, calendars or a model borrows the ones shipped with Quanheng, under the same names, so that an import can be checked
where it lies.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import sidecar
from sidecar.compiler.compile import MANIFEST_FILE, MODEL_FILE, POLICY_FILE, Compiled
from sidecar.compiler.manifest import Manifest, read_manifest, sha256
from sidecar.decision.engine.rows import Progress
from sidecar.decision.policy import PolicySnapshot, prepared_of
from sidecar.decision.prepared import Prepared, PreparedFrom
from sidecar.errors import PolicyError, reason_of
from sidecar.expectations.reading import is_expectations
from sidecar.power_list.calendars import CALENDAR
from sidecar.power_list.load import load
from sidecar.power_list.organs import OrganFile
from sidecar.power_list.policy_set import CATALOGUE_FILE, ORGAN_FILE, ORGAN_FILES, PROFILES
from sidecar.power_list.rules import read_catalogue
from sidecar.power_list.source import MAX_BYTES, read_source

SHIPPED = Path(sidecar.__file__).resolve().parent.parent / "policies"

PREPARED_FILE = "compiled/prepared.bin"
SETTLED_NS = 2_000_000_000
MAX_COMPILED = 2**31  # bytes; a million rows are some 100 million


class FolderState(NamedTuple):
    """Each file with its device, inode, size and times, and when that was looked up, in nanoseconds since the epoch."""

    files: tuple[tuple[str, int, int, int, int, int], ...]
    at: int

    def is_still(self, earlier: "FolderState | None") -> bool:
        """Whether nothing has changed since. What was changed in the moment before it was looked at could be changed again in the
        same tick of the file system's clock, and is taken for changed."""
        return earlier is not None and self.files == earlier.files and all(f[-1] < earlier.at - SETTLED_NS for f in self.files)


class PolicyFolder:
    """One policy folder. `root` need not be absolute."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise PolicyError("POLICIES_NOT_A_FOLDER", root=root)
        self.root = root

    def sources(self) -> dict[str, bytes]:
        """Catalogue, organs, profiles and calendars, and every other YAML file, which nobody reads and `check` will name: path →
        bytes."""
        files = {path: self._read(path) for path in [*self._named(ORGAN_FILES), *self._others()]}
        files[CATALOGUE_FILE] = self._own_or_shipped(CATALOGUE_FILE)
        return files | self._all_own_or_shipped(PROFILES) | self._all_own_or_shipped(CALENDAR)

    def _all_own_or_shipped(self, folder: str) -> dict[str, bytes]:
        own = sorted(f"{folder}{p.name}" for p in (self.root / folder).glob("*.yaml"))
        return {path: self._read(path) for path in own} or _shipped(folder)

    def expectations(self) -> dict[str, bytes]:
        return {path: self._read(path) for path in self._expectations()}

    def unconfirmed_posts(self) -> int:
        """Posts that an import wrote and nobody confirmed, counted in the sources that lie beside the compiled policies."""
        files = [(path, self._read(path)) for path in self._named((ORGAN_FILE,))]
        marked = [read_source(path, data) for path, data in files if b"confirmed" in data or "已确认".encode() in data]
        drafts = [draft for source in marked if (draft := load(source, OrganFile).draft)]
        return sum(not post.confirmed for draft in drafts for post in draft.posts)

    def model(self) -> bytes:
        return self._own_or_shipped(MODEL_FILE)

    def catalogue(self) -> bytes:
        return self._own_or_shipped(CATALOGUE_FILE)

    def _own_or_shipped(self, path: str) -> bytes:
        return self._read(path) if (self.root / path).exists() else (SHIPPED / path).read_bytes()

    def state(self) -> "FolderState":
        """What the system says of every file in the folder, so that unchanged ones need not be read again."""
        paths = (path for path in sorted(self.root.rglob("*")) if not path.is_dir())
        found = [(path, path.lstat()) for path in paths]
        files = tuple((str(path), s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path, s in found)
        return FolderState(files, time.time_ns())

    def write(self, compiled: Compiled) -> None:
        """Write the compiled files into the folder, and beside them the form that opens at once."""
        files = compiled.files
        manifest = files[MANIFEST_FILE]
        prepared = prepared_of(model=compiled.model, policy=compiled.policy, manifest=manifest)
        write_files(self.root, {**files, PREPARED_FILE: prepared})

    def snapshot(self, progress: Progress | None = None) -> PolicySnapshot:
        """The compiled policies, proven to be those of the sources that lie beside them. `progress` is told of rows read where
        no prepared form of these very files lies beside them."""
        if not (self.root / MANIFEST_FILE).exists():
            raise PolicyError("NOT_BUILT", root=self.root, manifest_file=MANIFEST_FILE)
        model, policy, manifest = self.model(), self._read(POLICY_FILE, MAX_COMPILED), self._read(MANIFEST_FILE, MAX_COMPILED)
        prepared = self._prepared(PreparedFrom(sha256(model), sha256(policy), sha256(manifest)))
        if prepared is None:
            data = prepared_of(model=model, policy=policy, manifest=manifest, progress=progress)
            prepared = Prepared(data, prove=False)
        snapshot = PolicySnapshot(model, prepared)
        self._refuse_stale(snapshot)
        return snapshot

    def proven(self) -> PolicySnapshot:
        """The compiled policies made of their text, whatever prepared form or sources lie beside them. Raises PolicyError."""
        return PolicySnapshot.of_build(
            model=self.model(), policy=self._read(POLICY_FILE, MAX_COMPILED), manifest=self._read(MANIFEST_FILE, MAX_COMPILED)
        )

    def manifest(self) -> Manifest:
        """The manifest, proven to be that of the model and the rows. Raises PolicyError."""
        files = self._read(MANIFEST_FILE, MAX_COMPILED), self.model(), self._read(POLICY_FILE, MAX_COMPILED)
        return read_manifest(files[0], model=files[1], policy=files[2])

    def files_of(self, snapshot: PolicySnapshot) -> dict[str, bytes]:
        """All it takes to have a snapshot of this folder again: model and compiled files, and the sources where they lie beside
        them. Raises PolicyError where they are not those of the snapshot any more."""
        made_from, sources = snapshot.prepared.made_from, self.sources()
        files = {
            MODEL_FILE: self.model(),
            POLICY_FILE: self._read(POLICY_FILE, MAX_COMPILED),
            MANIFEST_FILE: self._read(MANIFEST_FILE, MAX_COMPILED),
        }
        wanted = dict(zip(files, made_from, strict=True))
        if any(path.endswith(ORGAN_FILE) for path in sources):
            files, wanted = files | sources, {**wanted, **snapshot.prepared.source_digests}
        changed = sorted(path for path in files if wanted.get(path) != sha256(files[path]))
        if changed:
            raise PolicyError("CHANGED_WHILE_READ", changed=", ".join(changed[:5]))
        return files

    def _prepared(self, made_from: PreparedFrom) -> Prepared | None:
        """The prepared form, if it was made from these very files. It is read whole, not mapped: a file that is cut short in
        place would end a process that maps it."""
        if not (self.root / PREPARED_FILE).is_file():
            return None
        try:
            prepared = Prepared(self._read(PREPARED_FILE, MAX_COMPILED))
        except PolicyError:
            return None  # a damaged cache is made again from the files it was made from
        return prepared if prepared.made_from == made_from else None

    def _refuse_stale(self, snapshot: PolicySnapshot) -> None:
        built = snapshot.prepared.source_digests
        current = {path: sha256(data) for path, data in self.sources().items()}
        if any(path.endswith(ORGAN_FILE) for path in current) and current != built:
            changed = sorted(path for path in current.keys() | built.keys() if current.get(path) != built.get(path))
            raise PolicyError("COMPILED_IS_OLDER", changed=", ".join(changed[:5]), root=self.root)

    def _others(self) -> Iterator[str]:
        for path in sorted([*self.root.rglob("*.yaml"), *self.root.rglob("*.yml")]):
            parts = path.relative_to(self.root).parts
            shared = len(parts) == 2 and f"{parts[0]}/" in (PROFILES, CALENDAR) and path.suffix == ".yaml"  # noqa: PLR2004
            own = len(parts) <= 2 and (parts[-1] in ORGAN_FILES or is_expectations(parts[-1]))  # noqa: PLR2004 - organ/file
            own = own or parts == (CATALOGUE_FILE,)
            if not (own or shared or any(part.startswith(".") for part in parts)):
                yield "/".join(parts)

    def _expectations(self) -> Iterator[str]:
        for folder in self._folders():
            yield from (
                path.relative_to(self.root).as_posix()
                for path in sorted(folder.glob("expectations*.yaml"))
                if is_expectations(path.name)
            )

    def _folders(self) -> list[Path]:
        return [self.root, *sorted(p for p in self.root.iterdir() if p.is_dir() and not p.name.startswith("."))]

    def _named(self, names: tuple[str, ...]) -> Iterator[str]:
        for folder in self._folders():
            for name in names:
                path = folder / name
                if path.exists() or path.is_symlink():
                    yield path.relative_to(self.root).as_posix()

    def _read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        full = self.root / path
        try:
            with open(full, "rb", opener=_follow_no_link) as stream:
                _refuse_unsafe(full, os.fstat(stream.fileno()), limit)
                return stream.read()
        except OSError as fault:
            raise PolicyError("SOURCE_UNREADABLE", full=full, reason=reason_of(fault)) from fault


def rules_in(folder: Path) -> dict[str, dict[str, str]]:
    """The rules of a folder's catalogue, or of the one it borrows: id → name in both languages, and where the law says it."""
    catalogue, _ = read_catalogue(CATALOGUE_FILE, PolicyFolder(folder).catalogue())
    return {name: {"zh": rule.name, "en": rule.english, "source": rule.source} for name, rule in catalogue.rules.items()}


def shipped_model() -> bytes:
    """The model a folder without one borrows."""
    return (SHIPPED / MODEL_FILE).read_bytes()


def shipped_law() -> dict[str, bytes]:
    """The catalogue of rules, the control profiles and the calendar that a folder without its own borrows."""
    return {CATALOGUE_FILE: (SHIPPED / CATALOGUE_FILE).read_bytes(), **_shipped(PROFILES), **_shipped(CALENDAR)}


def _shipped(folder: str) -> dict[str, bytes]:
    return {f"{folder}{p.name}": p.read_bytes() for p in sorted((SHIPPED / folder).glob("*.yaml"))}


def _follow_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _refuse_unsafe(path: Path, state: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise PolicyError("NOT_A_REGULAR_FILE", path=path)
    if state.st_mode & stat.S_IWOTH:
        raise PolicyError("WRITABLE_BY_EVERYONE", path=path)
    if state.st_size > limit:
        raise PolicyError("POLICY_FILE_TOO_LARGE", path=path, limit=limit)


def refuse_overwrite(folder: Path, files: Iterable[str], *, replace: bool) -> None:
    """Raises PolicyError where an import would take the place of files that somebody may have completed by hand since."""
    existing = [str(folder / name) for name in files if (folder / name).exists()]
    if existing and not replace:
        raise PolicyError("POLICY_FILES_EXIST", existing=", ".join(existing))


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file replaces its old version in one step; a crash leaves the old or the new, never half."""
    for path, data in files.items():
        try:
            _write(folder / path, data)
        except OSError as fault:
            raise PolicyError("CANNOT_WRITE", path=folder / path, reason=reason_of(fault)) from fault


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(target)
