# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: TAP, seeds, and labs that are always removed."""
import atexit
import contextlib
import os
import random
import signal
import sys
import time

from . import client, state, wiring


class Tap:
    """Prints TAP; done() gives the exit status."""

    def __init__(self, name):
        self.name = name
        self.count = 0
        self.failed = 0
        self.began = time.monotonic()
        # The runner interrupts a test that takes too long; so does a user.
        for sig in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sig, self._interrupted)

    @staticmethod
    def _interrupted(number, _frame):
        raise KeyboardInterrupt(f"signal {number}")

    def ok(self, condition, what, *details):
        self.count += 1
        if not condition:
            self.failed += 1
        print(f"{'ok' if condition else 'not ok'} {self.count} - {what}", flush=True)
        if not condition:
            for detail in details:
                self.note(detail)
        return condition

    def same(self, got, wanted, what):
        return self.ok(got == wanted, what, f"got {got!r}", f"wanted {wanted!r}")

    def note(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def skip(self, what, why):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    def seed(self, fixed=None):
        """The seed of this run: $TVD_SEED; else 'fixed', if given; else one to
        be told."""
        seed = int(os.environ.get("TVD_SEED") or fixed
                   or random.SystemRandom().randrange(1 << 31))
        print(f"# seed {seed}; rerun: sudo TVD_SEED={seed} tests/system/{self.name}",
              flush=True)
        return seed

    def done(self):
        print(f"1..{self.count}")
        print(f"# {time.monotonic() - self.began:.1f} s")
        return 1 if self.failed else 0


def soak():
    """Whether the campaigns are to be run in full length."""
    return bool(os.environ.get("TVD_SOAK"))


def switches():
    """How many switches that are managed by SNMP tests of several hosts are to
    have between these, whatever their policies say; 0: a plain one."""
    return int(os.environ.get("TVD_SWITCHES") or 0)


def behind(data, hosts):
    """Policy 'data', which has one host, on so many behind switches(); as it is
    if there are to be none."""
    return wiring.behind(wiring.spread(data, hosts), switches()) if switches() else data


def lab_name(purpose):
    """A name that tests running at the same time do not share."""
    return f"{purpose}-{os.getpid()}"


@contextlib.contextmanager
def lab_of(path, name, tap, **options):
    """A lab of policy file 'path', removed in any case; 'options' are those of
    client.up(), where "snmp" is as in switches() if it is not said."""
    options.setdefault("snmp", switches())
    atexit.register(_remove, name)
    try:
        yield client.up(name, path, progress=tap.note, **options)
    finally:
        client.down(name)


def _remove(name):
    if state.exists(name) or state.pids(name):
        state.remove(name)


def main(name, function):
    """Runs a test: 'function' gets a Tap."""
    if os.geteuid():
        print(f"ok 1 - {name} # SKIP needs root: namespaces are made")
        print("1..1")
        sys.exit(0)
    tap = Tap(name)
    try:
        function(tap)
    except KeyboardInterrupt as e:
        tap.ok(False, f"interrupted: {e}")
    except state.LabError as e:
        tap.ok(False, "the lab works", e)
    sys.exit(tap.done())
