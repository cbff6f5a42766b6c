"""Every sentence of an import of DIGIT configuration, by its code, in Chinese and English: what is so, and what to write."""

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.messages import Sentence

SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        "FILE_MISSING": Sentence(
            "没有 {name}，与它有关的检查没有做——请放入该文件再运行",
            "{name} is not there, and what it is needed for was not checked — add it and run again",
        ),
        "NOT_AN_OBJECT": Sentence("这一项不是对象，没有读取——请改正", "this entry is no object and was not read — correct it"),
        # roles, actions, grants
        "UNDEFINED_ACTION": Sentence(
            "授予的操作 {action} 没有定义（{n} 处授权：{roles}）——请在 actions-test.json 中定义，或删去这些授权",
            "action {action} is granted and not defined (grants: {n}, to {roles}) — define it in actions-test.json, or remove them",
        ),
        "UNDECLARED_ROLE": Sentence(
            "角色“{role}”有授权而没有声明（{n} 处）——请在 roles.json 中声明，或改正角色代码：{near}",
            "role '{role}' has grants and is not declared (times: {n}) — declare it in roles.json, or correct the code: {near}",
        ),
        "UNDECLARED_ROLE_ACTS": Sentence(
            "流程由角色“{role}”办理（{n} 处），而它没有声明——请在 roles.json 中声明，或改正角色代码：{near}",
            "role '{role}' acts in a workflow and is not declared (times: {n}) — declare it in roles.json, or correct it: {near}",
        ),
        "ROLE_WITHOUT_GRANT": Sentence(
            "角色“{role}”没有任何授权——请授权，或删去这一角色",
            "role {role} has no grant at all — grant what it needs, or remove it",
        ),
        "ACTION_WITHOUT_GRANT": Sentence(
            "操作 {action} 没有授予任何角色——请授权，或删去",
            "action {action} is granted to no role — grant it, or remove it",
        ),
        "DUPLICATE_ROLE": Sentence(
            "角色“{role}”已在 {first} 声明——请只保留一个", "role {role} is declared at {first} already — keep one"
        ),
        "DUPLICATE_ACTION": Sentence(
            "操作 {action} 已在 {first} 定义——请另编号，或只保留一个",
            "action {action} is defined at {first} already — give it a number of its own, or keep one",
        ),
        "DUPLICATE_GRANT": Sentence(
            "角色“{role}”对操作 {action} 的授权已在 {first}——请只保留一个",
            "the grant of action {action} to {role} stands at {first} already — keep one",
        ),
        "NEARLY_EVERYTHING": Sentence(
            "角色“{role}”有 {n} 处授权，可做 {actions} 种操作，占已定义的 {share} %：无人能够制约——请按岗位拆分，不设超级用户",
            "role {role} has {n} grants: {actions} actions, {share} % of those defined; nothing restrains it — split it by post",
        ),
        "SAME_ACTIONS": Sentence(
            "角色“{role}”与“{other}”的操作完全相同（{n} 种），分设两个角色不起制约作用——请在办案环节按人分离",
            "roles '{role}' and '{other}' have the same {n} actions: telling them apart restrains nobody — separate the persons of a case",
        ),
        "ACTIONS_INSIDE": Sentence(
            "角色“{role}”的 {n} 种操作全部在“{other}”的 {of} 种之内——请核对“{other}”是否应当也做这些事",
            "all actions ({n}) of role '{role}' are among the {of} of '{other}' — check whether '{other}' should be able to do them as well",
        ),
        # workflows in themselves
        "STATE_OF_ANOTHER": Sentence(
            "{action} 列在状态 {state} 之下，stateId 却是 {other} 的：按所列，{roles} 可以从 {state} 直接办理——请移到 {other}，或改正 stateId",
            "{action} is listed under {state} with the stateId of {other}: as listed, {roles} may do it from {state} — move it to {other}, or correct the stateId",
        ),
        "UNKNOWN_STATE": Sentence(
            "{action} 的 {key} 不是本流程的任何状态——请改正",
            "the {key} of {action} is no state of this workflow — correct it",
        ),
        "ACTIONS_DIFFER": Sentence(
            "状态 {state} 的 applicableActions 与 actions 不一致（前者多：{more}；后者多：{less}）——请使两者一致",
            "applicableActions of {state} are not its actions (only there: {more}; only here: {less}) — make them agree",
        ),
        "EMPTY_ACTION": Sentence(
            "状态 {state} 有一个没有名称的动作——请删去", "state {state} has an action without a name — remove it"
        ),
        "SEVERAL_STARTS": Sentence(
            "流程有 {n} 个起始状态——请只保留一个",
            "the workflow has {n} start states — keep one",
        ),
        "UNKNOWN_WORD": Sentence(
            "不知道动作 {action} 对应哪个环节——请说明它是 {verbs} 中的哪一个，或者不是用权",
            "nobody has said which verb {action} is — say which of {verbs}, or that it is no power",
        ),
        # a workflow beside the control profile
        "MISSING_STEP": Sentence(
            "流程没有“{step}”（{id}），模板要求必经（{basis}）——请增加状态和动作，由一个岗位办理并留痕",
            "the workflow has no step {id}, which the profile requires ({basis}) — add a state and an action, done by a post and recorded",
        ),
        "MISSING_WHEN_NEEDED": Sentence(
            "流程没有“{step}”（{id}），遇法定情形时无从办理（{basis}）——请增加，未触发时可以跳过",
            "the workflow has no step {id}, for the cases in which the law asks for it ({basis}) — add it, to be passed over elsewhere",
        ),
        "PERSONS_NOT_SEPARATED": Sentence(
            "“{first}”由 {roles}、“{second}”由 {others} 办理，但没有什么阻止同一人兼任两个角色办同一案（{basis}）{overlap}——请写 separation: [[{first_id}, {second_id}]]，按本案经过比对人员",
            "{first_id} is done by {roles} and {second_id} by {others}, and nothing keeps one person of both roles out of one case ({basis}){overlap} — write separation: [[{first_id}, {second_id}]], which compares the persons of the case",
        ),
        "ONE_ROLE_FOR_BOTH": Sentence(
            "“{first}”和“{second}”都由 {shared} 办理，须由不同人员办理（{basis}）——请分设岗位，并写 separation: [[{first_id}, {second_id}]]",
            "{first_id} and {second_id} are both done by {shared} and must be done by different persons ({basis}) — use two posts, and write separation: [[{first_id}, {second_id}]]",
        ),
        "TOO_FEW_OFFICERS": Sentence(
            "“{step}”由 {roles} 一人一次点击完成，须 {n} 人以上（{basis}）——请写 officers: {{min: {n}}}，由另一人会签",
            "{id} is one click of one {roles}, and needs {n} officers ({basis}) — write officers: {{min: {n}}}; another one co-signs",
        ),
        "ONE_ROLE_ENDS_ALL": Sentence(
            "在状态 {state}，{role} 一个角色可以 {actions}——请把准予或不予作为一个“决定”环节，终止案件另设环节和岗位",
            "in {state} the one role {role} may {actions} — make granting and refusing one deciding step, and end a case by another post",
        ),
        "REFUSED_BEFORE_DECISION": Sentence(
            "在状态 {state}，{roles} 可以 {action}：不予许可是决定，须由决定岗位作出并说明理由（{basis}）——请改为退回补正、不予受理，或移到决定环节",
            "in {state} {roles} may {action}: a refusal is a decision, made by the deciding post with reasons ({basis}) — make it a return or a refusal to accept, or move it to the deciding step",
        ),
        "ENDED_WITHOUT_DECISION": Sentence(
            "在状态 {state}，{roles} 可以 {action}，案件不经决定即告终结——请改为当事人撤回，或由决定岗位作出决定",
            "in {state} {roles} may {action}: the case ends without a decision — make it a withdrawal by the party, or a decision",
        ),
        "DECIDED_WITHOUT_PERSON": Sentence(
            "状态 {state} 满 {sla} 自动 {action}：没有人作出决定，也没有人负责——请改为提醒和督办，逾期不等于准予（{basis}）",
            "{state} ends by itself in {action} after an SLA of {sla}: nobody decides and nobody answers for it — make it a reminder and a supervision order; being late grants nothing ({basis})",
        ),
        "ESCALATION_OF_NOTHING": Sentence(
            "自动处理 {service}/{state}/{action} 不对应任何流程的动作——请补上该流程，或删去",
            "the escalation {service}/{state}/{action} is no action of any workflow here — add the workflow, or remove it",
        ),
    }
)
