"""The one place that knows both sides: settings → objects, in order, nothing else."""

import asyncio
import gc
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog

from adapters.storage.kept import KeptGrounds, plain_digest
from adapters.storage.key_folder import KeyFolder, public_key
from adapters.storage.log_making import open_for_trial
from adapters.storage.log_opening import OpenLog, Places, open_log
from adapters.storage.notice_folder import NoticeFolder
from adapters.storage.past import ServedLibrary, Serving
from adapters.storage.pending_events import PendingEvents
from adapters.storage.policy_folder import FolderState, PolicyFolder
from adapters.storage.proving import proven_elsewhere
from adapters.storage.sqlite import SqliteStore
from adapters.storage.subject_keys import SubjectKeyFile
from adapters.witnesses import HttpWitness
from sidecar.decision.engine import read_engine
from sidecar.decision.policy import PolicySnapshot, as_text
from sidecar.errors import PersonnelError, PolicyError, QuanhengError, SettingsError, reason_of
from sidecar.http_api.app import Served, build_app
from sidecar.http_api.metrics import Metrics
from sidecar.personnel.registers import Personnel
from sidecar.personnel.rules import Known, Rules
from sidecar.personnel.tables import APPOINTMENTS, COLUMNS, SUSPENSIONS, read_personnel, read_suspensions
from sidecar.ports.clock import Clock
from sidecar.ports.past import Kept
from sidecar.ports.records import RecordStore
from sidecar.service.asked import PartyToken, party_tokeniser
from sidecar.service.authorize import Authorizer, Standing
from sidecar.service.deciding import Deciding
from sidecar.service.life import InForce, ServiceLife
from sidecar.service.log_keeper import Keeping, LogKeeper
from sidecar.service.log_keeper import Rules as LogRules
from sidecar.service.personal import Personal
from sidecar.service.plain import PlainAuthorizer, PlainPolicy, plain_policy
from sidecar.service.record_rules import RecordRules, read_record_rules_file
from sidecar.service.state_token import StateTokens
from sidecar.settings import Settings

if TYPE_CHECKING:
    from adapters.storage.redis.server import Address

log = structlog.get_logger("quanheng")

