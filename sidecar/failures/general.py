"""What is said on in other words, and failures of no one room."""

GENERAL: dict[str, tuple[str, str, str, str]] = {
    "AS_TOLD": ("{told}", "{told}", "", ""),
    "PASSED_ON": ("{told}", "{told}", "{advice}", "{advice}"),
    "PASSED_ON_OF": ("{where}：{told}", "{where}: {told}", "{advice}", "{advice}"),
    "MOVED_ON": (
        "{what} {moved} 已不在版本 {expected}：他人已先办理",
        "{what} {moved} is no longer at version {expected}",
        "",
        "",
    ),
    "LOG_BROKEN": (
        "日志已损坏",
        "the log is broken",
        "请保持数据目录原状，复制一份，并运行：quanheng log verify --data 目录",
        "keep the data folder as it is, copy it, and run: quanheng log verify --data DIR",
    ),
    "RELEASED": (
        "第 {seq} 条记录保存期满，已移出到文件 {file}，见第 {release} 条记录",
        "entry {seq} was kept long enough and released to the file {file}, as entry {release} tells",
        "请索取该文件，并与日志核对：quanheng log verify --released 文件",
        "ask for that file, and hold it against the log: quanheng log verify --released FILE",
    ),
    "STATE_ROLLED_BACK": (
        "{what}：案件库中是 {found}，而此前见过 {seen}；请重建：quanheng case repair",
        "{what}: the store has {found}, but {seen} was seen before; rebuild it with: quanheng case repair",
        "",
        "",
    ),
}
