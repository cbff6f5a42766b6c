"""The command `quanheng`: one small module per family of commands. Exit status 0 fine, 1 look at it, 2 could not run."""

import errno
import sys
from typing import NoReturn

from sidecar.errors import QuanhengError

_HINTS = {
    errno.ENOENT: "check the path: it, or the folder above it, does not exist / 请核对路径",
    errno.ENOTDIR: "a part of the path is a file where a folder is needed / 路径中有一段是文件",
    errno.EEXIST: "a file stands where a folder is needed / 该处是文件，应为目录",
    errno.EISDIR: "name a file; this is a folder / 该处是目录，应为文件",
    errno.ENOSPC: "make room on the disk / 请腾出磁盘空间",
}


def main() -> None:
    """Run the command line; every failure we foresee ends in one sentence, a hint and status 2."""
    from sidecar.cli.commands import app  # noqa: PLC0415 - imported late so that a failing import is reported as one too

    try:
        app()
    except QuanhengError as fault:
        _stop(fault.message, fault.hint)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        _stop(
            f"{where}{fault.strerror or fault}",
            _HINTS.get(fault.errno or 0, "check the path and its permissions / 请核对路径和权限"),
        )


def _stop(message: str, hint: str) -> NoReturn:
    sys.stderr.write(f"quanheng: {message}\n" + (f"  → {hint}\n" if hint else ""))
    sys.exit(2)
