"""Enforcement points that cannot be set up."""

ENFORCEMENT: dict[str, tuple[str, str, str, str]] = {
    "NOT_GUARDED": (
        "本应用没有受到保护",
        "this application is not guarded",
        "请先调用 acts.install(app)",
        "call acts.install(app)",
    ),
    "DJANGO_NOT_GUARDED": (
        "设置里没有 QUANHENG = Guard(…)",
        "the settings have no QUANHENG = Guard(…)",
        "请按 docs/how-to/gateways.md 写明",
        "write it as docs/how-to/gateways.md has it",
    ),
    "DJANGO_GUARD_BLOCKS": (
        "在 ASGI 下须在事件循环上询问授权服务",
        "under ASGI the sidecar is asked on the event loop",
        "请给 Guard 一个 HttpDecider",
        "give Guard an HttpDecider",
    ),
    "DJANGO_GUARD_ON_LOOP": (
        "在 WSGI 下没有事件循环可用于询问授权服务",
        "under WSGI there is no event loop to ask the sidecar on",
        "请给 Guard 一个 BlockingDecider",
        "give Guard a BlockingDecider",
    ),
    "BODY_NOT_SENT": (
        "网关不发送正文，而这些路由要读正文：{reading}",
        "a gateway sends no body, but these routes read one: {reading}",
        "请从路径、查询参数或标头取值，或在这些路由前放 `quanheng proxy`",
        "take the value from path, query or header, or put `quanheng proxy` in front of these routes",
    ),
    "ISSUER_NOT_HTTPS": (
        "keys：{keys} 既不是 https，也不在本机回环",
        "keys: {keys} is neither https nor on loopback",
        "请用 https://",
        "use https://",
    ),
    "ANSWER_TOO_LARGE": ("答复过大", "the answer is too large", "", ""),
    "ROUTES_UNUSABLE": (
        "路由文件不能使用：\n  {lines}",
        "the route file cannot be used:\n  {lines}",
        "参见 docs/how-to/reverse-proxy.md",
        "see docs/how-to/reverse-proxy.md",
    ),
    "ISSUER_KEYS_UNREADABLE": (
        "签发方的密钥不能读取：{fault}",
        "the issuer's keys cannot be read: {fault}",
        "请检查路由文件中的 keys:",
        "check keys: in the route file",
    ),
    "ALL_CONNECTIONS_IN_USE": ("所有连接都在使用", "all connections are in use", "", ""),
    "NO_CONNECTION_IN_TIME": ("未能及时建立连接", "no connection in time", "", ""),
    "DUTY_FILE_UNUSABLE": (
        "{path}：{reason}",
        "{path}: {reason}",
        "请指定代理可写的文件夹",
        "name a folder that the proxy may write to",
    ),
    "DUTY_FILE_TAKEN": (
        "{path} 正由另一进程写入",
        "{path} is written by another process",
        "每个代理须用各自的文件夹",
        "give each proxy a folder of its own",
    ),
}
