# SPDX-License-Identifier: Apache-2.0
"""Simulated switches (tvd-switchsim) in a network namespace, with a raw socket
behind every port, and SNMP as Debian's tools speak it."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import frames

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SWITCHSIM = os.path.join(TOP, os.environ.get("B", "build"), "switchsim/tvd-switchsim")
B = "1.3.6.1.2.1.17.7.1.4"      # dot1qVlan
NAME, EGRESS, FORBIDDEN, UNTAGGED, STATUS = (f"{B}.3.1.{i}" for i in range(1, 6))
PVID, FRAMES, FILTERING, GVRP = (f"{B}.5.1.{i}" for i in range(1, 5))
CURRENT_EGRESS, CURRENT_UNTAGGED = f"{B}.2.1.4", f"{B}.2.1.5"
SAVE, SAVED = (f"1.3.6.1.4.1.8072.9999.9999.1.2.{i}.0" for i in (1, 2))
CREATE, WAIT, ACTIVE, DESTROY = 4, 5, 1, 6


def isolate():
    """Starts this program again in a network namespace that goes with it."""
    import sys
    if os.environ.get("SWITCHLAB") != "1":
        os.environ["SWITCHLAB"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])


def walks():
    """The folder of recorded devices, or None."""
    for path in (os.environ.get("TVD_WALKS"), f"{TOP}/../shared/data/walks",
                 f"{TOP}/../../shared/data/walks"):
        if path and os.path.isdir(path):
            return path
    return None


def ports(*numbers, octets=1):
    """A PortList, as snmpset takes it."""
    value = bytearray(octets)
    for n in numbers:
        value[(n - 1) // 8] |= 0x80 >> (n - 1) % 8
    return value.hex()


class Tap:
    """A raw socket on a network device.  The kernel takes tags out of frames
    and tells them beside; here they are told apart.  Tags of another type than
    0x8100 are put back."""
    SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4

    def __init__(self, device):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.setsockopt(self.SOL_PACKET, self.PACKET_AUXDATA, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((device, 3))
        self.sock.setblocking(False)

    def send(self, frame):
        self.sock.send(frame)

    def received(self):
        """(VLAN id or None, frame without tag) of what has come."""
        found = []
        while True:
            try:
                frame, aux, _, where = self.sock.recvmsg(65536, 128)
            except BlockingIOError:
                return found
            vid = None
            for level, kind, data in aux:
                if level == self.SOL_PACKET and kind == self.PACKET_AUXDATA:
                    status, _, _, _, _, tci, tpid = struct.unpack_from("=IIIHHHH", data)
                    if not status & self.VLAN_VALID:
                        pass
                    elif tpid == 0x8100:
                        vid = tci & 0xfff
                    else:
                        frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
            if where[2] != socket.PACKET_OUTGOING:
                found.append((vid, frame))


class SnmpError(Exception):
    pass


class Switch:
    """One simulated switch.  'devices' makes it forward."""
    def __init__(self, lab, name, port, devices=(), options=()):
        self.lab, self.name, self.port = lab, name, port
        self.socket = f"{lab.dir}/{name}.ctl"
        self.options = [f"--bridge={name}", f"--ports={','.join(devices)}"] \
            if devices else ([] if any("--no-bridge" in o for o in options)
                             else ["--no-bridge=8"])
        self.options += list(options)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [SWITCHSIM, f"--name={self.name}", f"--listen=udp:127.0.0.1:{self.port}",
             f"--credentials={self.lab.dir}/admin", f"--community-file={self.lab.dir}/private",
             "--read-only", f"--credentials={self.lab.dir}/guest",
             f"--community-file={self.lab.dir}/public", f"--save-file={self.lab.dir}/{self.name}.saved", f"--unixctl={self.socket}",
             "-vconsole:off", "-vfile:info", f"--log-file={self.lab.dir}/{self.name}.log",
             *self.options], env=self.lab.env, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name}: {self.process.stderr.read()}")
            try:
                self.get("1.3.6.1.2.1.1.2.0", timeout=0.3)
                return
            except SnmpError:
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not answer")

    def stop(self):
        if self.process and self.process.poll() is None:
            try:
                self.appctl("exit")
                self.process.wait(20)
                if self.process.returncode:     # A sanitizer's, for one.
                    self.lab.complaints.append(self.process.stderr.read())
            except (subprocess.SubprocessError, SnmpError):
                self.process.kill()
                self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def appctl(self, *argv):
        p = subprocess.run(["ovs-appctl", "-t", self.socket, *argv], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if p.returncode:
            raise SnmpError(p.stdout)
        return p.stdout

    def misbehave(self, *how):
        self.appctl("switchsim/misbehave", *how)

    def snmp(self, tool, *args, timeout=8, v3=False, community="private", user="admin",
             password="auth-pass-1"):
        who = ["-v3", "-u", user, "-l", "authPriv", "-a", "SHA-256", "-A", password,
               "-x", "AES", "-X", "priv-pass-1"] if v3 else ["-v2c", "-c", community]
        p = subprocess.run([tool, *who, "-On", "-Oqe", "-Ox", "-t", str(timeout), "-r", "0",
                            f"127.0.0.1:{self.port}", *args], text=True,
                           env=dict(os.environ, MIBS=""), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        if p.returncode or "Reason:" in p.stderr:
            reason = re.search(r"Reason: \(?(\w+)", p.stderr) \
                or re.match(r"\s*(Timeout|.*)", p.stderr)
            raise SnmpError(reason[1])
        # Long values go on in lines of their own.
        return re.sub(r"\n(?!\.\d)", " ", p.stdout)

    def get(self, *oids, **how):
        """The values, as text."""
        lines = self.snmp("snmpget", *oids, **how).splitlines()
        values = [line.split(" ", 1)[1].strip().strip('"').strip() for line in lines]
        return values[0] if len(oids) == 1 else values

    def get_list(self, oid, **how):
        return self.get(oid, **how).replace(" ", "").lower()

    def walk(self, oid, tool="snmpbulkwalk", **how):
        """OID (after 'oid' and a dot) to value."""
        found = {}
        for line in self.snmp(tool, oid, **how).splitlines():
            m = re.match(r"\.(\S+) (.*)$", line)
            if m and m[1].startswith(oid + "."):
                found[m[1][len(oid) + 1:]] = m[2].strip().strip('"').strip()
        return found

    def set(self, *varbinds, **how):
        """'varbinds' are (OID, type, value)."""
        return self.snmp("snmpset", *[str(w) for vb in varbinds for w in vb], **how)

    def refused(self, *varbinds, **how):
        """The error of a SET, or '' if it was done."""
        try:
            self.set(*varbinds, **how)
        except SnmpError as e:
            return str(e)
        return ""

    # What people do with switches.

    def access(self, vid, port, old=1, octets=1):
        """A SET by which 'port' leaves VLAN 'old' for 'vid', which exists."""
        def without(oid):
            return self.flip(oid, port, False)
        return [(f"{UNTAGGED}.{old}", "x", without(f"{UNTAGGED}.{old}")),
                (f"{EGRESS}.{old}", "x", without(f"{EGRESS}.{old}")),
                (f"{EGRESS}.{vid}", "x", self.flip(f"{EGRESS}.{vid}", port, True)),
                (f"{UNTAGGED}.{vid}", "x", self.flip(f"{UNTAGGED}.{vid}", port, True)),
                (f"{PVID}.{port}", "u", vid)]

    def flip(self, oid, port, present):
        value = bytearray.fromhex(self.get_list(oid))
        bit = 0x80 >> (port - 1) % 8
        value[(port - 1) // 8] = value[(port - 1) // 8] & ~bit | (bit if present else 0)
        return value.hex()


class Lab:
    """Open vSwitch and pairs of devices: "vN" is for a switch, behind "pN" the
    test listens."""
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="switchlab-")
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_DBDIR=self.dir,
                        OVS_LOGDIR=self.dir)
        self.stderr = open(f"{self.dir}/stderr", "w")
        self.pids, self.sockets, self.switches = [], {}, []
        self.n_frames = 0
        self.last = {}          # The frames that arrived, by port.
        self.complaints = []    # Of programs that did not end well.
        for user in "admin", "guest":
            self.write(user, f"user: {user}\nauth: sha256\nauth-password: auth-pass-1\n"
                       "priv: aes\npriv-password: priv-pass-1\n")
        for community in "private", "public":
            self.write(community, f"version: 2c\ncommunity: {community}\n")

    def write(self, name, text, mode=0o600):
        path = f"{self.dir}/{name}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def run(self, *argv):
        return subprocess.run(argv, env=self.env, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=self.stderr).stdout

    def vsctl(self, *argv):
        return self.run("ovs-vsctl", f"--db=unix:{self.dir}/db.sock", *argv)

    def daemon(self, name, *argv):
        pidfile = f"{self.dir}/{name}.pid"
        self.run(name, *argv, f"--pidfile={pidfile}", "--detach", "--no-chdir",
                 f"--log-file={self.dir}/{name}.log", "-vconsole:off", "-vfile:info")
        with open(pidfile) as f:
            self.pids.append(int(f.read()))

    def pair(self, a, b):
        self.run("ip", "link", "add", a, "type", "veth", "peer", "name", b)
        for end in (a, b):
            with open(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "w") as f:
                f.write("1")
            self.run("ip", "link", "set", end, "up")

    def start(self, n_ports):
        self.run("ip", "link", "set", "lo", "up")
        self.run("ovsdb-tool", "create", f"{self.dir}/conf.db",
                 "/usr/share/openvswitch/vswitch.ovsschema")
        self.daemon("ovsdb-server", f"{self.dir}/conf.db",
                    f"--remote=punix:{self.dir}/db.sock", f"--unixctl={self.dir}/ovsdb.ctl")
        self.vsctl("--no-wait", "init")
        # Its control socket is where it is looked for: who waits for its data
        # path has to ask there.
        self.daemon("ovs-vswitchd", f"unix:{self.dir}/db.sock")
        for i in range(1, n_ports + 1):
            self.pair(f"v{i}", f"p{i}")
            self.sockets[i] = Tap(f"p{i}")

    def switch(self, *args, **params):
        switch = Switch(self, *args, **params)
        self.switches.append(switch)
        switch.start()
        return switch

    def stop(self):
        for switch in self.switches:
            switch.stop()
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
        self.stderr.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def mac(port):
        """Of what is behind 'port'."""
        return f"02:00:00:00:00:{port:02x}"

    def reach(self, port, vid=None, wait=0.4, to=frames.BROADCAST, tags=None):
        """Where a frame from 'port' arrives: port to VLAN id, None for
        untagged.  'tags' are (type, VLAN id)."""
        self.n_frames += 1
        mark = b"<switchlab %08d>" % self.n_frames
        if tags is None:
            tags = [(0x8100, vid)] if vid is not None else []
        for sock in self.sockets.values():
            sock.received()
        self.sockets[port].send(frames.eth(to, self.mac(port), 0x88b5,
                                           mark.ljust(50, b"\0"), tags))
        return self.arrivals(mark, wait)

    def arrivals(self, mark, wait):
        found, self.last = {}, {}
        end = time.time() + wait
        while time.time() < end:
            for n, sock in self.sockets.items():
                for vid, payload in sock.received():
                    if mark in payload:
                        found[n] = vid
                        self.last[n] = payload
            time.sleep(0.01)
        return found
