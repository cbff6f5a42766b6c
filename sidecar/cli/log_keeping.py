"""`quanheng log create|key|head|anchor`: what somebody decides about a log. Each leaves an entry."""

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import Annotated

import typer

from adapters.storage.head_file import HeadFile
from adapters.storage.log_making import accept_head, actor, ask_to_rotate, create_log, rotate_key
from adapters.storage.log_opening import Places, identity_of, reader_of
from adapters.storage.notice_folder import NoticeFolder
from adapters.verifier.copies import open_copy
from sidecar.cli.log_places import CommandClock, DataOption, HeadOption, KeysOption, places
from sidecar.cli.log_proving import newest_checkpoint
from sidecar.cli.output import JsonOption, print_json, print_line
from sidecar.decision_log.checkpoint import Checkpoint
from sidecar.decision_log.hashing import NAMES, SHA256, tree_hash
from sidecar.decision_log.identity import Identity
from sidecar.decision_log.notes import Key, NoteError
from sidecar.decision_log.sheet import sheet
from sidecar.decision_log.tiles import TiledTree, hashes_in
from sidecar.errors import LogMissingError, SecondWriterError, SettingsError, StoreError

ROTATION_SECONDS = 30.0  # a sidecar that runs looks for notices at each checkpoint
POLL_SECONDS = 0.1

key_app = typer.Typer(no_args_is_help=True, help="The key the log is signed with 签名密钥")
anchor_app = typer.Typer(no_args_is_help=True, help="Heads of the log that others keep 外部锚定")

Sm2 = Annotated[
    bool, typer.Option("--sm2", help="SM2 with SM3; software is no certified module 使用 SM2（软件实现，非认证模块）")
]


def create_command(
    origin: Annotated[str, typer.Option(help="Its name for ever, like record.example/binhe 日志名称，确定后不变")],
    data: DataOption = Path("var/data"),
    keys: KeysOption = None,
    head: HeadOption = None,
    hash_: Annotated[
        str, typer.Option("--hash", help=f"{' or '.join(NAMES)}; never changed later 散列算法，建立后不变")
    ] = SHA256,
    sm2: Sm2 = False,
    json: JsonOption = False,
) -> None:
    """Make a log, or take over the record of an earlier version 建立日志."""
    if hash_ not in NAMES:
        raise SettingsError("NO_SUCH_HASH", hash=hash_, names=", ".join(NAMES))
    where = places(data, keys, head)
    try:
        identity = create_log(where, origin, CommandClock(), hash_=hash_, sm2=sm2)
    except NoteError as fault:
        raise SettingsError("SM2_UNUSABLE", fault=fault) from fault
    if json:
        print_json(_told(identity))
        return
    print_line(f"log 日志      {identity.origin} ({identity.hash})")
    print_line(f"key 公钥      {identity.key}")
    print_line(f"data 数据     {where.data}")
    print_line(f"keys 密钥     {where.keys}   (back it up apart from the data 与数据分开备份)")
    print_line(f"head 外置头   {where.head}   (in no backup of the data 不随数据备份恢复)")
    print_line("Give the key to everybody who will verify the log. 请把公钥交给所有核验方。")


@key_app.command("new")
def key_new_command() -> None:
    """A log has its first key from `log create`; a further one takes its place with `log key rotate` 新建密钥."""
    raise SettingsError("KEY_BELONGS_TO_LOG")


@key_app.command("rotate")
def key_rotate_command(
    data: DataOption = Path("var/data"),
    keys: KeysOption = None,
    head: HeadOption = None,
    sm2: Sm2 = False,
    lost: Annotated[bool, typer.Option("--lost", help="The old key is gone and cannot sign 旧密钥已丢失")] = False,
    json: JsonOption = False,
) -> None:
    """Put a new key in the old one's place; a sidecar that runs does it between two checkpoints 更换密钥."""
    where = places(data, keys, head)
    try:
        identity = rotate_key(where, CommandClock(), sm2=sm2, lost=lost)
    except SecondWriterError:
        if lost:
            raise
        identity = _rotated_by_the_sidecar(where, ask_to_rotate(where, sm2=sm2))
    if json:
        print_json(_told(identity))
        return
    print_line(f"key 公钥      {identity.key}")
    print_line(f"from entry 自第 {identity.keys[-1].seq} 条起")


def _rotated_by_the_sidecar(where: Places, key: Key) -> Identity:
    """The log as it is when it names the key. Raises StoreError when nobody has put it in force in time."""
    until = time.monotonic() + ROTATION_SECONDS
    while (identity := _identity(where.data)).key != key:
        if time.monotonic() > until:
            raise StoreError("KEY_WAITS", key=key, seconds=ROTATION_SECONDS)
        time.sleep(POLL_SECONDS)
    return identity


