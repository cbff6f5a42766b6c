"""The one place that knows both sides: settings → objects, in order, nothing else."""

import gc
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import PersonnelError, SettingsError
from sidecar.http_api.app import build_app
from sidecar.http_api.guard import App
from sidecar.personnel.registers import Personnel
from sidecar.personnel.tables import APPOINTMENTS, CREDENTIALS, DECLARATIONS, read_personnel
from sidecar.service.asked import PartyToken, party_tokeniser
from sidecar.service.authorize import Authorizer
from sidecar.settings import Settings

PARTY_KEY_FILE = "party.key"
PARTY_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, read in the zone in which statutes count days."""

    zone: ZoneInfo
    source: str = "system"

    def now(self) -> datetime:
        return datetime.now(self.zone)


@dataclass(frozen=True, slots=True)
class Service:
    app: App
    authorizer: Authorizer


def build_service(settings: Settings) -> Service:
    """Prove the ground and stand everything on it. Raises before anything listens."""
    policy = PolicyFolder(settings.policies).snapshot()
    with _writing(settings.data):
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        party_token = party_tokeniser(_party_key(settings.data / PARTY_KEY_FILE))
    personnel = _personnel(settings.personnel, policy, party_token)
    with _writing(settings.data):
        store = SqliteStore(settings.data)
    authorizer = Authorizer(policy, personnel, store, SystemClock(settings.zone), party_token)
    app = build_app(authorizer, settings)
    # The policy lives as long as the process: keep the collector from walking it again and again.
    gc.collect()
    gc.freeze()
    return Service(app, authorizer)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What the system refuses in the data folder, as a sentence about the setting that names it."""
    try:
        yield
    except OSError as fault:
        place = fault.filename or folder
        raise SettingsError(
            f"{place}: the data folder cannot be used: {fault.strerror}", "name with --data a folder in which this user may write"
        ) from fault


def _personnel(folder: Path, policy: PolicySnapshot, party_token: PartyToken) -> Personnel:
    if not (folder / APPOINTMENTS).is_file():
        raise PersonnelError(
            f"{folder / APPOINTMENTS} is missing: nobody holds a post", "write person,post,from,to and one line each"
        )
    names = (APPOINTMENTS, CREDENTIALS, DECLARATIONS)
    tables = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    return read_personnel(tables, policy.manifest.posts, party_token)


def _party_key(path: Path) -> bytes:
    """The key of party tokens: made once, kept beside the record, readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != PARTY_KEY_BYTES:
            raise SettingsError(f"{path} is not a key of {PARTY_KEY_BYTES} bytes", "restore it from a backup") from None
        return key
    key = secrets.token_bytes(PARTY_KEY_BYTES)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink()  # half a key would stop every later start
        raise
    return key
