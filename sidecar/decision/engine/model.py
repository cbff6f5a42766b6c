"""A Casbin `model.conf` as a value, read by Casbin's own reader and then held against what Casbin passes over in silence.

Casbin ignores sections and keys it does not know, takes the last of two equal keys, stops counting sections at the first gap,
and judges every policy section by the first effect. Each of these is an error here, with its line.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from casbin.config import Config
from casbin.model import Model

from sidecar.decision.engine.effects import EFFECTS, Effect
from sidecar.errors import PolicyError

_SECTIONS = {"r": "request_definition", "p": "policy_definition", "g": "role_definition", "e": "policy_effect", "m": "matchers"}
_FIELD = re.compile(r"[rp][0-9]*_[A-Za-z][A-Za-z0-9_]*\Z")
_KEY = re.compile(r"([rpgem])([0-9]*)\Z")
_ROLE_DEFINITION = re.compile(r"_\s*,\s*_(\s*,\s*_)?\Z")
_LITERAL = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')
_REWRITTEN = re.compile(r"!(?!=)|&&|\|\||#|\b[rp][0-9]*\.|\beval\(|\\")


class Section(NamedTuple):
    """One request definition with the policy definition and the matcher that belong to it; `name` is "" or "2", "3", ….

    Field names are spelt as Casbin spells them in a matcher: `r_sub`, `p2_obj`.
    """

    name: str
    request: tuple[str, ...]
    policy: tuple[str, ...]
    matcher: str

    @property
    def row_type(self) -> str:
        return "p" + self.name

    @property
    def effect_column(self) -> int | None:
        name = f"p{self.name}_eft"
        return self.policy.index(name) if name in self.policy else None


class CasbinModel(NamedTuple):
    """`widths` gives the number of fields of every row type, `roles` that of every role definition (2, or 3 with a domain)."""

    sections: Mapping[str, Section]
    effect: Effect
    roles: Mapping[str, int]
    widths: Mapping[str, int]
    policy_fields: Mapping[str, tuple[str, ...]]


def read_model(text: str) -> CasbinModel:
    """Raises PolicyError with the line of what is wrong."""
    model, raw = _parsed(text)
    _refuse_passed_over(text, model, raw)
    fields = {name: _fields(text, "p", name, found.tokens) for name, found in model["p"].items()}
    sections = {}
    for name, definition in model["r"].items():
        suffix = name[1:]
        request = _fields(text, "r", name, definition.tokens)
        for key, section in (("p", model["p"]), ("m", model["m"])):
            if key + suffix not in section:
                raise _error(text, "request_definition", name, "SECTION_LACKS", lacking=key + suffix)
        refuse_rewritten(raw["matchers"]["m" + suffix], _place(text, "matchers", "m" + suffix))
        sections[suffix] = Section(suffix, request, fields["p" + suffix], model["m"]["m" + suffix].value)
    for name in model["m"]:
        if name[1:] not in sections:
            raise _error(text, "matchers", name, "MATCHER_ALONE", lacking="r" + name[1:])
    roles = {name: _role_fields(text, name, found.value) for name, found in (model["g"] or {}).items()}
    widths = {name: len(tokens) for name, tokens in fields.items()} | roles
    return CasbinModel(sections, _effect(text, model["e"]), roles, widths, fields)


def _parsed(text: str) -> tuple[Any, Mapping[str, Mapping[str, str]]]:
    try:
        model = Model()
        model.load_model_from_text(text)
        raw = Config.new_config_from_text(text)._data  # noqa: SLF001 - what Casbin read, before it rewrites it
    except Exception as fault:
        raise PolicyError("NOT_A_MODEL", fault=fault) from fault
    for letter in "rpem":
        if not model[letter] or letter not in model[letter]:
            raise PolicyError("MODEL_LACKS_SECTION", letter=_SECTIONS[letter], letter2=letter)
    return model, raw


def _refuse_passed_over(text: str, model: Any, raw: Mapping[str, Mapping[str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for number, section, key in _keys(text):
        place = f"model.conf:{number}:1"
        letter = next((name for name, title in _SECTIONS.items() if title == section), "")
        if not letter:
            raise PolicyError("NO_SUCH_SECTION", place=place, section=section, sections=", ".join(_SECTIONS.values()))
        if (section, key) in seen:
            raise PolicyError("DEFINED_TWICE", place=place, key=key)
        seen.add((section, key))
        form = _KEY.match(key)
        if not form or form.group(1) != letter or key not in (model[letter] or {}):
            raise PolicyError("KEY_NOT_READ", place=place, key=key, section=section, letter=letter)
    if len(seen) != sum(len(entries) for entries in raw.values()):
        raise PolicyError("LINES_READ_OTHERWISE")


def _keys(text: str) -> list[tuple[int, str, str]]:
    """Line, section and key of every definition, continued lines joined as Casbin joins them."""
    found, section, continued = [], "", False
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continued = False
        elif stripped[0] == "[" and stripped[-1] == "]":
            section, continued = stripped[1:-1], False
        else:
            if not continued:
                found.append((number, section, stripped.split("=", 1)[0].strip()))
            continued = stripped[-1] == "\\"
    return found


def _place(text: str, section: str, key: str) -> str:
    line = next((number for number, s, k in _keys(text) if (s, k) == (section, key)), 1)
    return f"model.conf:{line}:1"


def _error(text: str, section: str, key: str, code: str, **facts: str) -> PolicyError:
    return PolicyError(code, place=_place(text, section, key), key=key, **facts)


def _fields(text: str, letter: str, key: str, tokens: list[str]) -> tuple[str, ...]:
    section = _SECTIONS[letter]
    for token in tokens:
        if not _FIELD.match(token):
            name = token.removeprefix(key + "_")
            raise _error(text, section, key, "NOT_A_FIELD", field=name)
    if len(set(tokens)) != len(tokens):
        raise _error(text, section, key, "FIELD_TWICE")
    return tuple(tokens)


def _role_fields(text: str, key: str, value: str) -> int:
    form = _ROLE_DEFINITION.match(value)
    if form is None:
        raise _error(text, "role_definition", key, "ROLES_NOT_EVALUATED", value=value)
    return 3 if form.group(1) else 2


def _effect(text: str, effects: Mapping[str, Any]) -> Effect:
    effect = EFFECTS.get(effects["e"].value)
    if effect is None:
        known = "; ".join(name.replace("p_eft", "p.eft") for name in EFFECTS)
        raise _error(text, "policy_effect", "e", "NO_SUCH_EFFECT", effect=effects["e"].value, known=known)
    for key, other in effects.items():
        if re.sub(r"\bp[0-9]*_", "p_", other.value) != effect.text:
            raise _error(text, "policy_effect", key, "EFFECTS_DIFFER")
    return effect


def refuse_rewritten(text: str, place: str) -> None:
    """Casbin rewrites `!`, `&&`, `||`, `r.` and `#` wherever they stand, inside a literal too; so they may not stand there."""
    for literal in _LITERAL.findall(text):
        if _REWRITTEN.search(literal):
            raise PolicyError("LITERAL_REWRITTEN", place=place, literal=literal)
