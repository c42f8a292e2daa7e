# SPDX-License-Identifier: Apache-2.0
"""Our side: one controller, an agent for each simulated host.

Hosts are in cells: a cell's hosts may run the TVDs of that cell.  Each TVD
has a member on as many hosts of its cell as it can, the hardest case for
whoever must know of a change.  All agents connect over TLS, or, to be compared
with programs that do not, all over the controller's Unix socket."""
import os
import re
import subprocess
import time

from . import hosts, measure, rpc, watch

BRIDGE = "br-tvd"
TLS_PORT = 6641


def tables():
    """{name: number} of the tables of our pipeline, as the source has them."""
    with open(os.path.join(watch.TOP, "ovs-tvd/pipeline-tables.h"), encoding="utf-8") as f:
        return {name: int(number) for name, number in
                re.findall(r"PIPELINE_TABLE\((\w+), (\d+),", f.read())}


class Plan:
    """Who is where: numbers of hosts, TVDs and EEs, and how they are mixed."""

    def __init__(self, n_hosts, tvds, ees, cells=1, rules=False):
        self.hosts, self.tvds, self.ees, self.rules = n_hosts, tvds, ees, rules
        self.cells = max(1, min(cells, n_hosts, tvds))

    def cell_of_tvd(self, t):
        return t % self.cells

    def hosts_of(self, cell):
        return [h for h in range(self.hosts) if h % self.cells == cell]

    def place(self, n):
        """(TVD, host) of EE 'n'."""
        t = n % self.tvds
        cell = self.cell_of_tvd(t)
        n_hosts = -(-(self.hosts - cell) // self.cells)
        k = (n // self.tvds + t // self.cells) % n_hosts
        return t, cell + k * self.cells

    def policy(self, bound=True):
        """The policy file."""
        out = ["version: 1\nlabels:\n"]
        out += [f"  t{t}: [t{t}]\n" for t in range(self.tvds)]
        for c in range(self.cells):
            types = ", ".join(f"t{t}" for t in range(c, self.tvds, self.cells))
            out.append(f"  cell{c}: [{types}]\n")
        out.append(f"vlan_pool: [2, {max(100, self.tvds + 10)}]\n")
        out.append("tvds:\n")
        for t in range(self.tvds):
            out.append(f"  t{t}: {{label: t{t}, channel: vlan, roles: [server, client], "
                       f"subnets: [10.{t >> 8}.{t & 255}.0/24]}}\n")
        if self.rules:
            out.append("flows:\n")
            for t in range(self.tvds):
                same = range(self.cell_of_tvd(t), self.tvds, self.cells)
                peer = same[(t // self.cells + 1) % len(same)]
                if peer != t:
                    out.append(f"  t{t}: {{client: {{t{peer}: {{rule: P, peers: "
                               f"[t{peer}/server], services: [tcp/443]}}}}}}\n")
        out.append("hosts:\n")
        out += [f"  h{h}: {{label: cell{h % self.cells}}}\n" for h in range(self.hosts)]
        out.append("ees:\n")
        for n in range(self.ees):
            t, h = self.place(n)
            role = "client" if n // self.tvds % 4 else "server"
            host = f"host: h{h}, " if bound else ""
            out.append(f"  ee{n}: {{label: t{t}, {host}"
                       f"nics: [{{tvd: t{t}, role: {role}}}]}}\n")
        return "".join(out)


def mac(n):
    return f"0a:01:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


class Site:
    name = "TVD"
    bridge = BRIDGE

    def __init__(self, plan, tls, name="tvd"):
        self.plan, self.tls, self.prefix = plan, tls, name
        self.daemons = hosts.Daemons()
        self.folder = os.path.join(hosts.SCRATCH, name)
        self.env = {**os.environ, "TVD_RUNDIR": self.folder, "TVD_DBDIR": self.folder,
                    "TVD_SYSCONFDIR": self.folder,
                    "TVD_DATADIR": os.path.join(watch.TOP, "schema")}
        self.hosts, self.agents = {}, {}    # By number.
        self.controller = self.api = None
        self.next_ee = plan.ees
        numbers = tables()
        self.tables = [numbers[t] for t in ("CLASSIFY", "RECEIVER", "PORT", "SOURCE_MAC")]

    @staticmethod
    def program(name):
        return os.path.join(watch.BUILD, name)

    # --- starting ---

    def start_controller(self):
        os.makedirs(self.folder)
        args = [f"--listen=pssl:{TLS_PORT}:127.0.0.1"] if self.tls else []
        self.controller = self.daemons.start(
            [self.program("controller/tvd-controller"), "--no-chdir", "-vconsole:warn",
             "-vsyslog:off", *args], self.folder, self.env)
        self.connect()

    def connect(self):
        path = os.path.join(self.folder, "controller.sock")
        rpc.wait_for(path).close()
        self.api = rpc.Rpc(path, timeout=600)
        deadline = time.monotonic() + 60
        while self.api.call("status", {})["controller"].get("state") != "active":
            if time.monotonic() > deadline:
                raise rpc.Error("the controller does not get active")
            time.sleep(0.05)

    def add_host(self, h):
        self.hosts[h] = hosts.Host(self.daemons, f"{self.prefix}-h{h}")
        self.agents[h] = None

    def start_switch(self, template, h):
        self.hosts[h].start(template, tvd_host=f"h{h}")

    def certify(self, h):
        folder = self.hosts[h].folder
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-subj",
                        f"/CN=h{h}", "-out", "csr.pem"], cwd=folder, check=True,
                       stderr=subprocess.DEVNULL)
        with open(os.path.join(folder, "csr.pem"), encoding="utf-8") as f:
            answer = self.api.call("host_certify", {"name": f"h{h}", "csr": f.read()})
        for name in ("certificate", "ca"):
            with open(os.path.join(folder, name + ".pem"), "w", encoding="utf-8") as f:
                f.write(answer[name])

    def start_agent(self, h):
        host = self.hosts[h]
        db = ([f"--db=ssl:127.0.0.1:{TLS_PORT}", "--private-key=key.pem",
               "--certificate=certificate.pem", "--ca-cert=ca.pem"] if self.tls
              else [f"--db=unix:{self.folder}/tvd-db.sock"])
        self.agents[h] = self.daemons.start(
            [self.program("agent/tvd-agent"), *db, f"--ovsdb=unix:{host.socket}",
             f"--host=h{h}", "--no-chdir", "-vconsole:warn", "-vsyslog:off"],
            host.folder, {**host.env, "TVD_RUNDIR": host.folder, "TVD_AGENTDIR": host.folder})

    def control(self, h):
        return rpc.wait_for(f"{self.hosts[h].folder}/tvd-agent.ctl")

    recompute = "tvd/recompute"

    def processes(self):
        """{what: process ids}."""
        controller = self.controller.pid
        agents = [a.pid for a in self.agents.values() if a]
        with open(os.path.join(self.folder, "tvd-db.pid"), encoding="ascii") as f:
            server = int(f.read())
        return {"tvd-controller": [controller],
                "ovsdb-server of the controller": [server],
                "tvd-agent": agents,
                "tvd-agent's gateway worker": [c for a in agents for c in measure.children(a)],
                "ovs-vswitchd": [h.vswitchd.pid for h in self.hosts.values()],
                "ovsdb-server of a host": [h.server.pid for h in self.hosts.values()]}

    # --- what is declared ---

    def apply(self, text):
        return self.api.call("apply", {"file": "bench.yaml", "text": text})

    def wait_enforced(self, seconds=300):
        """Until the hosts that have an agent enforce what is in force."""
        mine = {f"h{h}" for h, agent in self.agents.items() if agent}
        deadline = time.monotonic() + seconds
        seq = self.api.call("status", {})["policy"]["seq"]
        # Asking often would be a load of its own where there are many.
        patience = 20 if len(mine) < self.plan.hosts else seconds * 1000
        while True:
            answer = self.api.call("wait", {"seq": seq, "timeout_ms": patience})
            bad = [h for h in answer["hosts"]
                   if h["name"] in mine and h["state"] != "enforced"]
            if not bad:
                return
            if time.monotonic() > deadline:
                raise rpc.Error(f"{len(bad)} hosts do not enforce the policy, e.g. {bad[:2]}")

    def wait_bindings(self, n, seconds=300):
        """Until 'n' ports are known to be in the flows."""
        database = rpc.Database(os.path.join(self.folder, "tvd-db.sock"), "TVD")
        deadline = time.monotonic() + seconds
        while True:
            rows = database.rows("Binding", ["_uuid"], [["installed", "==", True]])
            if len(rows) >= n:
                break
            if time.monotonic() > deadline:
                raise rpc.Error(f"only {len(rows)} of {n} ports have flows after "
                                f"{seconds} s")
            time.sleep(0.1)
        database.rpc.close()

    def new_member(self, t=0):
        """An EE that is not there yet, in TVD number 't'."""
        n = -(-self.next_ee // self.plan.tvds) * self.plan.tvds
        self.next_ee = n + self.plan.tvds
        return n + t

    def begin_add(self, n, host=None):
        t, h = self.plan.place(n)
        return self.api.send("ee_add", {"ee": {
            "name": f"ee{n}", "label": f"t{t}", "host": f"h{h if host is None else host}",
            "nics": [{"tvd": f"t{t}", "role": "client", "mac": mac(n)}]}})

    def finish_add(self, request):
        self.api.wait(request)

    def remove(self, n):
        self.api.call("ee_remove", {"name": f"ee{n}"})

    @staticmethod
    def iface_id(n):
        return f"ee{n}/eth0"

    @staticmethod
    def mac(n):
        return mac(n)

    def needed(self, t):
        """The hosts with a member of TVD 't'."""
        return {self.plan.place(n)[1] for n in range(t, self.plan.ees, self.plan.tvds)}

    def signs(self, address):
        """What tells that a port is in the flows of its host."""
        table_in, lookup, out, security = self.tables
        return {"in": lambda e: e.what == "+" and e.table == table_in
                and "in_port=" in e.match,
                "lookup": lambda e: e.what == "+" and e.table == lookup
                and e.has("dl_dst", address),
                "security": lambda e: e.what == "+" and e.table == security
                and e.has("dl_src", address),
                "out": lambda e: e.what == "+" and e.table == out}

    def settle(self):
        self.wait_enforced()

    def stop(self):
        if self.controller:
            self.controller.terminate()     # Ends its database server too.
            self.controller.wait()
        self.daemons.stop()
