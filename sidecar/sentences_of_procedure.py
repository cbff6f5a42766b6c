"""Sentences of the controls of procedure: bodies that decide together, reviews, ends of cases; joined to the one catalogue."""

FINDINGS_OF_PROCEDURE: dict[str, tuple[str, str]] = {
    "NOTHING_TO_UNDO": (
        "写了 upper_posts，但没有动作为 revoke 或 correct 的环节——上级岗位只能撤销或纠正，请增加环节或删去",
        "upper_posts are written but no step revokes or corrects, all an upper organ does here — add one, or remove them",
    ),
    "POST_NOT_ABOVE": (
        "“{post}”属于{organ}，不是本事项的上级机关——请写层级更高且辖区包含本地的机关的岗位",
        "post {post} belongs to {organ}, which is not above — name a post of a higher level whose region holds this one",
    ),
    "TIERS_ONE_LEVEL": (
        "环节“{step}”的分级只有一个层次——请至少分给两个不同的岗位或层级，或删去 tiers",
        "the tiers of step {step} are one level only — give them to two or more posts or levels, or remove tiers",
    ),
    "TIERS_ORDER": (
        "环节“{step}”的分级次序不对——限额请由小到大，岗位由低到高，只有最后一级不写 up_to",
        "the tiers of step {step} are out of order — write rising sums and ranks, and only the last one without up_to",
    ),
    "TIER_UNREACHABLE": (
        "环节“{step}”的这一级无人可以办理（{posts}）——请写本环节的岗位，或只写 level",
        "nobody holds this tier of step {step} ({posts}) — write posts of the step, or a level alone",
    ),
    "TIERS_TOP_ACCEPTS": (
        "环节“{step}”的最高一级由受理岗位（{posts}）办理——请交给其他岗位",
        "the highest tier of step {step} lies with the accepting post ({posts}) — give it to another post",
    ),
    "GROUP_NOT_A_FACT": (
        "group_by 的“{name}”不是已声明的事实——请在 facts 中声明，或改写",
        "group_by names {name}, which is no declared fact — declare it under facts, or correct the name",
    ),
    "EMERGENCY_SAID_ALREADY": (
        "模板已经规定了紧急情况（{first}），事项不得另行规定——请删去 controls.emergency",
        "the profile says already what an emergency is ({first}) — remove controls.emergency",
    ),
    "EMERGENCY_WITHOUT_BASIS": (
        "先实施后补批须有法律、法规的条款（现为{instrument}）——请写 instrument 和 basis，或删去 controls.emergency",
        "only a law or regulation lets an act come before its approval ({instrument}) — write its article, or remove the block",
    ),
    "EMERGENCY_NEVER": (
        "“{approval}”在任何情形下都须先于“{step}”（{basis}，{first}），紧急情况无从适用——请写 required_when，或删去本块",
        "{approval} comes before {step} in every case ({basis}, {first}): no emergency can be — add required_when, or remove it",
    ),
    "LOOSER_CLOSES": (
        "环节“{step}”写了不结案，而 {basis} 以此结案（{first}）——请删去 closes: false",
        "step {step} does not close the case, as {basis} has it ({first}) — remove closes: false",
    ),
    "LOOSER_SHARE": (
        "{key} 写了 {written}，低于 {basis} 的 {required}（{first}）——请写 {required} 或更高",
        "{key} is {written}, less than the {required} of {basis} ({first}) — write {required} or more",
    ),
    "LOOSER_MEETING": (
        "{key} 写了 false，而 {basis} 要求如此（{first}）——请删去该键",
        "{key} is false, but {basis} asks for it ({first}) — remove the key",
    ),
    "NOTHING_DELIBERATED": (
        "写了 collective，但没有动作为 deliberate 的环节——请增加集体讨论环节或删去 collective",
        "collective is written but no step has the verb deliberate — add the step or remove collective",
    ),
    "NO_CHAIR": (
        "找不到主持人：没有写 chair，本机关也没有一把手岗位，末位表态无从核对——请写 chair",
        "nobody presides: no chair is written and the organ has no principal post, so nobody speaks last — write chair",
    ),
    "NO_CHAIR_BY_PROFILE": (
        "{n} 个按模板须集体审议的事项找不到主持人（这是第一个）：机关没有一把手岗位，无从末位表态——请写明一把手岗位或 chair",
        "items whose profile has them deliberated where nobody presides: {n}, first here — name a principal post, or write chair",
    ),
}

