# SPDX-License-Identifier: Apache-2.0
"""Many hosts, one controller: how long things take, who needs how much memory,
and how much is sent for a change."""
import concurrent.futures
import os
import random
import time

from . import measure, site, watch

STARTS = 5              # Agents that are started again.
CHANGES = 20            # Of which the bytes are counted.
CHUNK = 50
PARALLEL = 4


def everywhere(function, n):
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(function, range(n)))


def timed(function, *args):
    started = time.monotonic()
    result = function(*args)
    return time.monotonic() - started, result


def begin(template, plan):
    """A site with all its hosts running, and all EEs plugged in."""
    s = site.Site(plan, tls=True)
    s.start_controller()
    text = plan.policy()
    seconds, _ = timed(s.apply, text)
    print(f"  the whole policy ({len(text) / 1e6:.1f} MB) applied to an empty database: "
          f"{seconds:.2f} s", flush=True)
    seconds, _ = timed(s.apply, text)
    print(f"  the same again, nothing to change: {seconds:.2f} s", flush=True)
    for h in range(plan.hosts):
        s.add_host(h)
    everywhere(lambda h: s.start_switch(template, h), plan.hosts)
    for h in range(plan.hosts):
        s.certify(h)
    seconds, _ = timed(start_agents, s)
    print(f"  {plan.hosts} agents started at once, until all enforce the policy: "
          f"{seconds:.1f} s", flush=True)
    seconds, _ = timed(plug_in, s)
    print(f"  {plan.ees} ports added, until all of them are known: {seconds:.1f} s",
          flush=True)
    return s


def start_agents(s):
    for h in range(s.plan.hosts):
        s.start_agent(h)
    for host in s.hosts.values():
        host.wait_bridge(s.bridge)
    s.wait_enforced()


def plug_in(s):
    mine = {}
    for n in range(s.plan.ees):
        mine.setdefault(s.plan.place(n)[1], []).append(n)

    def plug(h):
        for first in range(0, len(mine.get(h, [])), CHUNK):
            s.hosts[h].add_ports(s.bridge, {f"v{n}": s.iface_id(n)
                                            for n in mine[h][first:first + CHUNK]})
    everywhere(plug, s.plan.hosts)
    s.wait_bindings(s.plan.ees)


def add_one(s, w, rng):
    """Adds an EE to a TVD, its port waiting at its host.  Returns the times
    until its host and until all hosts of the TVD have it, and how many."""
    t = rng.randrange(s.plan.tvds)
    h = rng.choice(sorted(s.needed(t)))
    n = s.new_member(t)
    host = s.hosts[h]
    host.add_ports(s.bridge, {f"v{n}": s.iface_id(n)})
    while host.ofport(f"v{n}") is None:
        time.sleep(0.01)
    w.quiet(0.2)
    w.drop()
    lookup = s.signs(s.mac(n))["lookup"]
    wanted = {name: lambda e, test=test: e.switch == h and test(e)
              for name, test in s.signs(s.mac(n)).items()}
    others = s.needed(t) - {h}
    for other in others:
        wanted[other] = lambda e, other=other: e.switch == other and lookup(e)
    started = time.monotonic()
    s.finish_add(s.begin_add(n, h))
    seen = w.until(wanted)
    local = max(when for name, when in seen.items() if isinstance(name, str))
    return (local - started) * 1000, (max(seen.values()) - started) * 1000, len(others)


def measure_adding(s, rounds):
    w = watch.Watch(s.tables, [h.mgmt(s.bridge) for h in s.hosts.values()])
    rng = random.Random(1)
    local, everyone, others = [], [], []
    try:
        for _ in range(rounds):
            found = add_one(s, w, rng)
            for values, value in zip((local, everyone, others), found):
                values.append(value)
            s.daemons.check()
    finally:
        w.close()
    print("  " + measure.times_line("ee added, until its host has its flows", local))
    print("  " + measure.times_line("ee added, until all hosts that need it have them "
                                    f"({measure.p50(others):.0f} others)", everyone),
          flush=True)


def start_over(s):
    """Agents whose bridge is empty, one after the other."""
    times = []
    for h in random.Random(2).sample(range(s.plan.hosts), min(STARTS, s.plan.hosts)):
        s.daemons.stop([s.agents[h]])
        s.hosts[h].empty(s.bridge)
        w = watch.Watch(s.tables, [s.hosts[h].mgmt(s.bridge)])
        started = time.monotonic()
        s.start_agent(h)
        filled = w.quiet(2, first=60)
        w.close()
        if filled is None:
            print(f"  host {h}: its agent has not begun to fill the bridge in 60 s", flush=True)
        else:
            times.append((filled - started) * 1000)
    if not times:
        return
    print("  " + measure.times_line("agent started beside an empty bridge, until that is "
                                    "filled", times))


def recompute(s):
    times = []
    for h in range(0, s.plan.hosts, max(1, s.plan.hosts // 20)):
        control = s.control(h)
        times.append(measure.processor_time(s.agents[h], control, s.recompute))
        control.close()
    print("  " + measure.times_line("all flows of a host computed anew (processor time)",
                                    times), flush=True)


def growth(before, after):
    """What each connection has received in between."""
    return [after[c] - before[c] for c in after if c in before]


def measure_bytes(s):
    """What agents receive for a change, beyond what they do when all is quiet."""
    s.wait_enforced()
    time.sleep(3)
    rng = random.Random(3)
    before = measure.bytes_received(site.TLS_PORT)
    time.sleep(5)
    quiet = growth(before, measure.bytes_received(site.TLS_PORT))
    before, started = measure.bytes_received(site.TLS_PORT), time.monotonic()
    for _ in range(CHANGES):
        t = rng.randrange(s.plan.tvds)
        s.finish_add(s.begin_add(s.new_member(t), rng.choice(sorted(s.needed(t)))))
    s.wait_enforced()
    time.sleep(1)
    busy = time.monotonic() - started
    changed = growth(before, measure.bytes_received(site.TLS_PORT))
    rest = sum(quiet) / 5
    extra = sum(changed) - rest * busy
    print(f"  sent to agents for each ee added: {extra / CHANGES:.0f} bytes to all "
          f"{len(changed)} of them together, {extra / CHANGES / max(1, len(changed)):.0f} "
          f"for each on average ({CHANGES} changes); when all is quiet "
          f"{rest / max(1, len(quiet)):.0f} bytes a second for each", flush=True)


def load(s, seconds=5):
    """What it costs when nothing changes."""
    groups = s.processes()
    before = {what: sum(map(measure.cpu, pids)) for what, pids in groups.items()}
    time.sleep(seconds)
    for what, pids in groups.items():
        used = (sum(map(measure.cpu, pids)) - before[what]) / seconds * 100
        print(f"  {measure.memory_line(what, pids)}; {used / len(pids):.2f} % of a processor "
              "each when all is quiet")


def run(template, n_hosts, tvds, ees, cells, rounds):
    plan = site.Plan(n_hosts, tvds, ees, cells, rules=True)
    print(f"{n_hosts} hosts, {tvds} TVDs, {ees} EEs, {plan.cells} groups of hosts, one "
          f"controller ({os.cpu_count()} processors):", flush=True)
    s = begin(template, plan)
    try:
        measure_adding(s, rounds)
        measure_bytes(s)
        recompute(s)
        load(s)
        start_over(s)
    finally:
        s.stop()
