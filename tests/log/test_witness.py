"""The witness: the tests that witnesses of public logs are held to (C2SP tlog-witness), and our client against it."""

import asyncio
import base64
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from adapters.storage.witness_file import WitnessFile
from adapters.witnesses import HttpWitness
from sidecar.decision_log.checkpoint import Checkpoint, sign
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import Cosigner, Ed25519Signer, Note, read_note, signed_by, with_signatures
from sidecar.decision_log.tiles import TiledTree, TileEdge, hashes_in
from sidecar.decision_log.witnessing import KnownLog, Seen
from sidecar.errors import WitnessError
from sidecar.http_api.witness import witness_app
from tests.unit.decision_log import naive

ORIGIN = "record.example/binhe"
LOG = Ed25519Signer(ORIGIN, bytes(32))
WITNESS = Cosigner("witness.example/audit", bytes(range(32)))
SHA = tree_hash("sha256")
NOW = 1_800_000_000


def leaves(count: int, word: str = "") -> list[bytes]:
    return [SHA.leaf(f"{word}{n}".encode()) for n in range(count)]


def head(count: int, word: str = "", signer: Ed25519Signer = LOG) -> str:
    return str(sign(Checkpoint(ORIGIN, count, naive.mth(leaves(count, word))), [signer]))


def asking(old: int, new: int, word: str = "", *, note: str = "", proof: list[bytes] | None = None) -> str:
    hashes = naive.consistency(old, leaves(new, word)) if proof is None else proof
    lines = [f"old {old}", *(base64.b64encode(digest).decode() for digest in hashes)]
    return "\n".join(lines) + "\n\n" + (note or head(new, word))


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[WitnessFile]:
    file = WitnessFile(tmp_path)
    yield file
    file.close()


@pytest.fixture
def client(memory: WitnessFile) -> Starlette:
    return witness_app(WITNESS, {ORIGIN: KnownLog((LOG.key,), SHA)}, memory, lambda: NOW)


def post(app: Starlette, body: str) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://witness.example") as client:
            return await client.post("/add-checkpoint", content=body)

    return asyncio.run(send())


def test_it_cosigns_what_extends_what_it_cosigned(client: Starlette, memory: WitnessFile) -> None:
    """From nothing, and on; the answer is a signature of the checkpoint with a time."""
    for old, new in ((0, 1), (1, 7), (7, 7), (7, 20)):
        response = post(client, asking(old, new))
        assert response.status_code == 200
        cosigned = read_note((head(new) + response.text).encode())
        assert signed_by(cosigned, [WITNESS.key, LOG.key]) == [LOG.key, WITNESS.key]
        assert memory.last(ORIGIN) == Seen(new, naive.mth(leaves(new)))


def test_its_memory_survives_it(client: Starlette, tmp_path: Path) -> None:
    """It remembers before it answers."""
    post(client, asking(0, 7))
    again = WitnessFile(tmp_path)
    assert again.last(ORIGIN) == Seen(7, naive.mth(leaves(7)))
    again.close()


def test_an_unknown_log(client: Starlette) -> None:
    """404, before anything is looked at."""
    other = str(sign(Checkpoint("other.example", 1, bytes(32)), [LOG]))
    assert post(client, asking(0, 1, note=other)).status_code == 404


def test_a_signature_that_is_not_the_logs(client: Starlette, memory: WitnessFile) -> None:
    """403: a stranger's, a forged one in the log's name, one of another text; nothing is remembered."""
    stranger = Ed25519Signer(ORIGIN, bytes(range(1, 33)))
    forged = Note(read_note(head(5).encode()).text, read_note(head(6).encode()).signatures)
    for note in (head(5, signer=stranger), str(forged)):
        assert post(client, asking(0, 5, note=note)).status_code == 403
    assert memory.last(ORIGIN) is None


def test_further_signatures_do_not_disturb(client: Starlette) -> None:
    """Of keys nobody here knows, and of other witnesses."""
    note = read_note(head(5).encode())
    other = Cosigner("other.example", bytes(32)).cosign(note.text, 1)
    assert post(client, asking(0, 5, note=str(with_signatures(note, [other])))).status_code == 200


