"""That there is no decision: each failure says what is known of it, and what a person can do. None of them is ever an allow."""


class ClientError(Exception):
    """`request_id` is the one the question was sent under, the same at every attempt; `hint` is for who sits at the terminal."""

    def __init__(self, message: str, hint: str, request_id: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.request_id = message, hint, request_id

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}"


class AddressError(ClientError):
    """The address is none of a sidecar, or what is sent there would cross a network in clear. Nothing was asked."""

    def __init__(self, address: str, problem: str, hint: str) -> None:
        super().__init__(f"{address!r} {problem}", hint)
        self.address, self.problem = address, problem


class UnreachableError(ClientError):
    """The sidecar was not reached, or did not answer in time. What was asked may have been decided and recorded; asked again
    under the same `request_id` it gets the same answer. `problem` is the last attempt's."""

    def __init__(self, address: str, problem: str, attempts: int, request_id: str) -> None:
        super().__init__(
            f"no answer from the sidecar at {address} after {attempts} attempts: {problem}",
            "is `quanheng serve` running there? look at /readyz / 请确认授权服务已启动",
            request_id,
        )
        self.address, self.problem, self.attempts = address, problem, attempts


class UnclearAnswerError(ClientError):
    """There is an answer, and it holds no decision: another status, not JSON, a shape that is not the documented one."""

    def __init__(self, status: int, problem: str, request_id: str = "") -> None:
        super().__init__(
            f"HTTP {status}: {problem}", "is this address a sidecar, and of the same release? / 请核对地址和版本", request_id
        )
        self.status, self.problem = status, problem


class NotAcceptedError(ClientError):
    """The sidecar answered that it does not take the question (4xx, or 503 while it is overloaded): `code` and `detail` as it
    said them. Nothing was decided."""

    def __init__(self, status: int, code: str, detail: str, request_id: str = "") -> None:
        super().__init__(
            f"HTTP {status} {code}: {detail}",
            "docs/reference/http-api.md says what each status means / 状态说明见该文档",
            request_id,
        )
        self.status, self.code, self.detail = status, code, detail