REFUSALS_OF_PROCEDURE: dict[str, tuple[str, str]] = {
    "ABOVE_TIER": (
        "金额 {amount} 超过所用岗位的审批权限，不得办理“{step}”。请由 {posts} 办理；兼任的请写明所用岗位（acting_post）。",
        "The sum {amount} is above what this post may decide at '{step}'. Pass it to {posts}, or name that post (acting_post).",
    ),
    "SPLIT": (
        "{year} 年同类已有 {before}，加上本次 {amount} 达到 {threshold}，属于化整为零。请按事项“{item}”以外的公开招标办理。",
        "In {year} {before} of this group and {amount} now reach {threshold}: splitting. Tender it openly, not by '{item}'.",
    ),
    "EMERGENCY_DEBT_OPEN": (
        "本机构有 {n} 件紧急办理的补办批准已逾期（案件 {case}，期限 {due}），不得再紧急“{step}”。请先补办，或先报批再办。",
        "This unit owes {n} overdue approvals of emergencies (case {case}, due {due}). Complete them before '{step}'.",
    ),
    "VOTED": (
        "表决已记录。须由有权人员按表决结果办理“{step}”后，集体讨论方告完成。",
        "Your vote is recorded. '{step}' is done once an empowered officer performs it as the votes came out.",
    ),
    "NOT_ADOPTED": (
        "“{missing}”没有通过，不得“{step}”。请修改草案后重新讨论。",
        "'{missing}' did not adopt the draft, so '{step}' may not be done. Amend the draft and deliberate again.",
    ),
    "DRAW_INVALID": (
        "“{step}”的结果与名单和种子（“{fixed}”的决定编号）重新计算的结果不符。请用 quanheng draw make 重新抽取。",
        "The result of '{step}' is not what the pool and the decision of '{fixed}' give. Draw again with quanheng draw make.",
    ),
    "POOL_NOT_FIXED": (
        "“{step}”所用的名单不是“{fixed}”确定的名单。请用办理“{fixed}”时写明摘要（content）的名单。",
        "The pool of '{step}' is not the one that '{fixed}' fixed. Use the pool whose digest '{fixed}' named as its content.",
    ),
    "NOT_DRAWN": (
        "您没有在“{draw}”中被抽中，不得办理“{step}”。请由抽中的人员办理。",
        "You were not drawn at '{draw}' and may not do '{step}'. Leave it to those who were drawn.",
    ),
    "RESOLUTION_INVALID": (
        "“{step}”的决议无效。请核对会议记录。",
        "The resolution of '{step}' is not valid. Check the record of the meeting.",
    ),
    "QUORUM_SHORT": (
        "“{step}”应到 {due} 人，实到 {present} 人；须{quorum}且不少于两人到会。请等其他成员表态。",
        "At '{step}' {present} of {due} due attended; it takes {quorum}, and two or more. Wait for other members.",
    ),
    "NOT_DUE": (
        "{persons} 今天不是应到会的成员，不得参加“{step}”的表决。请核对名单。",
        "{persons} is not due to attend today and may not vote at '{step}'. Check the list of members.",
    ),
    "COUNTED_TWICE": (
        "{persons} 在“{step}”的记录中出现不止一次，一人只计一票。请改正记录。",
        "{persons} stands more than once in the record of '{step}'; one person has one vote. Correct the record.",
    ),
    "VOTES_AND_RECORD": (
        "成员已就“{step}”逐人表决，不得另以会议记录代替。请按已有表决办理。",
        "Members have voted on '{step}' themselves, so no record may stand in their place. Close the vote as it is.",
    ),
    "OUTCOME_AGAINST_VOTES": (
        "“{step}”应到 {due} 人，赞成 {agreed} 人，须应到会成员{majority}赞成：结果是{outcome}。请按此填写结果。",
        "At '{step}' {agreed} of {due} due agreed; it takes {majority}. The outcome is: {outcome}. State it so.",
    ),
    "HEAD_SILENT": (
        "“{step}”由主要负责人在讨论基础上决定，而其没有表态。请由其最后表态。",
        "The head decides '{step}' on the basis of the discussion and has not spoken. Let the head speak last.",
    ),
    "CHAIR_TOO_EARLY": (
        "主持人应当末位表态：“{step}”应到 {due} 人，连您 {present} 人，须{quorum}。请等其他成员先表态。",
        "The chair speaks last: at '{step}' {present} of {due} due, you included; it takes {quorum}. Let others speak first.",
    ),
    "CHAIR_SPOKE": (
        "主持人已对“{step}”末位表态，其后不得再有表决。请按已有表决办理。",
        "The chair has spoken last on '{step}', and nobody votes after. Close the vote as it is.",
    ),
    "CHAIR_NOT_LAST": (
        "“{step}”的记录中最后表态的是 {last}，应为主持人（{chair}）。请依法重新讨论。",
        "In the record of '{step}' {last} spoke last; it must be the chair ({chair}). Deliberate again as the law has it.",
    ),
    "AGAINST_MOST": (
        "主持人在“{step}”上的意见与多数人不一致，须当场说明理由（reason）。请补充理由。",
        "On '{step}' the chair goes against most of the others and must give the reason at the meeting. Supply it.",
    ),
    "DISSENT_NOT_RECORDED": (
        "“{step}”的记录没有载明 {persons} 的不同意见。请如实补充。",
        "The record of '{step}' does not hold the dissent of {persons}. Add it as it was given.",
    ),
    "RESOLUTION_OF_ANOTHER": (
        "集体讨论的{what}（{covered}）不是“{step}”所办的（{asked}）。请按所议办理，或重新讨论。",
        "The {what} that was deliberated ({covered}) is not that of '{step}' ({asked}). Act as resolved, or deliberate again.",
    ),
    "VOTED_DOWN": (
        "这份草案已经“{step}”否决，不得原样再议。请修改后再提。",
        "'{step}' has voted this very draft down; it may not come up again unchanged. Amend it.",
    ),
    "ONLY_VOTES": (
        "您是“{step}”的成员，可以表决，不能代为办结。请由记录岗位办理。",
        "You are a member of '{step}' and may vote, not close it. Let the post that keeps the minutes do so.",
    ),
    "VOTE_IN_PERSON": (
        "“{step}”的表决不得由他人代为。请由本人表决。",
        "Nobody votes at '{step}' for somebody else. Let the member vote in person.",
    ),
    "ALREADY_VOTED": (
        "您已对“{step}”表决，一人一票，不得重复。请等待办结。",
        "You have already voted on '{step}'. One person has one vote; wait until it is closed.",
    ),
    "MEMBER_RECUSED": (
        "{person} 与当事人有利害关系（{relation}），不得参加“{step}”。请在其回避后重新讨论。",
        "{person} has a declared interest in the party ({relation}) and may not take part in '{step}'. Deliberate without.",
    ),
    "REVIEW_NOT_PASSED": (
        "本案“{missing}”没有通过，不得“{step}”。请修改后重新送审。",
        "'{missing}' was not passed in this case, so '{step}' may not be done. Amend the draft and send it to review again.",
    ),
    "STEP_TOO_EARLY": (
        "“{missing}”之后须留足 {limit}，{next} 起才能“{step}”（{basis}）。请届时再办。",
        "{limit} must be left after '{missing}'; '{step}' may be done from {next} on ({basis}). Do it then.",
    ),
    "STILL_OPEN": (
        "“{missing}”之后须满 {days} 日（{until} 起）才能“{step}”。请届时再办。",
        "'{missing}' stays open for {days} days; '{step}' may be done from {until} on. Do it then.",
    ),
    "PRIOR_STEP_FAILED": (
        "“{missing}”曾获准许，但系统报告没有办成，所以不能“{step}”。请重新办理“{missing}”。",
        "'{missing}' was allowed but reported to have failed, so '{step}' may not be done. Do '{missing}' again.",
    ),
    "PRIOR_STEP_REVOKED": (
        "本案的“{missing}”已被撤销，不得“{step}”。请依法重新办理“{missing}”。",
        "'{missing}' has been revoked in this case, so '{step}' may not be done. Do '{missing}' anew as the law has it.",
    ),
    "CASE_CLOSED": (
        "本案已经“{closing}”，不得再“{step}”。确有错误的，请依法撤销或者纠正。",
        "This case ended with '{closing}', so '{step}' may not be done. If it is wrong, revoke or correct it.",
    ),
    "CORRECTS_NOTHING": (
        "本案没有决定 {decision}，“{step}”无从谈起。请核对决定编号（corrects）。",
        "This case has no decision {decision} that '{step}' could speak of. Check the number of the decision (corrects).",
    ),
    "ALREADY_REVOKED": (
        "决定 {decision} 已被撤销，“{step}”不得重复。请核对决定编号。",
        "Decision {decision} has been revoked already; '{step}' may not be repeated. Check the number.",
    ),
}

