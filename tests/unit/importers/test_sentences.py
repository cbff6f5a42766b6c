"""What the importer says to the clerk who holds the workbook."""

import re
from pathlib import Path
from string import Formatter

import pytest

import adapters.importers.workbook
from adapters.importers.workbook.sentences import SENTENCES

SOURCES = Path(adapters.importers.workbook.__file__).parent


def named(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize("code", SENTENCES)
def test_both_languages_say_the_same_and_what_to_do(code: str) -> None:
    """The same facts in Chinese and English, and a remedy in each."""
    said = SENTENCES[code]
    assert named(said.zh + said.zh_remedy) == named(said.en + said.en_remedy)
    assert all(said)
    assert re.search("[\u4e00-\u9fff]", said.zh_remedy)
    assert re.search("[a-z]", said.en_remedy)


def test_every_sentence_is_said_somewhere() -> None:
    """No code stands in the table that the importer never gives."""
    code = "".join(path.read_text("utf-8") for path in SOURCES.glob("*.py") if path.name != "sentences.py")
    assert [name for name in SENTENCES if f'"{name}"' not in code] == []
