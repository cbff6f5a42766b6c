"""What commands share: the language of the person, JSON for programs, tables for terminals."""

import json
import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import structlog
import typer

OK, FOUND, FAILED = 0, 1, 2


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


def default_language() -> Language:
    """QUANHENG_LANG, else the language of the terminal, else English."""
    wanted = os.environ.get("QUANHENG_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return Language.ZH if wanted.lower().startswith("zh") else Language.EN


LangOption = Annotated[Language, typer.Option("--lang", default_factory=default_language, help="Language of messages 语言")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs 供程序读取")]


def log_to_stderr() -> None:
    """Structured lines on standard error; JSON unless a person is watching. No local variables are ever printed."""
    person = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(ensure_ascii=False)
    stamp = structlog.processors.TimeStamper(fmt="iso")
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def print_line(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def print_error(text: str) -> None:
    sys.stderr.write(text + "\n")


def print_json_line(value: object) -> None:
    print_line(json.dumps(value, ensure_ascii=False))


def print_json(value: object) -> None:
    print_line(json.dumps(value, ensure_ascii=False, indent=1))
