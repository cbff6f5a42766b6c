"""The one catalogue of sentences: every message a person sees, in Chinese and English.

Keys are stable codes. `{facts}` are filled from the finding or refusal; a missing fact shows as `-`, so that a sentence can
never fail to be said. Findings say what is wrong and then, after the dash, what to write instead.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sidecar.mistakes import FINDINGS as MISTAKES
from sidecar.sentences_of_flags import FINDINGS_OF_FLAGS, FLAGGED
from sidecar.sentences_of_procedure import ANSWERED_AS_OF_PROCEDURE, FINDINGS_OF_PROCEDURE, REFUSALS_OF_PROCEDURE


class Sentence(NamedTuple):
    zh: str
    en: str

    def in_both(self) -> dict[str, str]:
        """For programs: by language."""
        return {"zh": self.zh, "en": self.en}

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


_JOINT = " ‖ "


def noted(zh: str, en: str) -> str:
    """A reason in both languages as one note beside a row; `told` takes it apart again."""
    return f"{zh}{_JOINT}{en}"


def told(note: str) -> "Sentence | str":
    """What a note says: in both languages where it holds both, else as it is."""
    zh, joint, en = note.partition(_JOINT)
    return Sentence(zh, en) if joint else note


class _Facts(dict[str, object]):
    """Facts of a sentence; a fact that is itself a Sentence is said in the language of the whole."""

    @classmethod
    def in_zh(cls, facts: Mapping[str, object]) -> "_Facts":
        return cls({name: fact.zh if isinstance(fact, Sentence) else fact for name, fact in facts.items()})

    @classmethod
    def in_en(cls, facts: Mapping[str, object]) -> "_Facts":
        return cls({name: fact.en if isinstance(fact, Sentence) else fact for name, fact in facts.items()})

    def __missing__(self, key: str) -> str:
        return "-"


def say(code: str, **facts: object) -> Sentence:
    """The sentence of `code` with its facts filled in."""
    return filled(CATALOGUE.get(code, Sentence(code, code)), facts)


def filled(template: Sentence, facts: Mapping[str, object]) -> Sentence:
    """A sentence with its facts filled in."""
    if not any(isinstance(fact, Sentence) for fact in facts.values()):
        known = _Facts(facts)
        return Sentence(template.zh.format_map(known), template.en.format_map(known))
    return Sentence(template.zh.format_map(_Facts.in_zh(facts)), template.en.format_map(_Facts.in_en(facts)))


def in_lines(found: Iterable[tuple[object, Sentence]]) -> Sentence:
    """Places and what is wrong there, one below the other, for a sentence that lists them."""
    told = list(found)
    return Sentence(*("\n  ".join(f"{place}: {said.in_language(lang)}" for place, said in told) for lang in ("zh", "en")))


def near(word: str, known: Iterable[str]) -> str:
    """The known names closest to a misspelt one, for the sentence that asks for a better one."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, names, cutoff=0.5) or difflib.get_close_matches(word, names, cutoff=0.0)
    return ", ".join(close) or "-"


