"""DIGIT's action words → the verbs of the language.

An action of the party (applying, paying) is no power of an officer, and neither is passing a file to a colleague. `FORWARD` says
only that a stage is over: what was done is in the name of the state. Words that stand here are those of the platform's own
modules; any other is asked about.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sidecar.case_history.history import GRANT, REFUSE

PARTY, HANDLING, CANCELS = "party", "handling", "cancels"  # no verb of an officer; ends a case by its state


class Meaning(NamedTuple):
    """What an action word means: a verb with the outcome it has, or why it is none."""

    verb: str = ""
    outcome: str = ""
    none: str = ""


WORDS: Mapping[str, Meaning] = MappingProxyType(
    {
        **dict.fromkeys(("INITIATE", "APPLY", "REINITIATE", "RESUBMIT", "REAPPLY", "PAY", "RATE", "REOPEN"), Meaning(none=PARTY)),
        **dict.fromkeys(("MARK", "ASSIGN", "REASSIGN"), Meaning(none=HANDLING)),
        **dict.fromkeys(("VERIFY", "VERIFY_AND_FORWARD"), Meaning("review")),
        **dict.fromkeys(("SENDBACK", "SENDBACKTOCITIZEN", "SEND_BACK_TO_CITIZEN"), Meaning("return")),
        "APPROVE": Meaning("decide", GRANT),
        "REJECT": Meaning("decide", REFUSE),
        "CANCEL": Meaning(none=CANCELS),
    }
)


def meaning_of(word: str, state: str) -> Meaning | None:
    """What an action means in a state; None where nobody has said."""
    if word == "FORWARD":
        return Meaning("inspect") if "INSPECT" in state.upper() else Meaning("review")
    return WORDS.get(word)
