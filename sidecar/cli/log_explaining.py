"""`quanheng log explain`: the whole story of one recorded decision, with its proof verified right there."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.key_folder import public_key
from adapters.storage.log_opening import identity_of
from adapters.storage.past import FoundGrounds, RecordedPast
from adapters.storage.policy_folder import rules_in
from adapters.storage.record_file import RECORD_FILE
from adapters.verifier.copies import RecordCopy
from adapters.verifier.failures import CopyError
from sidecar.cli.log_places import DataOption
from sidecar.cli.log_proving import newest_checkpoint
from sidecar.cli.log_replaying import BesideOption, PoliciesOption
from sidecar.cli.log_story import Page
from sidecar.cli.output import FOUND, OK, JsonOption, LangOption, print_json, print_line
from sidecar.decision_log.checkpoint import open_checkpoint
from sidecar.decision_log.notes import Key
from sidecar.decision_log.proof import Evidence
from sidecar.decision_log.reading import hash_of
from sidecar.decision_log.tiles import TiledTree, hashes_in
from sidecar.errors import NotFoundError, SettingsError
from sidecar.ports.records import Stored
from sidecar.service.explaining import explained
from sidecar.service.inspect import as_shown
from sidecar.service.story import Part


def explain_command(
    what: Annotated[
        str, typer.Argument(metavar="ID", help="Decision, request, or number of an entry 决定编号、请求编号或记录序号")
    ],
    lang: LangOption,
    data: DataOption = Path("var/data"),
    beside: BesideOption = None,
    policies: PoliciesOption = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Public key of the log you trust, or a file with it 日志公钥")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The whole story of one recorded decision; status 1 when it does not come out the same or is not proven 讲清一条决定."""
    folders = [data, *(beside or ())]
    with closing(RecordedPast(data, beside or ())) as past:
        stored = _found(past, what)
        grounds = FoundGrounds(folders, policies or ())
        story = _told(past, grounds, stored)
        story["proof"] = _proof(data, past, stored, key or ())
    if json:
        print_json(story)
    else:
        for line in Page(story, lang).lines():
            print_line(line)
    raise typer.Exit(OK if story["replay"]["result"] == "same" and not story["proof"]["fault"] else FOUND)


def _found(past: RecordedPast, what: str) -> Stored:
    """The entry of a decision, by its number, its identifier, or that of its request."""
    reader = past.reader
    stored = reader.at(int(what)) if what.isascii() and what.isdecimal() and len(what) < len("1" * 19) else None
    if stored is None:
        stored = reader.find(what)
    if stored is None:
        answering = reader.answering(what)
        if len(answering) > 1:
            numbers = ", ".join(str(found.seq) for found in answering)
            raise SettingsError("SEVERAL_CALLERS", what=what, numbers=numbers)
        stored = answering[0] if answering else None
    shown = as_shown(stored) if stored else {}
    if shown.get("kind") == "outcome":
        stored = reader.find(shown["decision_id"])
    if stored is None:
        raise NotFoundError("NOTHING_OF_THAT_NAME", what=what)
    return stored


def _told(past: RecordedPast, grounds: FoundGrounds, stored: Stored) -> Part:
    def rules_of(digest: str) -> Mapping[str, Part]:
        folder = grounds.where(digest)
        return rules_in(folder) if folder else {}

    story = explained(past, grounds, stored, rules_of)
    folder = grounds.where(story["policy"]["digest"])
    story["policy"]["folder"] = str(folder) if folder else ""
    return story


def _proof(data: Path, past: RecordedPast, stored: Stored, keys: Sequence[str]) -> Part:
    """The way from the entry to a checkpoint, gone right here; `fault` says why it could not be."""
    proof: Part = {"index": stored.seq - 1, "leaf": stored.leaf.hex(), "fault": "", "key_given": bool(keys)}
    try:
        copy = RecordCopy(data / RECORD_FILE)
        newest, note = newest_checkpoint(copy)
        proof |= {"origin": newest.origin, "size": newest.size, "root": newest.root.hex(), "signed_by": []}
        if stored.seq > newest.size:
            return proof | {"fault": f"no checkpoint covers entry {stored.seq} yet, the newest has {newest.size}"}
        hash_ = hash_of(copy)
        tree = TiledTree(hash_, newest.size, lambda level, number: hashes_in(copy.tile(level, number) or b""))
        Evidence(stored.body, stored.seq - 1, tuple(tree.inclusion(stored.seq - 1, newest.size)), note).verify(hash_)
        trusted = [public_key(_text(key)) for key in keys] or _named_by(past, newest.size)
        _, _, signers = open_checkpoint(str(note).encode(), newest.origin, trusted)
        return proof | {"signed_by": [str(signer) for signer in signers]}
    except (CopyError, NotFoundError, ValueError) as fault:  # proofs, notes and hashes that are none raise ValueError, too
        return proof | {"fault": str(fault)}


def _named_by(past: RecordedPast, size: int) -> list[Key]:
    """The keys that sign a checkpoint of this size, as the log itself names them."""
    identity = identity_of(past.reader)
    return identity.signs(size) if identity else []


def _text(key: str) -> str:
    """A key, or what is in the file of that name."""
    return Path(key).read_text("utf-8").strip() if Path(key).is_file() else key
