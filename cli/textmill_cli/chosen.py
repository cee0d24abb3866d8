"""Which service is meant, and how to print: the options that every command takes, before or after its name.

The order in which a way is found is a promise, in `docs/cli.md`: an option goes before the environment, an address
before a kubeconfig. Values are kept on click's context, so that the group and the command fill the same place.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from textmill_cli.connections import Connections
from textmill_cli.errors import FileUnusable
from textmill_cli.http_service import HttpService
from textmill_cli.patience import Patience
from textmill_cli.service import Service
from textmill_cli.showing import plain

if TYPE_CHECKING:
    from textmill_cli.kubernetes_client import Api

KUBERNETES = "kubernetes"
KUBECONFIG_OPTIONS = ("kubeconfig", "kube_context", "namespace")
PATIENCE = 10.0
LAPTOP = "http://127.0.0.1:5000"
TABLE, JSON, NAME = "table", "json", "name"
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Seconds(click.FloatRange):
    """A time; `nan` is refused, since no comparison with it ever ends a loop."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a time."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return found


SECONDS = _Seconds(0)


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        context.ensure_object(dict)[parameter.name] = value


OPTIONS = (
    click.option("--server", metavar="URL", help="The service's address, or `kubernetes` (TEXTMILL_SERVER)."),
    click.option("--token", metavar="TOKEN", help="Who asks; others on this machine can see it (TEXTMILL_TOKEN)."),
    click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="A file that holds the token."),
    click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Straight to its cluster."),
    click.option("--context", "kube_context", metavar="NAME", help="Straight to the cluster of this context."),
    click.option("-n", "--namespace", metavar="NAME", help="Straight to Kubernetes, in this namespace."),
    click.option("--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Certificates to trust instead."),
    click.option("--patience", type=SECONDS, metavar="SECONDS", help="How long to try again [10]."),
)


def way(command: _Command) -> _Command:
    """Give a command the options that choose a service."""
    for option in reversed(OPTIONS):
        command = _stored(option)(command)
    return command


def output(*forms: str) -> Callable[[_Command], _Command]:
    """Give a command `--output` with these forms: a table for a terminal, JSON for a program, unless told."""
    return click.option("-o", "--output", type=click.Choice(forms), help="How to print [table on a terminal, or json].")


def form(asked: str | None) -> str:
    """Return the form to print in."""
    return asked or (TABLE if sys.stdout.isatty() else JSON)


def service() -> Service:
    """Open the way that was chosen; it is closed when the command ends."""
    context = click.get_current_context()
    chosen: dict[str, Any] = context.ensure_object(dict)
    patience = Patience(chosen.get("patience", PATIENCE), _tell)
    made = _kubernetes(chosen, patience) if is_straight(chosen, os.environ) else _http(chosen, patience)
    context.call_on_close(made.close)
    return made


def is_straight(chosen: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Tell whether the way goes straight to Kubernetes: see the table in docs/cli.md."""
    if "server" in chosen:
        return bool(chosen["server"] == KUBERNETES)
    if any(name in chosen for name in KUBECONFIG_OPTIONS) or chosen.get("plugin"):
        return True
    return environ.get("TEXTMILL_SERVER") == KUBERNETES


def _tell(message: str) -> None:
    click.echo(f"{click.get_current_context().find_root().info_name}: {plain(message)}", err=True)


def _http(chosen: dict[str, Any], patience: Patience) -> Service:
    address = chosen.get("server") or os.environ.get("TEXTMILL_SERVER") or LAPTOP
    ca_file = chosen.get("ca_file") or (Path(given) if (given := os.environ.get("TEXTMILL_CA_FILE")) else None)
    return HttpService(Connections(address, _token(chosen), ca_file), patience)


def _kubernetes(chosen: dict[str, Any], patience: Patience) -> Service:
    from textmill_cli.kubernetes_service import KubernetesService

    return KubernetesService(_api(chosen), patience)


def _api(chosen: dict[str, Any]) -> Api:
    from textmill_cli.kubernetes_client import Api

    return Api(*(chosen.get(name) for name in KUBECONFIG_OPTIONS))


def _token(chosen: dict[str, Any]) -> str | None:
    if file := chosen.get("token_file"):
        try:
            return str(file.read_text(encoding="ascii")).strip()
        except (OSError, UnicodeError) as error:
            raise FileUnusable(f"The token cannot be read from {file}: {error}.") from error
    if token := chosen.get("token") or os.environ.get("TEXTMILL_TOKEN"):
        return str(token)
    if not any(name in chosen for name in KUBECONFIG_OPTIONS):
        return None
    api = _api(chosen)
    try:
        return api.token
    finally:
        api.close()


def _stored(option: Callable[..., Any]) -> Callable[[_Command], _Command]:
    """Have an option keep its value on the context instead of handing it to the command."""

    def add(command: _Command) -> _Command:
        made: _Command = option(command)
        parameters = made.params if isinstance(made, click.Command) else made.__click_params__  # type: ignore[attr-defined]  # click's own place for them
        parameters[-1].expose_value = False
        parameters[-1].callback = _keep
        return made

    return add