# Sentences that say more than the code they are answered under.
ANSWERED_AS_OF_PROCEDURE = {
    "POOL_NOT_FIXED": "DRAW_INVALID",
    "ABOVE_TIER": "WRONG_LEVEL",
    "SPLIT": "OUT_OF_SCOPE",
    "NOT_ADOPTED": "COLLECTIVE_REQUIRED",
    **dict.fromkeys(
        (
            "QUORUM_SHORT",
            "NOT_DUE",
            "COUNTED_TWICE",
            "VOTES_AND_RECORD",
            "OUTCOME_AGAINST_VOTES",
            "HEAD_SILENT",
            "CHAIR_TOO_EARLY",
            "CHAIR_SPOKE",
            "CHAIR_NOT_LAST",
            "AGAINST_MOST",
            "DISSENT_NOT_RECORDED",
            "RESOLUTION_OF_ANOTHER",
            "VOTED_DOWN",
        ),
        "RESOLUTION_INVALID",
    ),
    "ONLY_VOTES": "NO_POWER",
    "VOTE_IN_PERSON": "DELEGATION_INVALID",
    "ALREADY_VOTED": "STEP_ALREADY_DONE",
    "MEMBER_RECUSED": "RECUSAL",
    "REVIEW_NOT_PASSED": "LEGAL_REVIEW_REQUIRED",
    "PRIOR_STEP_FAILED": "STEP_OUT_OF_ORDER",
    "STEP_TOO_EARLY": "STEP_OUT_OF_ORDER",  # or whichever code is written for it
    "STILL_OPEN": "STEP_OUT_OF_ORDER",
    "PRIOR_STEP_REVOKED": "STEP_OUT_OF_ORDER",
    "CORRECTS_NOTHING": "MISSING_REQUIREMENT",
    "ALREADY_REVOKED": "STEP_ALREADY_DONE",
}
