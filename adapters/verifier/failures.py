"""Why a copy cannot be verified at all, in Chinese and English. The verifier ships alone, so it has its own catalogue.

Code → what is wrong in Chinese and English, what to do in both.
"""

ZH, EN = "zh", "en"
FAILURES: dict[str, tuple[str, str, str, str]] = {
    "NO_COPY": (
        "{path} 不是日志副本",
        "{path} is no copy of a log",
        "请指定含 record.sqlite3 的数据目录、含 tile/ 的目录，或记录文件（*.jsonl）",
        "name a data folder with record.sqlite3, a folder with tile/, or a file of entries (*.jsonl)",
    ),
    "ENTRIES_CUT_SHORT": (
        "记录不能读到结尾：{fault}",
        "the entries cannot be read to their end: {fault}",
        "文件已损坏；请换一份副本",
        "the file is damaged; try another copy",
    ),
    "ENTRY_UNREADABLE": (
        "第 {seq} 条记录不能读取：{fault}",
        "entry {seq} cannot be read: {fault}",
        "文件已损坏；请换一份副本",
        "the file is damaged; try another copy",
    ),
    "RECORD_UNREADABLE": (
        "记录不能读取：{fault}",
        "the record cannot be read: {fault}",
        "请指定本版本未损坏的记录",
        "name a record of this version that is not damaged",
    ),
    "FILE_CUT_SHORT": (
        "{path}：{fault}",
        "{path}: {fault}",
        "文件不完整；请重新取得，或换一份副本",
        "the file is cut short; get it again, or from another copy",
    ),
    "COPY_NOT_OPENED": (
        "{path} 不能打开：{fault}",
        "{path} cannot be opened: {fault}",
        "请核对该文件是否存在、能否读取",
        "check that it is there and readable",
    ),
    "NOT_AS_RECEIVED": (
        "所给文件或公钥不能读取：{fault}",
        "a file or key that was given cannot be read: {fault}",
        "请原样给出收到的完整文件和公钥",
        "give files and keys whole, as they were received",
    ),
    "HASH_NOT_HERE": (
        "本机不能计算该散列：{fault}",
        "the hash cannot be computed here: {fault}",
        "请在 OpenSSL 支持 SM3 的机器上核验",
        "verify on a machine whose OpenSSL has SM3",
    ),
    "SIGNATURES_UNCHECKED": (
        "不能验签：{fault}",
        "signatures cannot be checked: {fault}",
        "请安装：pip install cryptography，或不验签",
        "pip install cryptography, or use --no-crypto",
    ),
    "NO_ENTRY_OF_CASE": (
        "本副本中没有案件 {case} 的记录",
        "no entry of case {case} is in this copy",
        "请核对案号",
        "check the case number",
    ),
}


class VerifierError(Exception):
    """Base of what stops a verification; as text it is in English. `sentence` and `advice` are (Chinese, English)."""

    def __init__(self, code: str, /, **facts: object) -> None:
        zh, en, advice_zh, advice_en = FAILURES[code]
        self.code, self.facts = code, facts
        self.sentence = zh.format_map(facts), en.format_map(facts)
        self.advice = advice_zh, advice_en
        super().__init__(self.sentence[1])

    def told(self, language: str) -> tuple[str, str]:
        """What is wrong and what to do, in one language."""
        at = 0 if language == ZH else 1
        return self.sentence[at], self.advice[at]


class CopyError(VerifierError):
    """A copy that cannot be read at all."""


class QuestionError(VerifierError):
    """Something the reader gave cannot be used."""
