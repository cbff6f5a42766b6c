"""The log over HTTP: its newest checkpoint, proofs, and the tiles they are made of (C2SP tlog-tiles under /v1/log).

Checkpoints, tiles and proofs are hashes and signatures: any caller may have them. Entries, and the evidence that holds one, are
for callers who may read, and reading them is recorded.
"""

from typing import Annotated, Any

from fastapi import FastAPI, Query, Response
from fastapi.responses import PlainTextResponse

from sidecar.decision_log.checkpoint import read_checkpoint
from sidecar.decision_log.hashing import DIGEST_SIZE
from sidecar.decision_log.tiles import WIDTH, Tile, TilePathError, bundle, tile_at
from sidecar.errors import NotFoundError, RequestError
from sidecar.ports.log import Signed
from sidecar.ports.records import Filter, RecordStore
from sidecar.service.inspect import Inspector
from sidecar.service.log_keeper import LogKeeper
from sidecar.service.proofs import consistency_of, inclusion_of
from sidecar.service.reading import Reader

NOTE = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
_SOON = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}

Size = Annotated[int, Query(ge=0, le=2**53 - 1)]
From = Annotated[int, Query(alias="from", ge=0, le=2**53 - 1)]
To = Annotated[int | None, Query(alias="to", ge=0, le=2**53 - 1)]


def add_proofs(
    app: FastAPI,
    keeper: LogKeeper,
    inspector: Inspector,
    *,
    anybody: Any,
    reads: Any,
    formed: list[Any],
) -> None:
    """`anybody` finds the caller, for whom it is enough to be known, `reads` the reader."""

    @app.get("/v1/log/checkpoint", tags=["log"], dependencies=[*formed, anybody], response_class=PlainTextResponse)
    async def checkpoint() -> PlainTextResponse:
        """The newest checkpoint, signed by the log and by the witnesses that cosigned it (C2SP tlog-checkpoint)."""
        return PlainTextResponse(_signed(keeper).note.decode(), media_type=NOTE, headers=_SOON)

    @app.get("/v1/log/proof/inclusion", tags=["log"], dependencies=[*formed, anybody])
    async def inclusion(index: Size, size: Size | None = None) -> dict[str, Any]:
        """The hashes from leaf `index` (from 0) to the root of the tree of `size`, the newest checkpoint's by default."""
        signed = _signed(keeper)
        wanted = signed.size if size is None else size
        proof = await keeper.in_tree(lambda tree: inclusion_of(tree, index, wanted, signed.size))
        root = await keeper.in_tree(lambda tree: tree.tree().root(wanted))
        hashes = [digest.hex() for digest in proof]
        return {
            "origin": keeper.identity.origin,
            "hash": keeper.hash.name,
            "index": index,
            "size": wanted,
            "root": root.hex(),
            "hashes": hashes,
        }

    @app.get("/v1/log/proof/consistency", tags=["log"], dependencies=[*formed, anybody])
    async def consistency(old: From, new: To = None) -> dict[str, Any]:
        """The hashes that prove that the tree of size `to`, the newest checkpoint's by default, begins with that of `from`."""
        signed = _signed(keeper)
        wanted = signed.size if new is None else new
        proof = await keeper.in_tree(lambda tree: consistency_of(tree, old, wanted, signed.size))
        hashes = [digest.hex() for digest in proof]
        return {"origin": keeper.identity.origin, "hash": keeper.hash.name, "from": old, "to": wanted, "hashes": hashes}

    @app.get("/v1/log/tile/entries/{path:path}", tags=["log"], dependencies=formed)
    async def entries(path: str, reader: Reader = reads) -> Response:
        """A bundle of up to 256 entries, each behind its length in two bytes. Reading is recorded."""
        tile = _tile(f"tile/entries/{path}", _signed(keeper).size)
        await inspector.entries(path, reader, tile.width)
        return Response(_bundle(keeper.store, tile), media_type=OCTETS, headers=_FOR_EVER)

    @app.get("/v1/log/tile/{path:path}", tags=["log"], dependencies=[*formed, anybody])
    async def tile(path: str) -> Response:
        """A tile of up to 256 hashes, as they stand in the newest checkpoint's tree."""
        wanted = _tile(f"tile/{path}", _signed(keeper).size)
        data = await keeper.in_tree(lambda tree: tree.tile(wanted.level or 0, wanted.number))
        return Response((data or b"")[: wanted.width * DIGEST_SIZE], media_type=OCTETS, headers=_FOR_EVER)

    @app.get("/v1/decisions/{decision_id}/proof", tags=["log"], dependencies=formed, response_class=PlainTextResponse)
    async def evidence(decision_id: str, reader: Reader = reads) -> PlainTextResponse:
        """The evidence file of one decision: entry, place, way to the root, signed checkpoint (C2SP tlog-proof). Reading is
        recorded."""
        stored = await inspector.found(decision_id, reader, "proof", keeper.store.find_decision)
        return PlainTextResponse(str(await keeper.evidence(stored)), media_type=NOTE, headers=_SOON)


def _signed(keeper: LogKeeper) -> Signed:
    signed = keeper.signed
    if signed is None:
        raise NotFoundError("NO_CHECKPOINT_SIGNED")
    return signed


def _tile(path: str, size: int) -> Tile:
    """A tile of the tree of `size`. Raises NotFoundError."""
    try:
        tile = tile_at(path)
    except TilePathError as fault:
        raise NotFoundError("AS_TOLD", told=fault) from None
    height = 8 * (tile.level or 0)
    count = size >> height
    full, partial = divmod(count, WIDTH)
    if tile.number < full:
        return tile
    if tile.number == full and 0 < tile.width <= partial and tile.width < WIDTH:
        return tile
    raise NotFoundError("NO_SUCH_TILE", size=size, path=path)


def _bundle(store: RecordStore, tile: Tile) -> bytes:
    first = tile.number * WIDTH
    bodies = {row.seq: row.body for row in store.reader.since(Filter(), after=first, limit=tile.width)}
    try:  # of a released entry its place is left, and nothing in it
        return bundle(bodies.get(seq, b"") for seq in range(first + 1, first + tile.width + 1))
    except ValueError as fault:  # an entry of the earlier form may be longer than any now
        raise RequestError("entry_too_long", f"{fault}; read it with quanheng log show", 409) from None


def told(keeper: LogKeeper) -> dict[str, Any]:
    """What /readyz says of the log."""
    signed = keeper.signed
    head = read_checkpoint(signed.note)[0] if signed else None
    return {
        "origin": keeper.identity.origin,
        "signed": head.size if head else 0,
        "unsigned": keeper.store.reader.last_seq() - (head.size if head else 0),
        "lost": keeper.lost,
        "anchor_age": round(keeper.anchor_age, 1),
    }