@pytest.mark.parametrize(
    "body",
    ["", "old 0\n", "old 0\n\n", "old x\n\n" + head(5), "old 00\n\n" + head(5), "old -1\n\n" + head(5), "new 0\n\n" + head(5),
     "old 0\nAAAA=\n\n" + head(5), "old 0\n" + "AAAA\n" * 64 + "\n" + head(5), asking(6, 7, note=head(5)),
     "old 0\n\n" + head(5)[:-9],
     "old 0\n\n" + head(5).replace("\n5\n", "\n05\n"), "old 0\n\n" + head(5).replace("\n5\n", "\n5\nextra\n")],
)  # fmt: skip
def test_what_cannot_be_understood(client: Starlette, body: str) -> None:
    """400: no lines, no numbers, too many hashes, an old size above the new one, extension lines."""
    response = post(client, body)
    assert response.status_code in (400, 403) if "extra" in body or "05" in body else response.status_code == 400


def test_another_size_than_it_remembers(client: Starlette) -> None:
    """409 with the size it knows, so that the log can prove from there."""
    post(client, asking(0, 7))
    for old in (0, 5, 8):
        response = post(client, asking(old, 10))
        assert (response.status_code, response.text, response.headers["content-type"]) == (409, "7\n", "text/x.tlog.size")


def test_another_root_of_the_same_size(client: Starlette) -> None:
    """409: two histories of one size."""
    post(client, asking(0, 7))
    response = post(client, asking(7, 7, "fork "))
    assert response.status_code == 409
    assert response.headers["content-type"] != "text/x.tlog.size"


def test_a_history_that_does_not_extend_it(client: Starlette, memory: WitnessFile) -> None:
    """422: a fork with its own proof, a broken proof, a proof where none belongs; nothing is remembered of it."""
    post(client, asking(0, 7))
    proof = naive.consistency(7, leaves(20))
    for body in (
        asking(7, 20, "fork "),
        asking(7, 20, proof=proof[:-1]),
        asking(7, 20, proof=[*proof, proof[0]]),
        asking(7, 20, proof=[proof[1], proof[0], *proof[2:]]),
        asking(7, 7, proof=proof[:1]),
    ):
        assert post(client, body).status_code == 422
    assert memory.last(ORIGIN) == Seen(7, naive.mth(leaves(7)))


def test_from_nothing_a_proof_is_empty(client: Starlette) -> None:
    """422 for hashes from size 0."""
    assert post(client, asking(0, 7, proof=[bytes(32)])).status_code == 422


def test_an_empty_log(client: Starlette) -> None:
    """Size 0 has one root."""
    note = str(sign(Checkpoint(ORIGIN, 0, SHA.empty), [LOG]))
    assert post(client, asking(0, 0, note=note, proof=[])).status_code == 200
    wrong = str(sign(Checkpoint(ORIGIN, 0, bytes(32)), [LOG]))
    assert post(client, asking(0, 0, note=wrong, proof=[])).status_code in (409, 422)


def test_a_flood_is_refused(client: Starlette) -> None:
    """413 beyond what any request can need."""
    assert post(client, "x" * 200_000).status_code == 413


