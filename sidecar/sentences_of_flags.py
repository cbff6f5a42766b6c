"""Sentences of what is marked and not refused, and of limits that cannot be watched; joined to the one catalogue."""

FLAGGED: dict[str, tuple[str, str]] = {
    "LIMIT_NEAR": (
        "“{end}”应于 {due} 前完成（{limit}，自{began}“{start}”起算），提醒时点已过——请抓紧办理；依据：{basis}",
        "'{end}' is due by {due} ({limit} from '{start}' on {began}), and most of it has run — see to it; {basis}",
    ),
    "LIMIT_OVER": (
        "“{end}”应于 {due} 前完成（{limit}，自{began}“{start}”起算），已经超期——仍须依法办结并说明原因；依据：{basis}",
        "'{end}' was due by {due} ({limit} from '{start}' on {began}) and is late — still owed: finish it, say why; {basis}",
    ),
    "NOTED": ("{reason}；依据：{basis}", "{reason}; {basis}"),
    "NOT_JUDGED": (
        "无法判断是否应当提示，因为不知道：{missing}——请核实后补充；依据：{basis}",
        "whether this is to be marked cannot be judged, since it is not known: {missing} — find out and state it; {basis}",
    ),
    "TOO_EARLY": (
        "“{start}”以后应当留出不少于{limit}（到 {until} 为止），现在办理过早——请核实审查是否充分，并记录理由；依据：{basis}",
        "no less than {limit} is to be left after '{start}' (until {until}) — see that it was enough, and say why; {basis}",
    ),
    "UNRECORDED": (
        "办理“{step}”没有附全过程记录（{evidence}）——请补录，归档以前必须齐全；依据：{basis}",
        "'{step}' came without its record of the course ({evidence}) — add it; nothing is archived without it; {basis}",
    ),
    "FORMER_STAFF": (
        "当事人现有本机关原工作人员（{left} 离职，从业限制至 {until}）——请核实其是否违反从业限制，并注意回避；依据：{basis}",
        "the party employs a former colleague (left on {left}, barred until {until}) — look into it, and mind recusal; {basis}",
    ),
}

FINDINGS_OF_FLAGS: dict[str, tuple[str, str]] = {
    "LIMIT_UNWATCHED": (
        "时限的起算“{start}”不对应任何环节，到期与否无人提示——请写环节标识，或 accepted、filed、executed 之一",
        "the limit begins with '{start}', which is no step here: nobody is told when it is over — name one, or accepted, filed",
    ),
    "LIMIT_NEVER_EXTENDED": (
        "写了延长，但没有动作为“延期”的环节，延长无从作出——请增加环节，或删去 extension",
        "an extension is written but no step extends anything — add a step with the verb extend, or remove the extension",
    ),
    "LIMIT_NOT_FIXED": (
        "时限“{limit}”取决于个案的事实——请写固定的数值或目录里的参数",
        "the limit '{limit}' depends on facts of the case — write a fixed figure or a parameter of the catalogue",
    ),
}
