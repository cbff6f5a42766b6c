"""The controls a deny row can name (column `ctl`), shared by the compiler that writes them and the guards that judge them.

The argument (column `arg`) is text of a small safe alphabet; each kind says what it holds.
"""

from enum import StrEnum


class ControlKind(StrEnum):
    STATUS = "status"  # the item's status, when it is not in use
    LEVEL = "level"  # the level at which this step may be done
    AFTER = "after"  # a step that must be done before
    UNLESS_DONE = "unless_done"  # step:condition — the step must be done before when the condition holds
    TIMES = "times"  # how often the step may be done in one case
    DISTINCT = "distinct"  # a step that the same person may not have done
    OFFICERS = "officers"  # n, and where they are asked for |holding=credentials |silent=step — n distinct persons together
    SIGNERS = "signers"  # post=n|post=n — persons who sign through these posts, nobody through two
    ODD = "odd"  # - or silent=step — an odd number of persons
    EXPERTS = "experts"  # k:n:credential, and |silent=step — at least k of n persons hold the credential
    MEMBERS = "members"  # step, and |silent=step — everybody named in the acts of that step signs, and nobody else
    CREDENTIAL = "credential"  # what the acting person must hold today
    RECUSAL = "recusal"  # relation|relation=years… — what bars a person from the party, and how long after it ended
    RECUSED = "recused"  # pending or granted — from which state of a recusal on the officer is barred
    RECUSAL_RULING = "recusal_ruling"  # posts of principals joined by | — on whose recusal only a group rules: >posts joined by |
    PRINCIPAL_OWN = "principal_own"  # posts of principals joined by | — whose own matters are not decided here
    NOT_ALL = "not_all"  # steps joined by |, this one among them, which one person may not all do
    PERSONS = "persons"  # n:step=k|step=k… — n distinct persons in the case, of its mandatory steps done by k persons each
    INCOMPATIBLE = "incompatible"  # n:duty|duty… — at most n of the duties, each of posts joined by +, in one hand
    PRINCIPAL_ALONE = "principal_alone"  # posts|posts>steps|steps — no principal approves, who is alone in these deciding steps
    TENURE = "tenure"  # post=years|… with + where a special audit starts the years anew — how long the post may be held
    DELEGATES = "delegates"  # nobody, or kinds of delegates joined by |, with + where the delegation must be published
    REQUIRES = "requires"  # a piece of evidence the request must carry
    # what the law forbids of the act itself
    FORBIDS = "forbids"  # code:condition — the refusal where the condition holds
    GRADE = (
        "grade"  # condition:amount:min:max:step:evidence — the bounds of one grade of the discretion standard, and the way out
    )
    GRADED = "graded"  # condition:step:evidence — the cases that the discretion standard speaks of
    NOT_HEAVIER = "not_heavier"  # amount:step — never more than the notice of that step said
    LIMITATION = "limitation"  # from:until:months:extended months:condition — the time after which the power is gone
    EXCLUDES = "excludes"  # a condition under which the matter is outside the power

    # procedure: bodies that decide together. `terms`: members=POST+POST|chair=POST|quorum=SHARE|majority=SHARE|head
    QUORUM = "quorum"  # terms — who must attend, how many must agree, and that the outcome follows
    CHAIR_LAST = "chair_last"  # terms — the chair speaks last
    CHAIR_REASONS = "chair_reasons"  # terms — the chair goes against the others only with a reason given at the meeting
    DISSENT = "dissent"  # terms — who votes against leaves a written reason
    MEMBERS_RECUSED = "members_recused"  # relations to the party that bar a member from the meeting, joined by |
    COVERS_CASE = "covers_case"  # the sum as an expression, or - : the resolution is about this case, sum and draft
    COVERS = "covers"  # step or step:sum — what is done here is what that step's resolution covers
    # procedure: reviews, hearings, ends of cases
    EVIDENCE_WHEN = "evidence_when"  # name:condition — evidence this act or an earlier one carries when the condition holds
    TIME_LEFT = "time_left"  # code:step|…:n:unit:condition — that much time has passed since the step, or the condition holds
    OPEN_DAYS = "open_days"  # step:days — so many days lie between that step and this one
    CLOSED = "closed"  # steps that close the case, joined by |
    TIER = "tier"  # sum|bound=POST+POST|*=POST — up to which sum which post decides; level:N for a level
    SPLIT = "split"  # item:fact+fact:sum:threshold — what counts together in one fiscal year
    EMERGENCY = "emergency"  # unit:hours:step:condition — an act before its approval, which is owed
    TRUE_DRAW = "true_draw"  # step — the draw is of the pool that step fixed, by lot
    DRAWN = "drawn"  # step — only those whom that step drew
    RECORDED = "recorded"  # evidence:step|… — every act of those steps carries it, or this one does
    REFERS = "refers"  # verb — the act names the decision of this case that it corrects or revokes, and why


class FlagKind(StrEnum):
    """What a p2 row of kind `flag` can have marked; its argument is the kind, a colon and what is written here. A flag refuses
    nothing and has no part in the effect."""

    LIMIT = "limit"  # start|…:end|…:n:unit:over:remind at:step+n:from>to|… — a limit that is nearly or already over
    NOTED = "noted"  # grade:condition — what is marked where the condition holds
    EARLY = "early"  # grade:step|…:n:unit:condition — less time than that has passed since the step, and it does not hold
    UNRECORDED = "unrecorded"  # evidence — the record of the course that goes with each act
    FORMER_STAFF = "former_staff"  # months:months — the party employs who left, as a leader or otherwise, less long ago


FLAG = "flag"  # column `kind` of such a row
DEADLINE = "deadline"  # and of an obligation with a limit: step:n:unit
WHEN = "when:"  # how the argument of an obligation begins that is owed under a condition

# Controls of a step that several persons do together; each signs, and one performs.
SIGNED_TOGETHER = frozenset(
    {ControlKind.OFFICERS, ControlKind.SIGNERS, ControlKind.ODD, ControlKind.EXPERTS, ControlKind.MEMBERS}
)

RULE_ON_RECUSAL = "rule_on_recusal"  # an obligation that falls due while a recusal is asked for and not ruled

NOBODY = "nobody"  # no kind of delegate

NO_CONTROL = "-"  # column `ctl` of an allow row

NEVER = "false"  # a condition about a step that the item does not have, or that nothing was written for

REASON_IF_REFUSED = "reason_if_refused"  # a requirement that binds only when the outcome is a refusal
ABOUT = "about"  # a requirement met by the request's own field: the officer it speaks of
OUTCOME = "outcome"  # a requirement met by the request's own field: what is decided, grant or refuse
