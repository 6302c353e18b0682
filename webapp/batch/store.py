"""Files in folders and in object stores, through fsspec."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import files
from .errors import BatchError, UnreadableError

EXTRA = "Runs over a manifest need further packages: pip install '.[{}]' in the checkout."


@contextmanager
def from_store() -> Iterator[None]:
    """Raise whatever a store raises as an error of the run."""
    try:
        yield
    except (BatchError, UnreadableError):
        raise
    except ImportError as error:  # ours, or those of a kind of store: fsspec says which
        raise BatchError(f"{error}. {EXTRA.format('batch')}") from error
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise BatchError(f"{error.filename}: {reason}" if error.filename else reason) from error
    except Exception as error:  # each kind of store has errors of its own
        raise BatchError(f"{type(error).__name__}: {error}") from error


def located(address: str) -> tuple[Any, str]:
    """Return the file system of an address and the path on it. A plain path is a local one.

    Raises:
        BatchError: the address is empty, or has a scheme and nothing after it.
    """
    import fsspec

    _, found, rest = address.partition("://")
    if not address.strip() or (found and not rest.strip("/")):
        raise BatchError(f"{address!r} is no address of a file or folder.")
    if not found:  # whatever characters its name has
        return fsspec.filesystem("file"), str(Path(address).absolute())
    system, path = fsspec.core.url_to_fs(address)
    return system, str(path)


def absolute(address: str) -> str:
    """Return an address that means the same in every folder: a local path is made absolute."""
    system, path = located(address)
    return path.rstrip("/") or "/" if is_local(system) else address.rstrip("/")


def is_local(system: Any) -> bool:
    """Check whether a file system is this machine's."""
    return "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,))


def write_whole(address: str, content: bytes) -> None:
    """Write a file so that it is never seen in part. Object stores do so by themselves.

    Raises:
        OSError and others: it cannot be written.
    """
    system, path = located(address)
    if is_local(system):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, content)
    else:
        system.pipe_file(path, content)


def read_bytes(address: str, most: int) -> bytes:
    """Return at most so many bytes of a file.

    Raises:
        UnreadableError: the file is not there, may not be read, or is a folder or a pipe.
        OSError and others: the store does not answer now.
    """
    try:
        system, path = located(address)
        if is_local(system):
            return files.bytes_of_file(path, most)
        with system.open(path, "rb") as file:
            content: bytes = file.read(most)
    except files.NotAFileError as error:
        raise UnreadableError(str(error)) from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise UnreadableError(error.strerror or "No such file or directory") from error
    except UnicodeEncodeError as error:
        raise UnreadableError("Its name is no text.") from error
    return content
