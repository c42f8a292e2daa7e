# SPDX-License-Identifier: Apache-2.0
"""A cluster of database servers over TLS, controllers and a host with an
agent, each machine in a network namespace of its own on one bridge.  To be
used within private network, mount and process namespaces: see enter()."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

from tlsbase import (AGENT, BUILD, CONTROLLER, OVS_SCHEMA, Rpc, TOP, TVDCTL, Tally, over_tls,
                     request_certificate, until)

CLUSTER = os.path.join(TOP, "packaging/tvd-db-cluster")
PORT = 6641
children = []


def run(*args, check=True, **kwargs):
    return subprocess.run(args, check=check, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, **kwargs).stdout


def spawn(log, *args, **kwargs):
    with open(log, "a") as f:
        process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                   **kwargs)
    children.append(process)
    return process


def call(path, method, timeout=30, **params):
    """The result of a call of a controller's API; an error raises."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(path)
        s.sendall(json.dumps({"method": method, "params": [params], "id": 1}).encode())
        text = b""
        while True:
            data = s.recv(1 << 20)
            if not data:
                raise EOFError("closed")
            text += data
            try:
                reply = json.loads(text)
                break
            except ValueError:
                pass
    if reply["error"] is not None:
        raise RuntimeError(reply["error"]["error"])
    return reply["result"]


