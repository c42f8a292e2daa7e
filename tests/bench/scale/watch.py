# SPDX-License-Identifier: Apache-2.0
"""When flows come and go on the bridges of many hosts.

One process (tests/bench/flow-watch.c) has a flow monitor on each bridge: it
costs nothing while nothing changes, and both sides are measured with it."""
import os
import queue
import re
import subprocess
import threading
import time

from . import rpc

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
BUILD = os.path.join(TOP, os.environ.get("B", "build"))


class Event:
    """A flow that came ("+"), went ("-") or changed ("=")."""

    def __init__(self, line):
        switch, when, self.what, table, cookie, self.match = line.rstrip("\n").split(" ", 5)
        self.switch, self.table = int(switch), int(table)
        self.time = int(when) / 1e6         # As time.monotonic().
        self.cookie = int(cookie, 16)

    def has(self, field, value):
        return re.search(rf"(?:^|,){re.escape(field)}={re.escape(str(value))}(?:,|$)",
                         self.match) is not None


class Watch:
    def __init__(self, tables, vconns):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "tests/flow-watch"), ",".join(map(str, tables)), *vconns],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events = queue.SimpleQueue()
        if self.process.stdout.readline() != "ready\n":
            raise rpc.Error("flow-watch cannot watch the bridges")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def drop(self):
        """Forgets what was seen so far."""
        while not self.events.empty():
            self.events.get()

    def get(self, timeout):
        """The next event; None if there is none in 'timeout' seconds."""
        try:
            return Event(self.events.get(timeout=max(timeout, 0.0001)))
        except queue.Empty:
            return None

    def until(self, wanted, seconds=30):
        """Waits until each of 'wanted' (name: function of an event) was true
        of one; returns {name: time of the first}."""
        deadline, seen = time.monotonic() + seconds, {}
        while len(seen) < len(wanted):
            event = self.get(deadline - time.monotonic())
            if event is None:
                if time.monotonic() < deadline:
                    continue
                missing = sorted(str(n) for n in set(wanted) - set(seen))
                raise rpc.Error(f"no flow came for {', '.join(missing[:10])} in {seconds} s")
            for name, test in wanted.items():
                if name not in seen and test(event):
                    seen[name] = event.time
        return seen

    def quiet(self, seconds=0.3, first=None, limit=120):
        """Waits until nothing has happened for 'seconds'; for the first event
        longer, if 'first' says so.  Returns when the last one was, or None."""
        deadline, last = time.monotonic() + limit, None
        while True:
            event = self.get(seconds if last or first is None else first)
            if event is None:
                return last
            last = event.time
            if time.monotonic() > deadline:
                raise rpc.Error(f"flows have not come to rest in {limit} s")
