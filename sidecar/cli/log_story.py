"""The story of a decision as an inspector reads it: one page of text, part by part, in Chinese or English."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.cli.control_words import asked, term
from sidecar.cli.log_replay_report import cause_in_words
from sidecar.cli.output import Language
from sidecar.cli.tables import plain
from sidecar.compiler.plan import OWN_RULE
from sidecar.power_list import vocabulary as words

Part = dict[str, Any]
_ZH = Language.ZH

_HEADINGS = {
    "decision": ("决定", "Decision"),
    "who": ("何人", "Who"),
    "appointment": ("凭何任职", "By which appointment"),
    "power": ("何权力", "Which power"),
    "controls": ("各项控制", "Controls"),
    "grounds": ("拒绝理由", "Why it was refused"),
    "nearest": ("最接近的权力", "The powers that came nearest"),
    "case": ("此前案件", "The case before it"),
    "rests": ("所依据的材料", "What was before the officer"),
    "obligations": ("附随义务", "What follows from it"),
    "flags": ("提示（不影响决定）", "What was marked of it"),
    "outcome": ("办理结果", "What became of it"),
    "policy": ("所依策略", "By which policies"),
    "replay": ("重作", "Made again"),
    "proof": ("证明", "Proof"),
}
_WORDS = {
    "allow": ("准许", "allowed"),
    "deny": ("拒绝", "refused"),
    "grant": ("准予", "grant"),
    "refuse": ("不予", "refuse"),
    "exercise": ("行使", "exercise"),
    "question": ("询问（不入案件）", "a question, it enters no case"),
    "co_sign": ("会签", "co-signature"),
    "vote": ("表决", "vote"),
    "performed": ("办理", "performed"),
    "failed": ("未办成", "failed"),
    "co_signed": ("会签", "co-signed"),
    "voted": ("表决", "voted"),
    "counts": ("", ""),
    "revoked": ("已撤销", "revoked"),
    "for": ("赞成", "for"),
    "against": ("反对", "against"),
    "abstain": ("弃权", "abstain"),
    "done": ("已办理", "performed"),
}


class Page:
    """Writes the parts of one story that are known."""

    def __init__(self, story: Part, lang: Language) -> None:
        self._story, self._lang = story, lang

    def lines(self) -> Iterator[str]:
        for name, (zh, en) in _HEADINGS.items():
            found = [plain(line) for line in getattr(self, f"_{name}")()]
            if found:
                yield f"【{zh}】" if self._lang is _ZH else f"{en}:"
                yield from (f"  {line}" for line in found)

    def _say(self, zh: str, en: str) -> str:
        return zh if self._lang is _ZH else en

    def _word(self, word: str) -> str:
        return self._say(*_WORDS[word]) if word in _WORDS else word

    def _both(self, sentence: Mapping[str, str] | None) -> str:
        return (sentence or {}).get(self._lang.value, "")

    def _decision(self) -> Iterator[str]:
        told = self._story["decision"]
        yield f"{self._word(told['decision'])}  {told['code']}  {self._both(told['reason'])}"
        yield self._say(
            f"第 {told['seq']} 号记录，{told['time']}（时钟 {told['time_source']}），决定编号 {told['decision_id']}",
            f"entry {told['seq']}, {told['time']} (clock: {told['time_source']}), decision {told['decision_id']}",
        )
        case = f"{told['case'] or '-'} v{told['case_version']}"
        yield self._say(f"案件 {case}，{self._word(told['intent'])}", f"case {case}, {self._word(told['intent'])}")

    def _who(self) -> Iterator[str]:
        who, lent = self._story["who"], self._story["who"]["delegation"]
        yield f"{who['person']}（{who['type']}）" if self._lang is _ZH else f"{who['person']} ({who['type']})"
        if who["on_behalf_of"]:
            document = lent["document"] if isinstance(lent, dict) else lent
            term = f" {lent['from']} — {lent['to']}" if isinstance(lent, dict) else ""
            yield self._say(
                f"代 {who['on_behalf_of']} 办理，凭 {document or '（无有效代理）'}{term}",
                f"on behalf of {who['on_behalf_of']}, by {document or '(no delegation that carries it)'}{term}",
            )
        came = [who["caller"], who["channel"], who["client_ip"], self._story["decision"]["request_id"]]
        yield self._say("经由 ", "through ") + ", ".join(filter(None, came))

    def _appointment(self) -> Iterator[str]:
        held = self._story["appointment"]
        if not held:  # a plain Casbin policy knows none
            return
        if not held["post"]:
            yield self._say("没有可凭以办理的岗位", "no post to act through")
        elif "name" not in held:
            yield f"{held['post']}  {held['organ']}"
        else:
            yield f"{held['name']}（{held['post']}） {held['unit']}  {held['organ_name']}（{held['organ']}）"
            for term in held["terms"]:
                valid = self._say("在任", "in force") if term["holds"] else self._say("不在任期", "not in force that day")
                yield f"{held['holder']}: {term['from'] or '…'} — {term['to'] or '…'}  {valid}"
            if not held["terms"]:
                yield self._say(f"{held['holder']} 从未任此岗位", f"{held['holder']} never held it")
        if held.get("also_held"):
            yield self._say("当日另任 ", "also held that day: ") + self._named(held["also_held"])
        if held.get("credentials"):
            yield self._say("当日持有 ", "credentials that day: ") + ", ".join(held["credentials"])

    def _named(self, posts: Sequence[Part]) -> str:
        return "、".join(f"{post['name']}({post['post']})" for post in posts)

    def _power(self) -> Iterator[str]:
        power = self._story["power"]
        outcome = f"（{self._word(power['outcome'])}）" if power["outcome"] else ""
        yield f"{power['name'] or '-'}（{power['item']}） v{power['version']}  {power.get('file', '')}".rstrip()
        if "class" in power:
            kind, status = words.label(words.POWER_CLASSES, power["class"]), words.label(words.STATUSES, power["status"])
            told = (kind, status) if self._lang is _ZH else (power["class"], power["status"])
            yield f"{told[0]}  {told[1]}  {power['from']} — {power['to']}"
        region = self._say("区划", "region")
        yield (
            self._say("环节 ", "step ")
            + f"{power.get('step_name', '')}({power['step']}){outcome}  {region} {power['region'] or '-'}"
        )
        if power["articles"]:
            yield self._say("依据 ", "articles: ") + "；".join(power["articles"])
        for row in power.get("rows", ()):
            yield f"{row['row']}  [{row['rule']}] {row['basis']}  {row['source']}"
        if not power.get("rows") and power["sources"]:
            yield self._say("出处 ", "written at ") + ", ".join(power["sources"])
        if power.get("holders"):
            yield self._say("有权岗位 ", "held by ") + self._named(power["holders"])

    def _controls(self) -> Iterator[str]:
        for control in self._story["controls"]:
            mark = "✗" if control["result"] == "stop" else "✓"
            own = self._say("事项自行规定", "the item's own") if control["rule"] == OWN_RULE else ""
            name = self._both(control.get("rule_name")) or own or self._both(control.get("note"))
            if "control" not in control:
                yield f"{mark} {control['rule']}  {control['row']}"
                continue
            what = asked(control["control"], control["argument_name"] or control["argument"], self._lang.value)
            yield f"{mark} {control['rule']} {name}: {what}  〔{control['basis']}〕 {control['source']}"
            if control["found"]:
                yield f"    {self._both(control['found'])}"

    def _grounds(self) -> Iterator[str]:
        for ground in self._story["grounds"]:
            yield f"{ground['code']}  [{ground['rule']}] {ground['basis']}  {ground['source']}"
            if ground.get("reason"):
                yield f"    {self._both(ground['reason'])}"
            if ground.get("missing"):
                yield "    " + self._say("缺 ", "missing: ") + ", ".join(ground["missing"])
        if self._story.get("remedy"):
            yield self._say("可由以下岗位办理 ", "who may act: ") + self._named(self._story["remedy"])

    def _nearest(self) -> Iterator[str]:
        for found in self._story.get("nearest", ()):
            yield f"{found['name']}({found['post']})  {found['row']}  {found['source']}"
            marked = [*(("✗", text) for text in found["failed"]), *(("✓", text) for text in found["held"])]
            said = [(mark, term(text, self._lang.value)) for mark, text in marked]
            yield "    " + "  ".join(f"{mark} {text}" for mark, text in said if text)
            if not found["failed"]:
                yield "    " + self._say("权力具备，由上列控制拒绝", "the power is held; the controls above refused")

    def _case(self) -> Iterator[str]:
        case = self._story.get("case")
        if case is None:
            return
        if not case["acts"]:
            yield self._say("此前没有办理", "nothing was done in it")
        for act in case["acts"]:
            number = act["entry"] if act["entry"] is not None else self._say("他处", "elsewhere")
            done = " ".join(filter(None, [self._word(act["kind"]), self._word(act["outcome"]), self._word(act["standing"])]))
            entry = self._say(f"第 {number} 号", f"entry {number}")
            yield f"{entry}  {act['time'][:19]}  {act['person']}  {act['step_name']}({act['step']})  {done}  {act['decision_id']}"

    def _rests(self) -> Iterator[str]:
        story = self._story
        if story["facts"]:
            yield self._say("所述事实 ", "facts asserted: ") + _values(story["facts"])
        known = {name: value for name, value in story.get("case", {}).get("facts", {}).items() if name not in story["facts"]}
        if known:
            yield self._say("案中已知 ", "known of the case: ") + _values(known)
        if story["evidence"]:
            yield self._say("所附材料 ", "evidence: ") + ", ".join(story["evidence"])
        if story["co_signers"]:
            yield self._say("已会签 ", "co-signed by ") + ", ".join(story["co_signers"])
        if story["party_token"]:
            yield self._say("当事人（化名） ", "party (token): ") + story["party_token"]
        for ledger in story["ledgers"]:
            yield self._say("跨案累计 ", "counted across cases: ") + f"{ledger['id']} v{ledger['version']}"

    def _obligations(self) -> Iterator[str]:
        for due in self._story["obligations"]:
            until = self._say(f"  至 {due['due']}", f"  until {due['due']}") if due.get("due") else ""
            yield f"{due['kind']} {due['arg']}{until}".strip()

    def _flags(self) -> Iterator[str]:
        for flag in self._story["flags"]:
            grade = words.label(words.FLAG_GRADES, flag["grade"]) if self._lang is _ZH else flag["grade"]
            until = self._say(f"  到期日 {flag['due']}", f"  due {flag['due']}") if flag.get("due") else ""
            yield f"{grade}  {flag['code']}  {flag['rule']}  {flag['basis']}{until}  [{flag['source']}]"

    def _outcome(self) -> Iterator[str]:
        outcome = self._story["outcome"]
        if outcome is not None:
            result = self._word("done" if outcome["result"] == "performed" else outcome["result"])
            entry = self._say(f"第 {outcome['seq']} 号", f"entry {outcome['seq']}")
            yield f"{entry}  {outcome['time'][:19]}  {outcome['caller']}  {result}  {outcome['detail']}".rstrip()
        elif self._story["decision"]["decision"] == "allow":
            yield self._say("没有报告结果", "no outcome was reported")
        for later in self._story["later"]:
            verb = words.label(words.VERBS, later["verb"]) if self._lang is _ZH else later["verb"]
            entry = self._say(f"其后第 {later['seq']} 号", f"later, entry {later['seq']}")
            came = self._word(later["decision"])
            yield f"{entry}  {later['time'][:19]}  {later['person']}  {verb}  {came}  {later['decision_id']}"

    def _policy(self) -> Iterator[str]:
        policy = self._story["policy"]
        yield f"{policy['digest']}  {policy['engine']}"
        yield self._say("原文 ", "to read: ") + (policy.get("folder") or self._say("未保存", "not kept"))
        if policy["personnel"]:
            yield self._say("任职登记 ", "registers: ") + policy["personnel"]

    def _replay(self) -> Iterator[str]:
        replay = self._story["replay"]
        if replay["result"] == "same":
            yield self._say("按当时的策略、任职与案件重新判断，逐位一致", "on what it was made on: the same, bit for bit")
        elif replay["result"] == "different":
            yield self._say("重新判断，结果不同：", "it does not come out the same:")
            for difference in replay["differences"]:
                yield f"    {difference['where']}: {difference['recorded']} | {difference['again']}"
        else:
            yield self._say("无法重新判断：", "it cannot be made again: ") + cause_in_words(replay["cause"], self._lang)
            yield from (f"    {text}" for text in (replay["told"], replay["hint"]) if text)

    def _proof(self) -> Iterator[str]:
        proof = self._story["proof"]
        if proof["fault"]:
            yield self._say("未能证明：", "not proven: ") + proof["fault"]
        else:
            yield self._say("已当场核验：本记录在签名检查点之下", "verified right here: the entry is under a signed checkpoint")
        yield self._say("叶 ", "leaf ") + f"{proof['index']}  {proof['leaf']}"
        if proof.get("size"):
            yield self._say("检查点 ", "checkpoint: ") + f"{proof['origin']}  {proof['size']}  {proof['root']}"
            given = self._say("（由您给出的公钥）", " (a key you gave)")
            named = self._say("（日志自述的公钥）", " (as the log names it)")
            by = ", ".join(proof["signed_by"]) or "-"
            yield self._say("签名 ", "signed by ") + by + (given if proof["key_given"] else named)


def _values(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in facts.items())
