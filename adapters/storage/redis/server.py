"""The connection to one Redis or Valkey server.

Every exchange has a deadline, and whatever goes wrong (no answer, a wrong answer, an error of the server) is a StoreError that
names the kind of fault and never what was asked or the password. Nothing is tried again by itself, except a script the server has
forgotten: whether a lost command was carried out is not known here, and the scripts are told apart by the ids of commits.

Commands go out as one pipeline on one connection, in order. Connections belong to an event loop; on another loop they are made
anew.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from sidecar.errors import StoreError

CONNECTIONS = 64  # of one sidecar at once; what comes beyond waits within its deadline
_NAMES = (
    "announce", "commit", "fence", "read", "read_ledger", "rebuild", "rebuild_ledger", "reserve", "resolve", "settle", "take",
)  # fmt: skip


def _script(name: str) -> str:
    return files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


SCRIPTS = {name: _script(name) for name in _NAMES}


class Command(NamedTuple):
    """One command; `script` names a script whose keys and arguments follow."""

    words: tuple[Any, ...]
    script: str = ""
    keys: int = 0


def script(name: str, keys: Sequence[str], *arguments: Any) -> Command:
    return Command((*keys, *arguments), name, len(keys))


@dataclass(frozen=True)
class Address:
    """Where the server is. `url` is redis://, rediss:// or unix://; `password` wins over one in the URL and is never shown."""

    url: str
    password: str | None = field(default=None, repr=False)
    deadline: float = 1.0  # seconds
    tls: dict[str, str] = field(default_factory=dict)  # ssl_ca_certs, ssl_certfile, ssl_keyfile

    @property
    def shown(self) -> str:
        """The address without user and password."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


class Server:
    """Speaks to one server. `scripts` may replace what the package has, for tests that take a guard away."""

    def __init__(self, address: Address, scripts: dict[str, str] = SCRIPTS) -> None:
        self.address = address
        self._scripts = scripts
        self._shas = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in scripts.items()}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Redis | None = None

    async def run(self, *commands: Command, within: float | None = None) -> list[Any]:
        """The answers, in order. Raises StoreError for the first that is an error."""
        answers = await self._sent(commands, within)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            loads = [Command(("SCRIPT", "LOAD", self._scripts[c.script])) for c in commands if c.script]
            await self._sent(loads, within)
            answers = await self._sent(commands, within)
        for answer in answers:
            if isinstance(answer, Exception):
                raise self._fault(answer) from answer
        return answers

    async def close(self) -> None:
        if self._client is not None and self._loop is asyncio.get_running_loop():
            with contextlib.suppress(RedisError, OSError):
                await self._client.connection_pool.disconnect()
        self._client = None

    async def _sent(self, commands: Sequence[Command], within: float | None) -> list[Any]:
        deadline = within or self.address.deadline
        try:
            async with asyncio.timeout(deadline):
                pipeline = self._here().pipeline(transaction=False)
                for command in commands:
                    pipeline.execute_command(*self._words(command))
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
                return answers
        except TimeoutError:
            raise StoreError("STORE_SILENT", deadline=deadline) from None
        except (RedisError, OSError) as fault:
            raise self._fault(fault) from fault

    def _words(self, command: Command) -> tuple[Any, ...]:
        if not command.script:
            return command.words
        return ("EVALSHA", self._shas[command.script], command.keys, *command.words)

    def _here(self) -> Redis:
        """The client of this event loop."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            options: dict[str, Any] = {
                "max_connections": CONNECTIONS,
                "timeout": self.address.deadline,
                "socket_timeout": self.address.deadline,
                "socket_connect_timeout": self.address.deadline,
                "retry": Retry(NoBackoff(), 0),
                "protocol": 2,
                **self.address.tls,
            }
            if self.address.password is not None:
                options["password"] = self.address.password
            pool = BlockingConnectionPool.from_url(self.address.url, **options)
            self._client, self._loop = Redis(connection_pool=pool), loop
        return self._client

    def _fault(self, fault: Exception) -> StoreError:
        """The kind of fault only: what a server says may quote what it was asked."""
        if isinstance(fault, ResponseError):
            word = str(fault).split(" ", 1)[0].strip("-:")
            kind = word if word.isupper() else type(fault).__name__
            return StoreError("STORE_REFUSED", kind=kind)
        return StoreError("STORE_UNUSABLE", place=self.address.shown, kind=type(fault).__name__)


def status_of(answer: Any) -> str:
    """The first word of a script's answer. Raises StoreError for what is none."""
    if isinstance(answer, list) and answer and isinstance(answer[0], bytes):
        return answer[0].decode("ascii", "replace")
    raise StoreError("STORE_ANSWER_UNKNOWN")
