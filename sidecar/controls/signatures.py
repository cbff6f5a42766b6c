"""Several officers act together (会签、两人以上): so many, through these posts, odd in number, so many experts, a committee.

A co-signature is an act of its own (`intent: co_sign`), so that no one can sign for another and no two requests can both become
the second signature. The step is performed by one of the officers; what has been signed since it was last performed counts, and
the one who performs it. Three rules of counting:

  * One natural person counts once, through whatever posts and for whomever they act: a delegate and the one they act for are one
    hand, and nobody of that hand signs again.
  * A signature counts while its signer holds, on the day of the act, what the step asks of each officer.
  * A committee is those whom an earlier step named. Each signs or has signed a dissent; of one who does neither it may be put on
    record that silence is consent (政府采购法实施条例 41), and then they count among the members.

Shares are compared as whole numbers, never as decimals. Articles: 行政许可法 34; 行政处罚法 42; 行政强制法 18; 招标投标法 37.
"""

from collections.abc import Mapping
from functools import lru_cache

from sidecar.controls.context import CO_SIGN, VOTE, ControlContext, Stop
from sidecar.controls.separation import hands
from sidecar.power_list import vocabulary as words

Group = frozenset[str]


def officers(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `n|holding=credential+…|silent=step` — how many distinct persons, and what makes a signature count."""
    wanted, options = _options(arg)
    request = context.request
    if request.intent == CO_SIGN:
        signed = [person for act in context.history.signatures(request.step) for person in act.persons]
        if not set(signed).isdisjoint(context.persons):
            return Stop("STEP_ALREADY_DONE", {"step": context.asked_step}, sentence="ALREADY_CO_SIGNED")
        return None
    present = hands(_present(context, options))
    if request.intent == VOTE or present >= int(wanted):
        return None
    return Stop("TOO_FEW_OFFICERS", {"step": context.asked_step, "required": wanted, "present": present})


def odd(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `-` or `silent=step` — an even number of persons decides nothing."""
    _, options = _options(f"-|{arg}")
    present = hands(_present(context, options))
    if context.request.intent in (CO_SIGN, VOTE) or present % 2:
        return None
    return Stop("TOO_FEW_OFFICERS", {"step": context.asked_step, "present": present}, sentence="EVEN_NUMBER_OF_OFFICERS")


def experts(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `k:n:credential|silent=step` — at least k of n persons hold the credential."""
    share, options = _options(arg)
    k, n, name = share.split(":")
    if context.request.intent in (CO_SIGN, VOTE):
        return None
    groups = _present(context, options)
    qualified = [group for group in groups if any(name in _held(context, person) for person in group)]
    of, among = hands(qualified), hands(groups)
    if of * int(n) >= among * int(k):
        return None
    told = words.label(words.CREDENTIALS, name)
    facts = {"step": context.asked_step, "experts": of, "present": among, "share": f"{k}/{n}", "credential": told}
    return Stop("TOO_FEW_OFFICERS", facts, sentence="TOO_FEW_EXPERTS")


def signers(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `post=n|…` — so many persons through each of these posts, nobody through two."""
    if context.request.intent in (CO_SIGN, VOTE):
        return None
    seats = [post for post, _, n in (part.partition("=") for part in arg.split("|")) for _ in range(int(n))]
    empty = empty_seats(seats, _posts_by_hand(context))
    if not empty:
        return None
    return Stop(
        "TOO_FEW_OFFICERS", {"step": context.asked_step, "missing": "、".join(sorted(empty))}, sentence="POSTS_HAVE_NOT_SIGNED"
    )


def empty_seats(seats: list[str], hands_posts: list[frozenset[str]]) -> list[str]:
    """The seats nobody can take when each hand takes one at most, of a post it has signed through. As many as can be are filled
    (augmenting paths): who signed through two posts takes the one that helps."""
    taken: dict[int, int] = {}  # hand → seat
    return [name for seat, name in enumerate(seats) if not _seated(seat, seats, hands_posts, taken, set())]


def _seated(seat: int, seats: list[str], hands_posts: list[frozenset[str]], taken: dict[int, int], tried: set[int]) -> bool:
    for hand, posts in enumerate(hands_posts):
        if seats[seat] in posts and hand not in tried:
            tried.add(hand)
            if hand not in taken or _seated(taken[hand], seats, hands_posts, taken, tried):
                taken[hand] = seat
                return True
    return False


def members(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `step|silent=step` — everybody named in the acts of that step signs, and nobody else."""
    step, options = _options(arg)
    request, history = context.request, context.history
    named = history.named_in(step)
    if not named:
        facts = {"missing": context.step_name(step), "step": context.asked_step}
        return Stop("STEP_OUT_OF_ORDER", facts, missing=(step,))
    if request.person not in named:
        return Stop("NO_POWER", {"step": context.asked_step}, sentence="NOT_A_MEMBER")
    if request.intent in (CO_SIGN, VOTE):
        return None
    there = {request.person, *(act.person for act in context.signatures)} | _silent(context, options)
    open_still = named - there
    if not open_still:
        return None
    return Stop("TOO_FEW_OFFICERS", {"step": context.asked_step, "missing": len(open_still)}, sentence="MEMBERS_HAVE_NOT_SIGNED")


def credential(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: the credential the acting person must hold on the day, or either of two parted by `/`."""
    if _holds(arg, _held(context, context.request.person)):
        return None
    name = " / ".join(words.label(words.CREDENTIALS, each) for each in arg.split("/"))
    return Stop("CREDENTIAL_MISSING", {"credential": name, "credential_id": arg, "step": context.asked_step})


def _holds(wanted: str, held: Group) -> bool:
    return not held.isdisjoint(wanted.split("/"))


@lru_cache(maxsize=4_096)
def _options(arg: str) -> tuple[str, Mapping[str, str]]:
    head, *rest = arg.split("|")
    return head, dict(part.split("=", 1) for part in rest if part != "-")


def _present(context: ControlContext, options: Mapping[str, str]) -> list[Group]:
    """Who acts together: those whose signatures count, the one who asks, and members whose silence is on record."""
    needed = set(filter(None, options.get("holding", "").split("+")))
    signed = [
        frozenset(act.persons) for act in context.signatures if all(_holds(each, _held(context, act.person)) for each in needed)
    ]
    return [*signed, frozenset(context.persons), *(frozenset([person]) for person in _silent(context, options))]


def _silent(context: ControlContext, options: Mapping[str, str]) -> frozenset[str]:
    step = options.get("silent", "")
    return context.history.named_in(step) if step else frozenset()


def _posts_by_hand(context: ControlContext) -> list[frozenset[str]]:
    """The posts each hand has signed or now acts through."""
    by_hand: list[tuple[Group, frozenset[str]]] = []
    signed = [(frozenset(act.persons), frozenset([act.post])) for act in context.signatures]
    for group, posts in (*signed, (frozenset(context.persons), frozenset([context.post]))):
        linked = [known for known in by_hand if known[0] & group]
        by_hand = [known for known in by_hand if not known[0] & group]
        by_hand.append((group.union(*(g for g, _ in linked)), posts.union(*(p for _, p in linked))))
    return [posts for _, posts in by_hand]


def _held(context: ControlContext, person: str) -> frozenset[str]:
    return context.personnel.credentials(person, context.day)
