"""What is said of route files held against each other and against the API they lead to: what is wrong — what to write."""

FINDINGS_OF_ROUTES: dict[str, tuple[str, str]] = {
    "UNKNOWN_OBLIGATION": (
        "没有哪项准许附有义务“{type}”——是否应为：{near}",
        "no allow brings an obligation {type} — did you mean: {near}",
    ),
    "ROUTE_OVERLAP": (
        "{method} {path} 与 {other} 能匹配同一地址，且同样具体——请改写其一，或为共同的地址单写一条",
        "{method} {path} and {other} fit the same addresses, equally closely — change one, or write a route for what they share",
    ),
    "ROUTE_UNREACHABLE": (
        "路径 {path} 永远不会被匹配——请写成没有 //、. 和 .. 的路径，也不要以 /.quanheng/ 开头",
        "no request ever reaches path {path} — write it without //, . and .., and not below /.quanheng/",
    ),
    "METHOD_FORGOTTEN": (
        "有 GET {path}，没有 HEAD；监控和下载工具会被拒绝——需要时请补写 HEAD",
        "GET {path} is there, HEAD is not; monitors and download tools are refused — add HEAD where they are needed",
    ),
    "ROUTE_UNMAPPED": (
        "接口 {method} {path} 没有写入路由文件，将被拒绝——请写明环节，或写 not_a_power 及理由",
        "{method} {path} of the API is in no route and will be refused — map it to a step, or write not_a_power with the reason",
    ),
    "ROUTE_NOT_IN_API": (
        "接口文件中没有 {method} {path}——请核对是否写错或已停用",
        "the API has no {method} {path} — check the spelling, or whether it is gone",
    ),
    "ROUTE_INEXPRESSIBLE": (
        "接口 {method} {path} 不能写入路由文件（{why}），将被拒绝——请另设地址",
        "{method} {path} of the API cannot be written in a route file ({why}) and will be refused — give it another address",
    ),
    "API_NOT_OPENAPI": (
        "不是 OpenAPI 3.0 或 3.1 文件（{found}）——请先转换为 OpenAPI 3",
        "not an OpenAPI 3.0 or 3.1 file ({found}) — convert it to OpenAPI 3 first",
    ),
    "API_NO_PATHS": ("没有任何接口——请核对 paths", "it has no operations — check paths"),
    "API_BAD_PART": ("{what} 不是一个对象——请按 OpenAPI 书写", "{what} is no object — write it as OpenAPI has it"),
    "API_REF": (
        "引用 {ref} 不能跟进（{why}）——请把该路径直接写在文件里",
        "reference {ref} cannot be followed ({why}) — write the path out in this file",
    ),
    "API_TOO_LARGE": (
        "文件超过 {limit} 字节——请按系统拆分文件",
        "the file is larger than {limit} bytes — split it by system",
    ),
    "API_TOO_MANY": (
        "接口超过 {limit} 个——请按系统拆分文件",
        "it has more than {limit} operations — split the file by system",
    ),
}
