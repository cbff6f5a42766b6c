"""Asking witnesses over HTTP (C2SP tlog-witness): a checkpoint, and the proof that it extends what the witness cosigned before.

The witness remembers its size. The sidecar remembers the last one it heard, and where the witness knows better (409) it proves
from there. A cosignature counts only when it verifies under the key that was named for the witness.
"""

import base64
from http import HTTPStatus

import httpx

from sidecar.decision_log.notes import Key, NoteError, Signature, read_note, read_signature, signed_by, with_signatures
from sidecar.decision_log.tiles import TiledTree
from sidecar.errors import WitnessError

TIMEOUT = 5.0  # seconds for one witness to answer
MAX_ANSWER = 16 * 1024  # bytes
_EXPLAINED = frozenset({403, 404, 409, 422})  # what such an answer means for the log


class HttpWitness:
    """One witness; `url` is its submission prefix."""

    def __init__(self, url: str, key: Key, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.key = key
        self._url, self._transport = f"{url.rstrip('/')}/add-checkpoint", transport
        self._size = 0

    async def cosign(self, note: str, size: int, tree: TiledTree) -> Signature:
        async with httpx.AsyncClient(timeout=TIMEOUT, transport=self._transport, trust_env=False) as client:
            answer = await self._ask(client, note, size, tree)
            if answer.status_code == HTTPStatus.CONFLICT:
                self._size = self._known_size(answer, size)
                answer = await self._ask(client, note, size, tree)
        if answer.status_code != HTTPStatus.OK:
            code = f"WITNESS_ANSWERS_{answer.status_code}" if answer.status_code in _EXPLAINED else "WITNESS_ANSWERS"
            raise WitnessError(code, key=self.key.name, status=answer.status_code, answer=answer.text[:200].strip())
        signature = self._signature(note, answer.text)
        self._size = size
        return signature

    async def _ask(self, client: httpx.AsyncClient, note: str, size: int, tree: TiledTree) -> httpx.Response:
        old = min(self._size, size)
        lines = [f"old {old}", *(base64.b64encode(digest).decode() for digest in tree.consistency(old, size))]
        try:
            answer = await client.post(self._url, content="\n".join(lines) + f"\n\n{note}")
        except httpx.HTTPError as fault:
            raise WitnessError("WITNESS_UNREACHABLE", key=self.key.name, kind=type(fault).__name__) from fault
        if len(answer.content) > MAX_ANSWER:
            raise WitnessError("WITNESS_ANSWER_TOO_LARGE", key=self.key.name, max_answer=MAX_ANSWER)
        return answer

    def _known_size(self, answer: httpx.Response, size: int) -> int:
        text = answer.text.strip()
        if not (text.isascii() and text.isdigit()):
            raise WitnessError("WITNESS_SAW_ANOTHER", key=self.key.name, text=text[:200])
        if int(text) > size:
            raise WitnessError("WITNESS_KNOWS_MORE", key=self.key.name, text=text, size=size)
        return int(text)

    def _signature(self, note: str, text: str) -> Signature:
        """The witness's own signature out of its answer. Raises WitnessError unless it holds."""
        try:
            lines = [read_signature(line) for line in text.splitlines()]
            own = [signature for signature in lines if (signature.name, signature.key_id) == (self.key.name, self.key.id)]
            cosigned = with_signatures(read_note(note.encode()), own[:1])
            if not signed_by(cosigned, [self.key]):
                raise WitnessError("WITNESS_UNSIGNED", key=self.key.name)
        except NoteError as fault:
            raise WitnessError("WITNESS_KEY_DIFFERS", key=self.key.name, fault=fault) from fault
        return own[0]
