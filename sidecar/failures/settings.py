"""Settings, keys and registers that cannot be used."""

SETTINGS: dict[str, tuple[str, str, str, str]] = {
    "NO_CASE_STORE": (
        "没有指定案件库",
        "no case store is named",
        "请用 --config 给出边车的设置，或设 QUANHENG_CASES",
        "give --config with the settings of a sidecar, or set QUANHENG_CASES",
    ),
    "SETTINGS_UNUSABLE": (
        "设置不能使用：\n  {lines}",
        "the settings cannot be used:\n  {lines}",
        "参见 docs/reference/settings.md",
        "see docs/reference/settings.md",
    ),
    "SETTINGS_UNREADABLE": (
        "{file}：{reason}",
        "{file}: {reason}",
        "请用 --config 指定可读的设置文件",
        "name a readable settings file with --config",
    ),
    "SETTINGS_NOT_TOML": (
        "{place}：不是 TOML：{fault}",
        "{place}: not TOML: {fault}",
        "每行写“键 = 值”，文字加双引号",
        "write key = value on each line, text in double quotes",
    ),
    "SETTINGS_NOT_UTF8": (
        "{file}:{line}:1：不是 UTF-8",
        "{file}:{line}:1: not UTF-8",
        "请将文件存为 UTF-8",
        "save the file as UTF-8",
    ),
    "SETTINGS_KEY_BARE": (
        "{place}：键 {key} 没有加引号",
        "{place}: the key {key} is not quoted",
        '非英文的键要加双引号："{key}"',
        'a key that is not plain English letters needs double quotes: "{key}"',
    ),
    "NOT_A_TABLE": (
        "{name} 不是单行 TOML 表：{fault}",
        "{name} is not an inline TOML table: {fault}",
        '{{portal = {{token_sha256 = "…", may = ["ask"]}}}}',
        '{{portal = {{token_sha256 = "…", may = ["ask"]}}}}',
    ),
    "SHARED_KEYS_NOT_NAMED": (
        "没有指定 party_key 和 state_key",
        "party_key and state_key are not named",
        "请指定所有边车共用的两个文件",
        "name the two files all sidecars have",
    ),
    "NO_APPOINTMENTS": (
        "缺少 {appointments}：没有任何人任职",
        "{appointments} is missing: nobody holds a post",
        "请写表头 person,post,from,to，再每人一行",
        "write person,post,from,to and one line each",
    ),
    "NOT_A_SHARED_KEY": (
        "{path} 不是 {key_bytes} 字节的密钥",
        "{path} is not a key of {key_bytes} bytes",
        "为所有边车生成一次密钥：quanheng case keys 目录",
        "make the keys once, for all sidecars: quanheng case keys DIR",
    ),
    "DATA_FOLDER_UNUSABLE": (
        "{place}：数据目录不能使用：{reason}",
        "{place}: the data folder cannot be used: {reason}",
        "请用 --data 指定可写目录",
        "name with --data a folder this user may write",
    ),
    "POLICY_UNREADABLE": ("{path}：{reason}", "{path}: {reason}", "请指定可读的文件", "name a readable file"),
    "TABLE_UNREADABLE": (
        "{filename}：不能读取：{reason}",
        "{filename}: cannot be read: {reason}",
        "请使该表可读",
        "make the table readable",
    ),
    "SHARED_KEY_UNREADABLE": (
        "{path}：{reason}",
        "{path}: {reason}",
        "为所有边车生成一次密钥：quanheng case keys 目录",
        "make the keys once, for all sidecars: quanheng case keys DIR",
    ),
    "NOT_A_KEY": (
        "{path} 不是 {key_bytes} 字节的密钥",
        "{path} is not a key of {key_bytes} bytes",
        "请从备份恢复",
        "restore it from a backup",
    ),
    "REGISTERS_OF_ANOTHER_FORM": (
        "保存的登记表是另一种形式",
        "kept registers of another form",
        "本版本读取格式 {format}",
        "this version reads format {format}",
    ),
    "REGISTERS_UNREADABLE": (
        "保存的登记表不能读取：{fault}",
        "kept registers cannot be read: {fault}",
        "请从备份恢复该文件",
        "restore the file from a backup",
    ),
    "RECORD_RULES_UNUSABLE": (
        "记录规则不能使用：\n  {problems}",
        "the rules of the record cannot be used:\n  {problems}",
        "参见 docs/how-to/personal-data.md",
        "see docs/how-to/personal-data.md",
    ),
    "RECORD_RULES_UNREADABLE": (
        "{path}：{reason}",
        "{path}: {reason}",
        "请用 --rules（设置中为 record_rules）指定可读的文件",
        "name a readable file with --rules, in the settings with record_rules",
    ),
    "PERSONNEL_MISTAKEN": (
        "人员登记表有 {number} 处错误：\n{listing}",
        "{number} in the personnel tables:\n{listing}",
        "请改正所列单元格",
        "correct the cells named",
    ),
}

