"""`quanheng draw`: draws by lot that anyone can recompute."""

from pathlib import Path
from typing import Annotated

import typer

from sidecar.case_history.draw import drawn_from, pool_digest
from sidecar.cli.output import FOUND, OK, print_json, print_line
from sidecar.errors import SettingsError, reason_of

draw_app = typer.Typer(help="Draws by lot that anyone can recompute 可复算的随机抽取", no_args_is_help=True)

Pool = Annotated[Path, typer.Option(help="Who can be drawn, one identifier a line 名单文件")]
Drawn = Annotated[list[str], typer.Argument(help="Those drawn, in order 抽中人员")]
Seed = Annotated[str, typer.Option(help="Number of the decision that fixed the pool 确定名单的决定编号")]


@draw_app.command("digest")
def digest_command(pool: Pool) -> None:
    """The digest that fixes a pool: the `content` of the act before the draw 名单摘要."""
    print_line(pool_digest(_names(pool)))


@draw_app.command("make")
def make_command(pool: Pool, seed: Seed, n: Annotated[int, typer.Option("--number", "-n", min=1, help="How many 人数")]) -> None:
    """Draw: what to send as `context.draw` 抽取."""
    names = _names(pool)
    if n > len(names):
        raise SettingsError("POOL_TOO_SMALL", pool=pool, n=len(names), n2=n)
    print_json({"pool": names, "drawn": list(drawn_from(names, seed, n))})


@draw_app.command("verify")
def verify_command(pool: Pool, seed: Seed, drawn: Drawn) -> None:
    """Draw again and compare; status 1 where it differs 复算."""
    again = drawn_from(_names(pool), seed, len(drawn))
    same = again == tuple(drawn)
    print_line("相符 the same" if same else f"不符 differs: {' '.join(again)}")
    raise typer.Exit(OK if same else FOUND)


def _names(pool: Path) -> list[str]:
    try:
        lines = [line.strip() for line in pool.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError("POOL_UNREADABLE", pool=pool, fault=reason_of(fault)) from fault
    for number, line in enumerate(lines, 1):
        if len(line.split()) > 1:
            raise SettingsError("POOL_HOLDS_SPACE", pool=pool, number=number, line=line)
    lines = list(filter(None, lines))
    if not lines:
        raise SettingsError("POOL_EMPTY", pool=pool)
    return list(dict.fromkeys(lines))
