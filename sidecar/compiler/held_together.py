"""What one post holds of an item, judged when the policy is built (static separation of duties, NIST RBAC).

* Decision, execution and supervision (决策、执行、监督) should not meet in one post: an error where profile or item asks for
  it, else a doubt. Of items with a profile's steps it is said once for an organ: an import gives their posts by tier.
* A post may not hold more of the incompatible duties (不相容岗位) than the organ's table allows.
* A key post (重点岗位) holds at most so many of the steps of one item as the organ has set.
* A case can have so many distinct persons as are asked for.
"""

from collections.abc import Iterable, Iterator

from sidecar.compiler.incompatible import duties_of
from sidecar.compiler.plan import Binder
from sidecar.compiler.restraints.separation import asked_apart, asked_persons, mandatory_steps
from sidecar.compiler.restraints.signatures import officers_needed
from sidecar.power_list import vocabulary as words
from sidecar.power_list.findings import Finding, Severity


def held_together(binder: Binder) -> Iterator[Finding]:
    """Mistakes and doubts of one item."""
    for post, steps in _steps_by_post(binder).items():
        yield from _types(binder, post, steps)
        yield from _duties(binder, post)
        yield from _key_post(binder, post, steps)
    yield from _persons(binder)


def _steps_by_post(binder: Binder) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for name, plan in binder.plans.items():
        for post in plan.posts if plan.head.verb not in words.ABOUT_OFFICERS else ():
            held.setdefault(post, []).append(name)
    return held


def _types(binder: Binder, post: str, steps: list[str]) -> Iterator[Finding]:
    apart = asked_apart(binder)
    if not _meets(binder, steps) or not (apart or binder.entry.item.steps):
        return
    severity = Severity.ERROR if apart else Severity.WARNING
    basis = apart[2] if apart else "分事行权、分岗设权"
    named = "、".join(f"{name}（{words.label(words.STEP_TYPES, binder.plans[name].head.type)}）" for name in steps)
    yield _finding(binder, "TYPES_MEET", steps[-1], severity, post=post, steps=named, basis=basis)


def _meets(binder: Binder, steps: Iterable[str]) -> bool:
    return len({binder.plans[name].head.type for name in steps}) > 1


def met_by_profile(binders: Iterable[Binder]) -> Iterator[Finding]:
    """Once for each organ: its items without steps of their own in which types meet in one post."""
    meeting: dict[str, list[Binder]] = {}
    for binder in binders:
        silent = not binder.entry.item.steps and asked_apart(binder) is None
        if silent and any(_meets(binder, steps) for steps in _steps_by_post(binder).values()):
            meeting.setdefault(binder.entry.organ.organ.id, []).append(binder)
    for found in meeting.values():
        yield found[0].entry.finding("TYPES_MEET_BY_PROFILE", ("units",), Severity.WARNING, n=len(found))


def _duties(binder: Binder, post: str) -> Iterator[Finding]:
    for line in duties_of(binder):
        steps = [step for step, posts in zip(line.steps, line.duties, strict=False) if post in posts]
        if len(steps) > line.at_most:
            yield _finding(
                binder,
                "INCOMPATIBLE_POST",
                steps[-1],
                Severity.ERROR,
                post=post,
                steps="、".join(steps),
                table=line.place,
                at_most=line.at_most,
                reason=line.reason,
                basis=line.basis,
            )


def _key_post(binder: Binder, post: str, steps: list[str]) -> Iterator[Finding]:
    organ = binder.entry.organ
    limit = organ.duties.file.key_post_steps if organ.duties else None
    if limit and organ.posts[post].key_post and len(steps) > limit.at_most:
        yield _finding(
            binder,
            "KEY_POST_STEPS",
            steps[-1],
            Severity.ERROR,
            post=post,
            steps="、".join(steps),
            n=len(steps),
            at_most=limit.at_most,
            basis=limit.basis,
        )


def _persons(binder: Binder) -> Iterator[Finding]:
    """The number of persons asked for can be reached, and the item asks for no fewer than its profile."""
    most = sum(officers_needed(binder.plans[name]) for name in mandatory_steps(binder))
    for n, place, _, _ in asked_persons(binder):
        if n > most:
            yield Finding("PERSONS_NEVER", place, item=binder.entry.item.id, facts={"n": n, "most": most})
    rule, own = binder.profile.distinct_persons, binder.entry.item.controls.distinct_persons
    if rule and own and own.min < rule.min:
        place = binder.located_profile.located.place("distinct_persons")
        yield binder.entry.finding(
            "LOOSER_PERSONS",
            ("controls", "distinct_persons"),
            n=own.min,
            required=rule.min,
            basis=rule.basis,
            profile=place,
        )


def _finding(binder: Binder, code: str, step: str, severity: Severity, **facts: object) -> Finding:
    """At the posts of the step, or at the item where it has no step of its own."""
    own = binder.plans[step].own
    place = binder.step_place(step, "posts") if own else binder.entry.place("units")
    return Finding(code, place, item=binder.entry.item.id, facts=facts, severity=severity)
