"""Options that say where a log lies, and the clock of commands."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from adapters.storage.log_opening import Places
from sidecar.settings import TIMEZONE

DataOption = Annotated[Path, typer.Option("--data", envvar="QUANHENG_DATA", help="Folder of the record 记录目录")]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", envvar="QUANHENG_KEYS", help="Folder of signing keys, by default DATA.keys 签名密钥目录")
]
HeadOption = Annotated[
    Path | None, typer.Option("--head", envvar="QUANHENG_HEAD", help="File of the head, by default DATA.head 外置头文件")
]


@dataclass(frozen=True, slots=True)
class CommandClock:
    """The machine's clock, told in the zone in which the service tells its own by default; entries of commands say so."""

    source: str = "system"

    def now(self) -> datetime:
        return datetime.now(ZoneInfo(TIMEZONE))


def places(data: Path, keys: Path | None, head: Path | None) -> Places:
    return Places.of(data, keys, head)
