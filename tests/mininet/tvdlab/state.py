# SPDX-License-Identifier: Apache-2.0
"""Where a lab lives and how nothing of it is left.

A lab NAME is a directory, /run/tvd-lab/NAME, and a tree of processes below
one that is the init of its own PID namespace.  Everything else (network
namespaces, veth pairs, mounts, the private /run of its hosts) exists only as
long as those processes do: when the init or the lab daemon ends, however it
ends, the kernel kills the rest and the namespaces go with them.  So removing
a lab is killing its init and removing the directory, in whatever state it is.

The directory is made with mkdir(), which is the lock against a second lab of
the same name.
"""
import os
import re
import select
import shutil
import signal
import time

ROOT = "/run/tvd-lab"
DEFAULT_NAME = "lab"
INIT_VERB = "__init"


class LabError(Exception):
    """Something a user should read; the text is the whole message."""


def check_name(name):
    # Names become part of paths and of process arguments.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", name):
        raise LabError(f"invalid lab name '{name}': use letters, digits, '-' and '_' "
                       "(at most 31)")
    return name


def directory(name):
    return os.path.join(ROOT, check_name(name))


def control_socket(name):
    return os.path.join(directory(name), "control")


def exists(name):
    return os.path.isdir(directory(name))


def create(name):
    os.makedirs(ROOT, mode=0o755, exist_ok=True)
    try:
        os.mkdir(directory(name), mode=0o700)
    except FileExistsError:
        what = "is up" if pids(name) else "was not taken down after it ended"
        raise LabError(f"lab '{name}' {what}: run 'lab down --name {name}' first, "
                       "or choose another --name") from None
    return directory(name)


def names():
    try:
        return sorted(n for n in os.listdir(ROOT) if os.path.isdir(os.path.join(ROOT, n)))
    except FileNotFoundError:
        return []


def pids(name):
    """The init and the daemon of lab 'name', found by their arguments, so that
    no file has to be right for a lab to be found."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        if argv[2:4] == [INIT_VERB.encode(), name.encode()] \
                and os.path.basename(argv[1]) == b"lab":
            found.append(int(entry))
    return found


def _end(name, targets):
    """Kills the processes 'targets' of lab 'name' and waits until they and all
    below them have ended: the init of a PID namespace ends last."""
    watched = []
    for pid in targets:
        try:
            watched.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 60      # A thousand interfaces take their time.
    for fd in watched:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        ended = poll.poll(max(deadline - time.monotonic(), 0) * 1000)
        os.close(fd)
        if not ended:
            raise LabError(f"lab '{name}' does not end: its processes are {targets}")


def remove(name):
    """Ends lab 'name' and removes all of it.  Returns False if there was
    nothing to remove."""
    found = False
    for _ in range(5):          # An "up" may be starting more of them.
        left = pids(name)
        if not left:
            break
        found = True
        _end(name, left)
    path = directory(name)
    if os.path.isdir(path):
        found = True
        shutil.rmtree(path)
    try:
        os.rmdir(ROOT)
    except OSError:
        pass                    # Other labs are there, or nobody's were.
    return found
