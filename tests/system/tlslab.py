# SPDX-License-Identifier: Apache-2.0
"""A site whose database hosts reach over TLS: a controller, clients of its API
and of the database with and without certificates, an agent with an Open vSwitch
of its own.  For test-access and test-enrol."""
import json
import os
import socket
import subprocess

from tlsbase import (AGENT, CONTROLLER, OVS_SCHEMA, Rpc, TVDCTL, over_tls, request_certificate,
                     until)


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
        request_certificate(self.lab, name, *args)

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
        plain = socket.create_connection(("127.0.0.1", port or self.port), 10)
        return over_tls(plain, cert, key, f"{self.pki}/servers-ca.pem")

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
                        OVS_SCHEMA], check=True)
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
