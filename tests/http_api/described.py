"""The service that the examples of the OpenAPI description are asked of: shipped policies, the personnel of the food licence
example, a kept log. `python -m tests.http_api.described` asks them all and writes down what was answered."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest.mock import patch
from zoneinfo import ZoneInfo

import httpx
import msgspec

from adapters.storage.log_making import create_log
from sidecar.http_api.openapi import EXAMPLES, Example, examples
from sidecar.settings import Settings
from sidecar.wiring import Service, SystemClock, build_service, places_of

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "docs/reference/openapi.json"
TOKENS = {"licensing": "token-of-licensing", "idle": "token-of-idle"}
HOST = "http://pdp.example.gov.cn"
BINARY = "application/octet-stream"
EXAMPLE_ID = "01KA0000000000000000000000"  # stands for every identifier of a decision

# What is another one each time, and what it looks like in the description.
VOLATILE: tuple[tuple[str, str], ...] = (
    (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", EXAMPLE_ID),
    (r"\b\d{4}-\d\d-\d\dT[0-9:.]+\+08:00", "2026-01-05T09:00:00.000+08:00"),
    (r"\b20\d\d-\d\d-\d\d\b", "2026-01-05"),
    (r"\bv1\.(\d+)\.[0-9a-f]*\.[0-9a-f]{32}\b", r"v1.\1." + "0" * 32 + "." + "0" * 32),
    (r"\bpty-[0-9a-f]{32}\b", "pty-" + "0" * 32),
    (r"\b[0-9a-f]{64}\b", "0" * 64),
    (r"(?<![A-Za-z0-9+/_=-])(?!0{64}\b)[A-Za-z0-9+/_-]{40,}={0,2}(\.[0-9a-f]{32})?", "…"),
    (r"(?m)^\d+$", "16"),
    (r"(\.yaml):\d+", r"\1:1"),  # whoever writes a line into a policy need not write these examples again
    (r'"(latency_us|anchor_age|unsigned|signed|size)":\d+(\.\d+)?', r'"\1":0'),
    (r"(?m)^quanheng_.*\n", ""),
    (r"\+[0-9a-f]{8}\b", "+00000000"),
)
T = TypeVar("T")


def settled(text: str) -> str:
    """A text of an answer as the description has it."""
    for pattern, stand_in in VOLATILE:
        text = re.sub(pattern, stand_in, text)
    return text


def settings(folder: Path, **more: Any) -> Settings:
    callers = {
        name: {"token_sha256": hashlib.sha256(token.encode()).hexdigest(), "may": ["ask", "read"] if name == "licensing" else []}
        for name, token in TOKENS.items()
    }
    places = {"policies": ROOT / "policies", "personnel": ROOT / "docs/examples/food_licence/personnel", "data": folder / "data"}
    usual = {**places, "callers": callers, "base_url": "https://pdp.example.gov.cn", "checkpoint_interval": 0.05}
    return Settings.model_validate({**usual, **more})


def serving(ask: Callable[[httpx.AsyncClient], Awaitable[T]], **more: Any) -> T:
    """What somebody finds out from a service that lives for as long."""

    async def whole(service: Service) -> T:
        await service.life.begin()
        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(service.served.app), base_url=HOST) as client:
                return await ask(client)
        finally:
            await service.life.end()

    moment = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Asia/Shanghai"))  # limits that are counted must not depend on the day
    with TemporaryDirectory() as folder, patch.object(SystemClock, "now", lambda _: moment):
        made = settings(Path(folder), **more)
        create_log(places_of(made), "record.example/binhe", SystemClock(made.zone))
        return asyncio.run(whole(build_service(made)))


async def answers(client: httpx.AsyncClient) -> list[tuple[Example, httpx.Response]]:
    """Every example, asked in its order. The identifier of the first decision stands where they name one."""
    found: list[tuple[Example, httpx.Response]] = []
    decision_id = ""
    for example in examples():
        method, path = example.operation.split()
        for name, value in example.path.items():
            path = path.replace(f"{{{name}}}", decision_id if value == EXAMPLE_ID else value)
        content = None if example.body is None else msgspec.json.encode(example.body)
        headers = {"authorization": f"Bearer {TOKENS['licensing']}", "content-type": "application/json"}
        if path.startswith(("/v1/log", f"/v1/decisions/{decision_id}/proof")):
            await asyncio.sleep(0.2)  # until a checkpoint covers what was decided
        response = await client.request(method, path, params=example.query or None, content=content, headers=headers)
        if not decision_id:
            decision_id = response.json()["context"]["decision_id"]
        found.append((example, response))
    return found


def answer_of(response: httpx.Response) -> Any:
    """What the description shows of an answer; of bytes, nothing."""
    if response.headers["content-type"] == BINARY:
        return None
    text = settled(response.text)
    return msgspec.json.decode(text) if response.headers["content-type"] == "application/json" else text


def main() -> None:
    """Write down what is answered now."""
    told = [msgspec.structs.replace(example, answer=answer_of(response)) for example, response in serving(answers)]
    file = ROOT / "sidecar/http_api" / EXAMPLES
    file.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    examples.cache_clear()
    DESCRIPTION.write_text(description(), "utf-8")


async def fetched(client: httpx.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def description() -> str:
    """The description, as it is kept for those who have no service at hand."""
    return json.dumps(serving(fetched), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
