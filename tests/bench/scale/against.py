# SPDX-License-Identifier: Apache-2.0
"""Side by side with OVN: the same ports on the same kind of hosts, measured
with the same monitor, in turns, so that what else the machine does hits both.

A site has a host for every 50 ports; two of them, of one group, are there, with
all their ports.  The others are only declared."""
import time

from . import measure, ovn, site, watch

HOSTS = 2
PER_HOST = 50           # Ports of a host,
MEMBERS = 20            # of a TVD,
PER_CELL = 1000         # and of a group of hosts: all as in the site of many.
STARTS = 3              # From an empty bridge.
TARGET_PORT, TARGET_RECOMPUTE = 1 / 3, 1 / 5

KINDS = {
    "port": "port declared and plugged in at once, to its flows",
    "declare": "port plugged in before, declared, to its flows",
    "plug": "port declared before, plugged in, to its flows",
}


def plug_in(side, plan, numbers):
    """Plugs in the ports of the hosts that are there."""
    for h in numbers:
        ports = {f"v{n}": side.iface_id(n) for n in range(plan.ees) if plan.place(n)[1] == h}
        side.hosts[h].add_ports(side.bridge, ports)
        side.n_ports += len(ports)


class Measured:
    """A side with its monitor, and what was found."""

    def __init__(self, side):
        self.side, self.times = side, {kind: [] for kind in KINDS}
        self.recompute, self.central, self.compile = [], [], []
        self.watch = None

    def open(self):
        self.watch = watch.Watch(self.side.tables,
                                 [h.mgmt(self.side.bridge) for h in
                                  self.side.hosts.values()])
        self.watch.quiet(1)

    def round(self, kind):
        """One port that comes and goes."""
        side, host = self.side, self.side.hosts[0]
        n = side.new_member()
        vif = {f"v{n}": side.iface_id(n)}
        if kind == "declare":
            host.add_ports(side.bridge, vif)
            while host.ofport(f"v{n}") is None:
                time.sleep(0.02)
        elif kind == "plug":
            side.finish_add(side.begin_add(n, 0))
            side.settle()
        self.watch.quiet(0.2)
        self.watch.drop()
        started = time.monotonic()
        declared = side.begin_add(n, 0) if kind != "plug" else None
        plugged = host.begin_ports(side.bridge, vif) if kind != "declare" else None
        if declared is not None:
            side.finish_add(declared)
        if plugged is not None:
            host.db.finish(plugged)
        signs = side.signs(side.mac(n))
        if kind == "plug":      # Others find it already.
            del signs["lookup"]
        seen = self.watch.until(signs)
        self.times[kind].append((max(seen.values()) - started) * 1000)
        host.del_port(side.bridge, f"v{n}")
        side.remove(n)
        side.settle()
        self.watch.quiet(0.2)

    def compute(self):
        """Everything anew: on the host, and in the centre."""
        control = self.side.control(0)
        self.recompute.append(measure.processor_time(
            self.side.agents[0], control, self.side.recompute))
        control.close()
        self.side.settle()

    def start_over(self):
        """The agent of a host whose bridge is empty, until it is filled."""
        side, host = self.side, self.side.hosts[0]
        side.daemons.stop([side.agents[0]])
        host.empty(side.bridge)
        self.watch.quiet(0.2)
        started = time.monotonic()
        side.start_agent(0)
        self.compile.append((self.watch.quiet(2, first=20) - started) * 1000)
        side.settle()
        self.watch.quiet(0.2)

    def memory(self):
        for what, pids in self.side.processes().items():
            print(f"    {self.side.name}: {measure.memory_line(what, pids)}")

    def close(self):
        self.watch.close()
        self.side.stop()


def start(template, size):
    """Both sides with 'size' ports; returns [ours, OVN's]."""
    cells = max(1, size // PER_CELL)
    plan = site.Plan(max(HOSTS, size // PER_HOST), max(1, size // MEMBERS), size, cells)
    numbers = [i * cells for i in range(HOSTS)]     # All of the first group.
    ours = site.Site(plan, False, f"tvd{size}")
    theirs = ovn.Ovn(ovn.unpack(), plan.tvds, f"ovn{size}")
    ours.start_controller()
    ours.apply(plan.policy())
    for h in numbers:
        ours.add_host(h)
        ours.start_switch(template, h)
        ours.start_agent(h)
        ours.hosts[h].wait_bridge(ours.bridge)
    theirs.start(template, numbers)
    theirs.declare(size)
    sides = [Measured(ours), Measured(theirs)]
    for m in sides:
        m.side.n_ports = 0
        m.side.settle()
        plug_in(m.side, plan, numbers)
        m.side.settle()
    ours.wait_bindings(ours.n_ports)
    for m in sides:
        m.open()
    return sides


def compare(what, ours, theirs, target=None):
    ratio = measure.p50(ours) / measure.p50(theirs)
    verdict = ""
    if target:
        verdict = f" (target at most {target:.2f}: {'met' if ratio <= target else 'MISSED'})"
    print(f"  {what}: {measure.p50(ours):.1f} ms, OVN {measure.p50(theirs):.1f} ms; "
          f"ratio {ratio:.2f}{verdict}; p99 {measure.percentile(ours, 99):.1f} and "
          f"{measure.percentile(theirs, 99):.1f} ms", flush=True)
    return not target or ratio <= target


def run(template, size, rounds):
    print(f"{size} ports in {max(1, size // MEMBERS)} TVDs, two hosts with up to {PER_HOST} "
          f"each; p50 of {rounds}:", flush=True)
    sides = start(template, size)
    try:
        for i in range(rounds):
            for kind in KINDS:
                for m in sides[::1 if i % 2 else -1]:
                    m.round(kind)
            for m in sides:
                m.compute()
                if i < STARTS:
                    m.start_over()
                m.side.daemons.check()
        for m in sides:
            m.memory()
    finally:
        for m in sides:
            m.close()
    ours, theirs = sides
    good = True
    for kind, what in KINDS.items():
        good &= compare(what, ours.times[kind], theirs.times[kind],
                        TARGET_PORT if kind == "port" else None)
    good &= compare("all flows of a host computed anew (processor time)", ours.recompute, theirs.recompute,
                    TARGET_RECOMPUTE)
    compare("agent started beside an empty bridge, until that is filled", ours.compile,
            theirs.compile)
    return good


