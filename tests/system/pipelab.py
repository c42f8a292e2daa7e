# SPDX-License-Identifier: Apache-2.0
"""One Open vSwitch in a network namespace of its own, with the pipeline's
flows for a policy and a raw socket behind every NIC's port.  No agent, no
controller, no network stack behind the ports: what a NIC sends is what the
test builds, and what arrives is counted frame by frame.

Gateways are played by a few lines that route back whatever is sent to their
MAC, without any filter: what does not pass them was stopped by the flows."""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import frames

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("B", "build"))
TOOL = os.path.join(BUILD, "tests/system/pipeline-tool")


def isolate():
    """Starts this program again in a network namespace that goes with it."""
    if os.environ.get("PIPELAB") != "1":
        os.environ["PIPELAB"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])


class Nic:
    def __init__(self, name, description):
        self.name = name
        self.__dict__.update(description)
        self.ip4 = next((ip for ip in self.ips if "." in ip), None)
        self.ip6 = next((ip for ip in self.ips if ":" in ip), None)
        self.lla = frames.link_local(self.mac)
        self.socket = None

    def ip(self, version):
        return self.ip4 if version == 4 else self.ip6


class Lab:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="pipelab-")
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_DBDIR=self.dir,
                        OVS_LOGDIR=self.dir)
        self.stderr = open(f"{self.dir}/stderr", "w")
        self.nics = {}
        self.pids = []
        self.sockets = {}
        self.gateways = set()
        self.deaf = set()       # Gateways' ports that forward nothing now.

    def run(self, *argv):
        return subprocess.run(argv, env=self.env, check=True, text=True,
                              stdout=subprocess.PIPE,
                              stderr=self.stderr).stdout

    def vsctl(self, *argv):
        return self.run("ovs-vsctl", f"--db=unix:{self.dir}/db.sock", *argv)

    def appctl(self, *argv):
        return self.run("ovs-appctl", "-t", f"{self.dir}/vswitchd.ctl", *argv)

    def start(self, n_ports):
        schema = "/usr/share/openvswitch/vswitch.ovsschema"
        self.run("ip", "link", "set", "lo", "up")
        self.run("ovsdb-tool", "create", f"{self.dir}/conf.db", schema)
        self.daemon("ovsdb-server", f"{self.dir}/conf.db",
                    f"--remote=punix:{self.dir}/db.sock",
                    f"--unixctl={self.dir}/ovsdb.ctl")
        self.vsctl("--no-wait", "init")
        self.daemon("ovs-vswitchd", f"unix:{self.dir}/db.sock",
                    f"--unixctl={self.dir}/vswitchd.ctl")
        command = ["--", "add-br", "br-tvd", "--", "set", "bridge", "br-tvd",
                   "datapath_type=netdev", "fail_mode=secure",
                   "protocols=OpenFlow15"]
        for i in range(1, n_ports + 1):
            self.run("ip", "link", "add", f"v{i}", "type", "veth", "peer",
                     "name", f"p{i}")
            for end in (f"v{i}", f"p{i}"):
                with open(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "w") as f:
                    f.write("1")
                self.run("ip", "link", "set", end, "mtu", "9000", "up")
            command += ["--", "add-port", "br-tvd", f"v{i}", "--", "set",
                        "interface", f"v{i}", f"ofport_request={i}"]
        self.vsctl(*command)
        self.run("ovs-ofctl", "-O", "OpenFlow15", "set-frags",
                 f"unix:{self.dir}/br-tvd.mgmt", "nx-match")
        for i in range(1, n_ports + 1):
            self.sockets[i] = frames.Port(f"p{i}")

    def daemon(self, name, *argv):
        pidfile = f"{self.dir}/{name}.pid"
        self.run(name, *argv, f"--pidfile={pidfile}", "--detach",
                 "--no-chdir", f"--log-file={self.dir}/{name}.log",
                 "-vconsole:off", "-vfile:info")
        with open(pidfile) as f:
            self.pids.append(int(f.read()))

    def stop(self):
        for pid in reversed(self.pids):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for pid in self.pids:
            for _ in range(100):
                if not os.path.exists(f"/proc/{pid}"):
                    break
                time.sleep(0.05)
            else:
                os.kill(pid, signal.SIGKILL)
        self.stderr.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def install(self, *policies, ports):
        """Makes the flows those of the last policy, on top of whatever is
        there.  'ports': NIC name to port number.  Returns what the tool
        says."""
        files = []
        for i, policy in enumerate(policies):
            if "\n" in policy:
                files.append(f"{self.dir}/policy{i}.yaml")
                with open(files[-1], "w") as f:
                    f.write(policy)
            else:
                files.append(policy)
        said = json.loads(self.run(
            TOOL, *files, f"unix:{self.dir}/br-tvd.mgmt",
            *(f"{name}={port}" for name, port in ports.items())))
        self.nics = {name: Nic(name, d) for name, d in said["nics"].items()}
        self.gateways = {n.port for n in self.nics.values()
                         if n.role == "gateway" and n.name in ports}
        for nic in self.nics.values():
            nic.socket = self.sockets.get(nic.port)
        self.appctl("revalidator/wait")
        return said

    def forward(self, port, frame):
        """What the gateway at 'port' does with a frame: route it back."""
        nic = next(n for n in self.nics.values() if n.port == port)
        if frame[:6] != frames.mac(nic.mac):
            return
        ethertype = struct.unpack("!H", frame[12:14])[0]
        packet = bytearray(frame[14:])
        if ethertype == 0x0800:
            if packet[16:20] == frames.addr(nic.ip4):
                return
            packet[8] -= 1
            packet[10:12] = b"\0\0"
            packet[10:12] = struct.pack("!H", frames.checksum(bytes(packet[:20])))
            dst = packet[16:20]
        elif ethertype == 0x86dd:
            if packet[24:40] == frames.addr(nic.ip6):
                return
            packet[7] -= 1
            dst = packet[24:40]
        else:
            return
        # To a neighbour directly, to all others by the router.
        to = next((n.mac for n in self.nics.values() if n.tvd == nic.tvd
                   and bytes(dst) in map(frames.addr, n.ips)), nic.router_mac)
        nic.socket.send(frames.mac(to) + frames.mac(nic.mac) + frame[12:14]
                        + bytes(packet))

    def collect(self, quiet=0.15):
        """All frames that arrive until nothing has for 'quiet' seconds, as
        (port, frame); gateways forward meanwhile."""
        arrived = []
        last = time.monotonic()
        while time.monotonic() - last < quiet:
            for port, sock in self.sockets.items():
                for frame in sock.drain():
                    last = time.monotonic()
                    arrived.append((port, frame))
                    if port in self.gateways - self.deaf:
                        self.forward(port, frame)
            time.sleep(0.002)
        return arrived

    def send(self, nic, *sent):
        """Sends frames from a NIC; what arrives anywhere."""
        for frame in sent:
            nic.socket.send(frame)
        return self.collect()

    def drops(self):
        """Packets dropped so far, by reason."""
        counts = {}
        text = self.run("ovs-ofctl", "-O", "OpenFlow15", "dump-flows",
                        f"unix:{self.dir}/br-tvd.mgmt")
        for m in re.finditer(r"cookie=0x747602([0-9a-f]{10}),.*?n_packets=(\d+)",
                             text):
            reason = int(m[1], 16)
            counts[reason] = counts.get(reason, 0) + int(m[2])
        return counts

    def drops_when_counted(self, before, n):
        """The same once 'n' more packets are counted: Open vSwitch counts
        what its fast path handles with a delay."""
        for _ in range(20):
            after = self.drops()
            if sum(after.values()) >= sum(before.values()) + n:
                break
            self.appctl("revalidator/wait")
            time.sleep(0.05)
        return after