# One line of what is wrong with the settings: what is wrong, and behind the colon or semicolon what to do.
LINES: dict[str, tuple[str, str]] = {
    "CALLER_UNKNOWABLE": (
        "调用方要由 token_sha256 或 certificate 识别：用 `quanheng token 名称` 生成令牌",
        "a caller is known by token_sha256 or certificate: make a token with `quanheng token NAME`",
    ),
    "NO_SUCH_ZONE": ("{value!r} 不是时区；请写成 Asia/Shanghai 这样", "{value!r} is no time zone; write one like Asia/Shanghai"),
    "MODEL_WITHOUT_POLICY": (
        "model 与 policy 须成对：model.conf 及其 policy.csv",
        "model and policy belong together: a model.conf and its policy.csv",
    ),
    "MAP_WITHOUT_MODEL": (
        "map 和 default_allow 用于普通 Casbin 策略：请设 model 和 policy",
        "map and default_allow are for a plain Casbin policy: set model and policy",
    ),
    "NO_CALLER": (
        "没有配置调用方：用 `quanheng token 名称` 生成一个，或在本机回环上写 insecure = true",
        "no caller is configured: make one with `quanheng token NAME`, or say insecure = true for loopback",
    ),
    "INSECURE_NOT_LOOPBACK": ("insecure 只用于本机回环，不能用于 {host}", "insecure is for loopback only, not for host {host}"),
    "HOST_NOT_LOOPBACK": (
        "{host} 不是本机回环：请设 tls_certificate 和 tls_key",
        "host {host} is not loopback: set tls_certificate and tls_key",
    ),
    "TLS_PAIR": ("tls_certificate 与 tls_key 须成对", "tls_certificate and tls_key belong together"),
    "QUORUM_TOO_LARGE": (
        "witness_quorum 要求 {quorum} 个见证，只写了 {named} 个",
        "witness_quorum asks for {quorum} witnesses, {named} are named",
    ),
    "PLAIN_NOT_OBSERVED": (
        "observe_until 用于权责清单：普通 Casbin 策略没有观察期",
        "observe_until is for power lists: a plain Casbin policy is not observed",
    ),
    "CLIENT_CA_WITHOUT_TLS": (
        "tls_client_ca 需要 tls_certificate 和 tls_key：客户端证书在 TLS 终止处核验",
        "tls_client_ca needs tls_certificate and tls_key: client certificates are proven where TLS ends",
    ),
    "CERTIFICATE_WITHOUT_CA": (
        "有调用方使用证书：请设 tls_client_ca，即客户端证书签发方的 PEM",
        "a caller has a certificate: set tls_client_ca, the PEM of those who sign client certificates",
    ),
    "CERTIFICATE_TWICE": ("两个调用方的证书名称相同", "two callers have the same certificate name"),
    "NOT_A_BASE_URL": (
        "{value!r} 不是不带查询和片段的 https 网址，应写成 https://pdp.example.gov.cn 这样",
        "{value!r} is no https URL of a host without query and fragment, like https://pdp.example.gov.cn",
    ),
    "CASES_NOT_SET": ("cases_… 各项用于共享案件库：请设 cases", "cases_… settings are for a shared case store: set cases"),
    "PLAIN_WITHOUT_CASES": (
        "cases 用于权责清单：普通 Casbin 策略没有案件",
        "cases is for power lists: a plain Casbin policy has no cases",
    ),
    "NOT_A_CASE_STORE": (
        "cases 须以 redis://、rediss:// 或 unix:// 开头",
        "cases must begin with redis://, rediss:// or unix://",
    ),
    "CASES_WITHOUT_KEYS": (
        "cases 需要 party_key 和 state_key：所有边车用同样的两个文件（quanheng case keys 目录）",
        "cases needs party_key and state_key: the same two files for every sidecar (quanheng case keys DIR)",
    ),
    "CASES_PAIR": ("cases_certificate 与 cases_key 须成对", "cases_certificate and cases_key belong together"),
    "PATIENCE_TOO_LONG": (
        "cases_patience 须短于 cases_deadline：先由其他边车完成，再拒绝调用方",
        "cases_patience must be shorter than cases_deadline: others finish before a caller is refused",
    ),
    "READS_WITHOUT_MAY": (
        'reads 和 names_reader 用于可以查阅的调用方：may = ["read"]',
        'reads and names_reader are for a caller that may read: may = ["read"]',
    ),
    "PLAIN_WITHOUT_UNITS": (
        "reads 用于权责清单：普通 Casbin 策略的决定不属于任何机构",
        "reads is for power lists: what a plain Casbin policy decided is of no unit",
    ),
}
