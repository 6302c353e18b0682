"""`inkling serve`: the site on this machine, by gunicorn."""

import runpy
import socket
import sys
from typing import Any

import click

HOST = "127.0.0.1"

PACKAGE = __package__.rpartition(".")[0]


class Port(click.ParamType):  # type: ignore[type-arg]  # older ones are not generic
    """A number from 1 to 65535 in ASCII digits, and nothing else."""

    name = "port"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        """Return the number.

        Raises:
            click.BadParameter: it is none.
        """
        text = str(value)
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            self.fail(f"{text!r} is not a number from 1 to 65535", parameter, context)
        return int(text)


@click.command()
@click.option(
    "--port", type=Port(), default=8000, show_default=True, envvar="PORT", show_envvar=True
)
def serve(port: int) -> None:
    """Start the site on this machine (Ctrl-C ends it).

    To put it on the Internet, see docs/deploy.md. INKLING_… variables are its settings.
    """
    with socket.socket() as probe:
        # As in gunicorn, a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise click.ClickException(
                f"port {port} of {HOST} cannot be used ({error.strerror}); "
                "choose another with --port, or with the variable PORT"
            ) from error
    click.echo(f"Inkling starts on http://{HOST}:{port} (Ctrl-C ends it)")
    sys.stdout.flush()
    _run(f"{HOST}:{port}")


def _run(address: str) -> None:
    try:
        from gunicorn.app.wsgiapp import WSGIApplication
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is not installed: pip install '.[web]' in the checkout"
        ) from error

    class Site(WSGIApplication):  # type: ignore[misc]  # gunicorn has no types
        """gunicorn with the configuration of the package, read anew at each reload."""

        def load_config(self) -> None:
            """Set what `gunicorn_config.py` says."""
            for name, value in runpy.run_module(f"{PACKAGE}.ops.gunicorn_config").items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)
            self.cfg.set("bind", address)
            self.app_uri = f"{PACKAGE}.app:create_app()"

    Site().run()
