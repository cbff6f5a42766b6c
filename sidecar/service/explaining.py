"""The story of one decision from a log and what is kept beside it: for whoever reads the files, and over HTTP."""

import asyncio
from collections.abc import Callable, Mapping

from sidecar.decision_log.checkpoint import open_checkpoint
from sidecar.errors import NotFoundError, OverloadedError, QuanhengError, RequestError, StoreError
from sidecar.ports.past import Grounds, Library, Past
from sidecar.ports.records import Stored
from sidecar.replay.recorded import is_plain, read_entry
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.remaking import NotMadeAgainError, Remaker
from sidecar.service.replaying import LogReplay
from sidecar.service.story import Part, case_entries, enriched, of_entry

MAX_WAITING = 8  # explanations; each may open the policies of another day, which takes its time

RulesOf = Callable[[str], Mapping[str, Part]]  # digest of policies → the rules of their catalogue, by id


def explained(past: Past, grounds: Grounds, stored: Stored, rules_of: RulesOf) -> Part:
    """Everything but the proof, which stands elsewhere. Raises NotFoundError for an entry that is no decision, QuanhengError for
    one that is not as it was recorded."""
    remaker = Remaker(past, grounds)
    replayed = LogReplay(past, remaker).one(stored)
    if replayed is None:
        raise NotFoundError("ENTRY_TELLS_OF_NO_DECISION", seq=stored.seq)
    if replayed.entry is None:
        raise QuanhengError("ENTRY_UNEXPLAINED", seq=stored.seq, told=replayed.told)
    entry = read_entry(stored.body)
    case = case_entries(past, entry.case_id)
    story = of_entry(entry, case)
    story["replay"] = {
        "result": "not_replayed" if replayed.cause else "different" if replayed.differences else "same",
        "cause": str(replayed.cause or ""),
        "told": replayed.told,
        "hint": replayed.hint,
        "differences": [difference._asdict() for difference in replayed.differences],
    }
    if is_plain(entry):
        return story
    try:
        return enriched(story, remaker.remade(entry), case, rules_of(entry.policy_digest))
    except NotMadeAgainError:
        return story


class Explainer:
    """Explains decisions of the log that is being written, one at a time and beside the requests."""

    def __init__(self, past: Past, library: Library, keeper: LogKeeper) -> None:
        self._past, self._library, self._keeper = past, library, keeper
        self._turn, self._waiting = asyncio.Lock(), 0

    async def told(self, stored: Stored) -> Part:
        """The story with its proof. Raises RequestError where the entry cannot be explained, OverloadedError where too many
        wait."""
        if self._waiting >= MAX_WAITING:
            raise OverloadedError("EXPLANATIONS_WAIT", n=self._waiting)
        self._waiting += 1
        try:
            async with self._turn:
                story = await asyncio.to_thread(explained, self._past, self._library, stored, self._library.rules)
        except (NotFoundError, StoreError):
            raise
        except QuanhengError as fault:
            raise RequestError("not_explained", fault.message, 409) from None
        finally:
            self._waiting -= 1
        return story | {"proof": await self._proof(stored)}

    async def _proof(self, stored: Stored) -> Part:
        """The way from the entry to a checkpoint, gone right here; `fault` says why it could not be."""
        proof: Part = {"index": stored.seq - 1, "leaf": stored.leaf.hex(), "fault": "", "key_given": False}
        identity = self._keeper.identity
        try:
            evidence = await self._keeper.evidence(stored)
            evidence.verify(self._keeper.hash)
            note = str(evidence.note).encode()
            checkpoint, _, signers = open_checkpoint(note, identity.origin, identity.signs(evidence.checkpoint.size))
        except (StoreError, ValueError) as fault:  # proofs and notes that are none raise ValueError
            return proof | {"fault": str(fault)}
        told = {"origin": identity.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
        return proof | told | {"signed_by": [str(signer) for signer in signers]}
