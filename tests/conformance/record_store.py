"""What every record store must keep of its promises (sidecar/ports/records.py). A driver is a factory and one subclass."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from adapters.storage.own_ground import system_ms
from sidecar.case_history.history import ActRecorded, OutcomeReported, digest_after, encode_event
from sidecar.case_history.ledger import Ledger, LedgerChange
from sidecar.decision_log.canonical import leaf_hash
from sidecar.decision_log.entry import LogReadEntry
from sidecar.errors import OutsideWindowError, StalePolicyError, StoreError, VersionConflictError
from sidecar.ports.records import Commit, Committed, Epoch, Filter, RecordStore, Replayed, RequestKey, Window
from tests.conformance.samples import act_on, an_amount, an_entry

Use = Callable[[RecordStore], Awaitable[None]]


class RecordStoreSuite:
    """Subclasses give `open_store`; `shared` says that others may write to what it opens."""

    shared = False

    def open_store(self) -> RecordStore:
        raise NotImplementedError

    def run(self, use: Use) -> None:
        async def whole() -> None:
            store = self.open_store()
            try:
                await use(store)
            finally:
                await store.close()

        asyncio.run(whole())

    def test_a_commit_is_found_again(self) -> None:
        """Entry and case event are there when commit returns, with sequence number and leaf hash."""

        async def use(store: RecordStore) -> None:
            assert await store.commit(act_on("c1", 0, "d1", "accept")) == Committed(1)
            stored = store.reader.find("d1")
            assert stored is not None
            assert (stored.seq, stored.leaf) == (1, leaf_hash(stored.body))
            history = await store.read_case("c1")
            assert (history.version, history.is_done("accept")) == (1, True)

        self.run(use)

    def test_sequence_numbers_have_no_gap(self) -> None:
        """Entries count 1, 2, 3 … in the order of their commits, refused commits leave no hole."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept"))
            with pytest.raises(VersionConflictError):
                await store.commit(act_on("c1", 0, "d2", "accept"))
            assert await store.commit(act_on("c1", 1, "d3", "review")) == Committed(2)
            assert [entry.seq for entry in store.reader.since(Filter(), after=0, limit=10)] == [1, 2]

        self.run(use)

    def test_a_stale_version_stores_nothing(self) -> None:
        """A lost race raises, and neither entry nor event nor request key is kept."""

        async def use(store: RecordStore) -> None:
            key = RequestKey("portal", "r1")
            await store.commit(act_on("c1", 0, "d1", "accept"))
            with pytest.raises(VersionConflictError):
                await store.commit(act_on("c1", 0, "d2", "review", key=key))
            assert store.reader.find("d2") is None
            assert isinstance(await store.commit(act_on("c1", 1, "d3", "review", key=key)), Committed)

        self.run(use)

    def test_of_many_at_one_version_exactly_one_wins(self) -> None:
        """However many requests act on the same version at once, one is stored."""

        async def use(store: RecordStore) -> None:
            attempts = [store.commit(act_on("c1", 0, f"d{n}", "accept")) for n in range(50)]
            results = await asyncio.gather(*attempts, return_exceptions=True)
            assert sum(isinstance(result, Committed) for result in results) == 1
            assert sum(isinstance(result, VersionConflictError) for result in results) == 49
            assert (await store.read_case("c1")).version == 1

        self.run(use)

    def test_a_known_request_key_replays(self) -> None:
        """The first answer under a key stands; nothing is added."""

        async def use(store: RecordStore) -> None:
            key = RequestKey("portal", "r1")
            await store.commit(act_on("c1", 0, "d1", "accept", key=key, act="a", answer=b"first"))
            again = await store.commit(act_on("c1", 1, "d2", "accept", key=key, act="b", answer=b"second"))
            assert again == Replayed("a", b"first")
            assert store.reader.last_seq() == 1

        self.run(use)

    def test_keys_of_different_callers_do_not_meet(self) -> None:
        """The same request identifier of another caller is another request."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept", key=RequestKey("portal", "r1")))
            other = await store.commit(act_on("c2", 0, "d2", "accept", key=RequestKey("mobile", "r1")))
            assert isinstance(other, Committed)

        self.run(use)

    def test_entries_of_a_case_are_chained(self) -> None:
        """Each entry names the leaf hash of the same case's previous entry, across other cases in between."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept"))
            await store.commit(act_on("c2", 0, "d2", "accept"))
            await store.commit(act_on("c1", 1, "d3", "review"))
            first, third = store.reader.find("d1"), store.reader.find("d3")
            assert first is not None
            assert third is not None
            assert msgspec.json.decode(third.body)["prev_case"] == first.leaf.hex()
            assert msgspec.json.decode(first.body)["prev_case"] == ""

        self.run(use)

    def test_entries_without_a_case_stand_in_the_log(self) -> None:
        """A reading of the log is an entry like any other."""

        async def use(store: RecordStore) -> None:
            entry = LogReadEntry(
                decision_id="q1", request_id="", time="2026-01-05T10:00:00.000+08:00", time_source="test", caller="a",
                client_ip="", query={"what": "decisions"},
            )  # fmt: skip
            assert await store.commit(Commit(entry)) == Committed(1)
            assert [e.seq for e in store.reader.query(Filter(kind="log_read"), limit=5)] == [1]

        self.run(use)

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (Filter(officer="o-1"), ["d1"]),
            (Filter(officer="o-2"), ["d3", "d2"]),
            (Filter(case_id="c1"), ["d2", "d1"]),
            (Filter(item="other"), []),
            (Filter(code="NO_POWER"), ["d3"]),
            (Filter(decision="deny"), ["d3"]),
            (Filter(decision="allow", officer="o-2"), ["d2"]),
            (Filter(since_ms=1767578461000), ["d3", "d2"]),
            (Filter(until_ms=1767578461000), ["d1"]),
            (Filter(kind="outcome"), []),
        ],
    )
    def test_a_filter_finds_what_it_names(self, wanted: Filter, found: list[str]) -> None:
        """Each field of a filter restricts, together they restrict together; newest first."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept", person="o-1", time="2026-01-05T10:01:00.000+08:00"))
            await store.commit(act_on("c1", 1, "d2", "review", person="o-2", time="2026-01-05T10:01:01.000+08:00"))
            refused = an_entry("d3", "c2", person="o-2", decision="deny", code="NO_POWER", time="2026-01-05T10:01:02.000+08:00")
            await store.commit(Commit(refused, "c2"))
            assert [msgspec.json.decode(e.body)["decision_id"] for e in store.reader.query(wanted, limit=9)] == found

        self.run(use)

    def test_pages_follow_one_another(self) -> None:
        """`before` continues where the last page ended."""

        async def use(store: RecordStore) -> None:
            for n in range(5):
                await store.commit(act_on(f"c{n}", 0, f"d{n}", "accept"))
            first = store.reader.query(Filter(), limit=2)
            second = store.reader.query(Filter(), limit=2, before=first[-1].seq)
            assert [e.seq for e in (*first, *second)] == [5, 4, 3, 2]

        self.run(use)

    def test_a_failed_outcome_is_part_of_the_case(self) -> None:
        """Events come back in order, so a fold sees the act and then its failure."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept"))
            failed = OutcomeReported("d1", "failed", "2026-01-05T10:00:01.000+08:00")
            await store.commit(Commit(an_entry("d2", "c1"), "c1", 1, failed))
            history = await store.read_case("c1")
            assert (history.version, history.is_done("accept")) == (2, False)
            kinds = [type(event) for event in store.reader.case_events("c1")]
            assert kinds == [ActRecorded, OutcomeReported]

        self.run(use)

    def test_the_digest_of_a_case_follows_its_events(self) -> None:
        """At each version it is the running digest of the events so far, and it can be asked for later."""

        async def use(store: RecordStore) -> None:
            digests = [""]
            for n in range(3):
                commit = act_on("c1", n, f"d{n}", f"s{n}")
                assert commit.event is not None
                await store.commit(commit._replace(expected_digest=digests[-1]))
                digests.append(digest_after(digests[-1], encode_event(commit.event)))
            assert (await store.read_case("c1")).digest == digests[-1]
            assert [await store.case_digest("c1", n) for n in range(4)] == digests

        self.run(use)

    def test_a_commit_of_another_epoch_stores_nothing(self) -> None:
        """Policies or registers were replaced between the decision and its commit."""
        old, new = Epoch("sha256:1", 1), Epoch("sha256:1", 2)

        async def use(store: RecordStore) -> None:
            store.serve(old)
            await store.commit(act_on("c1", 0, "d1", "accept")._replace(epoch=old))
            store.serve(new)
            with pytest.raises(StalePolicyError):
                await store.commit(act_on("c1", 1, "d2", "review")._replace(epoch=old))
            assert store.reader.find("d2") is None
            assert isinstance(await store.commit(act_on("c1", 1, "d3", "review")._replace(epoch=new)), Committed)

        self.run(use)

    @pytest.mark.parametrize(("begins", "ends", "holds"), [(-1, 1, True), (1, 2, False), (-2, -1, False)])
    def test_what_is_not_in_force_by_the_stores_clock_stores_nothing(self, begins: int, ends: int, *, holds: bool) -> None:
        """A window that has ended or not begun refuses, one that holds does not. In hours from now."""
        hour, now = 3_600_000, system_ms()
        window = Window(now + begins * hour, now + ends * hour)

        async def use(store: RecordStore) -> None:
            commit = act_on("c1", 0, "d1", "accept")._replace(window=window)
            if holds:
                assert isinstance(await store.commit(commit), Committed)
            else:
                with pytest.raises(OutsideWindowError):
                    await store.commit(commit)
            assert ((await store.read_case("c1")).version, store.reader.last_seq()) == ((1, 1) if holds else (0, 0))

        self.run(use)

    def test_a_decision_is_found_by_its_id(self) -> None:
        """For reports of outcomes; one that nobody made is not."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept"))
            found = await store.find_decision("d1")
            assert found is not None
            assert found.body == store.reader.find("d1").body  # type: ignore[union-attr]
            assert await store.find_decision("d2") is None

        self.run(use)

    def test_a_known_request_key_replays_after_a_restart(self) -> None:
        """The answer and the act are remembered by what keeps its data; a store that forgets says so."""
        key = RequestKey("portal", "r1")
        first = act_on("c1", 0, "d1", "accept", key=key, act="a", answer=b"first")

        async def once(store: RecordStore) -> None:
            await store.commit(first)

        async def again(store: RecordStore) -> None:
            other = act_on("c2", 0, "d2", "accept", key=key, act="b")
            for commit in (first, other) if store.durable else ():
                assert await store.commit(commit) == Replayed("a", b"first" if commit is first or not self.shared else b"")
            assert store.reader.last_seq() == (1 if store.durable else 0)

        self.run(once)
        self.run(again)

    def test_a_ledger_counts_across_cases(self) -> None:
        """What commits of several cases put into one ledger is found there, in order; an unknown ledger is empty."""

        async def use(store: RecordStore) -> None:
            for n in range(3):
                ledger = await store.read_ledger("split:a")
                change = LedgerChange("split:a", ledger.version, add=(an_amount(f"d{n}", f"c{n}", 10 + n),))
                assert isinstance(await store.commit(act_on(f"c{n}", 0, f"d{n}", "accept", ledgers=(change,))), Committed)
            ledger = await store.read_ledger("split:a")
            assert (ledger.total(), [entry.decision_id for entry in ledger.entries]) == (33, ["d0", "d1", "d2"])
            assert await store.read_ledger("split:b") == Ledger("split:b")

        self.run(use)

    def test_a_moved_ledger_stores_nothing(self) -> None:
        """A ledger somebody else changed stops the whole commit: no entry, event, key or other ledger of it is kept."""

        async def use(store: RecordStore) -> None:
            key = RequestKey("portal", "r1")
            await store.commit(act_on("c1", 0, "d1", "accept", ledgers=(LedgerChange("a", 0, (an_amount("d1", "c1"),)),)))
            both = (LedgerChange("b", 0, (an_amount("d2", "c2"),)), LedgerChange("a", 0, (an_amount("d2", "c2"),)))
            with pytest.raises(VersionConflictError, match="ledger a is no longer at version 0"):
                await store.commit(act_on("c2", 0, "d2", "accept", key=key, ledgers=both))
            assert store.reader.find("d2") is None
            assert (await store.read_case("c2")).version == 0
            assert (await store.read_ledger("b")).entries == ()
            newer = LedgerChange("a", (await store.read_ledger("a")).version, (an_amount("d3", "c2"),))
            assert isinstance(await store.commit(act_on("c2", 0, "d3", "accept", key=key, ledgers=(newer,))), Committed)

        self.run(use)

    def test_a_moved_case_changes_no_ledger(self) -> None:
        """The case decides too: a lost race on it leaves nothing in the ledger that would count for ever."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept"))
            with pytest.raises(VersionConflictError):
                await store.commit(act_on("c1", 0, "d2", "accept", ledgers=(LedgerChange("a", 0, (an_amount("d2", "c1"),)),)))
            ledger = await store.read_ledger("a")
            assert ledger.entries == ()
            change = LedgerChange("a", ledger.version, (an_amount("d3", "c1"),))
            assert isinstance(await store.commit(act_on("c1", 1, "d3", "accept", ledgers=(change,))), Committed)
            assert (await store.read_ledger("a")).total() == 1

        self.run(use)

    def test_of_many_cases_at_one_ledger_version_exactly_one_wins(self) -> None:
        """Different cases race for one ledger: nobody slips past the total by asking at once."""

        async def use(store: RecordStore) -> None:
            changes = [LedgerChange("a", 0, (an_amount(f"d{n}", f"c{n}"),)) for n in range(30)]
            attempts = [store.commit(act_on(f"c{n}", 0, f"d{n}", "accept", ledgers=(c,))) for n, c in enumerate(changes)]
            results = await asyncio.gather(*attempts, return_exceptions=True)
            won = [f"d{n}" for n, result in enumerate(results) if isinstance(result, Committed)]
            assert len(won) == 1
            # a store that a busy machine keeps waiting says so in time; that is a refusal like the conflict
            assert all(isinstance(result, Committed | VersionConflictError | StoreError) for result in results)
            ledger = await store.read_ledger("a")
            assert [entry.decision_id for entry in ledger.entries] == won

        self.run(use)

    def test_a_change_that_changes_nothing_proves_the_version(self) -> None:
        """A decision may stand on a ledger without adding to it; only a moved ledger stops it."""

        async def use(store: RecordStore) -> None:
            await store.commit(act_on("c1", 0, "d1", "accept", ledgers=(LedgerChange("a", 0, (an_amount("d1", "c1"),)),)))
            version = (await store.read_ledger("a")).version
            with pytest.raises(VersionConflictError):
                await store.commit(act_on("c2", 0, "d2", "accept", ledgers=(LedgerChange("a", 0),)))
            await store.commit(act_on("c2", 0, "d3", "accept", ledgers=(LedgerChange("a", version),)))
            assert (await store.read_ledger("a")).version == version

        self.run(use)

    def test_a_ledger_entry_is_settled_and_withdrawn_by_later_commits(self) -> None:
        """What was due is done, and what failed counts no more."""

        async def use(store: RecordStore) -> None:
            due = an_amount("d1", "c1", 5, due="2026-01-06T10:00:00.000+08:00")
            await store.commit(act_on("c1", 0, "d1", "accept", ledgers=(LedgerChange("a", 0, (due, an_amount("d0", "c1", 7))),)))
            version = (await store.read_ledger("a")).version
            moment = "2026-01-05T12:00:00.000+08:00"
            change = LedgerChange("a", version, settle=("d1",), withdraw=("d0",), time=moment)
            await store.commit(act_on("c1", 1, "d2", "review", ledgers=(change,)))
            ledger = await store.read_ledger("a")
            assert [(e.decision_id, e.amount, e.settled) for e in ledger.entries] == [("d1", 5, moment)]

        self.run(use)

    def test_a_replayed_request_adds_nothing_to_a_ledger(self) -> None:
        """The same request again is counted once."""

        async def use(store: RecordStore) -> None:
            key = RequestKey("portal", "r1")
            first = act_on("c1", 0, "d1", "accept", key=key, ledgers=(LedgerChange("a", 0, (an_amount("d1", "c1"),)),))
            await store.commit(first)
            assert isinstance(await store.commit(first), Replayed)
            version = (await store.read_ledger("a")).version
            again = act_on("c1", 1, "d2", "accept", key=key, ledgers=(LedgerChange("a", version, (an_amount("d2", "c1"),)),))
            assert isinstance(await store.commit(again), Replayed)
            assert (await store.read_ledger("a")).total() == 1

        self.run(use)
