"""The record store of many sidecars: case state in one Redis, and each sidecar's own log of what it decided.

The way of a commit:

    1. the request identifier is bound to the act (a slot of its own);
    2. changes of ledgers are reserved (slots of their own, `ledgers.py`);
    3. `commit.lua`: replay, version, digest, policy, window; then event, answer and the whole record in one step. From here on
    the
       commit has happened; the case takes no other until this one is in a log;
    4. as many replicas as the settings ask for have it;
    5. the entry is in the own log, synced, with the leaf of the case's previous entry;
    6. changes of ledgers are confirmed, the case learns the leaf and is open again;
    7. the caller is answered.

Whatever stops this between 3 and 6 leaves the record in the case's state. Whoever meets it, a request on the case or the sweep,
puts it into its own log under the same id and opens the case; the sidecar that made it is left in peace for a while first. A
commit of which nobody knows whether it happened is a refusal to its caller, who asks again under the same identifier.

Requests on one case take turns within a sidecar. Between sidecars nothing is locked: versions are compared.
"""

import asyncio
import contextlib
import secrets
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog

from adapters.storage.batch import Place
from adapters.storage.own_ground import Ground, system_ms
from adapters.storage.record_reader import SqliteReader
from adapters.storage.redis.cases import Item, read, read_proven
from adapters.storage.redis.keys import POLICIES, STORE, CaseKeys, case_keys, case_tag, decision_key, request_key
from adapters.storage.redis.ledgers import Ledgers
from adapters.storage.redis.pending import as_pending, commit_id, from_pending
from adapters.storage.redis.server import Command, Server, script, status_of
from adapters.storage.redis.standing import Standing
from adapters.storage.redis.sweeping import Sweep
from adapters.storage.sqlite import CACHED_CASES, SqliteStore
from sidecar.case_history.history import ActRecorded, CaseHistory, digest_after, encode_event, extend
from sidecar.case_history.ledger import Ledger
from sidecar.errors import OutsideWindowError, StalePolicyError, StateRolledBackError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Replayed, RequestKey, Stored
from sidecar.ports.telling import Then, told

log = structlog.get_logger("quanheng.cases")

NEVER = -1  # a version no case is at
PAUSE = 0.005  # seconds between two looks at a case that another sidecar has open


@dataclass(frozen=True)
class Promises:
    """How much a commit waits for, in seconds and numbers. `patience` is how long a sidecar may take from commit to log before
    others take its commit over; `identifiers` how long a request identifier is known."""

    deadline: float = 1.0
    patience: float = 0.5
    replicas: int = 0
    replicas_wait: float = 0.2
    on_disk: bool = False
    identifiers: int = 7 * 24 * 3600
    probe_every: float = 1.0
    sweep_every: float = 15.0


