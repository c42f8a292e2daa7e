# SPDX-License-Identifier: Apache-2.0
"""Times, memory and bytes."""
import os
import re
import statistics
import subprocess
import time


def percentile(values, p):
    """The smallest value that at least 'p' percent are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * p // 100) - 1))]


def p50(values):
    return statistics.median(values)


def rss(pid):
    """Resident memory in MB, without what is shared with others."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            fields = dict(re.findall(r"^(\w+): +(\d+) kB", f.read(), re.M))
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
        private = int(fields["Private_Clean"]) + int(fields["Private_Dirty"])
        return total / 1024, private / 1024
    except (OSError, KeyError, AttributeError):
        return None


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def cpu(pid):
    """Processor time used so far, in seconds."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_line(what, pids):
    found = [m for m in map(rss, pids) if m]
    if not found:
        return f"memory of {what}: not known"
    totals = [m[0] for m in found]
    each = (f"{p50(totals):.1f} MB median, {max(totals):.1f} MB most, of {len(found)}"
            if len(found) > 1 else f"{totals[0]:.1f} MB")
    return (f"memory of {what}: {each} (RSS; private "
            f"{p50([m[1] for m in found]):.1f} MB)")


def bytes_received(port):
    """{local port of a client of the server on 'port': bytes it has received}."""
    out = subprocess.run(["ss", "-Htin", f"dport = :{port}"], stdout=subprocess.PIPE,
                         text=True, check=True).stdout.splitlines()
    found = {}
    for head, info in zip(out[::2], out[1::2]):
        received = re.search(r"bytes_received:(\d+)", info)
        if received:
            found[head.split()[3].rsplit(":", 1)[1]] = int(received.group(1))
    return found


def turn_of_loop(control, command):
    """How long a program's main loop takes for what 'command' asks of it, in
    ms: it answers further commands when it comes round again.  Two of them,
    since some look at commands first in a turn, some last."""
    started = time.monotonic()
    control.call(command)
    control.call("version")
    control.call("version")
    return (time.monotonic() - started) * 1000


def times_line(what, values):
    return (f"{what}: p50 {p50(values):.1f} ms, p99 {percentile(values, 99):.1f} ms, "
            f"most {max(values):.1f} ms ({len(values)} times)")
