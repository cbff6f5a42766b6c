"""The notes of a report in Chinese. A report holds them in English, for programs; a person reads them in either language."""

import re

_NOTES: tuple[tuple[str, str], ...] = (
    (r"(.+) is signed by no key that is known here: it counts on your word", r"\1 没有这里所知密钥的签名：只凭您的话采信"),
    (
        r"(\d+) entries were released to (.+): their bytes are not here, their leaf hashes are as they were signed",
        r"\1 条已移出到 \2：其内容不在这里，叶散列与签名时一致",
    ),
    (r"(\d+) entries behind the last checkpoint are not signed yet", r"最后一个检查点之后的 \1 条尚未签名"),
    (r"no key was given: the signing key is believed on the log's own word", "没有给出公钥：签名密钥只凭日志自述采信"),
    (
        r"nothing was held against it from outside: an older state or another history would not show",
        "没有用外部凭据核对：退回旧状态或另一段历史不会显现",
    ),
    (r"case (.+): (\d+) entries, each resting on the one before it", r"案件 \1：\2 条，逐条承前"),
    (
        r"no key was given: who signed is not known; hold it against its log: (.+)",
        r"没有给出公钥：不知由谁签名；请与其日志核对：\1",
    ),
    (
        r"no evidence was held against it: it holds together, and nothing says that it was ever recorded",
        "没有用证据核对：前后一致，但没有什么说明它曾被记录",
    ),
    (
        r"entries left out at its end would not show: compare the last one with your own receipt",
        "末尾若有缺漏不会显现：请用您自己的回执核对最后一条",
    ),
    (r"the evidence for entry (\d+) is not about an entry of this export", r"第 \1 条的证据与本导出中的记录无关"),
    (r"the evidence is signed by no key that was given", "证据没有所给公钥的签名"),
)
_KNOWN = tuple((re.compile(english), chinese) for english, chinese in _NOTES)


def in_chinese(note: str) -> str:
    """A note as a Chinese reader gets it; one that is not known here stays as it is."""
    for english, chinese in _KNOWN:
        found = english.fullmatch(note)
        if found:
            return found.expand(chinese)
    return note
