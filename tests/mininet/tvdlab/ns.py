# SPDX-License-Identifier: Apache-2.0
"""Namespaces: entering them, and sockets that live in them.

A socket belongs to the network namespace in which it was created, so one
process can hold sockets in all namespaces of a lab and wait for them in one
loop; that is what the prober does.
"""
import contextlib
import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def unshare(flags):
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd, kind=CLONE_NEWNET):
    """Moves the calling thread into the namespace open as 'fd'."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source, target, fstype, flags=0):
    _check(_libc.mount(source.encode(), target.encode(),
                       fstype.encode() if fstype else None,
                       ctypes.c_ulong(flags), None), f"mount {target}")


def die_with_parent(sig):
    """Asks for signal 'sig' when the process that started this one dies."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0), "prctl")


def enter_and_fork(net, mnt, pid):
    """For a child before it executes a program: moves it into the namespaces
    that are open as 'net', 'mnt' and 'pid'.

    Only children enter a PID namespace, so the program runs in a second child;
    the first hands its exit status and signals on."""
    here = os.getcwd()
    setns(pid, CLONE_NEWPID)
    setns(net, CLONE_NEWNET)
    # The mount namespace last: /proc is another one after it.
    setns(mnt, CLONE_NEWNS)
    # It begins at its root; file names are meant from where the user is, which
    # is there too unless it lies below what a host has of its own.
    with contextlib.suppress(OSError):
        os.chdir(here)
    child = os.fork()
    if not child:
        die_with_parent(signal.SIGKILL)
        return
    # subprocess waits for the end of a pipe that the program's exec closes.
    os.closerange(3, 1024)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, _: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        os._exit(128 + os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


_own_netns = None


@contextlib.contextmanager
def inside(netns_fd):
    """Sockets made in the body belong to the namespace 'netns_fd'."""
    global _own_netns
    if _own_netns is None:
        _own_netns = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    setns(netns_fd)
    try:
        yield
    finally:
        setns(_own_netns)
