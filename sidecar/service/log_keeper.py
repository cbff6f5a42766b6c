"""Keeping the log: its tree follows the record, a checkpoint is signed at an interval and at each orderly stop, witnesses are
asked, and what happens to the log and to the service becomes an entry of it.

It runs beside the requests. A decision never waits for it, except one whose caller asked for the whole proof.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import structlog

from sidecar import __version__
from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.events import (
    AnchorEntry,
    ChangeEntry,
    ClockEntry,
    Event,
    GapEntry,
    KeyEntry,
    PersonalEntry,
    ServiceEntry,
    key_id,
)
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.identity import Identity
from sidecar.decision_log.merkle import ProofError
from sidecar.decision_log.notes import Signature, Signer, read_note, with_signatures
from sidecar.decision_log.proof import Evidence
from sidecar.decision_log.receipt import Receipt
from sidecar.errors import KeyFolderError, LogBrokenError, StoreError, WitnessError
from sidecar.ports.clock import Clock
from sidecar.ports.log import Head, Keys, LogTree, Notices, Signed, Witness
from sidecar.ports.records import Commit, Filter, RecordStore, Stored
from sidecar.ports.subjects import PersonalEvents
from sidecar.service.ids import new_id
from sidecar.service.observing import changes_of, told_observing
from sidecar.service.signing import Signing, next_key, why_not_next

log = structlog.get_logger("quanheng.log")

SERVICE = "service"
ROTATE = "rotate"  # of a notice: its holder is the key that shall sign
SET_BACK_MS = 1_000  # a clock that is adjusted by less is not told of
WAIT_SECONDS = 10.0  # for a checkpoint that covers an entry, at most

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the log is kept: seconds between checkpoints, how many witnesses must cosign, and how old the oldest entry without an
    anchor outside may be before the service is not ready (seconds; 0 for no limit)."""

    interval: float = 1.0
    quorum: int = 0
    anchor_max_age: float = 0.0


class Rules(NamedTuple):
    """The digests of the rules of the record, those in force and those that hold where none are declared."""

    digest: str
    default: str


NO_RULES = Rules("", "")


@dataclass(slots=True)
class _Unrecorded:
    """Requests that were answered LOG_UNAVAILABLE and are not told of yet."""

    seen: int = 0
    pending: int = 0
    since: str = ""
    until: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Anchored:
    """Up to which size something outside vouches for the log, and since when entries behind it wait for that."""

    size: int = 0
    waiting_since_ms: int = 0
    witnessed: bool | None = None  # as it was told last; None before the first answer


