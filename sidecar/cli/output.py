"""What commands share: the language of the person, JSON for programs, tables for terminals."""

import json
import os
import sys
from enum import StrEnum
from typing import Annotated

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


def print_line(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def print_json(value: object) -> None:
    print_line(json.dumps(value, ensure_ascii=False, indent=1))
