"""The one catalogue of sentences: every message a person sees, in Chinese and English.

Keys are stable codes. `{facts}` are filled from the finding or refusal; a missing fact shows as `-`, so that a sentence can
never fail to be said. Findings say what is wrong and then, after the dash, what to write instead.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Sentence(NamedTuple):
    zh: str
    en: str

    def in_both(self) -> dict[str, str]:
        """For programs: by language."""
        return {"zh": self.zh, "en": self.en}

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


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
    template = CATALOGUE.get(code, Sentence(code, code))
    if not any(isinstance(fact, Sentence) for fact in facts.values()):
        known = _Facts(facts)
        return Sentence(template.zh.format_map(known), template.en.format_map(known))
    return Sentence(template.zh.format_map(_Facts.in_zh(facts)), template.en.format_map(_Facts.in_en(facts)))


def counted(number: int, noun: str) -> str:
    """`1 organ`, `2 organs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


FINDINGS: dict[str, tuple[str, str]] = {
    # reading the file
    "YAML_SYNTAX": (
        "不是合法的 YAML：{problem}——请检查缩进、冒号和引号",
        "not valid YAML: {problem} — check indentation, colons and quotes",
    ),
    "YAML_FORBIDDEN": ("不允许使用 {what}——请把内容直接写出来", "{what} is not part of the language — write the content out"),
    "EMPTY_FILE": ("文件是空的——请写入内容或删除该文件", "the file is empty — write its content or delete it"),
    "FILE_TOO_LARGE": ("文件超过 {limit} 字节——请按机关拆分", "the file is larger than {limit} bytes — split it by organ"),
    "BAD_ENCODING": (
        "编码不是纯 UTF-8（{problem}）——请另存为不带 BOM 的 UTF-8",
        "not plain UTF-8 ({problem}) — save as UTF-8 without a BOM",
    ),
    "NOT_NFC": (
        "这一行的文字不是 NFC 规范形式——请重新输入该字",
        "text on this line is not in Unicode NFC — retype the characters",
    ),
    "TOO_DEEP": ("嵌套超过 {limit} 层——请展平", "nested deeper than {limit} levels — flatten it"),
    "AMBIGUOUS_SCALAR": (
        '“{text}”含义不明——真假请写 true 或 false，编码请加引号："{text}"',
        '"{text}" is ambiguous — write true or false, or quote a code: "{text}"',
    ),
    "DUPLICATE_KEY": ("键“{key}”重复——请只保留一个", "key {key} is written twice — keep one"),
    "UNREADABLE_FILE": (
        "文件不能读取：{problem}——请检查权限与路径",
        "the file cannot be read: {problem} — check its permissions and path",
    ),
    # shapes
    "UNKNOWN_KEY": ("没有“{key}”这个键——是否应为：{near}", "unknown key {key} — did you mean: {near}"),
    "MISSING_KEY": ("缺少“{key}”——请补上", "{key} is missing — add it"),
    "NOT_TEXT": (
        '{key} 应为文字，现为 {value}——编码请加引号："{value}"',
        '{key} must be text, not {value} — quote codes: "{value}"',
    ),
    "NOT_INTEGER": (
        "{key} 应为整数，现为 {value}——请写数字，不加引号",
        "{key} must be a whole number, not {value} — write digits without quotes",
    ),
    "NOT_BOOLEAN": (
        "{key} 应为 true 或 false，现为 {value}——请写其中之一",
        "{key} must be true or false, not {value} — write one of the two",
    ),
    "NOT_A_LIST": ("{key} 应为列表，现为 {value}——请写成 [甲, 乙]", "{key} must be a list, not {value} — write [a, b]"),
    "NOT_A_BLOCK": (
        "{key} 应为键值块，现为 {value}——请分行写“键: 值”",
        "{key} must be a block of keys, not {value} — write key: value lines",
    ),
    "BAD_FORM": ("{key} 的写法“{value}”不对——请写成如 {expected}", '{key} is written "{value}" — write it like {expected}'),
    "NOT_IN_TABLE": (
        "{key} 不认识“{value}”——请写其中之一：{expected}",
        '{key} does not know "{value}" — write one of: {expected}',
    ),
    "EMPTY_LIST": ("{key} 不能为空——请至少写一项", "{key} may not be empty — write at least one entry"),
    "EMPTY_TEXT": ("{key} 不能为空文字——请写明或删去该键", "{key} may not be empty text — write it or remove the key"),
    "NOT_A_DAY": ("{key} 的“{value}”不是日期——请写成 2026-01-31", '{key}: "{value}" is not a day — write 2026-01-31'),
    "BAD_CONDITION": (
        "{key} 的条件不能理解（{problem}）——请用事实名、整数、and、or、not 和 < <= > >= == !=，不用括号和逗号",
        "{key}: condition not understood ({problem}) — use fact names, whole numbers, and, or, not, < <= > >= == !=",
    ),
    "OUT_OF_BOUNDS": ("{key} 为 {value}——应{bound}", "{key} is {value} — write a number of {bound}"),
    "TOO_MANY": ("{key} 的项数过多——最多写 {max_length} 项", "{key} has too many entries — write at most {max_length}"),
    "BAD_VALUE": ("{key} 的值 {value} 不对：{problem}——请改正", "{key}: the value {value} is wrong: {problem} — correct it"),
    "NO_LEGAL_BASIS": (
        "事项没有设定依据（legal_basis）——请写明法律、法规或规章及条款",
        "the item has no legal basis — write the law, regulation or rule and its article under legal_basis",
    ),
    "NO_ACCOUNTABLE_POST": (
        "环节没有责任岗位（posts）——请至少写一个岗位，第一个为责任岗位",
        "the step has no accountable post — name at least one under posts; the first is the accountable one",
    ),
    # whole directory
    "DUPLICATE_ID": (
        "{what}“{id}”已在 {first} 定义——请改用另一个标识",
        "{what} {id} is already defined at {first} — choose another id",
    ),
    "UNKNOWN_POST": (
        "没有岗位“{post}”——请在 organ.yaml 中定义，或改为：{near}",
        "unknown post {post} — define it in organ.yaml, or write: {near}",
    ),
    "AMBIGUOUS_POST": (
        "岗位“{post}”在多个机构中存在——请写成“机构.岗位”：{near}",
        "post {post} exists in several units — write unit.post: {near}",
    ),
    "UNKNOWN_UNIT": (
        "没有机构“{unit}”——请在 organ.yaml 中定义，或改为：{near}",
        "unknown unit {unit} — define it in organ.yaml, or write: {near}",
    ),
    "UNKNOWN_STEP": ("没有环节“{step}”——应为其中之一：{near}", "unknown step {step} — it must be one of: {near}"),
    "UNKNOWN_PROFILE": (
        "没有制约模板“{profile}”——应为其中之一：{near}",
        "unknown control profile {profile} — it must be one of: {near}",
    ),
    "PROFILE_WRONG_CLASS": (
        "制约模板“{profile}”不适用于“{power_class}”——请改用适用的模板：{near}",
        "control profile {profile} does not apply to {power_class} — use one that does: {near}",
    ),
    "STEP_CYCLE": (
        "环节互为前置，无法开始：{cycle}——请去掉其中一个 after",
        "steps wait for one another: {cycle} — remove one `after`",
    ),
    "STEP_SELF": ("环节“{step}”不能与自身分离或以自身为前置——请写另一个环节", "step {step} names itself — name another step"),
    "MISSING_STEP": (
        "缺少制约模板“{profile}”必备的环节“{step}”（{basis}）——请补上",
        "step {step}, which profile {profile} requires ({basis}), is missing — add it",
    ),
    "LOOSER_OFFICERS": (
        "环节“{step}”写了 {n} 人，少于 {basis} 的 {required} 人——请写 {required} 或更多",
        "officers of step {step}: {n}, fewer than the {required} of {basis} — write {required} or more",
    ),
    "LOOSER_TIMES": (
        "环节“{step}”写了最多 {n} 次，超过 {basis} 的 {allowed} 次——请写 {allowed} 或更少",
        "step {step} may be done {n} times, more than the {allowed} of {basis} — write {allowed} or fewer",
    ),
    "LEAD_UNIT": (
        "承办机构应有且只有一个 lead: true，现有 {n} 个——请只标一个",
        "exactly one unit must have lead: true, not {n} — mark one",
    ),
    "NO_TIER_POST": (
        "机构“{unit}”没有“{tier}”层次的岗位，模板环节“{step}”无人承担——请在 organ.yaml 增加岗位",
        "unit {unit} has no post of tier {tier} for profile step {step} — add one in organ.yaml",
    ),
    "PERSON_IN_POLICY": (
        "文字中出现身份证号样式的号码——权力归于岗位，人员不得写入策略，请删去",
        "a citizen number stands here — powers belong to posts, people never enter the policy; remove it",
    ),
    "NO_POLICIES": (
        "没有找到任何 organ.yaml——请指向含有机关子目录的目录",
        "no organ.yaml found — point to a folder that holds organ folders",
    ),
    "MISSING_FILE": ("缺少文件 {name}——请建立", "{name} is missing — create it"),
    "EFFECTIVE_ORDER": ("失效日期早于生效日期——请改正日期", "the last day is before the first — swap them"),
    "UNKNOWN_ITEM_NAMED": ("没有事项“{item}”——是否应为：{near}", "unknown item {item} — did you mean: {near}"),
    "UNKNOWN_OFFICER": (
        "没有人员“{officer}”——请在 officers 中写明，或改为：{near}",
        "unknown officer {officer} — describe the officer under officers, or write: {near}",
    ),
    "NO_EXPECTATIONS": (
        "没有任何期望——请在机关目录中写 expectations.yaml",
        "there is no expectation — write expectations.yaml in the folder of the organ",
    ),
    # route files
    "BAD_SOURCE": (
        "{key} 的取值来源不唯一——请只写 path、query、header、json、value 之一",
        "{key} has no single source — write exactly one of path, query, header, json, value",
    ),
    "BAD_ROUTE": (
        "{key} 既非环节也非 not_a_power——请写 item、step、case，或写 not_a_power 及理由",
        "{key} is neither a step nor not_a_power — write item, step and case, or not_a_power with the reason",
    ),
    "UNKNOWN_SEGMENT": (
        "路径 {path} 中没有 {{{segment}}}——请写入路径",
        "path {path} has no {{{segment}}} — write it into the path",
    ),
    "UNREAD_FILE": (
        "不认识文件 {name}——机关目录放 organ.yaml、powers.yaml、expectations.yaml，模板放 profiles/*.yaml；请改名或移出",
        "{name} is no file of a policy folder — use organ.yaml, powers.yaml, expectations.yaml, profiles/*.yaml, or move it out",
    ),
    "BAD_SEGMENT": (
        "路径 {path} 中的“{segment}”不能对应请求——请写成 {{小写名}} 占满一段，每个名字只用一次",
        "{segment} in path {path} cannot be filled — write {{name}} in lower case as a whole segment, each name once",
    ),
    # warnings
    "POST_NOT_CONFIRMED": (
        "{n} 个岗位由导入生成，尚未确认——请核对 organ.yaml 并删去 confirmed: false",
        "posts written by an import and not confirmed: {n} — check organ.yaml and remove confirmed: false",
    ),
    "NOT_ENFORCED": (
        "“{key}”已记录，但本版本不据此拦截——请勿依赖它",
        "{key} is recorded but not enforced by this version — do not rely on it",
    ),
    "NO_ARTICLE": ("设定依据“{title}”没有条款号——请补充 article", "legal basis {title} names no article — add `article`"),
    "UNCLASSIFIED_BASIS": (
        "设定依据“{title}”文种不明——请改写 instrument",
        "legal basis {title} is of no known instrument — correct `instrument`",
    ),
    "BASIS_TOO_LOW": (
        "{power_class}不能仅以{instrument}设定（{article}）——请补充上位法依据",
        "{power_class} may not rest on {instrument} alone ({article}) — add the higher instrument",
    ),
    "NO_ACCOUNTABLE": (
        "追责对象为空——请写 handler、section_head、leader",
        "accountable is empty — write handler, section_head, leader",
    ),
    "LEVEL_NOT_OWN": (
        "事项层级“{level}”不是本机关层级“{organ_level}”：决定类环节将以 WRONG_LEVEL 拒绝——请核对 level",
        "the item's level {level} is not the organ's {organ_level}: deciding steps will be refused WRONG_LEVEL — check `level`",
    ),
    "REGION_WHOLE_COUNTRY": (
        '行政区划 {region} 是全国，而层级是{level}（共 {n} 处，这是第一处）——请写所在地的代码，例如 "650200"',
        'region {region} is the whole country, not {level} ({n} in all, first here) — write the code of the place: "650200"',
    ),
    "REGION_NO_PROVINCE": (
        '行政区划 {region} 不以省级代码开头（共 {n} 处，这是第一处）——请写 GB/T 2260 代码，例如 "650200"（虚构的地方：99…）',
        'region {region} begins with no province ({n} in all, first here) — write a GB/T 2260 code: "650200" (made-up: 99…)',
    ),
    "BAD_USCC": (
        "统一社会信用代码“{value}”未通过 GB 32100 校验——请与登记核对",
        "credit code {value} fails the GB 32100 check — compare with the register",
    ),
    "SAME_NAME": (
        "事项名称与 {first} 相同——请用 subitem 区分",
        "the item has the same name as {first} — tell them apart with `subitem`",
    ),
}

REFUSALS: dict[str, tuple[str, str]] = {
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
    "UNKNOWN_STEP_OF_ITEM": (
        "事项“{item}”没有环节“{step}”。可用环节：{steps}。",
        "Item '{item}' has no step '{step}'. Its steps are: {steps}.",
    ),
    "ITEM_NOT_IN_FORCE": (
        "事项“{item}”当前不在用（状态：{status}，有效期：{period}）。请向权责清单管理部门核实。",
        "Item '{item}' is not in force (status: {status}, period: {period}). Ask the keeper of the power list.",
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
    "SAME_PERSON_PRIOR_STEP": (
        "您已在本案办理“{other}”，不得再办理“{step}”。请由其他人员办理：{posts}。",
        "You already did '{other}' in this case and may not do '{step}'. Pass it to another holder of: {posts}.",
    ),
    "TOO_FEW_OFFICERS": (
        "“{step}”须由不少于 {required} 人共同办理，现有 {present} 人（含您）。请其他有权人员先会签。",
        "'{step}' needs {required} officers; there are {present}, you included. Another empowered officer must co-sign first.",
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
    "CREDENTIAL_MISSING": (
        "您在今天没有有效的“{credential}”，不得办理“{step}”。请由持证人员办理。",
        "You hold no valid {credential} today and may not do '{step}'. Let a holder act.",
    ),
    "RECUSAL": (
        "您与当事人有利害关系（{relation}），应当回避，不得办理“{step}”。请报告并由他人办理：{posts}。",
        "You have a declared interest in the party ({relation}) and must recuse yourself from '{step}'. Pass it to: {posts}.",
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
    "CASE_TOO_LARGE": (
        "本案记录超过 {limit} 条，不再受理新的办理。请报告运维。",
        "This case has more than {limit} acts and takes no further one. Tell the operators.",
    ),
}

# Sentences that say more than the code they are answered under.
ANSWERED_AS = {
    "UNKNOWN_ITEM": "NO_POWER",
    "UNKNOWN_STEP_OF_ITEM": "NO_POWER",
    "PRIOR_STEP_REFUSED": "STEP_OUT_OF_ORDER",
    "ALREADY_CO_SIGNED": "STEP_ALREADY_DONE",
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
    "UNMAPPED_ROUTE": (
        "此操作未对应权责清单中的任何环节，也未声明为非权力，不予转交。请联系系统管理员补充路由文件。",
        "This route is no step of the power list and not declared not-a-power; it is not forwarded. Ask for it to be mapped.",
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
    "REQUEST_MALFORMED": (
        "请求不符合要求（{detail}），未转交。请联系系统管理员。",
        "The request is malformed ({detail}); it was not forwarded. Tell the administrators.",
    ),
}

CATALOGUE: dict[str, Sentence] = {code: Sentence(zh, en) for code, (zh, en) in (FINDINGS | REFUSALS | EDGE).items()}
