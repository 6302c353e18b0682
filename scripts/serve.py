"""Start gunicorn on this machine, after checking for errors that it would report unclearly."""

import os
import socket
import sys

HOST = "127.0.0.1"


def main() -> None:
    """Replace this process by gunicorn, or exit with a message."""
    text = os.environ.get("PORT", "8000")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.exit(f"error: PORT is {text!r}; it must be a number from 1 to 65535")
    with socket.socket() as probe:
        # As in gunicorn, a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(text)))
        except OSError as error:
            sys.exit(
                f"error: port {text} of {HOST} cannot be used ({error.strerror}); "
                "choose another: PORT=8001 make run"
            )
    print(f"Inkling starts on http://{HOST}:{text} (Ctrl-C ends it)", flush=True)
    # exec leaves a single process to stop.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "wsgi:app"])  # noqa: S606


if __name__ == "__main__":
    main()
