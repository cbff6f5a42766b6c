"""Opening a log: bytes → lines of text, and the formats that are no CSV refused by name."""

import io
from pathlib import Path
from typing import BinaryIO, TextIO

from sidecar.errors import EventLogError

_CODECS = {"utf-8": "utf-8-sig", "gbk": "gb18030", "gb2312": "gb18030"}  # a BOM is no part of the first heading
_HEAD = 512

# what a file begins with → what it is, and what to do
_FOREIGN = (
    (b"PK\x03\x04", "a workbook or an archive 工作簿或压缩包"),
    (b"\xd0\xcf\x11\xe0", "an old workbook 旧版工作簿"),
    (b"\x1f\x8b", "compressed 压缩文件"),
    (b"<?xml", "XML, perhaps XES（XML 或 XES）"),
    (b"<log", "XES"),
)


def open_log(path: Path, encoding: str) -> tuple[BinaryIO, TextIO]:
    """The bytes of a log, for its position, and its text. Bytes that are no character of the encoding become lone surrogates.
    Raises EventLogError for what is no text of lines, OSError where the system refuses."""
    stream = path.open("rb")
    head = stream.peek(_HEAD)[:_HEAD]
    for start, what in _FOREIGN:
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(start):
            stream.close()
            raise EventLogError("EVENTS_OF_ANOTHER_FORM", path=path, what=what)
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    return stream, io.TextIOWrapper(stream, encoding=_CODECS.get(encoding, encoding), errors=errors, newline="")
