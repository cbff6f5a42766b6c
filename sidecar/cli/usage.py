"""What is wrong with a command as it was written, in Chinese and English: the library that reads it speaks English only."""

from typing import Any

from typer.exceptions import TyperException

from sidecar.errors import QuanhengError
from sidecar.failures.inputs import in_chinese
from sidecar.messages import Sentence


class UsageError(QuanhengError):
    """A command that cannot be understood, or a value it does not take."""


def usage_error(fault: TyperException) -> UsageError:
    """What the library found, as one of our failures. Its kinds of faults are its own: known by what they hold."""
    found: Any = fault
    context = getattr(found, "ctx", None)
    command = context.command_path if context else "quanheng"
    name = _name(found)
    options = ", ".join(sorted(getattr(found, "possibilities", None) or ()))
    if options:
        return UsageError("NO_SUCH_OPTION_BUT", option=found.option_name, options=options, command=command)
    if not fault.message and name:
        return UsageError("VALUE_MISSING", name=name, command=command)
    message = fault.message.removeprefix("Value error, ").removesuffix(".")
    told = Sentence(in_chinese(message), message)
    if name:
        return UsageError("VALUE_WRONG", name=name, told=told, command=command)
    return UsageError("COMMAND_WRONG", told=told, command=command)


def _name(found: Any) -> str:
    """The option or argument it is about, as a person writes it."""
    parameter = getattr(found, "param", None)
    if parameter is None:
        return ""
    return str(parameter.get_error_hint()).strip("'").replace("' / '", " / ")