class Machine:
    """A network namespace with an address, and a directory."""

    def __init__(self, lab, name, number, directory=None):
        self.lab, self.name, self.ip = lab, name, f"10.9.0.{number}"
        self.port = f"m{number}"
        self.runner = None
        self.dir = os.path.join(lab.top, directory or name)
        os.makedirs(self.dir, exist_ok=True)
        self.env = dict(os.environ, TVD_RUNDIR=self.dir, TVD_DBDIR=self.dir,
                        TVD_SBINDIR=os.path.join(BUILD, "link"),
                        TVD_DATADIR=os.path.join(TOP, "schema"))
        sleeper = spawn("/dev/null", "unshare", "--net", "sleep", "1000")
        self.pid = sleeper.pid
        own = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != own)
        self.inside = ["nsenter", "-t", str(self.pid), "-n"]
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0",
            "netns", str(self.pid))
        self.heal()
        run("ip", "link", "set", self.port, "up")
        run(*self.inside, "sh", "-c", "ip link set lo up; ip link set eth0 up; "
            f"ip address add {self.ip}/24 dev eth0")

    def cut(self):
        """Nothing comes in or out any more; nobody is told."""
        run("ip", "link", "set", self.port, "nomaster")

    def heal(self):
        run("ip", "link", "set", self.port, "master", "br0")

    def tool(self, *args, check=True):
        return subprocess.run(
            [*self.inside, CLUSTER, f"--name={self.name}", "--timeout=15",
             f"--members={self.lab.spec()}", *args], env=self.env, check=check, text=True,
            timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def certify(self):
        csr = run(CLUSTER, f"--name={self.name}", "request", env=self.env)
        bundle = subprocess.run(
            [CONTROLLER, f"--certify-member={self.name}"], input=csr, text=True, check=True,
            stdout=subprocess.PIPE, env=dict(os.environ, TVD_DBDIR=self.lab.site)).stdout
        with open(f"{self.dir}/bundle", "w") as f:
            f.write(bundle)
        run(CLUSTER, "certify", f"{self.dir}/bundle", env=self.env)

    def pid_of(self, name):
        with open(os.path.join(self.dir, name)) as f:
            return int(f.read())

    def kill(self):
        """Kills the server, and before it who would start it again."""
        os.killpg(self.runner.pid, signal.SIGKILL)
        self.runner.wait(10)
        os.kill(self.pid_of("tvd-cluster.pid"), signal.SIGKILL)

    def kill_link(self):
        """Kills the link, which is started again by itself."""
        os.kill(self.pid_of("tvd-link.pid"), signal.SIGKILL)

    def start(self):
        """As at boot."""
        self.runner = spawn(f"{self.dir}/run.out", *self.inside, CLUSTER, "run", env=self.env,
                            start_new_session=True)

    def is_leader(self):
        out = subprocess.run(["ovs-appctl", "--timeout=5", "-t", f"{self.dir}/tvd-cluster.ctl",
                              "cluster/status", "TVD"], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return "Role: leader" in out

    def admin(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"{self.dir}/tvd-cluster.sock")
        return Rpc(s)

    def ees(self):
        """The names of EEs that it has; a word of its own if it does not answer, as
        while it starts."""
        try:
            return sorted(row["name"] for row in self.admin().rows("EE"))
        except (OSError, EOFError):
            return [f"{self.name} does not answer"]


class Controller:
    """Beside a member, or on a machine that is connected to them."""

    def __init__(self, lab, machine):
        self.lab, self.machine = lab, machine
        self.dir = os.path.join(lab.top, "controller-" + machine.name)
        os.makedirs(self.dir, exist_ok=True)
        self.api = os.path.join(self.dir, "controller.sock")
        self.process = None

    def start(self, *args, listen=True):
        db = ",".join(f"unix:{self.machine.dir}/db/{m.name}" for m in self.lab.members)
        self.process = spawn(f"{self.dir}/out", *self.machine.inside, CONTROLLER, f"--db={db}",
                             "-vconsole:info", "--no-chdir", *args,
                             *([f"--listen=pssl:{PORT}", f"--pki={self.lab.site}/pki"]
                               if listen else []),
                             env=dict(os.environ, TVD_RUNDIR=self.dir, TVD_DBDIR=self.dir))

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def state(self):
        try:
            return call(self.api, "status", 5)["controller"]["state"]
        except (OSError, EOFError):
            return "gone"


class Lab:
    def __init__(self, top):
        self.top = top
        self.site = os.path.join(top, "site")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "link", "set", "br0", "up")
        run("ip", "address", "add", "10.9.0.1/24", "dev", "br0")
        self.members, self.controllers = [], []
        self.addresses = {"a": "10.9.0.11", "b": "10.9.0.12", "c": "10.9.0.13"}
        self.members = [Machine(self, name, 11 + i) for i, name in enumerate("abc")]
        self.agent = None
        self.namespaces = {}

    def spec(self):
        return ",".join(f"{n}={ip}" for n, ip in self.addresses.items())

    def remotes(self):
        return ",".join(f"ssl:{ip}:{PORT}" for ip in self.addresses.values())

    def start_cluster(self):
        for m in self.members:
            m.certify()
        self.members[0].tool("create")
        for m in self.members[1:]:
            m.tool("join")
        for m in self.members:
            m.start()

    def ctl(self, *args, text=None):
        targets = ",".join("unix:" + c.api for c in self.controllers)
        return subprocess.run([TVDCTL, f"--controller={targets}", *args], text=True,
                              input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, timeout=60, cwd=self.top)

    def leader(self):
        return next((m for m in self.members if m.is_leader()), None)

    def active(self):
        return next((c for c in self.controllers if c.state() == "active"), None)

    def await_leader(self):
        until(self.leader)
        return self.leader() or self.await_leader()

    def await_active(self):
        until(self.active)
        return self.active() or self.await_active()

    def follower(self):
        leader = self.await_leader()
        return next(m for m in self.members if m is not leader)

    def certify(self, name):
        """A certificate for a host."""
        request_certificate(self.top, name)
        return self.ctl("host", "certify", name, f"{name}.csr", f"--out={name}-cert.pem",
                        f"--ca-out={name}-ca.pem")

    def connect(self, member, port=PORT, cert=None, key=None):
        return over_tls(socket.create_connection((member.ip, port), 5), cert, key)

    def host(self, name, member, port=PORT):
        return self.connect(member, port, f"{self.top}/{name}-cert.pem",
                            f"{self.top}/{name}-key.pem")

    def refuses(self, member, port=PORT, cert=None, key=None):
        """True if a connection with these credentials comes to nothing."""
        try:
            rpc = self.connect(member, port, cert, key)
            rpc.sock.settimeout(3)
            rpc.call("list_dbs")
            return False
        except (OSError, EOFError):
            return True

    def start_host(self, name):
        """Open vSwitch and an agent, on the bridge's own machine."""
        ovs = os.path.join(self.top, "ovs")
        os.mkdir(ovs)
        os.environ.update(OVS_RUNDIR=ovs, OVS_LOGDIR=ovs, OVS_DBDIR=ovs)
        db = os.path.join(ovs, "conf.db")
        run("ovsdb-tool", "create", db, OVS_SCHEMA)
        spawn(f"{ovs}/ovsdb.log", "ovsdb-server", f"--remote=punix:{ovs}/db.sock",
              f"--unixctl={ovs}/db.ctl", "--no-chdir", db)
        until(lambda: os.path.exists(f"{ovs}/db.sock"))
        run("ovs-vsctl", "--no-wait", "init")
        spawn(f"{ovs}/vswitchd.log", "ovs-vswitchd", f"unix:{ovs}/db.sock",
              f"--pidfile={ovs}/ovs-vswitchd.pid", "--no-chdir")
        os.mkdir(f"{self.top}/agent")
        self.agent = spawn(
            f"{self.top}/agent.log", AGENT, f"--host={name}", f"--db={self.remotes()}",
            "--no-chdir", "-vconsole:info", f"--private-key={self.top}/{name}-key.pem",
            f"--certificate={self.top}/{name}-cert.pem", f"--ca-cert={self.top}/{name}-ca.pem",
            env=dict(os.environ, TVD_RUNDIR=f"{self.top}/agent"))

    def plug(self, number, ee):
        """An EE in a network namespace of its own."""
        name, inner = f"v{number}", f"p{number}"
        sleeper = spawn("/dev/null", "unshare", "--net", "sleep", "1000")
        self.namespaces[number] = sleeper.pid
        time.sleep(0.2)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", inner,
            "address", f"02:00:00:00:00:0{number}", "netns", str(sleeper.pid))
        run("ip", "link", "set", name, "up")
        inside = ["nsenter", "-t", str(sleeper.pid), "-n"]
        run(*inside, "ip", "link", "set", inner, "up")
        run(*inside, "ip", "address", "add", f"10.1.0.1{number}/24", "dev", inner)
        run("ovs-vsctl", "--no-wait", "add-port", "br-tvd", name, "--", "set",
            "interface", name, f"external_ids:iface-id={ee}/eth0")

    def enforced(self, seq=None):
        """True if one controller is active, and host "good" enforces what it
        wants, or wanted at 'seq'."""
        active = [c for c in self.controllers if c.state() == "active"]
        if len(active) != 1:
            return False
        try:
            params = {} if seq is None else {"seq": seq}
            hosts = call(active[0].api, "wait", 5, timeout_ms=0, **params)["hosts"]
            return [h["state"] for h in hosts if h["name"] == "good"] == ["enforced"]
        except (OSError, EOFError, RuntimeError):
            return False

    def state(self):
        """For who wants to know why not."""
        return (f"controllers: {[c.state() for c in self.controllers]}, leader: "
                f"{[m.name for m in self.members if m.is_leader()]}\n"
                + self.ctl("--timeout=5", "status").stdout[-400:])

    def change(self, name):
        """True if an EE called 'name' was added and the agent enforces that."""
        out = self.ctl("ee", "add", name, "--label=red", "--nic=tvd=r")
        return ((out.returncode == 0 or "already" in out.stdout)
                and until(self.enforced, 1))


def end(top):
    """Kills what runs, keeps the logs if $TVD_TEST_KEEP says where."""
    for child in children:
        child.kill()
    keep = os.environ.get("TVD_TEST_KEEP")
    if keep:
        shutil.copytree(top, keep, dirs_exist_ok=True, ignore=lambda directory, names: [
            n for n in names if not n.endswith(("log", "out"))
            and not os.path.isdir(os.path.join(directory, n))])
    shutil.rmtree(top, ignore_errors=True)
    print(f"1..{Tally.count}")
    return Tally.failed != 0
