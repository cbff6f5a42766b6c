"""The files of a tenant's master data → roles, actions, grants, workflows and escalations, each knowing where it stands.

An entry that has not the shape it must have is found and passed over. Codes are taken as they are written: a trailing space makes
another role on the platform too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.importers.digit.json_text import JsonText, Path, pointer
from adapters.importers.digit.sentences import SENTENCES
from sidecar.errors import DigitError
from sidecar.messages import Sentence, filled
from sidecar.power_list.findings import Place

# file → the list in it
ROLES, ACTIONS, GRANTS = "roles.json", "actions-test.json", "roleactions.json"
WORKFLOWS, ESCALATIONS = "BusinessService.json", "AutoEscalation.json"
FILES: Mapping[str, str] = {
    ROLES: "roles",
    ACTIONS: "actions-test",
    GRANTS: "roleactions",
    WORKFLOWS: "BusinessService",
    ESCALATIONS: "AutoEscalation",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: what is wrong, where, and what to write instead. `facts` are for programs."""

    code: str
    place: Place
    pointer: str
    sentence: Sentence
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One JSON object of a file."""

    text: JsonText
    path: Path
    data: Mapping[str, Any]

    def of(self, name: str) -> str:
        """A member as text, empty where there is none."""
        value = self.data.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def scalar(self, name: str) -> object:
        """A member to compare by: itself, or its text where it is a list or an object."""
        value = self.data.get(name)
        return repr(value) if isinstance(value, list | dict) else value

    def names(self, name: str) -> tuple[str, ...]:
        """A member that lists names: with commas between, or as a list."""
        value = self.data.get(name)
        listed = value if isinstance(value, list) else self.of(name).split(",")
        return tuple(text for text in (str(part).strip() for part in listed) if text)

    def below(self, name: str) -> Iterator["Entry"]:
        """The objects of a list."""
        listed = self.data.get(name)
        for n, value in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(value, dict):
                yield Entry(self.text, (*self.path, name, n), value)

    def found(self, code: str, member: str = "", **facts: object) -> Found:
        """A finding at this object, or at one member of it."""
        path = (*self.path, member) if member in self.data else self.path
        return Found(code, self.text.place(path), pointer(path), filled(SENTENCES[code], facts), facts)


@dataclass(frozen=True, slots=True)
class Grant:
    role: str
    action: object
    entry: Entry


@dataclass(frozen=True, slots=True)
class Act:
    """One action of a workflow: from a state, by roles, to a state. `state` is the name of the state it is listed under."""

    word: str
    roles: tuple[str, ...]
    state: str
    state_id: str
    next_id: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class State:
    name: str
    uuid: str
    starts: bool
    acts: tuple[Act, ...]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Workflow:
    name: str
    states: tuple[State, ...]
    entry: Entry

    def state_named(self, uuid: str) -> State | None:
        return next((state for state in self.states if state.uuid == uuid), None)


@dataclass(slots=True)
class Configuration:
    """What was read, and which of the files were there."""

    texts: dict[str, JsonText]
    roles: list[Entry] = field(default_factory=list)
    actions: list[Entry] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    escalations: list[Entry] = field(default_factory=list)
    findings: list[Found] = field(default_factory=list)


def read_configuration(files: Mapping[str, bytes]) -> Configuration:
    """Read the known ones among `files` (name → bytes). Raises DigitError when there is none, or when one is no JSON."""
    texts = {name: JsonText(name, files[name]) for name in FILES if name in files}
    if not texts:
        raise DigitError("NO_MASTER_DATA", files=", ".join(FILES))
    read = Configuration(texts)
    read.roles = list(_entries(read, ROLES))
    read.actions = list(_entries(read, ACTIONS))
    read.grants = [Grant(e.of("rolecode"), e.scalar("actionid"), e) for e in _entries(read, GRANTS)]
    read.workflows = [_workflow(entry) for entry in _entries(read, WORKFLOWS)]
    read.escalations = list(_entries(read, ESCALATIONS))
    return read


def _entries(read: Configuration, file: str) -> Iterator[Entry]:
    text, name = read.texts.get(file), FILES[file]
    if text is None:
        return
    root = Entry(text, (), text.value if isinstance(text.value, dict) else {})
    listed = root.data.get(name)
    if not isinstance(listed, list):
        raise DigitError("MASTER_DATA_LACKS_LIST", file=file, name=name)
    for n, value in enumerate(listed):
        if isinstance(value, dict):
            yield Entry(text, (name, n), value)
        else:
            read.findings.append(Entry(text, (name, n), {}).found("NOT_AN_OBJECT"))


def _workflow(entry: Entry) -> Workflow:
    states = []
    for state in entry.below("states"):
        name = state.of("state")
        acts = tuple(
            Act(
                act.of("action").strip().upper(),
                act.names("roles"),
                name,
                act.of("stateId"),
                act.of("nextStateId"),
                act,
            )
            for act in state.below("actions")
        )
        states.append(State(name, state.of("uuid"), state.of("isStartState").lower() == "true", acts, state))
    return Workflow(entry.of("businessService"), tuple(states), entry)