PARTY_KEY_FILE, STATE_KEY_FILE = "party.key", "state.key"
KEY_BYTES = 32
AT_ONCE, PAUSE = 50, 0.001  # how much is done beside the requests before they are let in again, and for how many seconds
GARBAGE_EVERY = (50_000, 50, 1_000)  # requests leave next to no cycles; looking through all that is kept must be rare


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, read in the zone in which statutes count days, and to the millisecond: what is decided at a moment is
    decided at the one that is recorded."""

    zone: ZoneInfo
    source: str = "system"

    def now(self) -> datetime:
        now = datetime.now(self.zone)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Service(Protocol):
    """What `serve` runs."""

    served: Served
    life: ServiceLife

    @property
    def authorizer(self) -> Deciding: ...

    async def reload(self) -> None:
        """Put what lies on the disk now in place of what serves. A failure changes nothing; it is told in the log and in
        /readyz."""
        ...


class PowerListService:
    """A policy folder and personnel registers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with _writing(settings.data):
            keys = _keys(settings)
        self._party_token = party_tokeniser(keys.party)
        self._tables: dict[str, bytes] = {}
        self._personnel, self._rules = Personnel(), Rules()
        self._known_to: PolicySnapshot | None = None  # the policies against which the registers were checked
        self._seen: FolderState | None = None
        read = self._read()
        clock = SystemClock(settings.zone)
        opened = open_the_log(settings, clock)
        self._kept = KeptGrounds(settings.data)
        read = self._keep(read)
        store = _store(opened.store, settings, keys)
        personal = personal_of(settings, self._party_token)
        self.authorizer = Authorizer(
            read.policy, read.personnel, store, clock, self._party_token, read.unconfirmed, StateTokens(keys.state),
            read.personnel_digest, personal,
        )  # fmt: skip
        metrics = Metrics(store.counters)
        self.keeper = keeper_of(settings, opened, store, clock, metrics.unrecorded, personal)
        kept = Kept(opened.store.reader, ServedLibrary(settings.data, self._serving))
        self.served = build_app(self.authorizer, settings, self.keeper, metrics, kept)
        self.life = ServiceLife(store, self.keeper, self.in_force, opened.warnings)

    def _serving(self) -> Serving:
        standing = self.authorizer.standing
        return Serving(standing.policy, standing.personnel, standing.personnel_digest)

    def in_force(self) -> InForce:
        return InForce(self.authorizer.digest, self.authorizer.standing.personnel_digest)

    def _read(self) -> Standing:
        folder = PolicyFolder(self._settings.policies)
        self._seen = folder.state()
        policy = folder.snapshot(_progress)
        return Standing(policy, self._people(policy), folder.unconfirmed_posts())

    def _keep(self, read: Standing) -> Standing:
        """Keep what is about to serve, so that whatever is decided on it can be decided again."""
        with _writing(self._settings.data):
            self._kept.keep_policies(PolicyFolder(self._settings.policies), read.policy)
            return Standing(read.policy, read.personnel, read.unconfirmed, self._kept.keep_personnel(read.personnel))

    def _read_again(self) -> Standing:
        """What has changed is read anew, the policies by a process of their own; the rest stands. Where nothing has changed, what
        serves is given back."""
        serving, seen = self.authorizer.standing, PolicyFolder(self._settings.policies).state()
        if seen.is_still(self._seen):
            policy, unconfirmed = serving.policy, serving.unconfirmed
        else:
            policy, unconfirmed = proven_elsewhere(self._settings.policies)
        people = self._people(policy)
        self._seen = seen
        if policy is serving.policy and people is serving.personnel:
            return serving
        return self._keep(Standing(policy, people, unconfirmed))

    def _people(self, policy: PolicySnapshot) -> Personnel:
        """The registers; those that stand already when neither a table nor a post in it has changed."""
        tables, rules = _tables(self._settings.personnel), policy.personnel_rules()
        known = policy is self._known_to or _all_known(self._personnel.posts_held(), policy)
        if not known or tables != self._tables or rules != self._rules:
            self._personnel = read_personnel(tables, Known(policy.posts, policy.items), self._party_token, rules)
            self._tables, self._rules = tables, rules
        self._known_to = policy
        return self._personnel

    async def reload(self) -> None:
        before, served = self.in_force(), self.authorizer.standing

        async def tell(newer: Standing) -> None:
            await self.keeper.changed("policy", before.policy, newer.policy.digest)
            await self.keeper.changed("personnel", before.personnel, newer.personnel_digest)

        await _reload(self.authorizer, self._read_again, tell)
        if self.authorizer.policy is not served.policy:
            await asyncio.get_running_loop().run_in_executor(_reader, _forget, served)
        if self.authorizer.not_reloaded:
            await self._suspend(tell)

    async def _suspend(self, tell: Callable[[Standing], Awaitable[None]]) -> None:
        """Put newer suspensions in force although something else is wrong: what must stop at once waits for no other table."""
        problem = self.authorizer.not_reloaded
        with suppress(QuanhengError):
            if _tables(self._settings.personnel).get(SUSPENSIONS) != self._tables.get(SUSPENSIONS):
                await _reload(self.authorizer, self._suspended, tell)
        self.authorizer.not_reloaded = problem

    def _suspended(self) -> Standing:
        """What serves, with the suspensions that lie on the disk."""
        serving = self.authorizer.standing
        policy = serving.policy
        tables = {name: data for name, data in _tables(self._settings.personnel).items() if name == SUSPENSIONS}
        newer = serving.personnel.with_suspensions(read_suspensions(tables, Known(policy.posts, policy.items)))
        others = {name: data for name, data in self._tables.items() if name != SUSPENSIONS}
        self._personnel, self._tables = newer, others | tables
        return self._keep(Standing(policy, newer, serving.unconfirmed))


