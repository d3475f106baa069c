"""The command line ``task-agent``: parses, calls, exits. What the commands do is in the modules named after them."""

from agent.local import process  # before what takes long to load: it remembers who started this process

# isort: split
import json
import os
import sys
import time
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.local import doctor as examining
from agent.local import environment, ps, signals
from agent.local import up as starting
from agent.local.dapr_binaries import BadSetting, Places
from agent.local.dapr_build import BuildFailed
from agent.local.dapr_install import ensure_dapr
from agent.local.local_zone import local_zone
from agent.local.progress import Progress
from agent.local.restart import NotRestarted
from agent.local.restart import restart as restarting
from agent.local.state_dir import StateDir

DEFAULT_PORT = 8080
DEFAULT_DATA_DIR = Path(".data")
_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "missing": "[red]missing[/]"}

app = typer.Typer(
    help="Task Agent: say it, and it gets done. Everything on this machine, on a real Dapr runtime.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
dapr = typer.Typer(help="The Dapr runtime that Task Agent runs on.", no_args_is_help=True)
app.add_typer(dapr, name="dapr")

DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder with all data of one instance.")]


class Store(StrEnum):
    """Where actor and workflow state is kept."""

    SQLITE = "sqlite"
    REDIS = "redis"


@app.command(
    epilog="Examples:\n\n  task-agent up\n\n  task-agent up --port 0 --data-dir /tmp/second   (a second one beside it)"
    "\n\n  task-agent up --store redis --replicas 3   (ports 8080, 8081, 8082)"
)
def up(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Public port on 127.0.0.1 (of the first replica); 0 takes any free one.")
    ] = DEFAULT_PORT,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    store: Annotated[
        Store, typer.Option(help="Where state is kept; redis: in REDIS_URL, else in a redis-server found on this machine.")
    ] = Store.SQLITE,
    replicas: Annotated[
        int, typer.Option(min=1, max=starting.REPLICAS_MAX, help="How many of the service; more than one with redis only.")
    ] = 1,
    follow_parent: Annotated[
        bool, typer.Option("--follow-parent", help="Stop when the process that started this one dies (for scripts).")
    ] = False,
) -> None:
    """Start everything: Dapr (found, or built once), the service, and a supervisor that watches both. Ctrl-C stops it."""
    _refuse_other_systems()
    if replicas > 1 and store is Store.SQLITE:
        raise typer.BadParameter(
            "more than one needs --store redis: they could not share a SQLite file", param_hint="--replicas"
        )
    if follow_parent:
        process.die_with_parent()
    signals.raise_on_stop()
    progress = Progress(Console(highlight=False))
    try:
        options = starting.Options(port, data_dir, store=store.value, replicas=replicas)
        status = starting.up(options, progress)
    except KeyboardInterrupt:  # before the children were there
        progress.say("Stopped.")
        status = 130
    raise typer.Exit(status)


@app.command()
def restart(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Put new processes of the service in the place of those that `up` runs, one after the other: for new code.

    What is being answered goes on: with replicas on another one, else when it is back. Settings stay those that `up` was
    started with; Dapr's control plane and Redis are left alone. If a new process is no good the others are not touched.
    """
    progress, begun = Progress(Console(highlight=False)), time.monotonic()
    try:
        for new in restarting(StateDir(data_dir)):
            progress.say(
                f"Replica {new.replica}, at {new.url}: a new process has taken over ({time.monotonic() - begun:.1f} s)."
            )
        progress.say(f"Restarted, and ready ({time.monotonic() - begun:.1f} s).", "green")
    except NotRestarted as problem:
        progress.say(str(problem), "red")
        raise typer.Exit(1) from problem
    except KeyboardInterrupt:
        progress.say("It goes on without you: `task-agent ps` shows who runs.")
        raise typer.Exit(130) from None


@app.command(
    epilog="Example:\n\n  APP_API_TOKEN=... DAPR_API_TOKEN=... DAPR_HTTP_PORT=3500 DAPR_GRPC_PORT=50001 task-agent serve"
)
def serve() -> None:
    """Run the service alone, beside a Dapr sidecar that someone else runs. Settings come from the environment."""
    os.execv(starting.APP_COMMAND[0], starting.APP_COMMAND)


@app.command(epilog='Examples:\n\n  task-agent chat\n\n  task-agent chat --once "What is on my list?"')
def chat(
    url: Annotated[str | None, typer.Option(help="The service; default: what runs in ./.data, else port 8080.")] = None,
    user: Annotated[str, typer.Option(help="Who you are.")] = "local",
    conversation: Annotated[str, typer.Option(help="Which conversation to go on with.")] = "main",
    say: Annotated[str | None, typer.Option("--once", metavar="TEXT", help="Say one thing, print the answer, leave.")] = None,
) -> None:
    """Talk to Task Agent. Leaving does not stop a turn: it goes on, and /history shows its answer later."""
    from httpx import InvalidURL  # takes 0.3 s, which `ps` in a script's loop should not pay

    from agent.local import chat as chatting
    from agent.local.chat_client import ChatClient

    run = StateDir(DEFAULT_DATA_DIR).current_run()
    where = url or (run.url if run else f"http://127.0.0.1:{DEFAULT_PORT}")
    try:
        speaking = ChatClient(where, user, conversation, local_zone(environment.time_zone_setting()))
    except InvalidURL as problem:
        typer.echo(f"{where} is no address of a service: {problem}", err=True)
        raise typer.Exit(1) from problem
    with closing(speaking) as client:
        raise typer.Exit(chatting.once(client, say) if say is not None else chatting.interactive(client))


@app.command()
def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port you want to use.")] = DEFAULT_PORT,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Say what is found, what is missing, and the command that fixes it. Exit status 1 when something needed is missing."""
    from agent.local.model_servers import look_for  # httpx again

    console = Console(highlight=False)
    places = Places.usual(environment.dapr_bin())
    patient = examining.Doctor(places, environment.model_settings(), look_for(), data_dir, port, environment.redis_url())
    findings = list(patient.examine())
    table = Table("", "what", "found", box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        table.add_row(_MARKS[finding.state], finding.what, escape(finding.detail))  # [fd00::1] is no markup
    console.print(table)
    for finding in findings:
        if finding.fix:
            console.print(f"\n{finding.what}:\n  {finding.fix}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if any(finding.state == "missing" for finding in findings) else 0)


@app.command("ps")
def list_processes(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of {name, pid, replica, url}.")] = False,
) -> None:
    """List the processes that run in a data folder."""
    processes = ps.running(StateDir(data_dir))
    if as_json:
        typer.echo(json.dumps(processes))
    else:
        Console(highlight=False).print(ps.as_table(processes) if processes else "Nothing runs here.")


@dapr.command("install")
def install_dapr() -> None:
    """Find the Dapr runtime, or build it from its Go module (once, about five minutes on two cores)."""
    _refuse_other_systems()
    signals.raise_on_stop()
    progress = Progress(Console(highlight=False))
    try:
        found = ensure_dapr(progress)
    except (BuildFailed, BadSetting) as problem:
        progress.say(str(problem), "red")
        raise typer.Exit(1) from problem
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    progress.say(f"Dapr {found.version} is in {found.folder} ({found.source}).")


def _refuse_other_systems() -> None:
    if problem := process.unsupported():
        typer.echo(problem, err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(app())