def test_of_two_requests_at_once_one_moves_it_on(memory: WitnessFile) -> None:
    """However requests interleave, it never goes back: comparing and remembering are one step."""
    heads = [Seen(n, naive.mth(leaves(n))) for n in (5, 9)]
    assert memory.advance(ORIGIN, None, heads[0])
    assert not memory.advance(ORIGIN, None, heads[1])
    assert memory.advance(ORIGIN, heads[0], heads[1])
    assert not memory.advance(ORIGIN, heads[0], heads[0])
    assert memory.last(ORIGIN) == heads[1]


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12), seed=st.integers(0, 2**32))
def test_whatever_is_asked_its_history_is_one(sizes: list[int], seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Requests of two histories in any order: everything it cosigned is a beginning of one of them."""
    memory = WitnessFile(tmp_path_factory.mktemp("witness"))
    client = witness_app(WITNESS, {ORIGIN: KnownLog((LOG.key,), SHA)}, memory, lambda: NOW)
    chance, cosigned = random.Random(seed), []
    for size in sizes:
        word, seen = chance.choice(["", "fork "]), memory.last(ORIGIN)
        old = seen.size if seen and chance.random() < 0.8 else chance.randrange(size + 1)
        if old <= size and post(client, asking(old, size, word)).status_code == 200:
            cosigned.append((size, word))
    memory.close()
    roots = [naive.mth(leaves(size, word)) for size, word in cosigned]
    word = cosigned[-1][1] if cosigned else ""
    assert roots == [naive.mth(leaves(size, word)) for size, _ in cosigned]
    assert [size for size, _ in cosigned] == sorted(size for size, _ in cosigned)


# -- our client -----------------------------------------------------------------------------------------------------------------


def tree_of(count: int, word: str = "") -> TiledTree:
    tiles = {(tile.level, tile.number): hashes_in(data) for tile, data in TileEdge(SHA).extend(leaves(count, word)).items()}
    return TiledTree(SHA, count, lambda level, number: tiles[level, number])


def cosigned(witness: HttpWitness, size: int, word: str = "") -> None:
    signature = asyncio.run(witness.cosign(head(size, word), size, tree_of(size, word)))
    assert signature.name == WITNESS.key.name


def client_of(memory: WitnessFile) -> HttpWitness:
    app = witness_app(WITNESS, {ORIGIN: KnownLog((LOG.key,), SHA)}, memory, lambda: NOW)
    return HttpWitness("http://witness.example", WITNESS.key, httpx.ASGITransport(app))


def test_the_sidecar_asks_and_catches_up(memory: WitnessFile) -> None:
    """A restarted sidecar does not know what the witness knows: it is told, and proves from there."""
    first = client_of(memory)
    for size in (3, 9, 9):
        cosigned(first, size)
    cosigned(client_of(memory), 20)


def test_a_fork_is_told(memory: WitnessFile) -> None:
    """The witness's refusal reaches the operator with what to do."""
    cosigned(client_of(memory), 9)
    with pytest.raises(WitnessError, match="answers 422") as told:
        cosigned(client_of(memory), 20, "fork ")
    assert "quanheng log verify" in told.value.hint
    with pytest.raises(WitnessError, match="another root"):
        cosigned(client_of(memory), 9, "fork ")


def test_a_log_that_was_set_back_is_told(memory: WitnessFile) -> None:
    """The witness has seen more than there is."""
    cosigned(client_of(memory), 9)
    with pytest.raises(WitnessError, match="cosigned 9 entries already"):
        cosigned(client_of(memory), 5)


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [(200, "", "without a signature"), (200, "— x AAAAAAA=\n", "without a signature"), (200, "nonsense", "signature line"),
     (500, "x", "500"),
     (409, "many", "another history"), (200, "x" * 20_000, "more than"), (404, "?", "404")],
)  # fmt: skip
def test_a_witness_that_answers_otherwise_is_not_believed(status: int, text: str, told: str) -> None:
    """Only a signature of the witness's own key counts."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    witness = HttpWitness("http://witness.example", WITNESS.key, transport)
    with pytest.raises(WitnessError, match=told):
        cosigned(witness, 5)


def test_a_cosignature_of_something_else_is_not_believed() -> None:
    """Signed by the right key, over another checkpoint."""
    line = WITNESS.cosign(read_note(head(4).encode()).text, NOW).line()
    witness = HttpWitness("http://witness.example", WITNESS.key, httpx.MockTransport(lambda _: httpx.Response(200, text=line)))
    with pytest.raises(WitnessError, match="not its own"):
        cosigned(witness, 5)


def test_a_witness_that_cannot_be_reached(memory: WitnessFile) -> None:
    """It is said, and nothing else happens."""
    del memory

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(WitnessError, match="cannot be reached"):
        cosigned(HttpWitness("http://witness.example", WITNESS.key, httpx.MockTransport(fail)), 5)
