"""All commands in one place."""

import typer

from sidecar.cli import (
    explaining,
    gatewaying,
    log_asking,
    log_explaining,
    log_exporting,
    log_keeping,
    log_observing,
    log_proving,
    log_replaying,
    personal_data,
    policies,
    proxying,
    releasing,
    retaining,
    rules,
    serving,
)
from sidecar.cli.calendars import calendar_app
from sidecar.cli.cases import case_app
from sidecar.cli.drawing import draw_app
from sidecar.cli.importing import import_app
from sidecar.cli.importing_digit import digit_command
from sidecar.cli.log_querying import log_app
from sidecar.cli.replaying import replay_app
from sidecar.cli.routing import routes_app
from sidecar.cli.witnessing import witness_app_cli

app = typer.Typer(
    name="quanheng",
    help="Quanheng 权衡: power lists decide real requests, and each decision is recorded.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("check")(policies.check_command)
app.command("build")(policies.build_command)
app.command("test")(policies.expectations_command)
app.command("explain")(explaining.explain_command)
app.command("rules")(rules.rules_command)
app.command("schema")(policies.schema_command)
app.command("serve")(serving.serve_command)
app.command("token")(serving.token_command)
app.command("proxy")(proxying.proxy_command)
app.command("gateway")(gatewaying.gateway_command)
for name, command in (
    ("create", log_keeping.create_command),
    ("verify", log_proving.verify_command),
    ("prove", log_proving.prove_command),
    ("checkpoint", log_proving.checkpoint_command),
    ("tiles", log_proving.tiles_command),
    ("verifier", log_proving.verifier_command),
    ("head", log_keeping.head_command),
    ("totals", log_asking.totals_command),
    ("export", log_exporting.export_command),
    ("reindex", log_asking.reindex_command),
    ("erase", personal_data.erase_command),
    ("open", personal_data.open_command),
    ("retain", retaining.retain_command),
    ("release", releasing.release_command),
    ("replay", log_replaying.replay_command),
    ("explain", log_explaining.explain_command),
    ("observed", log_observing.observed_command),
):
    log_app.command(name)(command)
log_app.add_typer(log_keeping.key_app, name="key")
log_app.add_typer(log_keeping.anchor_app, name="anchor")
app.add_typer(log_app, name="log")
app.add_typer(witness_app_cli, name="witness")
app.add_typer(case_app, name="case")
app.add_typer(replay_app, name="replay")
app.add_typer(routes_app, name="routes")
import_app.command("digit")(digit_command)
app.add_typer(draw_app, name="draw")
app.add_typer(import_app, name="import")
app.add_typer(calendar_app, name="calendar")
