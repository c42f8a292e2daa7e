# SPDX-License-Identifier: Apache-2.0
"""OVN from Debian, doing what a TVD does: a logical switch for each, port
security, and a port group with ACLs that drop everything but what comes from
a member of the group."""
import os
import subprocess
import time

from . import hosts, rpc, watch

BRIDGE = "br-int"
# OVN 23.03: physical to logical, the stage ls_in_l2_lkup, logical to physical,
# port security of what a port sends.
TABLE_IN, TABLE_LOOKUP, TABLE_OUT, TABLE_SECURITY = 0, 33, 65, 73
CHUNK = 500                 # Ports in one transaction.


def unpack():
    """The folder with the programs; fetched on first use."""
    cache = os.environ.get("TVD_CACHE", "/var/cache/tvd")
    return subprocess.run([os.path.join(watch.TOP, "build-aux/bench-unpack"), cache],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def mac(n):
    return f"0a:00:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


class Ovn:
    name = "OVN"
    bridge = BRIDGE
    tables = (TABLE_IN, TABLE_LOOKUP, TABLE_OUT, TABLE_SECURITY)

    def __init__(self, files, tvds, name="ovn"):
        self.files, self.tvds, self.prefix = files, tvds, name
        self.daemons = hosts.Daemons()
        self.folder = os.path.join(hosts.SCRATCH, name)
        self.env = {**os.environ, "OVN_RUNDIR": self.folder}
        self.hosts, self.agents, self.switches, self.groups = {}, {}, {}, {}
        self.next_port = 0
        self.servers = []
        self.nb = self.northd = None

    def program(self, name):
        return os.path.join(self.files, "usr/bin", name)

    # --- starting ---

    def start(self, template, numbers):
        os.makedirs(self.folder)
        for kind in ("nb", "sb"):
            path = os.path.join(self.folder, f"{kind}.db")
            hosts.make_database(os.path.join(self.files, f"usr/share/ovn/ovn-{kind}.ovsschema"),
                                path)
            self.servers.append(hosts.serve(self.daemons, self.folder, [path],
                                            f"{self.folder}/{kind}.sock",
                                            name=f"ovsdb-server-{kind}"))
            rpc.wait_for(f"{self.folder}/{kind}.sock").close()
        self.nb = rpc.Database(f"{self.folder}/nb.sock", "OVN_Northbound")
        self.northd = self.daemons.start(
            [self.program("ovn-northd"), f"--ovnnb-db=unix:{self.folder}/nb.sock",
             f"--ovnsb-db=unix:{self.folder}/sb.sock", "--no-chdir",
             f"--unixctl={self.folder}/northd.ctl", "-vconsole:warn", "-vsyslog:off"],
            self.folder, self.env)
        rpc.wait_for(f"{self.folder}/northd.ctl").close()
        for i in numbers:
            host = hosts.Host(self.daemons, f"{self.prefix}-h{i}")
            host.start(template, system_id=f"ovn{i}", hostname=f"ovn{i}",
                       ovn_remote=f"unix:{self.folder}/sb.sock", ovn_encap_type="geneve",
                       ovn_encap_ip=f"127.0.1.{i + 1}", ovn_bridge_datapath_type="netdev")
            host.add_bridge(BRIDGE)
            self.hosts[i] = host
            self.start_agent(i)

    def start_agent(self, i):
        host = self.hosts[i]
        process = self.daemons.start(
            [self.program("ovn-controller"), f"unix:{host.socket}", "--no-chdir",
             "-vconsole:warn", "-vsyslog:off"],
            host.folder, {**host.env, "OVN_RUNDIR": host.folder})
        self.agents[i] = process
        self.control(i).close()

    def control(self, i):
        return rpc.wait_for(f"{self.hosts[i].folder}/ovn-controller."
                            f"{self.agents[i].pid}.ctl")

    recompute = "inc-engine/recompute"

    def processes(self):
        return {"ovn-northd": [self.northd.pid],
                "ovsdb-servers of OVN": [p.pid for p in self.servers],
                "ovn-controller": [p.pid for p in self.agents.values()]}

    # --- what is declared ---

    def declare(self, ports):
        """Makes the switches, and 'ports' ports on them in turn."""
        ops = []
        for t in range(self.tvds):
            name = f"tvd{t}"
            members = f"@{name} && ip4 && ip4.src == $" + name + "_ip4"
            ops += [rpc.insert("Logical_Switch", {"name": name}, f"s{t}"),
                    rpc.insert("ACL", self.acl(1001, "outport == " + members,
                                               "allow-related"), f"a{t}"),
                    rpc.insert("ACL", self.acl(1000, f"outport == @{name} && ip", "drop"),
                               f"d{t}"),
                    rpc.insert("Port_Group", {"name": name, "acls": [
                        "set", [rpc.named(f"a{t}"), rpc.named(f"d{t}")]]}, f"g{t}")]
        results = self.nb.transact(*ops)
        for t in range(self.tvds):
            self.switches[t] = results[4 * t]["uuid"]
            self.groups[t] = results[4 * t + 3]["uuid"]
        for first in range(0, ports, CHUNK):
            chunk = range(first, min(first + CHUNK, ports))
            self.nb.transact(*self.port_ops(chunk))
        self.next_port = ports

    @staticmethod
    def acl(priority, match, action):
        return {"priority": priority, "direction": "to-lport", "match": match,
                "action": action}

    def port_ops(self, ports):
        ops, members = [], {}
        for n in ports:
            t, member = n % self.tvds, n // self.tvds + 2
            address = f"{mac(n)} 10.{t >> 8}.{t & 255}.{member}"
            ops.append(rpc.insert("Logical_Switch_Port", {
                "name": f"ee{n}", "addresses": address, "port_security": address}, f"p{n}"))
            members.setdefault(t, []).append(rpc.named(f"p{n}"))
        for t, names in members.items():
            for table, row in (("Logical_Switch", self.switches[t]),
                               ("Port_Group", self.groups[t])):
                ops.append(rpc.mutate(table, [["_uuid", "==", row]], "ports", "insert",
                                      ["set", names]))
        return ops

    def new_member(self):
        """A port that is not there yet, in the first TVD."""
        n = -(-self.next_port // self.tvds) * self.tvds
        self.next_port = n + self.tvds
        return n

    def begin_add(self, n, _host=None):
        return self.nb.begin(*self.port_ops([n]))

    def finish_add(self, request):
        self.nb.finish(request)

    def remove(self, n):
        uuid = self.nb.rows("Logical_Switch_Port", ["_uuid"],
                            [["name", "==", f"ee{n}"]])[0]["_uuid"]
        t = n % self.tvds
        self.nb.transact(*[
            rpc.mutate(table, [["_uuid", "==", row]], "ports", "delete", ["set", [uuid]])
            for table, row in (("Logical_Switch", self.switches[t]),
                               ("Port_Group", self.groups[t]))])

    @staticmethod
    def iface_id(n):
        return f"ee{n}"

    @staticmethod
    def mac(n):
        return mac(n)

    @staticmethod
    def signs(address):
        """What tells that a port is in the flows of its host."""
        return {"in": lambda e: e.what == "+" and e.table == TABLE_IN
                and "in_port=" in e.match,
                "lookup": lambda e: e.what == "+" and e.table == TABLE_LOOKUP
                and e.has("dl_dst", address),
                "security": lambda e: e.what == "+" and e.table == TABLE_SECURITY
                and e.has("dl_src", address),
                "out": lambda e: e.what == "+" and e.table == TABLE_OUT}

    def settle(self):
        """Until northd has nothing left to do."""
        self.nb.transact(rpc.mutate("NB_Global", [], "nb_cfg", "+=", 1))
        deadline = time.monotonic() + 120
        while True:
            row = self.nb.rows("NB_Global", ["nb_cfg", "hv_cfg"])[0]
            if row["hv_cfg"] >= row["nb_cfg"]:
                return
            if time.monotonic() > deadline:
                raise rpc.Error("OVN has not caught up in 120 s")
            time.sleep(0.05)

    def stop(self):
        self.daemons.stop()
