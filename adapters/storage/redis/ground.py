"""What a server must be before anything is put on it, looked at anew at every connection and every few seconds.

It must write an append-only file and never throw keys away, it must be no replica, and it must be the store this sidecar knows.
The mark of a store is an identifier, made once, that each sidecar remembers beside its log: a store without it was flushed,
restored from nothing, or is another one. Beside the mark a number is counted up with every commit: one that is not above what was
seen before shows a store that was set back, whoever made the commits it lost.

What a server may still lose is said in words, at each start and in /readyz:
  appendfsync always      nothing that was acknowledged, as far as the disk keeps what it was told to sync
  appendfsync everysec    up to two seconds when the machine stops; nothing when only the server is killed
  appendfsync no          what the kernel had not written, usually up to 30 seconds, when the machine stops
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.storage.redis.keys import STORE
from adapters.storage.redis.server import Command, Server
from sidecar.errors import StoreError

PROBE = tuple(Command(("INFO", section)) for section in ("server", "persistence", "memory", "replication"))
_LOSES = {
    b"everysec": "the case store syncs once a second: a machine that stops may lose two seconds of case state, the logs have it "
    "共享存储每秒落盘一次，断电可能丢失最近两秒的案件状态（日志仍在）",
    b"no": "the case store leaves syncing to the kernel: a machine that stops may lose 30 s of case state, the logs have it "
    "共享存储不主动落盘，断电可能丢失最近半分钟的案件状态（日志仍在）",
    b"": "whether the case store syncs what it writes is not known: CONFIG GET appendfsync is not allowed "
    "无法确认共享存储的落盘方式",
}
MINIMUM = (6, 2)


class Found(NamedTuple):
    """A server as it was found: why it cannot be used (empty if it can), what it may lose, and which run of it that is."""

    problem: str
    warnings: Sequence[str]
    run_id: str


async def look(server: Server, replicas: int, *, on_disk: bool) -> Found:
    """Raises StoreError where the server does not answer."""
    info: dict[str, str] = {}
    for text in await server.run(*PROBE):
        info |= _fields(text)
    try:
        sync = (await server.run(Command(("CONFIG", "GET", "appendfsync"))))[0][-1]
    except (StoreError, LookupError):
        sync = b""
    version = _version(info.get("valkey_version") or info.get("redis_version", ""))
    problem = _problem(info, version, replicas, on_disk=on_disk)
    warnings = [_LOSES[sync]] if sync in _LOSES else []
    if replicas == 0 and int(info.get("connected_slaves", "0") or 0):
        warnings.append(
            "the case store has replicas, but cases_replicas is 0: a failover may lose commits that were answered "
            "共享存储有从节点但未等待其确认，故障切换可能丢失已答复的提交"
        )
    run = f"{info.get('run_id', '')} {info.get('master_replid', '')}"
    return Found(problem, warnings, run)


def _problem(info: Mapping[str, str], version: tuple[int, ...], replicas: int, *, on_disk: bool) -> str:
    policy, role = info.get("maxmemory_policy", ""), info.get("role", "")
    can_wait_for_disk = "valkey_version" in info or version >= (7, 2)
    checks = (
        (not info.get("run_id"), "the case store does not say what it is (INFO)"),
        (version < MINIMUM, f"the case store is version {'.'.join(map(str, version))}; 6.2 or newer is needed"),
        (info.get("loading") == "1", "the case store is still loading its data"),
        (role not in ("master", "primary"), f"the case store is a replica (role {role}): name the primary"),
        (info.get("aof_enabled") != "1", "the case store keeps no append-only file: set appendonly yes"),
        (info.get("aof_last_write_status", "ok") != "ok", "the case store cannot write its append-only file: look at its disk"),
        (policy not in ("", "noeviction"), f"the case store may throw keys away: set maxmemory-policy noeviction, not {policy}"),
        (on_disk and not can_wait_for_disk, "cases_on_disk needs WAITAOF: Redis 7.2 or newer, or Valkey"),
        (
            int(info.get("connected_slaves", "0") or 0) < replicas,
            f"the case store has {info.get('connected_slaves', '0')} of {replicas} replicas connected",
        ),
    )
    return next((problem for wrong, problem in checks if wrong), "")


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(int(part) for part in parts[:2] if part.isdigit())


def _fields(answer: Any) -> dict[str, str]:
    if isinstance(answer, Mapping):  # as redis-py reads INFO
        return {_text(name): _text(value) for name, value in answer.items()}
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else ""
    return {name: value for name, colon, value in (line.partition(":") for line in text.splitlines()) if colon}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class Fingerprints(NamedTuple):
    """By which sidecars see that they use the same keys, without showing them."""

    party: str
    state: str


def fingerprint(key: bytes) -> str:
    return hmac.digest(key, b"quanheng: which key", hashlib.sha256).hex()[:16]


class Mark(NamedTuple):
    """What the store says of itself: its identifier, its sidecars by name, and how many commits it counted."""

    store: str
    sidecars: frozenset[str]
    counted: int


async def read_mark(server: Server, keys: Fingerprints) -> Mark:
    """Raises StoreError where other sidecars use other keys."""
    found = _pairs((await server.run(Command(("HGETALL", STORE))))[0])
    for name, mine in keys._asdict().items():
        if found.get(f"key {name}", mine) != mine:
            raise StoreError("KEYS_DIFFER", name=name)
    names = (name.removeprefix("sidecar ") for name in found if name.startswith("sidecar "))
    return Mark(found.get("id", ""), frozenset(names), int(found.get("count", "0")))


async def make_mark(server: Server, keys: Fingerprints, store: str, count: int) -> None:
    """Mark a new store, or one that was rebuilt; `count` is where its commits begin to be counted. The first sidecar wins."""
    fields = [("id", store), ("count", count), *((f"key {name}", text) for name, text in keys._asdict().items())]
    await server.run(*[Command(("HSETNX", STORE, name, value)) for name, value in fields])


def _pairs(answer: Any) -> dict[str, str]:
    if isinstance(answer, Mapping):
        return {_text(name): _text(value) for name, value in answer.items()}
    if not isinstance(answer, list):
        raise StoreError("STORE_ANSWER_NOT_A_HASH")
    return {_text(name): _text(value) for name, value in zip(answer[::2], answer[1::2], strict=True)}