@key_app.command("show")
def key_show_command(data: DataOption = Path("var/data"), json: JsonOption = False) -> None:
    """The log's public keys, and from which entry each signs 显示公钥."""
    identity = _identity(data)
    if json:
        print_json(_told(identity))
        return
    for seq, key in identity.keys:
        print_line(f"{key}   # from entry 自第 {seq} 条起")


def head_command(
    data: DataOption = Path("var/data"),
    keys: KeysOption = None,
    head: HeadOption = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Make a lost head again from the newest checkpoint 重建丢失的外置头")
    ] = False,
) -> None:
    """The largest signed head, kept outside the data folder 外置头."""
    where = places(data, keys, head)
    if accept:
        print_line(f"{where.head}: {accept_head(where)}")
        return
    note = HeadFile(where.head).read()
    if note is None:
        raise LogMissingError("NO_HEAD", head=where.head)
    print_line(note.decode("utf-8", "replace").removesuffix("\n"))


@anchor_app.command("print")
def anchor_print_command(data: DataOption = Path("var/data")) -> None:
    """A sheet with size and root in groups of digits, to be signed on paper and kept elsewhere 打印锚定单."""
    identity, (checkpoint, _) = _identity(data), newest_checkpoint(open_copy(data))
    time = CommandClock().now().isoformat(timespec="seconds")
    print_line(sheet(checkpoint, identity.hash, time, str(identity.key)))
    print_line(f"signed and put away? 签妥存放后： quanheng log anchor confirm --size {checkpoint.size} --holder WHO")


@anchor_app.command("confirm")
def anchor_confirm_command(
    size: Annotated[int, typer.Option(min=1, help="Number of entries on the sheet 单上条数")],
    holder: Annotated[str, typer.Option(help="Who keeps it 保管人或单位")],
    data: DataOption = Path("var/data"),
    scan: Annotated[Path | None, typer.Option(help="Scan of the signed sheet; its digest is recorded 签字单扫描件")] = None,
) -> None:
    """Tell the log that a sheet was signed: the sidecar records it, now or at its next start 登记锚定."""
    digest = f"sha256:{hashlib.sha256(scan.read_bytes()).hexdigest()}" if scan else ""
    _leave(data, _at(data, size), "printed", holder, digest)


def _at(data: Path, size: int) -> Checkpoint:
    """The checkpoint of that size, as the tree beside the record makes it."""
    copy = open_copy(data)
    newest, _ = newest_checkpoint(copy)
    if size > newest.size:
        raise StoreError("NOT_SIGNED_YET", size=size, size2=newest.size)
    tree = TiledTree(tree_hash(_identity(data).hash), newest.size, lambda level, n: hashes_in(copy.tile(level, n) or b""))
    return Checkpoint(newest.origin, size, tree.root(size))


def _leave(data: Path, checkpoint: Checkpoint, event: str, holder: str, digest: str) -> None:
    root = tree_hash(_identity(data).hash).text(checkpoint.root)
    notice = {"event": event, "size": str(checkpoint.size), "root": root, "holder": holder, "digest": digest, "actor": actor()}
    NoticeFolder(data).leave(notice)
    print_line(f"{checkpoint}: {event}, {holder}")


@anchor_app.command("timestamp")
def anchor_timestamp_command(
    tsa: Annotated[str, typer.Option(metavar="URL", help="Time-stamping authority (RFC 3161) 时间戳服务地址")],
    roots: Annotated[Path, typer.Option(help="Its root certificates (PEM) 时间戳根证书")],
    out: Annotated[Path, typer.Option(help="File of the time-stamp 时间戳文件")],
    data: DataOption = Path("var/data"),
) -> None:
    """Have the newest checkpoint time-stamped (RFC 3161), an extra 加盖可信时间戳."""
    from adapters.timestamping import timestamp  # noqa: PLC0415 - an extra

    checkpoint, note = newest_checkpoint(open_copy(data))
    token, moment = timestamp(note.text.encode(), tsa, roots.read_bytes())
    out.write_bytes(token)
    _leave(data, checkpoint, "timestamped", f"{tsa} {moment}", f"sha256:{hashlib.sha256(token).hexdigest()}")


def _identity(data: Path) -> Identity:
    reader = reader_of(Places.of(data))
    try:
        identity = identity_of(reader)
    except sqlite3.Error as fault:
        raise StoreError("NOT_A_DATA_FOLDER", data=data, fault=fault) from fault
    finally:
        reader.close()
    if identity is None:
        raise LogMissingError("LOG_UNNAMED", data=data)
    return identity


def _told(identity: Identity) -> dict[str, object]:
    keys = [{"from": seq, "key": str(key)} for seq, key in identity.keys]
    return {"origin": identity.origin, "hash": identity.hash, "created": identity.created, "keys": keys}
