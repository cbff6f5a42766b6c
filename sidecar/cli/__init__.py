"""The command `quanheng`: one small module per family of commands. Exit status 0 fine, 1 look at it, 2 could not run."""

import sys
from itertools import pairwise
from typing import NoReturn

from typer import Abort
from typer.exceptions import TyperException

from sidecar.cli.output import FAILED, FOUND, Language, default_language, print_error
from sidecar.cli.usage import usage_error
from sidecar.errors import QuanhengError, advice_on, reason_of
from sidecar.messages import Sentence


def main() -> None:
    """Run the command line; every failure we foresee ends in one sentence, a hint and status 2."""
    from sidecar.cli.commands import app  # noqa: PLC0415 - imported late so that a failing import is reported as one too

    try:
        status = app(standalone_mode=False)
    except TyperException as fault:
        if _is_help(fault):
            print_error(fault.message)
            sys.exit(FAILED)
        wrong = usage_error(fault)
        _stop(wrong.sentence, wrong.advice)
    except Abort:
        sys.exit(FOUND)
    except QuanhengError as fault:
        _stop(fault.sentence, fault.advice)
    except OSError as fault:
        where, reason = f"{fault.filename}: " if fault.filename else "", reason_of(fault)
        _stop(Sentence(where + reason.zh, where + reason.en), advice_on(fault))
    sys.exit(status if isinstance(status, int) else 0)


def _is_help(fault: TyperException) -> bool:
    """A family of commands without a command: its help, which was printed or is the message."""
    return type(fault).__name__ == "NoArgsIsHelpError"


def _stop(message: Sentence, hint: Sentence) -> NoReturn:
    language = _language()
    told, advice = message.in_language(language), hint.in_language(language)
    sys.stderr.write(f"quanheng: {told}\n" + (f"  → {advice}\n" if advice else ""))
    sys.exit(FAILED)


def _language() -> Language:
    """What `--lang` says even where its command never ran; else the language of the person."""
    words = sys.argv[1:]
    given = [word.partition("=")[2] for word in words if word.startswith("--lang=")]
    given += [after for word, after in pairwise(words) if word == "--lang"]
    return next((language for language in Language if given and given[-1] == language), default_language())