class PlainService:
    """A Casbin model and its policy, as they are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        policy, clock = self._read(), SystemClock(settings.zone)
        opened = open_the_log(settings, clock)
        self._keep()
        with _writing(settings.data):
            party = party_tokeniser(key_file(settings.data / PARTY_KEY_FILE))
        personal = personal_of(settings, party)
        self.authorizer = PlainAuthorizer(policy, opened.store, clock, personal, _page_key(settings))
        metrics = Metrics(opened.store.counters)
        self.keeper = keeper_of(settings, opened, opened.store, clock, metrics.unrecorded, personal)
        kept = Kept(opened.store.reader, ServedLibrary(settings.data))
        self.served = build_app(self.authorizer, settings, self.keeper, metrics, kept)
        self.life = ServiceLife(opened.store, self.keeper, lambda: InForce(self.authorizer.digest, ""), opened.warnings)

    def _read(self) -> PlainPolicy:
        model, policy = _file(self._settings.model), _file(self._settings.policy)
        allow = self._settings.default_allow
        engine = read_engine(as_text(model, "model.conf"), as_text(policy, "policy.csv"), default_allow=allow, progress=_progress)
        self._files = (model, policy)
        name = self._settings.policy.name if self._settings.policy else ""
        return plain_policy(engine, self._settings.map, plain_digest(model, policy), name)

    def _read_again(self) -> PlainPolicy:
        newer = self._read()
        self._keep()
        return newer

    def _keep(self) -> None:
        """Keep what is about to serve, so that whatever is decided on it can be decided again."""
        with _writing(self._settings.data):
            KeptGrounds(self._settings.data).keep_plain(*self._files)

    async def reload(self) -> None:
        before = self.authorizer.digest
        await _reload(self.authorizer, self._read_again, lambda newer: self.keeper.changed("policy", before, newer.digest))


T_contra = TypeVar("T_contra", contravariant=True)


class _Swapping(Protocol[T_contra]):
    not_reloaded: str

    @property
    def digest(self) -> str: ...

    def swap(self, newer: T_contra, /) -> None: ...


_reader = ThreadPoolExecutor(1, thread_name_prefix="reload")


def _all_known(posts: Iterable[str], policy: PolicySnapshot) -> bool:
    for n, post in enumerate(posts):
        if post not in policy.posts:
            return False
        if n % AT_ONCE == 0:
            time.sleep(PAUSE)
    return True


def _forget(standing: Standing) -> None:
    """Let go of what serves no more, a little at a time."""
    while standing.forget(AT_ONCE):
        time.sleep(PAUSE)


async def _reload(
    authorizer: _Swapping[T_contra], read: Callable[[], T_contra], tell: Callable[[T_contra], Awaitable[None]]
) -> None:
    """Read beside what serves, tell the log, then swap one reference. What cannot be told is not put in force."""
    try:
        newer = await asyncio.get_running_loop().run_in_executor(_reader, read)
        await tell(newer)
    except (QuanhengError, OSError) as fault:
        authorizer.not_reloaded = str(fault)
        log.error("not reloaded", problem=str(fault), serving=authorizer.digest)  # noqa: TRY400 - told in words
        return
    authorizer.swap(newer)
    log.info("reloaded", policy=authorizer.digest)


def build_service(settings: Settings) -> Service:
    """Prove the ground and stand everything on it. Raises before anything listens."""
    with _writing(settings.data):
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    service = PlainService(settings) if settings.model else PowerListService(settings)
    collect_rarely()
    return service


def collect_rarely() -> None:
    """What is loaded now lives as long as the process: keep the collector from walking it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_EVERY)


class _Keys(NamedTuple):
    party: bytes
    state: bytes


def _keys(settings: Settings) -> _Keys:
    """Keys lie in the data folder and are made at the first start, unless they are shared with others and named."""
    return _Keys(
        _shared_key(settings.party_key) if settings.party_key else key_file(settings.data / PARTY_KEY_FILE),
        _shared_key(settings.state_key) if settings.state_key else key_file(settings.data / STATE_KEY_FILE),
    )


def _page_key(settings: Settings) -> bytes:
    return StateTokens(key_file(settings.data / STATE_KEY_FILE)).derived("pages")


def shared_keys(settings: Settings) -> _Keys:
    """The keys all sidecars of a store have. Raises SettingsError."""
    if settings.party_key is None or settings.state_key is None:
        raise SettingsError("SHARED_KEYS_NOT_NAMED")
    return _Keys(_shared_key(settings.party_key), _shared_key(settings.state_key))


def places_of(settings: Settings) -> Places:
    """Where the log of these settings lies."""
    return Places.of(settings.data, settings.keys, settings.head)


def open_the_log(settings: Settings, clock: Clock) -> OpenLog:
    """The proven log; with `insecure`, one for trying out where none was made yet."""
    places = places_of(settings)
    with _writing(settings.data):
        if settings.insecure:
            return open_for_trial(places, clock=clock, origin=settings.origin)
        return open_log(places, clock=clock, origin=settings.origin)


def personal_of(settings: Settings, party_token: PartyToken) -> Personal:
    """How personal data goes into this record. Raises SettingsError naming what is wrong in its rules, and where."""
    rules = read_record_rules_file(settings.record_rules)
    return Personal(party_token, SubjectKeyFile(settings.data, settings.subjects), rules.disclosure)


