"""The catalogue: both languages say the same, and every finding says what to write instead."""

import re
from string import Formatter

import pytest

from sidecar.decision.decide import _PRECEDENCE
from sidecar.messages import ANSWERED, ANSWERED_AS, CATALOGUE, REFUSALS, counted, say
from sidecar.mistakes import FINDINGS


def named(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize("code", CATALOGUE)
def test_both_languages_say_the_same_facts(code: str) -> None:
    """A fact that one language gives and the other hides would be a different message."""
    chinese, english = CATALOGUE[code]
    assert named(chinese) == named(english)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[\u4e00-\u9fff]", english)


@pytest.mark.parametrize("code", FINDINGS)
def test_a_finding_says_what_to_write(code: str) -> None:
    """What is wrong — what to write instead."""
    for sentence in FINDINGS[code]:
        wrong, _, remedy = sentence.partition("—")
        assert wrong
        assert remedy


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_two_sentences(code: str) -> None:
    """Why not, and what to do now."""
    chinese, english = REFUSALS[code]
    assert chinese.endswith("。")
    assert english.endswith(".")


def test_every_headline_has_a_sentence() -> None:
    """A code that can be first must be sayable."""
    assert set(_PRECEDENCE) <= REFUSALS.keys()


def test_the_codes_of_decisions_are_those_that_decisions_have() -> None:
    """What is only a sentence of another code is no code: nobody may wait for it."""
    others = {
        "ALLOWED",
        "CO_SIGNED",
        "VOTED",
        "LOG_UNAVAILABLE",
        "DENIED_BY_ROWS",
        "CALLER_OUT_OF_SCOPE",
        "OBLIGATION_UNSUPPORTED",
    }
    assert set(ANSWERED) == {*_PRECEDENCE, *others}
    assert set(ANSWERED_AS.values()) <= set(ANSWERED)


def test_one_is_not_said_as_many() -> None:
    """No sentence counts one of something as several."""
    assert [counted(n, "organ") for n in (0, 1, 2)] == ["0 organs", "1 organ", "2 organs"]
    for code in CATALOGUE:
        said = say(code, n=1, times=1, present=1, required=2, allowed=1, limit=1).en
        assert not re.search(r"\b1 (posts|officers|mistakes|items|steps|organs|units)\b", said), code


def test_a_missing_fact_never_prevents_a_sentence() -> None:
    """A refusal without its facts is still said."""
    assert say("NO_POWER").en == "Your post does not hold step '-' of item '-'. Pass it to a post that does: -."
