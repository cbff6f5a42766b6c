"""The one place that knows both sides: settings → objects, in order, nothing else."""

import asyncio
import gc
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.engine.rows import Progress
from sidecar.decision.policy import PolicySnapshot
from sidecar.errors import PersonnelError, QuanhengError, SettingsError
from sidecar.http_api.app import build_app
from sidecar.personnel.registers import Personnel
from sidecar.personnel.tables import APPOINTMENTS, CREDENTIALS, DECLARATIONS, read_personnel
from sidecar.service.asked import PartyToken, party_tokeniser
from sidecar.service.authorize import Authorizer, Standing
from sidecar.settings import Settings

log = structlog.get_logger("quanheng")

PARTY_KEY_FILE = "party.key"
PARTY_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, read in the zone in which statutes count days."""

    zone: ZoneInfo
    source: str = "system"

    def now(self) -> datetime:
        return datetime.now(self.zone)


class Service:
    """What `serve` runs. `reload` reads policies and personnel again beside the serving ones; it swaps them in or says why
    not."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._party_token = party_tokeniser(_party_key(settings.data / PARTY_KEY_FILE))
        standing = self._read(progress)
        clock = SystemClock(settings.zone)
        self.authorizer = Authorizer(standing.policy, standing.personnel, SqliteStore(settings.data), clock, self._party_token)
        self.app = build_app(self.authorizer, settings)
        # What is loaded now lives as long as the process: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()

    def _read(self, progress: Progress | None = None) -> Standing:
        policy = PolicyFolder(self._settings.policies).snapshot(progress)
        return Standing(policy, _personnel(self._settings.personnel, policy, self._party_token))

    async def reload(self) -> None:
        """Put the newest policies and personnel in place. A failure changes nothing and is told in the log and in /readyz."""
        try:
            standing = await asyncio.to_thread(self._read)
        except (QuanhengError, OSError) as fault:
            self.authorizer.not_reloaded = str(fault)
            log.error("not reloaded", problem=str(fault), serving=self.authorizer.policy.digest)  # noqa: TRY400 - told in words
            return
        self.authorizer.swap(standing)
        log.info("reloaded", policy=standing.policy.digest, items=len(standing.policy.items))


def build_service(settings: Settings) -> Service:
    """Prove the ground and stand everything on it. Raises before anything listens."""
    return Service(settings, lambda done, of: log.info("reading policies", rows=done, of=of))


def _personnel(folder: Path, policy: PolicySnapshot, party_token: PartyToken) -> Personnel:
    if not (folder / APPOINTMENTS).is_file():
        raise PersonnelError(
            f"{folder / APPOINTMENTS} is missing: nobody holds a post", "write person,post,from,to and one line each"
        )
    names = (APPOINTMENTS, CREDENTIALS, DECLARATIONS)
    tables = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    return read_personnel(tables, policy.posts, party_token)


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
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    return key