def keeper_of(
    settings: Settings, opened: OpenLog, store: RecordStore, clock: Clock, unrecorded: Callable[[], int], personal: Personal
) -> LogKeeper:
    witnesses = [HttpWitness(witness.url, public_key(witness.key)) for witness in settings.witnesses.values()]
    keeping = Keeping(settings.checkpoint_interval, settings.witness_quorum, settings.anchor_max_age)
    return LogKeeper(
        store=store,
        tree=opened.tree,
        head=opened.head,
        identity=opened.identity,
        hash=opened.store.hash,
        signers=opened.signers,
        clock=clock,
        witnesses=witnesses,
        keeping=keeping,
        notices=NoticeFolder(settings.data),
        unrecorded=unrecorded,
        rules=LogRules(read_record_rules_file(settings.record_rules).digest, RecordRules().digest),
        personal=PendingEvents(settings.data, personal.keys),
        observed=settings.observed,
        keys=KeyFolder(places_of(settings).keys),
    )


def _store(own: SqliteStore, settings: Settings, keys: _Keys) -> RecordStore:
    return own if settings.cases is None else _shared_store(own, settings, keys)


def _shared_store(own: SqliteStore, settings: Settings, keys: _Keys) -> RecordStore:
    from adapters.storage.redis.opening import open_shared  # noqa: PLC0415 - most sidecars never need the client
    from adapters.storage.redis.store import Promises  # noqa: PLC0415

    promises = Promises(
        deadline=settings.cases_deadline,
        patience=settings.cases_patience,
        replicas=settings.cases_replicas,
        replicas_wait=settings.cases_replicas_wait,
        on_disk=settings.cases_on_disk,
        identifiers=settings.cases_identifiers,
    )
    return open_shared(own, settings.data, case_store_address(settings), (keys.party, keys.state), promises)


def case_store_address(settings: Settings) -> "Address":
    """Where the shared cases are, with what is needed to get in. Raises SettingsError."""
    from adapters.storage.redis.opening import address_of  # noqa: PLC0415

    tls = {"ssl_ca_certs": settings.cases_ca, "ssl_certfile": settings.cases_certificate, "ssl_keyfile": settings.cases_key}
    url = settings.cases.get_secret_value() if settings.cases else ""
    return address_of(url, settings.cases_password_file, tls, settings.cases_deadline)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What the system refuses in the data folder, as a sentence about the setting that names it."""
    try:
        yield
    except OSError as fault:
        place = fault.filename or folder
        raise SettingsError("DATA_FOLDER_UNUSABLE", place=place, reason=reason_of(fault)) from fault


def _progress(done: int, of: int) -> None:
    log.info("reading policies", rows=done, of=of)


def _file(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as fault:
        raise PolicyError("POLICY_UNREADABLE", path=path, reason=reason_of(fault)) from fault


def token_of_parties(data: Path | None) -> PartyToken:
    """The tokens of a record's parties; without its key, tokens of this process alone."""
    file = data / PARTY_KEY_FILE if data else None
    return party_tokeniser(file.read_bytes() if file and file.is_file() else secrets.token_bytes(KEY_BYTES))


def read_personnel_folder(folder: Path, policy: PolicySnapshot, party_token: PartyToken) -> Personnel:
    """The registers of a personnel folder. Raises PersonnelError."""
    return read_personnel(_tables(folder), Known(policy.posts, policy.items), party_token, policy.personnel_rules())


def _tables(folder: Path) -> dict[str, bytes]:
    if not (folder / APPOINTMENTS).is_file():
        raise PersonnelError("NO_APPOINTMENTS", appointments=folder / APPOINTMENTS)
    try:
        return {name: (folder / name).read_bytes() for name in COLUMNS if (folder / name).is_file()}
    except OSError as fault:
        raise PersonnelError("TABLE_UNREADABLE", filename=fault.filename, reason=reason_of(fault)) from fault


def _shared_key(path: Path) -> bytes:
    """A key that others have, too: never made here, for each would make one of its own."""
    try:
        key = path.read_bytes()
    except OSError as fault:
        raise SettingsError("SHARED_KEY_UNREADABLE", path=path, reason=reason_of(fault)) from fault
    if len(key) != KEY_BYTES:
        raise SettingsError("NOT_A_SHARED_KEY", path=path, key_bytes=KEY_BYTES)
    return key


def key_file(path: Path) -> bytes:
    """A key that is made once, kept beside the record, readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise SettingsError("NOT_A_KEY", path=path, key_bytes=KEY_BYTES) from None
        return key
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink()  # half a key would stop every later start
        raise
    return key
