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


def processor_time(process, control, command):
    """What 'command' costs the main thread of 'process', in ms.  Processor
    time, since both programs do it in one go, and one says when it is done no
    better than the other."""
    before = on_processor(process.pid)
    control.call(command)
    time.sleep(0.3)             # It has begun.
    control.call("version")     # It has ended.
    return (on_processor(process.pid) - before) / 1e6


def on_processor(pid):
    """Time of its main thread on a processor, in ns."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0])


def times_line(what, values):
    return (f"{what}: p50 {p50(values):.1f} ms, p99 {percentile(values, 99):.1f} ms, "
            f"most {max(values):.1f} ms ({len(values)} times)")
