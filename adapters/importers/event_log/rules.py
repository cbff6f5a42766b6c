"""Rules that stand in a mapping file → compiled policies, by the compiler that serves real cases.

The rules are bound as an item of an organ with one post that everyone holds, under a control profile that asks nothing (or the
one they name). So the rows, the guards and the sentences are those of the product, and each row leads back to its line of the
mapping file.
"""

from collections.abc import Mapping

from adapters.importers.event_log.mapping import ANYONE, OWN_PROFILE, Rules, refuse
from adapters.importers.event_log.sentences import of_finding
from sidecar.compiler.binding import bind
from sidecar.compiler.compile import MANIFEST_FILE, Checked, compile_policies
from sidecar.decision.policy import PolicySnapshot
from sidecar.power_list.declared import item_findings
from sidecar.power_list.entries import ItemEntry, OrganEntry, PolicySet, ProfileEntry
from sidecar.power_list.findings import Finding, has_errors
from sidecar.power_list.load import Located
from sidecar.power_list.organs import Organ, Post, Unit
from sidecar.power_list.policy_set import read_policy_set
from sidecar.power_list.profiles import ProfileFile
from sidecar.power_list.references import item_references

_UNIT = "log"


def compile_rules(rules: Rules, located: Located, data: bytes, model: bytes, law: Mapping[str, bytes]) -> PolicySnapshot:
    """The rules of a mapping file, compiled. `located` and `data` are of the file, `law` the catalogue and the control profiles
    they may name (path → bytes). Raises EventLogError with every mistake and its place."""
    file = located.file
    policies = _policies(rules, located, file, law)
    entry = policies.items[rules.id]
    profile = policies.profiles.get(rules.profile_id)
    findings = [*item_references(entry), *(item_findings(entry, profile) if profile else ())]
    findings = _errors(findings)
    items, more = bind(policies)
    known = {(finding.code, finding.place) for finding in findings}
    findings += [finding for finding in _errors(more) if (finding.code, finding.place) not in known]
    refuse([of_finding(finding) for finding in findings])
    compiled = compile_policies(Checked(policies, items, []), model, {file: data})
    return PolicySnapshot.of_build(model=model, policy=compiled.policy, manifest=compiled.files[MANIFEST_FILE])


def _errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if has_errors([finding])]


def _policies(rules: Rules, located: Located, file: str, law: Mapping[str, bytes]) -> PolicySet:
    policies = read_policy_set(law)
    policies.profiles[OWN_PROFILE] = ProfileEntry(_asks_nothing(rules), Located(file))
    post = Post(id=ANYONE, name="经办人 whoever acts", unit=_UNIT)
    organ = OrganEntry(
        file,
        Organ(id="log", name=rules.body.name, level=rules.level, region=rules.region),
        {_UNIT: Unit(id=_UNIT, name=_UNIT)},
        {post.full_id: post},
        Located(file),
    )
    policies.organs["log"] = organ
    places = {("items", 0, *path[1:]): place for path, place in located.places.items() if path[:1] == ("rules",)}
    policies.items[rules.id] = ItemEntry(rules, organ, Located(file, places), 0)
    return policies


def _asks_nothing(rules: Rules) -> ProfileFile:
    """A profile is never empty where it is read from a file; this one is written by nobody."""
    return ProfileFile.model_construct(
        profile=OWN_PROFILE,
        name=OWN_PROFILE,
        applies_to=(rules.power_class,),
        requires_steps=(),
        steps=(),
        separation=(),
        recusal=None,
    )
