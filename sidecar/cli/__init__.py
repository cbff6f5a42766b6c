"""The command `quanheng`: one small module per family of commands. Exit status 0 fine, 1 found something, 2 could not run."""

import sys

from sidecar.errors import QuanhengError


def main() -> None:
    """Run the command line; every failure we foresee ends in one sentence, a hint and status 2."""
    from sidecar.cli.commands import app  # noqa: PLC0415 - imported late so that a failing import is reported as one too

    try:
        app()
    except QuanhengError as fault:
        sys.stderr.write(f"quanheng: {fault.message}\n")
        if fault.hint:
            sys.stderr.write(f"  → {fault.hint}\n")
        sys.exit(2)
