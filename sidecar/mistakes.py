"""What is said of mistakes in policy files, in Chinese and English: what is wrong and, after the dash, what to write instead.

A part of the catalogue (`messages.py`), which fills in the `{facts}`.
"""

from sidecar.mistakes_in_law import FINDINGS_OF_LAW
from sidecar.mistakes_in_routes import FINDINGS_OF_ROUTES

FINDINGS: dict[str, tuple[str, str]] = FINDINGS_OF_LAW | FINDINGS_OF_ROUTES | {
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
        "{key} 应为键值块，现为 {value}——请分行写“键: 值”，冒号用半角并空一格",
        "{key} must be a block of keys, not {value} — write key: value lines, with a plain colon and a space",
    ),
    "BAD_FORM": ("{key} 的写法“{value}”不对——请写成如 {expected}", '{key} is written "{value}" — write it like {expected}'),
    "NOT_IN_TABLE": (
        "{key} 不认识“{value}”——请写其中之一：{expected}",
        '{key} does not know "{value}" — write one of: {expected}',
    ),
    "EMPTY_LIST": ("{key} 不能为空——请至少写一项", "{key} may not be empty — write at least one entry"),
    "EMPTY_TEXT": ("{key} 不能为空文字——请写明或删去该键", "{key} may not be empty text — write it or remove the key"),
    "NOT_A_DAY": ("{key} 的“{value}”不是日期——请写成 2026-01-31", '{key}: "{value}" is not a day — write 2026-01-31'),
    "BAD_EXPRESSION": (
        "{key}：表达式在“{found}”处不能理解——此处请写{expected}",
        "{key}: not understood at '{found}' — write {expected} here",
    ),
    "EXPRESSION_TOO_LONG": (
        "{key}：表达式太长或嵌套太深（上限 {limit}）——请拆分",
        "{key}: the expression is too long or nested too deeply (limit {limit}) — split it",
    ),
    "UNKNOWN_MEASURE": ("{key}：没有单位“{unit}”——是否应为：{near}", "{key}: unknown unit {unit} — did you mean: {near}"),
    "UNKNOWN_FACT": (
        "{key}：没有声明事实“{name}”——请在 facts 中声明，或改为：{near}",
        "{key}: the fact {name} is not declared — declare it under facts, or write: {near}",
    ),
    "UNKNOWN_WORD": (
        "{key}：该选项没有“{word}”——应为其中之一：{expected}",
        "{key}: the choice has no word {word} — write one of: {expected}",
    ),
    "TYPES_DIFFER": (
        "{key}：{left}与{right}之间不能用 {operator}——两边请写同一类型，如 {example}",
        "{key}: {operator} does not join {left} and {right} — write both of one type, such as {example}",
    ),
    "NOT_ORDERED": (
        "{key}：{kind}没有大小，不能用 {operator}——请用 == 或 !=",
        "{key}: {kind} has no order, {operator} cannot be asked of it — use == or !=",
    ),
    "WRONG_RESULT": ("{key}：此处是{found}——应为{expected}", "{key}: this is {found} — write {expected}"),
    "DIVISOR_MAY_BE_ZERO": (
        "{key}：除数 {divisor} 可能为零——请只除以不为零的数或参数",
        "{key}: the divisor {divisor} may be zero — divide only by a number or parameter that is not",
    ),
    "UNEVEN_DAYS": (
        "{key}：日期只能加减整天——请去掉除法",
        "{key}: a date moves by whole days — leave out the division",
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
        "缺少制约模板“{profile}”（{first}）必备的环节“{step}”（{basis}）——请补上",
        "step {step}, which profile {profile} ({first}) requires ({basis}), is missing — add it",
    ),
    "LOOSER_OFFICERS": (
        "环节“{step}”写了 {n} 人，少于 {basis} 的 {required} 人（{first}）——请写 {required} 或更多",
        "officers of step {step}: {n}, fewer than the {required} of {basis} ({first}) — write {required} or more",
    ),
    "LOOSER_TIMES": (
        "环节“{step}”写了最多 {n} 次，超过 {basis} 的 {allowed} 次（{first}）——请写 {allowed} 或更少",
        "step {step} may be done {n} times, more than the {allowed} of {basis} ({first}) — write {allowed} or fewer",
    ),
    "ANOTHER_VERB": (
        "环节“{step}”的动作是“{verb}”，模板中该环节是“{required}”（{basis}，{first}）——请写 verb: {identifier}，或改用另一个标识",
        "step {step} is '{verb}', in the profile '{required}' ({basis}, {first}) — write verb: {identifier}, or another id",
    ),
    "DECIDES_NO_MORE": (
        "环节“{step}”写成“{type}”，而 {basis} 的该环节是决策（{first}）——请写 type: decide",
        "step {step} is written as '{type}', but decides by {basis} ({first}) — write type: decide",
    ),
    "LOOSER_OPTIONAL": (
        "环节“{step}”依 {basis} 每案必经（{first}），不能可选——请删去 optional",
        "every case goes through step {step} by {basis} ({first}), it is not optional — remove optional",
    ),
    "LOOSER_CONDITION": (
        "环节“{step}”依 {basis} 每案必经（{first}），不能只在 {condition} 时必经——请删去 required_when",
        "every case goes through step {step} by {basis} ({first}), not only where {condition} — remove required_when",
    ),
    "LOOSER_LIMIT": (
        "环节“{step}”的时限 {limit} 长于 {basis} 的 {allowed}（{first}）——请写 {allowed} 或更短",
        "the limit of step {step}, {limit}, is longer than the {allowed} of {basis} ({first}) — write {allowed} or less",
    ),
    "LOOSER_TIME_LIMIT": (
        "时限 {limit} 长于 {allowed}（{basis}，{first}）——请写 {allowed} 或更短",
        "the limit of {limit} is longer than {allowed} ({basis}, {first}) — write {allowed} or less",
    ),
    "LOOSER_PARAMETER": (
        "参数“{name}”为 {value}，应{bound}（{basis}，{first}）——请改正",
        "the parameter {name} is {value}, but must be {bound} ({basis}, {first}) — correct it",
    ),
    "WEAKER_THAN_LOWER_GRADE": (
        "环节“{step}”的风险为{grade}，制约却弱于{lower}的 {other}（{first}），缺少：{missing}——请补上，或重定等级",
        "step {step} of grade {grade} is restrained less than {other} of grade {lower} ({first}), lacking: {missing} — add it",
    ),
    "FACT_NEEDS_UNIT": (
        "事实“{name}”是{type}，要写明单位 unit——应为其中之一：{expected}",
        "fact {name} is {type} and needs a unit — write one of: {expected}",
    ),
    "FACT_NEEDS_WORDS": (
        "事实“{name}”是选项，要列出 words——请写成 {{natural_person: 自然人, organisation: 单位}}",
        "fact {name} is a choice and needs its words — write words: {{word: label, another: label}}",
    ),
    "FACT_TAKES_NONE": (
        "事实“{name}”是{type}，不用 {key}——请删去该键",
        "fact {name} is {type}, which has no {key} — remove the key",
    ),
    "FACT_KNOWN_FROM_CASE": (
        "“{name}”由本案记录得出，不由任何人告知——请删去该声明或改名",
        "{name} is known from the case's own history and asserted by nobody — remove the declaration or rename it",
    ),
    "FACT_REDECLARED": (
        "事实“{name}”与 {first} 的声明不同（{declared}）——请用同样的类型、单位和选项，或改名",
        "fact {name} is declared otherwise at {first} ({declared}) — keep its type, unit and words, or rename it",
    ),
    "PARAMETER_TYPE": (
        "参数“{name}”是{found}，{first} 要求{expected}——请写成如 {example}",
        "the parameter {name} is {found}, {first} asks for {expected} — write it like {example}",
    ),
    # separation of duties
    "SIGNER_WITHOUT_STEP": (
        "岗位“{post}”不承担环节“{step}”，不能会签——请写入该环节的 posts，或改为：{near}",
        "post {post} does not hold step {step} and cannot sign it — add it to the step's posts, or write: {near}",
    ),
    "PRINCIPAL_IN_CHARGE": (
        "一把手岗位“{post}”直接分管{matters}（{basis}）——请由其他领导分管",
        "the principal ({post}) is directly in charge of {matters} ({basis}) — give them to another leader",
    ),
    "PRINCIPAL_LEADS_ITEM": (
        "本事项不得由一把手直接分管，而牵头机构“{unit}”由“{post}”分管——请调整领导分工",
        "the principal may not be directly in charge of this item, but {post} is of its leading unit {unit} — change the charge",
    ),
    "CHARGE_UNKNOWN": (
        "本事项不得由一把手直接分管，而 organ.yaml 没有写明谁分管牵头机构“{unit}”——请写入 charge",
        "the principal may not be in charge of this item, but nobody is named for its unit {unit} — write it under charge",
    ),
    "PRINCIPAL_ALWAYS_ALONE": (
        "决定环节“{step}”只有一把手岗位，本事项又没有别的决策环节，永远不能办理——请增加分管领导或集体决策环节",
        "only principals hold step {step} and no other step decides, so it can never be done — add a leader or a deliberation",
    ),
    "NO_ROTATION_OF_KEY_POST": (
        "重点岗位“{post}”（{activity}）没有轮岗年限，也没有专项审计——请写 rotation",
        "key post {post} ({activity}) has neither a term of rotation nor a special audit — write `rotation`",
    ),
    "NO_ROTATION": (
        "{n} 个重点岗位没有轮岗年限（这是第一个）——请写 rotation，年限由本单位定",
        "key posts without a term of rotation: {n}, first here — write `rotation`, with the years your unit sets",
    ),
    "LOOSER_DELEGATION": (
        "代理人 {kinds} 超出制约模板（{profile}，{basis}）允许的 {allowed}——请删去",
        "delegates {kinds} are more than the profile ({profile}, {basis}) allows: {allowed} — remove them",
    ),
    "LOOSER_PERSONS": (
        "本案至少 {n} 人，少于制约模板（{profile}，{basis}）的 {required} 人——请写 {required} 或更多",
        "distinct persons: {n}, fewer than the {required} of the profile ({profile}, {basis}) — write {required} or more",
    ),
    "PERSONS_NEVER": (
        "要求本案至少 {n} 人，而必经环节最多只有 {most} 人——请减少人数或增加必经环节",
        "{n} persons are asked for, but the mandatory steps take at most {most} — ask for fewer, or add a mandatory step",
    ),
    "TYPES_MEET": (
        "岗位“{post}”在本事项中同时承担不同类型的环节：{steps}（{basis}）——请分给不同岗位",
        "post {post} holds steps of different types in this item: {steps} ({basis}) — give them to different posts",
    ),
    "TYPES_MEET_BY_PROFILE": (
        "{n} 个没有自列环节的事项按模板分岗后，决策、执行、监督有两类落在同一岗位（这是第一个）——请为这些事项写明 steps 和岗位",
        "items whose profile's steps of different types meet in one post: {n}, first here — write their steps and posts",
    ),
    "INCOMPATIBLE_POST": (
        "岗位“{post}”承担 {steps}，不相容岗位表（{table}，{basis}）至多允许 {at_most} 项：{reason}——请分给不同岗位",
        "post {post} holds {steps}; incompatible duties ({table}: {reason}, {basis}), at most {at_most} — divide them",
    ),
    "KEY_POST_STEPS": (
        "重点岗位“{post}”承担本事项 {n} 个环节（{steps}），上限 {at_most} 个（{basis}）——请分解到多个岗位",
        "steps of this item that key post {post} holds: {n} ({steps}), at most {at_most} ({basis}) — divide them among posts",
    ),
    "DUTIES_NAMED_TWICE": (
        "不相容岗位的一行应写 posts 或 steps 之一——请只写一种",
        "a line of incompatible duties names either posts or steps — write one of the two",
    ),
    "DUTIES_NEVER_BIND": (
        "列了 {n} 项职责而至多允许 {at_most} 项，永远不会起作用——请增加职责或减小 at_most",
        "{n} duties are named and {at_most} allowed, so the line never binds — name more duties or lower at_most",
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
    "UNKNOWN_RULE": (
        "规则目录（catalogue.yaml）中没有规则“{rule}”——请在目录中补上，或改为：{near}",
        "rule {rule} is not in catalogue.yaml — add it there, or write: {near}",
    ),
    "UNKNOWN_ITEM_NAMED": ("没有事项“{item}”——是否应为：{near}", "unknown item {item} — did you mean: {near}"),
    "UNKNOWN_OFFICER": (
        "没有人员“{officer}”——请在 officers 中写明，或改为：{near}",
        "unknown officer {officer} — describe the officer under officers, or write: {near}",
    ),
    "FACT_NOT_ASKED": (
        "没有任何条件用到事实“{name}”——请删去，或改为：{near}",
        "no control of the item asks for the fact {name} — remove it, or write: {near}",
    ),
    "FACT_NOT_AS_DECLARED": ("事实“{name}”应为{form}——请照此改写", "the fact {name} must be {form} — write it so"),
    "NO_EXPECTATIONS": (
        "没有任何期望——请在机关目录中写 expectations.yaml",
        "there is no expectation — write expectations.yaml in the folder of the organ",
    ),
    # route files
    "BAD_SOURCE": (
        "{key} 的取值来源不唯一——请只写 path、query、header、json、value 之一",
        "{key} has no single source — write exactly one of path, query, header, json, value",
    ),
    "BAD_OFFICER_SOURCE": (
        "{key} 没有唯一可信的来源——请只写 header（由网关设置）或 token（签名令牌）之一",
        "{key} has no single source that can be trusted — write exactly one of header (set by a gateway), token (signed)",
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
        "不认识文件 {name}——应为 catalogue、profiles/*、calendar/*、organ、powers、expectations（.yaml）；请改名或移出",
        "{name} is no policy file: catalogue, profiles/*, calendar/*, organ, powers, expectations (.yaml) — rename or move it",
    ),
    "BAD_SEGMENT": (
        "路径 {path} 中的“{segment}”不能对应请求——请写成 {{小写名}} 占满一段，每个名字只用一次",
        "{segment} in path {path} cannot be filled — write {{name}} in lower case as a whole segment, each name once",
    ),
    # calendars
    "CALENDAR_FILE_NAME": (
        "文件写的是 {year} 年，文件名应为 {name}——请改名或改正 year",
        "the file is about {year} and must be called {name} — rename it or correct `year`",
    ),
    "CALENDAR_SPAN": (
        "“{name}”的起止日期不对（应为 1 至 {limit} 天，先起后止）——请改正",
        "the days of {name} are wrong (from 1 to {limit} days, first day first) — correct them",
    ),
    "CALENDAR_DAY_TWICE": ("{day} 已写在 {first}——请只写一次", "{day} stands at {first} already — write it once"),
    "CALENDAR_OTHER_YEAR": (
        "{day} 不在 {year} 年——请写到那一年的文件里",
        "{day} is not in {year} — write it in the file of its own year",
    ),
    "CALENDAR_NOT_MADE_UP": (
        "{day} 本来就是周一至周五——调休上班只写周六、周日，请删去",
        "{day} is a weekday anyway — only a Saturday or Sunday is made up; remove it",
    ),
    # warnings
    "CALENDAR_YEAR_MISSING": (
        "没有 {year} 年的日历，该年按周一至周五都上班计算——请写 {name}，可用 quanheng calendar fill {year}",
        "there is no calendar of {year}; its weekdays all count as working days — write {name}: quanheng calendar fill {year}",
    ),
    "RETENTION_UNSAID": (
        "{n} 个事项没有写记录保存多久（这是第一个），满六个月即可移出——请写 retention，或在留痕规则（--rules）写明",
        "items that do not say how long their records are kept: {n}, first here — write `retention` or a rule (--rules)",
    ),
    "LIMIT_UNIT": (
        "{basis}：{statute}{article}规定这里的日是{expected}，现写的是{found}——请写 unit: {unit}",
        "{basis}: by {statute} {article} these days are {expected}, not {found} — write unit: {unit}",
    ),
    "POST_NOT_CONFIRMED": (
        "{n} 个岗位由导入生成，尚未确认——请核对 organ.yaml 并删去 confirmed: false",
        "posts written by an import and not confirmed: {n} — check organ.yaml and remove confirmed: false",
    ),
    "NO_ARTICLE": ("设定依据“{title}”没有条款号——请补充 article", "legal basis {title} names no article — add `article`"),
    "UNCLASSIFIED_BASIS": (
        "设定依据“{title}”文种不明——请改写 instrument",
        "legal basis {title} is of no known instrument — correct `instrument`",
    ),
    "CONDITIONAL_STEP_MISSING": (
        "没有环节“{step}”：{condition} 时它依 {basis} 必经（{first}），缺了它就无人受此约束——请补上",
        "there is no step {step}, asked for by {basis} where {condition} ({first}); nobody is held to that — add it",
    ),
    "UNUSED_FACT": (
        "事实“{name}”没有任何条件用到——请删去，或核对条件中的写法：{near}",
        "no condition reads the fact {name} — remove it, or check its spelling in the conditions: {near}",
    ),
    "UNUSED_PARAMETER": (
        "参数“{name}”没有任何条件用到——请删去，或改为：{near}",
        "no condition reads the parameter {name} — remove it, or write: {near}",
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
