"""What pydantic and the command line say in English of a value they cannot take, in Chinese.

Texts that are not known here are shown as they are: better a sentence in English than none.
"""

import re

_INPUTS: tuple[tuple[str, str], ...] = (
    (r"Extra inputs are not permitted", "没有这一项；请核对拼写"),
    (r"Field required", "缺少这一项"),
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be a valid number.*", "应为数字"),
    (r"Input should be a valid boolean.*", "应为 true 或 false"),
    (r"Input should be a valid string.*", "应为文字"),
    (r"Input should be a valid (?:list|tuple|set|frozenset).*", "应为列表"),
    (r"Input should be a valid (?:dictionary|mapping).*", "应为表"),
    (r"Input should be an? (?:object|instance|valid dictionary or instance).*", "应为表"),
    (r"Input should be a valid dictionary or instance of .*", "应为表"),
    (r"Input (?:should be|is not) a valid path.*", "应为路径"),
    (r"Input should be a valid date.*", "应为日期，例如 2026-01-31"),
    (r"Input should be greater than or equal to (\S+)", r"不得小于 \1"),
    (r"Input should be less than or equal to (\S+)", r"不得大于 \1"),
    (r"Input should be greater than (\S+)", r"应大于 \1"),
    (r"Input should be less than (\S+)", r"应小于 \1"),
    (r"Input should be a finite number", "应为有限的数"),
    (r"String should match pattern (.+)", r"不符合格式 \1"),
    (r"String should have at least (\d+) characters?", r"至少 \1 个字符"),
    (r"String should have at most (\d+) characters?", r"至多 \1 个字符"),
    (r"(?:Input should be|.+ is not one of) (.+?)\.?", r"应为 \1 之一"),
    (r"No such option: (\S+?)", r"没有选项 \1"),
    (r"No such command (.+?)\. Did you mean (.+)\?", r"没有命令 \1；是否指 \2"),
    (r"No such command (.+?)\.?", r"没有命令 \1"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", r"多余的参数：\1"),
    (r"Option (.+) requires an argument", r"选项 \1 需要一个值"),
    (r"Option (.+) requires (\d+) arguments", r"选项 \1 需要 \2 个值"),
    (r"Option (.+) does not take a value", r"选项 \1 不带值"),
    (r"Missing command", "没有写命令"),
)
_KNOWN = tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _INPUTS)


def in_chinese(text: str) -> str:
    """The same in Chinese, where it is known."""
    for pattern, chinese in _KNOWN:
        found = pattern.fullmatch(text)
        if found:
            return found.expand(chinese)
    return text
