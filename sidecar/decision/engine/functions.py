"""Casbin's own matching functions, each pattern compiled once when the policy is loaded.

keyMatch, keyMatch2 … 5, regexMatch, globMatch and ipMatch, with the meaning pycasbin gives them (`casbin/util`), quirks included;
the tests hold each against the original. Patterns come from a policy field or from the matcher itself, never from a request.
`timeMatch` is not evaluated: it reads the local clock without a zone; give the day as a request field instead.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from wcmatch import glob

from sidecar.decision.engine.patterns import PatternError, bounded_pattern

Predicate = Callable[[str], bool]
Compile = Callable[[str], Predicate]


def key_match(key: str, pattern: str) -> bool:
    """keyMatch: everything behind a `*` is free."""
    star = pattern.find("*")
    if star == -1:
        return key == pattern
    return key[:star] == pattern[:star] if len(key) > star else key == pattern[:star]


def _key_match(pattern: str) -> Predicate:
    return lambda key: key_match(key, pattern)


def _searched(text: str) -> Predicate:
    match = bounded_pattern(text).match
    return lambda key: match(key) is not None


_MATCH2 = re.compile(r"(.*?):[^\/]+(.*?)")
_MATCH3 = re.compile(r"(.*?){[^\/]+?}(.*?)")
_MATCH4 = re.compile(r"{([^/]+)}")
_MATCH5 = re.compile(r"{[^/]+}")


def _key_match2(pattern: str) -> Predicate:
    """keyMatch2: `/a/:id/*`."""
    text = _MATCH2.sub(r"\g<1>[^\/]+\g<2>", pattern.replace("/*", "/.*"))
    return _searched("^" + ("(.*)" if text == "*" else text) + "$")


def _key_match3(pattern: str) -> Predicate:
    """keyMatch3: `/a/{id}/*`."""
    return _searched("^" + _MATCH3.sub(r"\g<1>[^\/]+\g<2>", pattern.replace("/*", "/.*")) + "$")


def _key_match4(pattern: str) -> Predicate:
    """keyMatch4: `/a/{id}/b/{id}`, equal names taking equal text."""
    names: list[str] = []

    def named(found: "re.Match[str]") -> str:
        names.append(found.group(1))
        return "([^/]+)"

    compiled = bounded_pattern("^" + _MATCH4.sub(named, pattern.replace("/*", "/.*")) + "$")
    if compiled.groups != len(names):
        raise PatternError("groups of its own beside the names")

    def matches(key: str) -> bool:
        found = compiled.match(key)
        if found is None:
            return False
        first: dict[str, str] = {}
        return all(first.setdefault(name, text) == text for name, text in zip(names, found.groups(), strict=True))

    return matches


def _key_match5(pattern: str) -> Predicate:
    """keyMatch5: `/a/{id}`, whatever stands behind a `?` in the key left out."""
    searched = _searched("^" + _MATCH5.sub(r"[^/]+", pattern.replace("/*", "/.*")) + "$")
    return lambda key: searched(key.partition("?")[0])


def _glob_match(pattern: str) -> Predicate:
    """globMatch: `*` within one part of a path, `**` over parts."""
    while pattern.startswith("*/"):
        pattern = pattern[1:]
    parts = [part if part == "**" else re.sub(r"\*{2,}", "*", part) for part in pattern.split("/")]
    text = "/".join(parts)
    if text.endswith("/**"):
        text = "{" + text[:-3] + "," + text + "}"
    flags = glob.GLOBSTAR | glob.BRACE
    for regex in glob.translate(text, flags=flags)[0]:
        bounded_pattern(regex)
    return lambda key: glob.globmatch(key, text, flags=flags)


def _ip_match(pattern: str) -> Predicate:
    """ipMatch: an address or a network. A text that is neither would never match, which is a mistake in the policy."""
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError as fault:
        raise PatternError(f"neither an address nor a network: {fault}") from fault
    return lambda key: ipaddress.ip_address(key) in network


MATCHERS: Mapping[str, Compile] = MappingProxyType(
    {
        "keyMatch": _key_match,
        "keyMatch2": _key_match2,
        "keyMatch3": _key_match3,
        "keyMatch4": _key_match4,
        "keyMatch5": _key_match5,
        "regexMatch": _searched,
        "globMatch": _glob_match,
        "ipMatch": _ip_match,
    }
)
