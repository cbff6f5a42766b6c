"""What is said of an item that the law does not allow as it is written; a part of the catalogue, like `mistakes.py`."""

FINDINGS_OF_LAW: dict[str, tuple[str, str]] = {
    # which instrument may create which power, and who may hold it
    "BASIS_TOO_LOW": (
        "{power_class}不能仅以{instrument}设定（{article}）——请补充上位法依据",
        "{power_class} may not rest on {instrument} alone ({article}) — add the higher instrument",
    ),
    "MEASURE_NOT_ALLOWED": (
        "“{measure}”不能由{instrument}设定（{article}）——请补充有权设定的依据，或删去该种类",
        "{measure} may not be created by {instrument} ({article}) — add an instrument that may, or remove it",
    ),
    "MEASURE_OF_OTHER_CLASS": (
        "“{measure}”不是{power_class}的种类——请核对权力类型，或删去",
        "{measure} is no kind of {power_class} — check the class of the item, or remove it",
    ),
    "TEMPORARY_LICENCE": (
        "省级政府规章设定的许可是临时的，有效期最长 {months} 个月——请写 effective 的起止，或补充上位法依据",
        "a licence created by a provincial rule is temporary, {months} months at most — write both days of `effective`",
    ),
    "ENTRUSTMENT_NOT_LAWFUL": (
        "委托不合法（{article}）：{lacking}——请补正，或改由本机关行使",
        "the entrustment is not lawful ({article}): {lacking} — complete it, or let the organ act itself",
    ),
    "ORGAN_NOT_NAMED": (
        "“{measure}”只能由法律规定的机关实施（{article}），{body}没有法律指定——请在 body.named_by 写明法律条文，或删去",
        "{measure} belongs to organs named by law ({article}), not {body} — write the article in body.named_by, or remove it",
    ),
    "FEE_WITHOUT_BASIS": (
        "“{fee}”没有法律、行政法规依据（现为{instrument}），许可不得收费（行政许可法第五十八条）——请在 fees 补充依据，或删去",
        "{fee} rests on no law or administrative regulation ({instrument}); a licence is free — add it under fees, or remove it",
    ),
    "DECIDER_COLLECTS": (
        "作出决定的岗位 {posts} 同时收费（行政许可法第五十九条）——请把收缴环节交给其他岗位",
        "the deciding post also collects: {posts} — give the collecting step to another post",
    ),
    "SEVERAL_WINDOWS": (
        "受理和送达分在 {units}（行政许可法第二十六条：一个窗口）——请集中到一个机构的岗位",
        "acceptance and delivery lie with several units: {units} — give both to posts of one unit",
    ),
    "STEP_WITHOUT_BASIS": (
        "环节“{step}”在制约模板之外增设{added}而没有依据（优化营商环境条例第三十五条）——请在环节写明 basis，或删去",
        "step {step} adds {added} to its profile, without a basis — write `basis` in the step, or remove it",
    ),
    "NOTICE_ONLY_ONCE": (
        "处罚不得重于告知，而告知环节“{step}”只能办理一次，有新的事实时无路可走——请写 max_times: 3",
        "a penalty may not be heavier than its notice, and {step} may be done only once — write max_times: 3",
    ),
    # what is said and shown of an item
    "MISSING_BLOCK": (
        "缺少“{block}”一块（{key}）——权责清单须写明机构、职能、权限、程序、责任，请补上",
        "the item lacks {key} ({block}) — a power list states organ, function, authority, procedure, responsibility; add it",
    ),
    "NOT_PUBLISHABLE": (
        "公开所需的内容不全：{keys}——请补上，否则不能生成公开清单",
        "not fit for publication, these keys are empty: {keys} — fill them in",
    ),
    "WITHHELD_WITHOUT_GROUND": (
        "不予公开而没有理由（政府信息公开条例第五条、第十三条）——请写 exception，或改为 proactive",
        "withheld without a ground — write `exception`, or make it proactive",
    ),
    "GROUND_NOT_SUFFICIENT": (
        "{power_class}的结果应当公开（政府信息公开条例第二十条），不能以“内部事务”为由——请改正 exception.kind 或 mode",
        "results of {power_class} are public; internal affairs are no ground to withhold them — correct exception.kind or mode",
    ),
    "THIRD_PARTY_NOT_ASKED": (
        "以商业秘密、个人隐私为由不公开，应当征求第三方意见（政府信息公开条例第三十二条）——请写 third_party_opinion",
        "trade secrets and privacy need the third party's opinion — write third_party_opinion",
    ),
    "NOT_PROACTIVE": (
        "{power_class}及其结果应当主动公开（政府信息公开条例第二十条）——请写 mode: proactive，artefacts 列出 result",
        "{power_class} is disclosed proactively, results included — write mode: proactive and list `result` under artefacts",
    ),
    "ADMINISTRATOR_HOLDS_POWER": (
        "岗位“{post}”是系统、安全或审计管理员，不得办理事项环节（三员分立）——请换岗位",
        "post {post} administers the system and may hold no step of an item — name another post",
    ),
    "ADMINISTRATORS_INCOMPLETE": (
        "三员不全，缺少：{missing}——请在 organ.yaml 各设一个岗位",
        "of the three administrators these are missing: {missing} — give each a post of its own in organ.yaml",
    ),
}
