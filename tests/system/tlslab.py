# SPDX-License-Identifier: Apache-2.0
"""A site whose database hosts reach over TLS: a controller, clients of its API
and of the database with and without certificates, an agent with an Open vSwitch
of its own.  For test-access and test-enrol."""
import json
import os
import socket
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("B", "build"))
CONTROLLER = os.path.join(BUILD, "controller", "tvd-controller")
AGENT = os.path.join(BUILD, "agent", "tvd-agent")
TVDCTL = os.path.join(BUILD, "cli", "tvdctl")


class Tally:
    count = failed = 0


def ok(good, what, detail=None):
    Tally.count += 1
    Tally.failed += not good
    print(f"{'' if good else 'not '}ok {Tally.count} - {what}", flush=True)
    if not good and detail is not None:
        print(f"# {detail}", flush=True)
    return good


def until(condition, limit=10):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Rpc:
    """JSON-RPC over a connected socket."""

    def __init__(self, sock):
        self.sock, self.text, self.id = sock, "", 0
        sock.settimeout(10)

    def receive(self):
        decoder = json.JSONDecoder()
        while True:
            self.text = self.text.lstrip()
            try:
                reply, end = decoder.raw_decode(self.text)
                self.text = self.text[end:]
                return reply
            except ValueError:
                pass
            data = self.sock.recv(1 << 16)
            if not data:
                raise EOFError("connection closed")
            self.text += data.decode()

    def call(self, method, *params):
        self.id += 1
        self.sock.sendall(json.dumps({"method": method, "params": list(params),
                                      "id": self.id}).encode())
        while True:
            reply = self.receive()
            if reply.get("id") == self.id:
                return reply

    def transact(self, *ops):
        return self.call("transact", "TVD", *ops)["result"]

    def rows(self, table, where=()):
        return self.transact({"op": "select", "table": table,
                              "where": list(where)})[0]["rows"]


def error_of(result):
    return next((r["error"] for r in result if r and "error" in r), None)


class Site:
    def __init__(self, lab):
        self.lab, self.process = lab, None
        with socket.socket() as s, socket.socket() as s2, socket.socket() as s3:
            for each in (s, s2, s3):
                each.bind(("127.0.0.1", 0))
            self.port, self.api_port, self.enrol_port = (
                each.getsockname()[1] for each in (s, s2, s3))
        self.env = dict(os.environ, TVD_RUNDIR=f"{lab}/run", TVD_DBDIR=f"{lab}/db")
        self.pki = f"{lab}/db/pki"

    def start(self, *args):
        self.process = subprocess.Popen(
            [CONTROLLER, "--pidfile", "-vconsole:off", "-vsyslog:off",
             f"--log-file={self.lab}/controller.log", *args],
            env=self.env, cwd=self.lab, stdin=subprocess.DEVNULL)
        return until(lambda: self.status().get("controller", {}).get("active"))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def listen(self):
        return f"--listen=pssl:{self.port}:127.0.0.1"

    def ctl(self, *args, text=None):
        return subprocess.run([TVDCTL, *args], env=self.env, cwd=self.lab, input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=60)

    def status(self):
        try:
            return json.loads(self.ctl("status", "--format=json").stdout)
        except ValueError:
            return {}

    def admin(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"{self.lab}/run/tvd-db.sock")
        return Rpc(s)

    def request(self, name, *args):
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}-key.pem",
                        "-subj", f"/CN={name}", "-out", f"{name}.csr", *args],
                       cwd=self.lab, check=True, stderr=subprocess.DEVNULL)

    def certify(self, name):
        self.request(name)
        return self.ctl("host", "certify", name, f"{name}.csr", f"--out={name}-cert.pem",
                        f"--ca-out={name}-ca.pem")

    def remote(self, name, *args, ca="good-ca.pem"):
        """tvdctl from elsewhere, with the credentials of 'name'."""
        return self.ctl(f"--controller=ssl:127.0.0.1:{self.api_port}", "--timeout=5",
                        f"--private-key={name}-key.pem", f"--certificate={name}-cert.pem",
                        f"--ca-cert={ca}", *args)

    def connect(self, cert=None, key=None, port=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(f"{self.pki}/servers-ca.pem")
        if cert:
            context.load_cert_chain(cert, key)
        plain = socket.create_connection(("127.0.0.1", port or self.port), 10)
        return Rpc(context.wrap_socket(plain))

    def host(self, name):
        return self.connect(f"{self.lab}/{name}-cert.pem", f"{self.lab}/{name}-key.pem")

    def refuses(self, *args):
        """True if a connection with these credentials comes to nothing."""
        try:
            self.connect(*args).call("list_dbs")
            return False
        except (OSError, EOFError):
            return True


class Host:
    """Open vSwitch and the agent of a host."""

    def __init__(self, site):
        self.site, self.agent = site, None
        self.dir = f"{site.lab}/host"
        self.identity = f"{self.dir}/identity"
        os.mkdir(self.dir)
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_LOGDIR=self.dir,
                        OVS_DBDIR=self.dir, TVD_RUNDIR=self.dir, TVD_AGENTDIR=self.identity)
        self.daemons = []
        subprocess.run(["ovsdb-tool", "create", f"{self.dir}/conf.db",
                        "/usr/share/openvswitch/vswitch.ovsschema"], check=True)
        self.spawn("ovsdb-server", f"--remote=punix:{self.dir}/db.sock",
                   f"--unixctl={self.dir}/db.ctl", f"{self.dir}/conf.db")
        until(lambda: os.path.exists(f"{self.dir}/db.sock"))
        self.vsctl("--no-wait", "init")
        self.spawn("ovs-vswitchd", f"unix:{self.dir}/db.sock",
                   f"--pidfile={self.dir}/ovs-vswitchd.pid")

    def start_agent(self, *args):
        self.agent = self.spawn(AGENT, f"--db=ssl:127.0.0.1:{self.site.port}",
                                f"--log-file={self.dir}/agent.log", "-vconsole:off", *args)

    def stop_agent(self):
        self.daemons.remove(self.agent)
        self.agent.kill()
        self.agent.wait()

    def log(self):
        try:
            with open(f"{self.dir}/agent.log") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def spawn(self, program, *args):
        log = open(f"{self.dir}/{os.path.basename(program)}.out", "a")
        self.daemons.append(subprocess.Popen(
            [program, "--no-chdir", *args], env=self.env, cwd=self.dir, stdout=log,
            stderr=log, stdin=subprocess.DEVNULL))
        return self.daemons[-1]

    def vsctl(self, *args):
        subprocess.run(["ovs-vsctl", *args], env=self.env, check=True)

    def stop(self):
        for process in reversed(self.daemons):
            process.kill()
            process.wait()


def enter():
    """Starts the test again in namespaces of its own, which end with it."""
    inside = "TVD_TEST_TLS_INSIDE"
    if os.environ.get(inside):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    elif not os.geteuid():
        os.environ[inside] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork",
                              "--kill-child", "--mount-proc", sys.executable,
                              os.path.abspath(sys.argv[0])])
