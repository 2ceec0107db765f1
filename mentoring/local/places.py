"""Where the local servers keep their sockets: names that every process of a checkout computes alike."""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

# A socket's path has room for 104 bytes on macOS and 108 on Linux; the longest name we put there has 14.
LONGEST_SOCKET_FOLDER = 84


class LocalServerError(Exception):
    """A local server cannot run; the text is one line (or a line and a log's end), fit to show."""


def socket_folder(data_dir: Path) -> Path:
    """The private folder for the sockets of the server with this data folder. Creates nothing.

    The name holds the user and the data folder, so that copies of the project and users of one machine
    never meet. A temporary folder whose name is too long, or has a comma (which libpq takes for a list of
    hosts), gives way to /tmp.
    """
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    name = f"holdfast-{os.getuid()}-{digest}"
    folder = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or "," in str(folder):
        return Path("/tmp") / name  # noqa: S108 (checked by make_private_folder)
    return folder


def compiled_folder(var_dir: Path, sources: Path) -> Path:
    """Where compiled code of the modules in `sources` is kept, so that no two processes compile the same.

    Its name holds a digest of them all: numba looks at the age of a function's own file alone, not of what
    the function calls, and would go on with the old after an upgrade. What lies there is run as it is, so a
    temporary folder that stands in for a `var_dir` that cannot be written is made ours alone. Raises
    LocalServerError where a stranger has taken its name.
    """
    made = next(folder for folder in (var_dir, *var_dir.parents) if folder.exists())
    if os.access(made, os.W_OK):
        return var_dir / "numba" / _digest(sources)
    folder = Path(tempfile.gettempdir()) / f"holdfast-{os.getuid()}-numba"
    make_private_folder(folder, os.getuid(), os.getgid())
    return folder / _digest(sources)


def _digest(sources: Path) -> str:
    found = hashlib.sha256()
    for module in sorted(sources.glob("*.py")):
        found.update(module.read_bytes())
    return found.hexdigest()[:12]


def make_private_folder(folder: Path, uid: int, gid: int) -> None:
    """Make `folder`, readable by `uid` alone, or check that it already is.

    The temporary folder is shared with strangers, one of whom may have taken the name first.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.getuid()}:
        raise LocalServerError(f"{folder} is not ours; remove it and try again.")
    if found.st_uid != uid:
        os.chown(folder, uid, gid)
    folder.chmod(0o700)