def counted(number: int, noun: str) -> str:
    """`1 organ`, `2 organs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


FINDINGS: dict[str, tuple[str, str]] = MISTAKES | FINDINGS_OF_PROCEDURE | FINDINGS_OF_FLAGS

REFUSALS: dict[str, tuple[str, str]] = REFUSALS_OF_PROCEDURE | {
    "ALLOWED": (
        "准许：岗位“{post}”有权办理事项“{item}”的“{step}”。",
        "Allowed: post {post} holds step '{step}' of item '{item}'.",
    ),
    "ALLOWED_BY_ROWS": ("准许：策略行 {rows} 准许该请求。", "Allowed by the policy rows {rows}."),
    "DENIED_BY_ROWS": (
        "拒绝：策略行 {rows} 禁止该请求。请联系策略维护人员。",
        "Denied by the policy rows {rows}. Ask the policy maintainers.",
    ),
    "NO_ROW_ALLOWS": (
        "拒绝：没有策略行准许该请求。请联系策略维护人员。",
        "Denied: no policy row allows this request. Ask the policy maintainers.",
    ),
    "ROWS_NOT_EVALUATED": (
        "策略行 {rows} 无法判断，按拒绝处理。请联系策略维护人员。",
        "The policy rows {rows} could not be evaluated, which counts as a refusal. Tell the policy maintainers.",
    ),
    "CO_SIGNED": (
        "会签已记录。本环节尚未办理，须由另一名有权人员发起。",
        "Your co-signature is recorded. The act itself is not done yet; another empowered officer performs it.",
    ),
    "NO_POWER": (
        "您的岗位没有事项“{item}”的“{step}”权力。请交由有权岗位办理：{posts}。",
        "Your post does not hold step '{step}' of item '{item}'. Pass it to a post that does: {posts}.",
    ),
    "UNKNOWN_ITEM": (
        "清单中没有事项“{item}”。清单外不得用权；请核对事项标识。",
        "Item '{item}' is on no list. No power exists outside the list; check the item id.",
    ),
    "ITEM_NOT_NAMED": (
        "没有写明事项，本案也没有办理过。请在 resource.properties.item 写明事项标识。",
        "No item is named, and nothing is known of this case. Name the item's id in resource.properties.item.",
    ),
    "UNKNOWN_STEP_OF_ITEM": (
        "事项“{item}”没有环节“{step}”。可用环节：{steps}。",
        "Item '{item}' has no step '{step}'. Its steps are: {steps}.",
    ),
    "ITEM_NOT_IN_FORCE": (
        "事项“{item}”当前不在用（状态：{status}，有效期：{period}）。请向权责清单管理部门核实。",
        "Item '{item}' is not in force (status: {status}, period: {period}). Ask the keeper of the power list.",
    ),
    "SUSPENDED": (
        "{what}“{target}”已暂停（{document}，至 {until}），任何人不得办理“{step}”。请联系决定暂停的机关。",
        "Suspended: {what} {target} ({document}, until {until}). Nobody may do '{step}' meanwhile. Ask those who ordered it.",
    ),
    "OUT_OF_REGION": (
        "行政区划 {region} 不在事项“{item}”的管辖范围 {allowed} 内。请移送有管辖权的机关。",
        "Region {region} is outside {allowed}, where item '{item}' applies. Transfer it to the competent organ.",
    ),
    "WRONG_LEVEL": (
        "事项“{item}”应由{level}机关作出“{step}”，本机关为{organ_level}，只能初审。请报有权层级。",
        "Step '{step}' of item '{item}' belongs to level {level}; this organ is level {organ_level}. Send it up.",
    ),
    "OUT_OF_SCOPE": (
        "该情形不属于事项“{item}”：{reason}（{basis}）。请不要要求办理本事项。",
        "This matter is outside item '{item}': {reason} ({basis}). Do not require it here.",
    ),
    "LIMITATION_EXPIRED": (
        "{reason}自 {start} 起已超过{term}，于 {end} 届满，不得办理“{step}”。请不予办理或者依法另行处理。",
        "{reason}: the term of {term} from {start} ended on {end}, so '{step}' may not be done. Close the matter another way.",
    ),
    "DISCRETION_OUT_OF_BOUNDS": (
        "数额 {amount} 不在裁量幅度 {low} 至 {high} 之内，不得办理“{step}”。请在幅度内确定，或者依程序集体讨论并说明理由。",
        "{amount} is outside the bounds {low} to {high}, so '{step}' may not be done. Keep within them, or have it deliberated.",
    ),
    "NO_DISCRETION": (
        "裁量基准没有规定这种情形，不得办理“{step}”。请核对告知的事实，或者依程序集体讨论并说明理由。",
        "No line of the discretion standard covers this case, so '{step}' may not be done. Check the facts asserted.",
    ),
    "AMOUNT_NOT_NOTIFIED": (
        "“{missing}”没有告知拟处罚的数额，不得“{step}”。请重新告知，写明数额。",
        "'{missing}' did not say the amount, so '{step}' may not be done. Notify again and say it.",
    ),
    "HEAVIER_THAN_NOTIFIED": (
        "拟处罚 {amount}，比“{missing}”告知的 {told} 更重，不得“{step}”。请减到告知的数额以内，有新的事实的重新告知。",
        "{amount} is heavier than the {told} of '{missing}', so '{step}' may not be done. Reduce it, or notify anew.",
    ),
    "TIME_BARRED": (
        "现在是{time}，依法不得办理“{step}”。请改在 {next} 以后办理；情况紧急的依法说明。",
        "It is {time}, when '{step}' may not be done. Do it from {next} on, or state the emergency the law allows.",
    ),
    "FORBIDDEN": (
        "不得办理“{step}”：{reason}（{basis}）。",
        "'{step}' may not be done: {reason} ({basis}).",
    ),
    "NO_POST": (
        "您今天没有担任{acting_post}。请由在岗人员办理，或请人事部门核对任职记录。",
        "You do not hold {acting_post} today. Let a holder act, or have personnel check the appointment.",
    ),
    "POST_EXPIRED": (
        "您在{acting_post}的任职已于 {until} 结束。请由现任人员办理。",
        "Your appointment to {acting_post} ended on {until}. Let the present holder act.",
    ),
    "STEP_OUT_OF_ORDER": (
        "尚未完成“{missing}”，不得办理“{step}”。请先完成“{missing}”。",
        "'{missing}' is not done yet, so '{step}' may not be. Do '{missing}' first.",
    ),
    "PRIOR_STEP_REFUSED": (
        "本案“{missing}”的结果是不予准许，不得办理“{step}”。请送达、归档或依法另行处理。",
        "'{missing}' ended in a refusal in this case, so '{step}' may not be done. Serve and file the refusal.",
    ),
    "STEP_ALREADY_DONE": (
        "本案“{step}”已办理 {times} 次，上限 {limit} 次，不得重复。",
        "'{step}' is already done in this case ({times} of at most {limit}). It may not be repeated.",
    ),
    "MISSING_REQUIREMENT": (
        "缺少“{missing}”，不得办理“{step}”。请补充后再办。",
        "'{missing}' is missing, so '{step}' may not be done. Supply it and ask again.",
    ),
    "FACT_INVALID": (
        "事实“{fact}”应为{form}，收到的是{sent}。请办理系统按声明的类型和单位告知。",
        "The fact '{fact}' must be {form}; {sent} was sent. Let the calling system send it in its declared type and unit.",
    ),
    "SAME_PERSON_PRIOR_STEP": (
        "您已在本案办理“{other}”，不得再办理“{step}”。请由其他人员办理：{posts}。",
        "You already did '{other}' in this case and may not do '{step}'. Pass it to another holder of: {posts}.",
    ),
    "ALL_BY_ONE_PERSON": (
        "您已在本案办理“{other}”，再办“{step}”即由一人经办全过程。请由其他人员办理：{posts}。",
        "You already did '{other}' in this case; with '{step}' one person would have done it all. Pass it to: {posts}.",
    ),
    "TOO_FEW_PERSONS_IN_CASE": (
        "本案至少由 {required} 人办理：连您 {present} 人，余下环节最多再有 {left} 人。“{step}”请由其他人员办理：{posts}。",
        "This case needs {required} persons; with you it has {present}, and {left} more at most. Pass '{step}' to: {posts}.",
    ),
    "INCOMPATIBLE_DUTIES": (
        "不相容岗位：{reason}（{basis}）。您已担任或在本案已行使另一岗位，不得办理“{step}”。请由其他人员办理：{posts}。",
        "Incompatible duties: {reason} ({basis}). You hold, or used in this case, another of them. Pass '{step}' to: {posts}.",
    ),
    "TOO_FEW_OFFICERS": (
        "“{step}”须由不少于 {required} 人共同办理，现有 {present} 人（含您）。请其他有权人员先会签。",
        "'{step}' needs {required} officers; there are {present}, you included. Another empowered officer must co-sign first.",
    ),
    "EVEN_NUMBER_OF_OFFICERS": (
        "“{step}”须由单数人员办理，现有 {present} 人（含您）。请再由一名有权人员会签。",
        "'{step}' takes an odd number of officers; there are {present}, you included. One more must co-sign first.",
    ),
    "TOO_FEW_EXPERTS": (
        "“{step}”中持有“{credential}”的人员须占 {share}，现 {present} 人中有 {experts} 人。请由更多专家会签。",
        "At least {share} of those who do '{step}' must hold {credential}, not {experts} of {present}. Let more co-sign.",
    ),
    "POSTS_HAVE_NOT_SIGNED": (
        "“{step}”尚缺下列岗位的会签（一人只计一个岗位）：{missing}。请其先会签。",
        "'{step}' still lacks signatures of these posts (one person counts for one post): {missing}. Let them co-sign first.",
    ),
    "MEMBERS_HAVE_NOT_SIGNED": (
        "委员会成员尚有 {missing} 人没有签署“{step}”。请其签署或书面表示不同意见；拒不签署又不说明的，先记录在案。",
        "Members who have not signed '{step}': {missing}. Let them sign or dissent, or put their silence on record.",
    ),
    "NOT_A_MEMBER": (
        "您不是本案委员会的成员，不得办理“{step}”。请由名单中的成员办理。",
        "You are no member of this case's committee and may not do '{step}'. Leave it to those who were named.",
    ),
    "ALREADY_CO_SIGNED": (
        "您已会签“{step}”。一人不能既会签又办理或重复会签，请由另一人办理。",
        "You have already co-signed '{step}'. One person counts once; another officer must act.",
    ),
    "CO_SIGN_NOT_NEEDED": ("“{step}”不需要会签，请直接办理。", "'{step}' needs no co-signature; perform it directly."),
    "VOTE_NOT_NEEDED": ("“{step}”不经表决，请直接办理。", "'{step}' is not decided by vote; perform it directly."),
    "DELEGATION_INVALID": (
        "没有有效的代理授权，不得代为办理“{step}”。请由本人办理或先办理书面委托。",
        "No delegation in force lets you do '{step}' for somebody else. Let them act, or have it delegated in writing.",
    ),
    "DELEGATION_BARRED": (
        "依法不得委托或代理办理“{step}”（{basis}）。请由本人办理。",
        "The law lets nobody do '{step}' for somebody else ({basis}). Let the holder of the power act.",
    ),
    "DELEGATE_NOT_ALLOWED": (
        "{kind}不得受托办理“{step}”（{basis}）。请由本人或依法可以受托的人员办理。",
        "A delegate of this kind ({kind}) may not do '{step}' ({basis}). Let the holder of the power act, or a lawful delegate.",
    ),
    "DELEGATION_NOT_PUBLISHED": (
        "委托 {document} 尚未公告，不得据此办理“{step}”（{basis}）。请先公告。",
        "Delegation {document} is not published yet and does not carry '{step}' ({basis}). Publish it first.",
    ),
    "DELEGATION_TO_ONESELF": (
        "代理人与被代理人是同一人。请以本人名义办理“{step}”。",
        "Nobody acts for themselves by delegation. Do '{step}' in your own name.",
    ),
    "DELEGATOR_WITHOUT_POWER": (
        "被代理人今天没有办理“{step}”的岗位，代理不得超出其本人权力。请由有权岗位办理：{posts}。",
        "The one you act for may not do '{step}' today, and a delegate has no more power than they. Pass it to: {posts}.",
    ),
    "DELEGATION_PASSED_ON": (
        "您受托的权力不得转委托，不得为他人代理“{step}”。请由受托人或本人办理。",
        "A power that was delegated is not passed on, so you may not do '{step}'. Let the delegate or the holder act.",
    ),
    "DELEGATION_NOT_IN_TERM": (
        "代理授权 {document} 现在不在有效期内，不得代为办理“{step}”。请由本人办理或重新委托。",
        "Delegation {document} is not in term now and does not carry '{step}'. Let the holder act, or delegate anew.",
    ),
    "DELEGATION_OUT_OF_SCOPE": (
        "代理授权 {document} 的范围不包括以该岗位办理本事项的“{step}”。请由本人办理或另行委托。",
        "Delegation {document} does not cover '{step}' of this item through this post. Let the holder act, or delegate it too.",
    ),
    "CREDENTIAL_MISSING": (
        "您在今天没有有效的“{credential}”，不得办理“{step}”。请由持证人员办理。",
        "You hold no valid {credential} today and may not do '{step}'. Let a holder act.",
    ),
    "RECUSAL": (
        "您与当事人有利害关系（{relation}），应当回避，不得办理“{step}”。请报告并由他人办理：{posts}。",
        "You have a declared interest in the party ({relation}) and must recuse yourself from '{step}'. Pass it to: {posts}.",
    ),
    "RECUSED": (
        "已决定您回避本案，不得办理“{step}”，也不得参加审查、讨论和表决。请由他人办理：{posts}。",
        "You are recused from this case and may not do '{step}', nor review, discuss or vote. Pass it to: {posts}.",
    ),
    "RECUSAL_PENDING": (
        "对您的回避申请尚未决定，在此之前不得由您作出“{step}”（调查不停止）。请先决定是否回避，或由他人办理：{posts}。",
        "Your recusal is asked for and not ruled yet, so you may not do '{step}'. Have it ruled, or pass it to: {posts}.",
    ),
    "OWN_RECUSAL": (
        "您不得决定自己是否回避。请由其他有权人员决定：{posts}。",
        "You may not rule on your own recusal. Let another empowered officer rule: {posts}.",
    ),
    "RECUSAL_OF_PRINCIPAL": (
        "一把手是否回避，由领导班子集体或上级机关决定。请提交班子会议或报上级机关。",
        "The group or the superior organ rules on the principal's recusal. Put it to the group or send it up.",
    ),
    "PRINCIPAL_BARRED": (
        "一把手不得办理“{step}”。请由分管领导或领导班子办理。",
        "The principal may not do '{step}'. Leave it to the leader in charge or to the group.",
    ),
    "PRINCIPAL_ALONE": (
        "一把手不得一人审批“{step}”（{basis}）。请先由分管领导或领导班子作出决定。",
        "The principal may not approve '{step}' alone ({basis}). Let the leader in charge or the group decide first.",
    ),
    "TENURE_EXCEEDED": (
        "您自 {since} 起在岗位“{post}”任职，已满 {years} 年，应当交流，不得办理“{step}”（{basis}）。请由他人办理：{posts}。",
        "You have held {post} since {since}, {years} years or more, and must move on; '{step}' is for others ({basis}): {posts}.",
    ),
    "PRINCIPALS_OWN_MATTER": (
        "本案涉及本机关一把手本人或其亲属，本机关不得作出“{step}”。请报上级机关办理。",
        "The party is this organ's principal or their kin, so '{step}' is not done here. Send it to the superior organ.",
    ),
    "COLLECTIVE_REQUIRED": (
        "本案须经集体讨论，“{missing}”未完成，不得“{step}”。",
        "This case needs collective deliberation; '{missing}' is not done, so '{step}' may not be. Convene it first.",
    ),
    "LEGAL_REVIEW_REQUIRED": (
        "本案须经法制审核，“{missing}”未完成，不得“{step}”。请先送审。",
        "This case needs legal review; '{missing}' is not done, so '{step}' may not be. Send it to review first.",
    ),
    "HEARING_REQUIRED": (
        "本案须举行听证，“{missing}”未完成，不得“{step}”。请先听证。",
        "This case needs a hearing; '{missing}' is not done, so '{step}' may not be. Hold it first.",
    ),
    "RIGHTS_NOT_NOTIFIED": (
        "尚未告知当事人权利（“{missing}”），不得“{step}”。请先告知。",
        "The party has not been told of its rights ('{missing}'), so '{step}' may not be done. Notify first.",
    ),
    "CASE_ITEM_MISMATCH": (
        "本案属于事项“{fixed}”，不能按“{item}”办理。请核对案号。",
        "This case belongs to item '{fixed}', not '{item}'. Check the case number.",
    ),
    "CASE_PARTY_MISMATCH": (
        "当事人与本案首次办理时不一致。请核对案号与当事人。",
        "The party is not the one this case began with. Check the case and the party.",
    ),
    "CASE_REGION_MISMATCH": (
        "行政区划与本案首次办理时（{fixed}）不一致。请核对。",
        "The region is not the one this case began with ({fixed}). Check it.",
    ),
    "CONTROL_ERROR": (
        "制约措施“{control}”无法判断，按拒绝处理。请联系策略维护人员。",
        "Control '{control}' could not be evaluated, which counts as a refusal. Tell the policy maintainers.",
    ),
    "LOG_UNAVAILABLE": (
        "目前无法留痕，不得用权。请稍后重试；若持续，请联系运维。",
        "The decision cannot be recorded now, so no power may be used. Retry; if it lasts, tell the operators.",
    ),
    "CALLER_OUT_OF_SCOPE": (
        "事项“{item}”不属于该调用系统的范围，不予答复。请由主管系统提出，或请运维核对调用方设置中的 items。",
        "This calling system may not ask about item '{item}'. Use the item's own system, or have `items` of the caller set.",
    ),
    "OBLIGATION_UNSUPPORTED": (
        "准许“{step}”附有调用系统未声明能够履行的义务（{obligations}），按拒绝处理。请由能够履行的系统办理，或在调用方设置中声明。",
        "'{step}' brings obligations this system has not said it can fulfil ({obligations}). Use one that can, or declare them.",
    ),
    "CASE_TOO_LARGE": (
        "本案记录超过 {limit} 条，不再受理新的办理。请报告运维。",
        "This case has more than {limit} acts and takes no further one. Tell the operators.",
    ),
}

# Sentences that say more than the code they are answered under.
ANSWERED_AS = ANSWERED_AS_OF_PROCEDURE | {
    "AMOUNT_NOT_NOTIFIED": "RIGHTS_NOT_NOTIFIED",
    "HEAVIER_THAN_NOTIFIED": "RIGHTS_NOT_NOTIFIED",
    "NO_DISCRETION": "DISCRETION_OUT_OF_BOUNDS",
    "FORBIDDEN": "OUT_OF_SCOPE",  # or whichever code its prohibition names
    "UNKNOWN_ITEM": "NO_POWER",
    "ITEM_NOT_NAMED": "NO_POWER",
    "UNKNOWN_STEP_OF_ITEM": "NO_POWER",
    "PRIOR_STEP_REFUSED": "STEP_OUT_OF_ORDER",
    "ALREADY_CO_SIGNED": "STEP_ALREADY_DONE",
    "DELEGATION_BARRED": "DELEGATION_INVALID",
    "DELEGATE_NOT_ALLOWED": "DELEGATION_INVALID",
    "DELEGATION_NOT_PUBLISHED": "DELEGATION_INVALID",
    "DELEGATION_TO_ONESELF": "DELEGATION_INVALID",
    "DELEGATOR_WITHOUT_POWER": "DELEGATION_INVALID",
    "DELEGATION_PASSED_ON": "DELEGATION_INVALID",
    "DELEGATION_NOT_IN_TERM": "DELEGATION_INVALID",
    "DELEGATION_OUT_OF_SCOPE": "DELEGATION_INVALID",
    "RECUSED": "RECUSAL",
    "RECUSAL_PENDING": "RECUSAL",
    "OWN_RECUSAL": "RECUSAL",
    "RECUSAL_OF_PRINCIPAL": "PRINCIPAL_BARRED",
    "PRINCIPALS_OWN_MATTER": "PRINCIPAL_BARRED",
    "PRINCIPAL_ALONE": "PRINCIPAL_BARRED",
    "EVEN_NUMBER_OF_OFFICERS": "TOO_FEW_OFFICERS",
    "TOO_FEW_EXPERTS": "TOO_FEW_OFFICERS",
    "POSTS_HAVE_NOT_SIGNED": "TOO_FEW_OFFICERS",
    "MEMBERS_HAVE_NOT_SIGNED": "TOO_FEW_OFFICERS",
    "NOT_A_MEMBER": "NO_POWER",
    "ALL_BY_ONE_PERSON": "SAME_PERSON_PRIOR_STEP",
    "TOO_FEW_PERSONS_IN_CASE": "SAME_PERSON_PRIOR_STEP",
    "INCOMPATIBLE_DUTIES": "SAME_PERSON_PRIOR_STEP",
    "ALLOWED_BY_ROWS": "ALLOWED",
    "NO_ROW_ALLOWS": "NO_POWER",
    "ROWS_NOT_EVALUATED": "CONTROL_ERROR",
}
ANSWERED = tuple(code for code in REFUSALS if code not in ANSWERED_AS)  # every code a decision may have

# What an enforcement point says when no decision stands behind its refusal.
EDGE: dict[str, tuple[str, str]] = {
    "NO_DECISION": (
        "授权服务没有给出决定，请求未转交。请稍后重试。",
        "The authorization service gave no decision; nothing was forwarded. Try again.",
    ),
    "OBLIGATION_UNMET": (
        "准许附有本处不能履行的义务（{obligations}），请求未转交。请联系系统管理员。",
        "The allow brings obligations nobody here can fulfil ({obligations}); nothing was forwarded. Tell the administrators.",
    ),
    "OBLIGATION_NOT_TAKEN": (
        "准许附随的义务未能登记，请求未转交，本次不计办理。请稍后重试。",
        "What the allow obliges to could not be put on file; nothing was forwarded or counted as done. Try again later.",
    ),
    "UNMAPPED_ROUTE": (
        "此操作未对应权责清单中的任何环节，也未声明为非权力，不予转交。请联系系统管理员补充路由文件。",
        "This route is no step of the power list and not declared not-a-power; it is not forwarded. Ask for it to be mapped.",
    ),
    "UNMAPPED_WEBSOCKET": (
        "此地址未声明为长连接（WebSocket），请求未转交。请联系系统管理员。",
        "This address is not declared for WebSockets; nothing was forwarded. Tell the administrators.",
    ),
    "SYSTEM_DOWN": (
        "业务系统目前不可用，请求未转交，也未作决定。恢复后请重新提交。",
        "The system behind is down; nothing was forwarded or decided. Try again when it is back.",
    ),
    "NOT_CONNECTED": (
        "业务系统无法连接，请求未办理。请稍后重试。",
        "The system behind cannot be reached; nothing was done. Try again later.",
    ),
    "UNKNOWN_OUTCOME": (
        "业务系统没有答复，办理结果不明。请先查询再操作。",
        "The system behind did not answer. Look whether it was done before you act again.",
    ),
    "REQUEST_NO_OFFICER": (
        "请求没有说明由谁办理，未转交。请重新登录后再试。",
        "The request does not say which officer acts; it was not forwarded. Sign in again.",
    ),
    "REQUEST_NO_CASE": (
        "请求没有说明属于哪个案件，未转交。请从案件页面重新操作。",
        "The request does not say which case it belongs to; it was not forwarded. Act from the page of the case.",
    ),
    "REQUEST_BAD_IDENTIFIER": (
        "人员、岗位或案件的标识不符合要求（{detail}），未转交。请联系系统管理员。",
        "An identifier of officer, post or case is not valid ({detail}); it was not forwarded. Tell the administrators.",
    ),
    "REQUEST_NO_LENGTH": (
        "请求没有写明正文长度（Content-Length），而此路由要读正文才能决定，未转交。请联系系统管理员。",
        "The request does not declare the length of its body, which is read to decide; not forwarded. Tell the administrators.",
    ),
    "REQUEST_MALFORMED": (
        "请求不符合要求（{detail}），未转交。请联系系统管理员。",
        "The request is malformed ({detail}); it was not forwarded. Tell the administrators.",
    ),
}

# Why a search finds nothing, whoever acts and whatever is known.
NOTHING_FOUND: dict[str, tuple[str, str]] = {
    "NO_POST_HOLDS_STEP": (
        "“{person}”的岗位没有环节“{step}”的权力。请核对环节标识；其岗位可办：{steps}。",
        "No post of '{person}' holds a step '{step}'. Check the step; what their posts hold: {steps}.",
    ),
    "HOLDS_NO_POST": (
        "“{person}”今天没有任职。请核对人员标识，或请人事部门核对任职记录。",
        "'{person}' holds no post today. Check the identifier, or have personnel check the appointments.",
    ),
    "ONLY_OFFICERS": (
        "只能查找人员：请把 subject.type 写成 officer。",
        "Only officers are found: write officer as subject.type.",
    ),
    "ONLY_ITEMS": (
        "只能查找事项：请把 resource.type 写成 item；案件由业务系统保管。",
        "Only items are found: write item as resource.type. Cases belong to the systems that keep them.",
    ),
}

CATALOGUE: dict[str, Sentence] = {
    code: Sentence(zh, en) for code, (zh, en) in (FINDINGS | REFUSALS | FLAGGED | EDGE | NOTHING_FOUND).items()
}