class RedisStore:
    """One sidecar of many. `own_log` is its log, `server` the store it shares; it closes both."""

    durable = True

    def __init__(self, own_log: SqliteStore, server: Server, standing: Standing, promises: Promises) -> None:
        self._log, self._server, self._promises, self._standing = own_log, server, promises, standing
        self.reader: SqliteReader = own_log.reader
        self._instance = f"{standing.name} {secrets.token_hex(8)}"  # of this run: what an earlier run left open is nobody's
        self._ledgers = Ledgers(server, self.reader)
        self._sweep = Sweep(server, self._ledgers, self._finish_open)
        self._looked: asyncio.Task[None] | None = None
        self._ground = Ground(system_ms)
        self._cases: OrderedDict[str, CaseHistory] = OrderedDict()
        self._turns = _Turns()
        self._number: int | None = None  # of the policy that serves; None until the store has told it
        self._renewed = False
        self._counters: defaultdict[str, int] = defaultdict(int)
        self._beside: asyncio.Task[None] | None = None
        self._commits: set[asyncio.Task[Any]] = set()

    # -- the port ----------------------------------------------------------------------------------------------------

    @property
    def failure(self) -> str:
        return self._log.failure or self._standing.problem

    @property
    def warnings(self) -> Sequence[str]:
        return self._standing.warnings

    @property
    def counters(self) -> Mapping[str, int]:
        return self._counters

    def serve(self, epoch: Epoch) -> None:
        self._renewed = self._ground.epoch is not None and epoch.policy != self._ground.epoch.policy
        self._ground.epoch, self._number = epoch, None

    async def start(self) -> None:
        await self._here()

    async def read_case(self, case_id: str) -> CaseHistory:
        await self._here()
        with self._counted():
            known = await read_proven(self._server, self.reader, case_id, self._cases.get(case_id))
        self._remember(known)
        return known

    def likely_case(self, case_id: str) -> CaseHistory:
        return self._cases.get(case_id) or CaseHistory(case_id)

    async def case_digest(self, case_id: str, version: int) -> str:
        if not version:
            return ""
        await self._here()
        found = await read(self._server, case_id, version - 1)
        return found.items[0].digest if found.items else ""

    async def find_decision(self, decision_id: str) -> Stored | None:
        own = self.reader.find(decision_id)
        if own is not None:
            return own
        await self._here()
        found = (await self._server.run(Command(("HMGET", decision_key(decision_id), "leaf", "body"))))[0]
        match found:
            case [bytes() as leaf, bytes() as body]:
                return Stored(0, leaf, body)
        return None

    async def read_ledger(self, ledger_id: str) -> Ledger:
        await self._here()
        with self._counted():
            return await self._ledgers.read(ledger_id)

    def submit(self, commit: Commit, then: Then[Committed | Replayed]) -> None:
        told(self.commit(commit), then)

    async def commit(self, commit: Commit) -> Committed | Replayed:
        """Runs to its end even if the caller goes away."""
        await self._here()
        task = asyncio.create_task(self._in_time(commit))
        self._commits.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def close(self) -> None:
        if self._beside is not None and self._beside.get_loop() is asyncio.get_running_loop():
            while not self._beside.done():  # a library on the way may keep one cancellation to itself
                self._beside.cancel()
                await asyncio.wait({self._beside}, timeout=PAUSE)
            await asyncio.gather(*self._commits, return_exceptions=True)
        await self._standing.remember()
        await self._server.close()
        await self._log.close()

    # -- beside the requests -----------------------------------------------------------------------------------------

    async def _here(self) -> None:
        """What runs beside the requests runs on their loop; the first of them waits until the store was looked at."""
        loop = asyncio.get_running_loop()
        if self._beside is None or self._beside.get_loop() is not loop or self._beside.done():
            self._turns, self._commits = _Turns(), set()
            self._looked = asyncio.create_task(self._standing.look())
            self._beside = asyncio.create_task(self._watch(self._looked))
        if self._looked is not None and not self._looked.done():
            await asyncio.shield(self._looked)

    async def _watch(self, first: "asyncio.Task[None]") -> None:
        """Look at the store again and again, and sweep what is left open. Whatever goes wrong is said by the look itself."""
        await first
        swept = -self._promises.sweep_every
        loop = asyncio.get_running_loop()
        while True:
            if not self._standing.problem and loop.time() - swept >= self._promises.sweep_every:
                swept = loop.time()
                await self._sweep_once()
            await self._standing.pause(self._promises.probe_every)
            await self._standing.look()

    async def _sweep_once(self) -> None:
        try:
            done = await self._sweep.run()
        except (StoreError, StateRolledBackError) as fault:
            log.warning("not swept", problem=fault.message)
        else:
            self._counters["swept"] += done

    async def _finish_open(self, tag: str, commit: str) -> None:
        keys = case_keys(tag)
        async with asyncio.timeout(self._promises.deadline * 2), self._turns.of(tag):
            await self._finish(keys, commit)

    @property
    def _patience_ms(self) -> int:
        return int(self._promises.patience * 1000)

    # -- a commit ----------------------------------------------------------------------------------------------------

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._commits.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that went away hears of it no more

    async def _in_time(self, commit: Commit) -> Committed | Replayed:
        if self.failure:
            raise StoreError("AS_TOLD", told=self.failure)
        if not commit.case_id:
            return await self._without_case(commit)
        try:
            async with asyncio.timeout(self._promises.deadline), self._turns.of(case_tag(commit.case_id)):
                with self._counted():
                    return await self._commit(commit)
        except TimeoutError:
            self._standing.doubt()
            raise StoreError("STORE_TOO_SLOW", deadline=self._promises.deadline) from None

    async def _without_case(self, commit: Commit) -> Committed | Replayed:
        """What belongs to no case is in the own log alone; its request identifier is bound to the act for all sidecars."""
        self._ground.prove(commit)
        if commit.key and (await self._known(commit.key, commit.act, case_keys("-")))[0] != commit.act:
            return Replayed("", b"")
        return await self._log.commit(commit)

    async def _commit(self, commit: Commit) -> Committed | Replayed:
        keys = case_keys(case_tag(commit.case_id))
        if commit.key is not None:
            bound, answer = await self._known(commit.key, commit.act, keys)
            if bound != commit.act:
                return Replayed(bound, answer or b"")
            if answer is not None:  # it may still have to be put into a log: ask on, but for the answer only
                return await self._attempted(commit._replace(expected_version=NEVER), keys)
        self._ground.prove(commit._replace(window=None))
        if self._seen(commit.case_id) > commit.expected_version:
            raise VersionConflictError(commit.case_id, commit.expected_version)
        commit = await self._with_digest(commit)
        await self._ledgers.reserve(commit)
        try:
            return await self._attempted(commit, keys)
        except (VersionConflictError, StalePolicyError, OutsideWindowError, StateRolledBackError):
            await self._ledgers.give_back(commit, commit.ledgers)
            raise

    async def _known(self, key: RequestKey, act: str, keys: CaseKeys) -> tuple[str, bytes | None]:
        """The act a request identifier is bound to from now on, and the answer it was given on this case, if one was."""
        name = request_key(*key)
        _, bound, answer = await self._server.run(
            Command(("SET", name, f"={act}", "NX", "EX", self._promises.identifiers)),
            Command(("GET", name)),
            Command(("HGET", keys.answer(*key), "answer")),
        )
        if not isinstance(bound, bytes):
            raise StoreError("STORE_FORGOT_IDENTIFIER")
        return bound.decode().removeprefix("="), answer if isinstance(answer, bytes) else None

    async def _with_digest(self, commit: Commit) -> Commit:
        """The commit with the digest it stands on, which a caller may not know."""
        if commit.expected_digest or not commit.expected_version:
            return commit
        known = self._cases.get(commit.case_id)
        if known is None or known.version != commit.expected_version:
            known = await self.read_case(commit.case_id)
        if known.version != commit.expected_version:
            raise VersionConflictError(commit.case_id, commit.expected_version)
        return commit._replace(expected_digest=known.digest)

    def _seen(self, case_id: str) -> int:
        """The version this sidecar knows the case to have had, from its memory or its log."""
        known = self._cases.get(case_id)
        if known is not None:
            return known.version
        own = self.reader.last_event(case_id)
        return own.version if own is not None else 0

    async def _attempted(self, commit: Commit, keys: CaseKeys) -> Committed | Replayed:
        while True:
            answer = await self._run_commit(commit, keys)
            match answer:
                case [b"DONE", bytes() as leaf]:
                    return await self._recorded(commit, keys, leaf.decode())
                case [b"REPLAYED", bytes() as act, bytes() as body]:
                    await self._ledgers.give_back(commit, () if commit.expected_version == NEVER else commit.ledgers)
                    return Replayed(act.decode().removeprefix("="), body)
                case [b"OPEN", bytes() as other, bytes() as owner, int() as age]:
                    if owner.decode() != self._instance and age < self._patience_ms:
                        await asyncio.sleep(PAUSE)
                    else:
                        await self._finish(keys, other.decode())
                case [b"STALE", *_] if await self._number_again():
                    pass
                case _:
                    self._refuse(commit, answer)

    def _refuse(self, commit: Commit, answer: Any) -> NoReturn:
        case, expected = commit.case_id, commit.expected_version
        match [status_of(answer), *answer[1:]]:
            case ["MOVED", int() as version] if version >= expected:
                raise VersionConflictError(case, expected)
            case ["MOVED", _] if expected == NEVER:
                raise VersionConflictError(case, expected)
            case ["MOVED" | "BEHIND", int() as version, *_]:
                raise StateRolledBackError(f"case {case}", f"version {version}", f"version {max(expected, self._seen(case))}")
            case ["ALTERED"]:
                raise VersionConflictError(case, expected)  # read anew, where it is held against what was seen
            case ["STALE", *_]:
                raise StalePolicyError("NEWER_POLICIES_DECIDED")
            case ["OUTSIDE", *_]:
                raise OutsideWindowError("NOT_IN_FORCE_BY_STORE")
            case ["EXPIRING"]:
                raise StoreError("CASE_WOULD_EXPIRE", case=case)
            case ["VOID"]:
                raise StoreError("COMMIT_SWEPT")
        raise StoreError("STORE_ANSWER_UNKNOWN")

    async def _run_commit(self, commit: Commit, keys: CaseKeys) -> Any:
        event = encode_event(commit.event) if commit.event else b""
        digest = digest_after(commit.expected_digest, event) if commit.event else ""
        identifier = commit_id(commit.entry)
        since, until = commit.window or ("", "")
        arguments = (
            keys.tag,
            identifier,
            commit.expected_version,
            commit.expected_digest,
            await self._policy_number() if commit.epoch else 0,
            since,
            until,
            Item(identifier, digest, event).stored() if commit.event else b"",
            digest,
            as_pending(commit),
            self._instance,
            f"={commit.act}" if commit.key else "",
            commit.answer,
            self._promises.identifiers * 1000,
        )
        names = (keys.state, keys.events, keys.answer(*(commit.key or ("", ""))), keys.open, keys.void)
        before = self._standing.count
        count, answer, *acks = await self._server.run(
            Command(("HINCRBY", STORE, "count", 1)), script("commit", names, *arguments), *self._waiting()
        )
        self._standing.counted(count, before)
        if status_of(answer) == "DONE":
            self._enough(acks)
        return answer

    def _waiting(self) -> tuple[Command, ...]:
        """The wait for replicas, on the connection of the commit it waits for."""
        wait = int(self._promises.replicas_wait * 1000)
        if self._promises.on_disk:
            return (Command(("WAITAOF", 1, self._promises.replicas, wait)),)
        return (Command(("WAIT", self._promises.replicas, wait)),) if self._promises.replicas else ()

    def _enough(self, acks: Sequence[Any]) -> None:
        """Raises StoreError while too few have the commit: it stays open, and whoever meets it waits for them again."""
        if not acks:
            return
        here, there = acks[0] if self._promises.on_disk else (1, acks[0])
        if not here or there < self._promises.replicas:
            self._counters["too few replicas"] += 1
            raise StoreError("REPLICAS_TOO_FEW", there=there, replicas=self._promises.replicas)

    async def _recorded(self, commit: Commit, keys: CaseKeys, leaf: str) -> Committed:
        """The commit has happened: put it into the own log, then open the case for the next."""
        appended = await self._log.append(commit, Place(commit.expected_version, leaf))
        await self._ledgers.confirm(commit)
        settled = script("settle", (keys.state, keys.open), commit_id(commit.entry), appended.leaf, keys.tag)
        await self._server.run(settled, *self._for_reports(commit))
        self._learn(commit)
        return Committed(appended.seq)

    def _for_reports(self, commit: Commit) -> tuple[Command, ...]:
        """The entry of an act, where any sidecar finds it to whom its outcome is reported."""
        if not isinstance(commit.event, ActRecorded):
            return ()
        stored, name = self.reader.find(commit.entry.decision_id), decision_key(commit.entry.decision_id)
        if stored is None:
            return ()
        fields = ("leaf", stored.leaf, "body", stored.body)
        return Command(("HSET", name, *fields)), Command(("EXPIRE", name, self._promises.identifiers))

    async def _finish(self, keys: CaseKeys, commit: str) -> None:
        """Put an open commit into the own log, unless its owner still may."""
        taking = script("take", (keys.state,), commit, self._instance, self._patience_ms)
        answer, *acks = await self._server.run(taking, *self._waiting())
        match answer:
            case [b"TAKEN", bytes() as record, bytes() as leaf]:
                self._enough(acks)
                found = from_pending(record)
                self._cases.pop(found.case_id, None)  # its digest is read anew
                self._counters["taken over"] += 1
                await self._recorded(found, keys, leaf.decode())

    # -- policies ----------------------------------------------------------------------------------------------------

    async def _policy_number(self) -> int:
        if self._number is None and self._ground.epoch is not None:
            answer = await self._server.run(
                script("announce", (POLICIES,), self._ground.epoch.policy, "1" if self._renewed else "0")
            )
            self._number, self._renewed = int(answer[0][1]), False
        return self._number or 0

    async def _number_again(self) -> bool:
        """Whether the policy that serves has become a newer one for the fleet meanwhile."""
        before, self._number = self._number, None
        return await self._policy_number() != before

    # -- cases that are kept -----------------------------------------------------------------------------------------

    def _learn(self, commit: Commit) -> None:
        known = self._cases.get(commit.case_id)
        if commit.event is None:
            return
        if known is None and not commit.expected_version:
            known = CaseHistory(commit.case_id)
        if known is not None and known.version == commit.expected_version:
            self._remember(extend(known, commit.event))

    def _remember(self, history: CaseHistory) -> None:
        self._cases[history.case_id] = history
        self._cases.move_to_end(history.case_id)
        while len(self._cases) > CACHED_CASES:
            self._cases.popitem(last=False)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count what is refused for the store's sake."""
        try:
            yield
        except StateRolledBackError as fault:
            self._counters["rolled back"] += 1
            log.error("rolled back", problem=fault.message)  # noqa: TRY400 - told in words
            raise
        except VersionConflictError:
            self._counters["conflicts"] += 1
            raise
        except (StalePolicyError, OutsideWindowError):
            self._counters["decided again"] += 1
            raise
        except StoreError:
            self._counters["failures"] += 1
            self._standing.doubt()
            raise


class _Turns:
    """One at a time on each case, first come first served. A case nobody waits for takes no room."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def of(self, tag: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(tag, (asyncio.Lock(), 0))
        self._locks[tag] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[tag]
            if users == 1:
                del self._locks[tag]
            else:
                self._locks[tag] = (lock, users - 1)