@dataclass
class LogKeeper:
    """All methods run on the event loop of the service; `tree` is used on one thread of its own."""

    store: RecordStore
    tree: LogTree
    head: Head
    identity: Identity
    hash: TreeHash
    signers: Sequence[Signer]
    clock: Clock
    witnesses: Sequence[Witness] = ()
    keeping: Keeping = field(default_factory=Keeping)
    notices: Notices | None = None
    unrecorded: Callable[[], int] = lambda: 0
    rules: Rules = NO_RULES
    personal: PersonalEvents | None = None
    observed: Mapping[str, date] = field(default_factory=dict)
    keys: Keys | None = None

    def __post_init__(self) -> None:
        self._signing = Signing(self.identity.origin, self.hash, self.head)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-keeper")
        self._lost = 0
        self._broken = ""
        self._trouble = ""
        self._latest_ms = self._last_time_ms()
        self._is_set_back = False
        self._unrecorded = _Unrecorded()
        self._anchored = _Anchored(waiting_since_ms=self._now_ms())
        self._signed_more = asyncio.Event()
        self._turn = asyncio.Lock()
        self._signed = self._last_signed()
        self._begun = False
        self._observing: dict[str, str] | None = None  # as the log has it; None before it was looked up

    # -- what others ask ----------------------------------------------------------------------------------------------------

    @property
    def lost(self) -> int:
        """Entries that were recorded and are not there any more. Anything but zero is an emergency."""
        return self._lost

    @property
    def failure(self) -> str:
        """Why the service is not ready for the log's sake; empty while all is well."""
        if self._broken:
            return self._broken
        age = self.anchor_age
        if self.keeping.anchor_max_age and age > self.keeping.anchor_max_age:
            limit = f"{age:.0f} s, more than {self.keeping.anchor_max_age:.0f} s"
            return f"entries wait for an anchor outside for {limit}: ask the witnesses, or print and confirm an anchor 锚定过期"
        return ""

    @property
    def warnings(self) -> list[str]:
        told = [self._trouble] if self._trouble else []
        if not self.witnesses and not self.keeping.anchor_max_age:
            told.append("nobody outside keeps a head of the log: name witnesses, or anchor it on paper 日志无外部见证")
        return told

    @property
    def anchor_age(self) -> float:
        """For how many seconds the oldest entry has waited that nothing outside vouches for; 0 when there is none."""
        if self._anchored.size >= self.store.reader.last_seq():
            return 0.0
        return max(0.0, (self._now_ms() - self._anchored.waiting_since_ms) / 1000)

    @property
    def signed(self) -> Signed | None:
        """The newest signed checkpoint."""
        return self._signed

    async def in_tree(self, look: Callable[[LogTree], T]) -> T:
        """Look something up in the tree, on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, look, self.tree)

    async def covered(self, size: int) -> Signed:
        """The newest checkpoint, once it covers `size` entries. Raises StoreError when none comes in time."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while self._signed is None or self._signed.size < size:
                    self._signed_more.clear()
                    await self._signed_more.wait()
        except TimeoutError:
            raise StoreError("NO_CHECKPOINT_COVERS") from None
        return self._signed

    async def evidence(self, stored: Stored) -> Evidence:
        """The proof of an entry under the newest checkpoint, which is waited for where it does not cover the entry yet."""
        signed = await self.covered(stored.seq)
        path = await self.in_tree(lambda tree: tree.tree().inclusion(stored.seq - 1, signed.size))
        return Evidence(stored.body, stored.seq - 1, tuple(path), read_note(signed.note))

    def receipt(self, stored: Stored) -> str:
        """The log's signed word that the entry stands in it. Raises StoreError where it cannot sign."""
        if not self.signers:
            raise StoreError("KEY_NOT_HERE")
        time: str = msgspec.json.decode(stored.body)["time"]
        receipt = Receipt(self.identity.origin, stored.seq - 1, stored.leaf, time)
        return str(receipt.signed(self.signers[0]))

    # -- the life of the service ------------------------------------------------------------------------------------------------

    async def begin(self, policy_digest: str, personnel_digest: str) -> None:
        """Tell the start, before anything is answered, and sign it."""
        self._begun = True
        await self._check_clock()
        after = self._ended_before()
        await self._commit(
            lambda common: ServiceEntry(
                kind="start",
                version=__version__,
                policy_digest=policy_digest,
                personnel_digest=personnel_digest,
                after=after,
                **common,
            )
        )
        await self._tell_rules()
        await self._tell_personal()
        await self._tell_observing()
        await self.checkpoint()

    async def _tell_rules(self) -> None:
        """Other rules of the record than those that were told last, or than the defaults where none ever were."""
        told = self.store.reader.query(Filter(kind="record_rules"), limit=1)
        before = msgspec.json.decode(told[0].body)["after"] if told else self.rules.default
        await self.changed("record_rules", before, self.rules.digest)

    async def run(self) -> None:
        """Keep the log until cancelled."""
        while True:
            await asyncio.sleep(self.keeping.interval)
            await self.tick()

    async def tick(self) -> None:
        """What is done at each interval. Whatever goes wrong is told once, and tried again the next time."""
        every = (self._check_clock, self._take_notices, self._tell_personal, self._tell_gap, self._tell_observing)
        for step in (*every, self._checkpoint_if_grown):
            try:
                await step()
            except LogBrokenError as fault:
                self._break(fault)
            except (StoreError, KeyFolderError, sqlite3.Error, OSError, ProofError) as fault:
                self._say(f"{step.__name__.strip('_').replace('_', ' ')}: {fault}")
                return
        self._say("")

    async def end(self, policy_digest: str, personnel_digest: str) -> None:
        """Tell the orderly stop and sign the last head; then let go of the tree."""
        if self._begun:
            with contextlib.suppress(StoreError, KeyFolderError, sqlite3.Error, OSError, ProofError):
                await self._last_words(policy_digest, personnel_digest)
        await asyncio.to_thread(self._thread.shutdown)
        self.tree.close()

    async def _last_words(self, policy_digest: str, personnel_digest: str) -> None:
        await self._tell_gap()
        await self._commit(
            lambda common: ServiceEntry(
                kind="stop", version=__version__, policy_digest=policy_digest, personnel_digest=personnel_digest, **common
            )
        )
        await self.checkpoint()

    async def changed(self, kind: Literal["policy", "personnel", "record_rules"], before: str, after: str) -> None:
        """Tell that others are put in force, before they are. Raises StoreError: what cannot be told is not put in force."""
        if before != after:
            await self._commit(lambda common: ChangeEntry(kind=kind, before=before, after=after, **common))

    # -- checkpoints ----------------------------------------------------------------------------------------------------------

    async def checkpoint(self) -> Signed | None:
        """Sign what is recorded by now, unless it is signed already, and have it witnessed."""
        async with self._turn:
            before = self._signed
            await self._end_key()
            now_ms, signed = self._now_ms(), self._signed
            newer = await self.in_tree(lambda tree: self._signing.newest(tree, now_ms, signed, self.signers)) or signed
            if newer is None or newer is before:
                return newer
            self._signed = newer
            try:
                if self.witnesses:
                    await self._witness(newer)
            finally:
                self._signed_more.set()  # whoever waits for a proof gets it with the cosignatures
            return self._signed

    async def _checkpoint_if_grown(self) -> None:
        last = self.store.reader.last_seq()
        if self._signed is None or last != self._signed.size:
            await self.checkpoint()
        if self._anchored.size >= self.store.reader.last_seq():
            self._anchored.waiting_since_ms = self._now_ms()

    async def _end_key(self) -> None:
        """Where the log names another key than the one in force, the checkpoint of which that entry is the last is signed by both
        and the old one destroyed. What is cut short here, the next turn or the next start finishes. Raises KeyFolderError where
        the new key is not here."""
        named = next_key(self.store.reader, self.identity)
        if named is None:
            return
        if self.keys is None:
            raise StoreError("KEY_NOT_HERE")
        signer, now_ms, last = self.keys.signer(named.key), self._now_ms(), self._signed
        both = [signer, *self.signers]
        self._signed = await self.in_tree(lambda tree: self._signing.at(tree, named.seq, now_ms, last, both))
        old, self.signers = self.identity.key, [signer]
        self.identity = self.identity._replace(keys=(*self.identity.keys, named))
        self.keys.destroy(old)
        log.info("another key signs", key=str(named.key), seq=named.seq)

    async def _witness(self, signed: Signed) -> None:
        """Ask every witness at once; what they sign is kept with the checkpoint, and a change in whether enough do is told."""
        text = signed.note.decode()
        tree = await self.in_tree(lambda tree: tree.tree())
        asked = [witness.cosign(text, signed.size, tree) for witness in self.witnesses]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        given = [answer for answer in answers if isinstance(answer, Signature)]
        refused = [str(answer) for answer in answers if isinstance(answer, WitnessError)]
        for fault in answers:
            if isinstance(fault, BaseException) and not isinstance(fault, WitnessError):
                raise fault
        enough = len(given) >= max(1, self.keeping.quorum)
        if given:
            note = with_signatures(read_note(signed.note), given)
            cosigned = self._signed = signed._replace(note=str(note).encode())
            first = enough and self._anchored.witnessed is not True
            await self.in_tree(lambda tree: tree.keep(cosigned, for_ever=first))
        if enough:
            self._anchor(signed.size)
        else:
            log.warning("not witnessed", size=signed.size, cosigned=len(given), refused=refused)
        await self._tell_witnessing(enough, signed, "; ".join(refused))

    async def _tell_witnessing(self, enough: bool, signed: Signed, refused: str) -> None:
        """Told when it changes, not each time: an entry for each checkpoint would ask for another checkpoint."""
        if self._anchored.witnessed == enough:
            return
        self._anchored.witnessed = enough
        root = read_checkpoint(signed.note)[0].root
        holder = ", ".join(witness.key.name for witness in self.witnesses)
        event: Literal["witnessed", "unwitnessed"] = "witnessed" if enough else "unwitnessed"
        await self._commit(
            lambda common: AnchorEntry(
                event=event, size=signed.size, root=self.hash.text(root), holder=holder, digest=refused[:400], **common
            )
        )

    def _anchor(self, size: int) -> None:
        if size > self._anchored.size:
            self._anchored.size, self._anchored.waiting_since_ms = size, self._now_ms()

    # -- what happens to the log ------------------------------------------------------------------------------------------------

    async def _take_notices(self) -> None:
        """What commands of this machine left: anchors that somebody printed, signed or had time-stamped."""
        for notice in self.notices.take() if self.notices else ():
            if notice["event"] == ROTATE:
                await self._name_key(notice["holder"], notice["actor"])
                continue
            size = int(notice["size"])
            event: Literal["printed", "timestamped"] = "timestamped" if notice["event"] == "timestamped" else "printed"
            await self._commit(
                lambda common, notice=notice, size=size, event=event: AnchorEntry(  # type: ignore[misc]
                    event=event,
                    size=size,
                    root=notice["root"],
                    holder=notice["holder"],
                    digest=notice["digest"],
                    **(common | {"actor": notice["actor"]}),
                )
            )
            await self.in_tree(lambda tree, size=size: tree.keep_for_ever(size))  # type: ignore[misc]
            self._anchor(size)

    async def _name_key(self, text: str, actor: str) -> None:
        """Name the key that shall sign from here on, where its private half is here. In a turn of its own, so that no checkpoint
        is being signed that would hold the entry under the old key alone."""
        if problem := why_not_next(text, self.identity, self.keys):
            log.error("a key was not put in force", key=text[:80], problem=problem)
            return
        async with self._turn:
            await self._end_key()  # of a notice before this one
            number, previous = key_id(len(self.identity.keys) + 1), str(self.identity.key)
            named: dict[str, Any] = {"event_id": number, "event": "rotated", "key": text, "previous": previous, "actor": actor}
            await self._commit(lambda common: KeyEntry(**{**common, **named}))
        await self.checkpoint()

    async def _tell_personal(self) -> None:
        """What commands did to personal data. It is carried out here once more, and recorded once, whatever was cut short."""
        events = self.personal
        for event in events.waiting() if events else ():
            assert events is not None  # noqa: S101 - nothing waits otherwise
            events.carry_out(event)
            if self.store.reader.event(event.kind, event.event_id) is None:
                told = {"about": event.about, "basis": event.basis, "entries": event.entries, "keys": len(event.slots)}
                named = {"event_id": event.event_id, "actor": event.actor, "kind": event.kind, **told}
                await self._commit(lambda common, named=named: PersonalEntry(**(common | named)))  # type: ignore[misc]
            events.recorded(event)

    async def _tell_gap(self) -> None:
        """Once the record works again, how many requests went unrecorded while it did not."""
        gap, now = self._unrecorded, self._now().isoformat(timespec="milliseconds")
        count = self.unrecorded()
        if count > gap.seen:
            gap.pending, gap.seen = gap.pending + count - gap.seen, count
            gap.since, gap.until = gap.since or now, now
            gap.reason = self.store.failure or gap.reason or "the record could not be written"
        if gap.pending:
            refused, since, until, reason = gap.pending, gap.since, gap.until, gap.reason
            await self._commit(lambda common: GapEntry(since=since, until=until, refused=refused, reason=reason, **common))
            gap.pending, gap.since = 0, ""

    async def _check_clock(self) -> None:
        """A clock that shows less than was known before is told of, once until it has caught up."""
        now_ms = self._wall_ms()
        behind = self._latest_ms - now_ms
        if behind <= 0:
            self._latest_ms, self._is_set_back = now_ms, False
        elif behind > SET_BACK_MS and not self._is_set_back:
            before = self._moment(self._latest_ms).isoformat(timespec="milliseconds")
            log.error("the clock was set back", before=before, behind_ms=behind)
            await self._commit(lambda common: ClockEntry(before=before, behind_ms=behind, **common))
            self._is_set_back = True

    def _break(self, fault: LogBrokenError) -> None:
        """Entries are gone or others than were signed: nothing is signed any more, and the service is not ready."""
        if not self._broken:
            log.critical("the log is broken", problem=fault.message, hint=fault.hint)
        self._broken = fault.message
        self._lost = max(self._lost, fault.last - fault.first + 1)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            if trouble:
                log.error("the log cannot be kept", trouble=trouble, remedy="decisions are still recorded; see to the disk")
            else:
                log.info("the log is kept again")
        self._trouble = trouble

    # -- small things -----------------------------------------------------------------------------------------------------------

    async def _commit(self, entry_of: Callable[[Mapping[str, Any]], Event]) -> None:
        now = self._now()
        common = {
            "event_id": new_id(int(now.timestamp() * 1000)),
            "time": now.isoformat(timespec="milliseconds"),
            "time_source": self.clock.source,
            "actor": SERVICE,
        }
        await self.store.commit(Commit(entry_of(common)))

    def _now(self) -> datetime:
        return self.clock.now()

    def _wall_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    def _now_ms(self) -> int:
        """The time of the clock, never before one that was known: checkpoints follow one another."""
        return max(self._wall_ms(), self._latest_ms)

    def _moment(self, milliseconds: int) -> datetime:
        now = self._now()
        return now + timedelta(milliseconds=milliseconds - int(now.timestamp() * 1000))

    def _last_time_ms(self) -> int:
        """The latest time the log knows: of its newest entry, and of its last checkpoint."""
        newest = self.store.reader.query(Filter(), limit=1)
        told = datetime.fromisoformat(msgspec.json.decode(newest[0].body)["time"]).timestamp() if newest else 0.0
        last = self.tree.last()
        return max(int(told * 1000), last.time_ms if last else 0)

    def _last_signed(self) -> Signed | None:
        """The head: it is written first, so it may be larger than the last checkpoint that was kept."""
        last, note = self.tree.last(), self.head.read()
        if note is None:
            return last
        size = read_checkpoint(note)[0].size
        if last is not None and last.size >= size:
            return last
        return Signed(size, self._last_time_ms(), note)

    async def _tell_observing(self) -> None:
        """Tell where observing begins and ends: by the settings at the start, and by itself when its last day is over."""
        if self._observing is None:
            self._observing = told_observing(self.store)
        for change in changes_of(self._observing, self.observed, self._now().date()):
            await self._commit(change.entry)
            change.apply(self._observing)

    def _ended_before(self) -> Literal["stop", "crash", "nothing"]:
        start, stop = (self.store.reader.query(Filter(kind=kind), limit=1) for kind in ("start", "stop"))
        if not start:
            return "nothing"
        return "stop" if stop and stop[0].seq > start[0].seq else "crash"
