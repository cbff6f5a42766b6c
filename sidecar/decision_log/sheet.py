"""The anchor sheet: size and root of a checkpoint in groups of digits, to be read aloud, signed on paper and typed in again.

A root of 32 bytes is written as sixteen groups of five decimal digits, two bytes each (00000 to 65535), and a check group: the
first two bytes of SHA-256 over origin, size and root. A mistyped digit is found where it stands, or by the check group.
"""

import hashlib
import re
from collections.abc import Sequence

from sidecar.decision_log.checkpoint import Checkpoint
from sidecar.decision_log.hashing import DIGEST_SIZE

_GROUP_BYTES = 2
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")


class SheetError(ValueError):
    """Digits that are no root, or not the one of the check group."""


def groups(checkpoint: Checkpoint) -> list[str]:
    """The root in groups of digits, the check group last."""
    parts = [checkpoint.root[n : n + _GROUP_BYTES] for n in range(0, DIGEST_SIZE, _GROUP_BYTES)]
    return [f"{int.from_bytes(part, 'big'):05d}" for part in (*parts, _check(checkpoint))]


def sheet(checkpoint: Checkpoint, hash_name: str, time: str, key: str) -> str:
    """What is printed. Both languages: it is signed by people who read either."""
    rows = groups(checkpoint)
    lines = [" ".join(rows[n : n + 8]) for n in range(0, 16, 8)]
    return "\n".join(
        [
            "锚定单 ANCHOR SHEET",
            "",
            f"日志 log        {checkpoint.origin}",
            f"条数 entries    {checkpoint.size}",
            f"散列 hash       {hash_name}",
            f"时间 time       {time}",
            f"密钥 key        {key}",
            "",
            "根 root",
            *(f"    {line}" for line in lines),
            f"校验 check      {rows[-1]}",
            "",
            "本人确认上述数字由值守人员当面读出，并妥善保管本单。",
            "I confirm that these digits were read out to me, and I keep this sheet.",
            "",
            "签名 signature ____________________   单位 office ____________________   日期 date ______________",
            "",
        ]
    )


def read_groups(origin: str, size: int, typed: Sequence[str]) -> Checkpoint:
    """A checkpoint from a sheet. Raises SheetError."""
    digits = [group for text in typed for group in text.split()]
    if len(digits) != DIGEST_SIZE // _GROUP_BYTES + 1:
        raise SheetError(f"a sheet has 16 groups of digits and a check group, not {len(digits)} groups")
    for n, group in enumerate(digits, 1):
        if not (len(group) == 5 and group.isascii() and group.isdigit() and int(group) < 1 << 16):  # noqa: PLR2004
            raise SheetError(f"group {n} is {group!r}: five digits up to 65535 are needed")
    *root, check = (int(group).to_bytes(_GROUP_BYTES, "big") for group in digits)
    checkpoint = Checkpoint(origin, size, b"".join(root))
    if _check(checkpoint) != check:
        raise SheetError("the check group does not fit: a digit, the number of entries or the name of the log is mistyped")
    return checkpoint


def read_root(text: str) -> tuple[int, bytes]:
    """`SIZE:ROOT`, the root in hexadecimal, or `ORIGIN:SIZE:` and the groups of a sheet. Raises SheetError."""
    head, _, last = text.rpartition(":")
    origin, _, size = head.rpartition(":")
    if not (size.isascii() and size.isdigit()):
        raise SheetError(f"{text[:60]!r} is not SIZE:ROOT")
    if _HEX.match(last):
        return int(size), bytes.fromhex(last)
    return int(size), read_groups(origin, int(size), [last]).root


def _check(checkpoint: Checkpoint) -> bytes:
    return hashlib.sha256(checkpoint.text().encode()).digest()[:_GROUP_BYTES]
