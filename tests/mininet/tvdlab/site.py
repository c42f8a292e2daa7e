# SPDX-License-Identifier: Apache-2.0
"""The machines of a lab and how they come up together.

With one host everything runs on it, as on an administrator's first machine.
With several there are also the controller's machine, the fabric's switch and
the management network; every agent talks to the controller's database over
mutual TLS, with a certificate that it has got with a token.

The nodes are made by whoever makes the network, the lab's daemon or Mininet
from a topology (topo.py), and added here; start() brings them up, machines at
the same time."""
import concurrent.futures
import time

from . import cluster, facts, fabric, nodes, placement, policy, programs, snmpswitch
from .state import LabError

REMOTE = (f"--db=ssl:{fabric.CONTROLLER_ADDRESS}:{fabric.DATABASE_PORT}", "--enrol")
LISTEN = (f"--listen=pssl:{fabric.DATABASE_PORT}:{fabric.CONTROLLER_ADDRESS}",
          f"--enrol=ptcp:{fabric.ENROL_PORT}:{fabric.CONTROLLER_ADDRESS}")
AT_A_TIME = 4


def in_parallel(function, items):
    """Calls 'function' for each of 'items'; the first error is raised."""
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(function, items))


class Site:
    def __init__(self, path=None, lifetime=None):
        """'path' is the policy file to be applied by start(); 'lifetime' of the
        hosts' certificates, as tvd-controller takes it."""
        self.policy = path
        self.lifetime = lifetime
        self.supervisor = programs.Supervisor()
        self.hosts = {}             # HostNode by name, in the order of the policy.
        self.admin = None           # Where the controller runs, or the first does.
        self.managers = []          # The machines of a cluster, if there is one.
        self.controller_options = []        # Of theirs, more than they need.
        self.fabric = None          # FabricSwitch, or an SnmpFabric.
        self.look = False           # At its switches before they are configured.
        self.management = None
        self.ees = {}               # EeNode by name, of a topology.

    def add(self, node):
        """Nodes that are given a site add themselves."""
        if isinstance(node, nodes.HostNode):
            self.hosts[node.name] = node
        elif isinstance(node, cluster.ManagerNode):
            self.managers.append(node)
            self.admin = self.managers[0]
        elif isinstance(node, nodes.ControllerNode):
            self.admin = node
        elif isinstance(node, snmpswitch.SnmpSwitch):
            pass                    # It is part of a fabric, self.fabric.
        elif isinstance(node, fabric.FabricSwitch):
            self.fabric = node
        elif isinstance(node, fabric.ManagementSwitch):
            self.management = node
        else:
            self.ees[node.name] = node

    def machines(self):
        """All nodes but the EEs, by name."""
        found = [*self.hosts.values(), *(self.managers or [self.admin]),
                 *(self.fabric.nodes() if self.fabric else ()), self.management]
        return {node.name: node for node in found if node}

    # Starting.

    def start(self, say=lambda text, since: None):
        """Brings everything up, applies the policy and waits until all hosts
        enforce it; then attaches the EEs that were added.  'say' is told of
        each step, with when it began."""
        self.supervisor.start()
        began = time.monotonic()
        if self.fabric:
            self._start_machines()
        else:
            self._start_host()
        say(f"Open vSwitch on {len(self.hosts)} hosts, the fabric, and the controller run"
            if self.fabric else "Open vSwitch, controller and agent run", began)
        if self.look and self.snmp():
            self.fabric.look(self.admin.ctl)
        began = time.monotonic()
        self.apply()
        if self.managers:
            cluster.wait_listening(self)
        if self.fabric:
            self.configure_switch()
            in_parallel(self._start_agent, self.hosts.values())
            self.apply("--wait=30")
        say("policy applied and enforced", began)
        if self.ees:
            self._attach_all()
            self.wait_switches()

    def _start_host(self):
        """One host that does everything."""
        host, = self.hosts.values()
        self.admin = host
        host.start_ovs(self.supervisor)
        host.start_controller(self.supervisor)
        host.start_agent(self.supervisor)

    def apply(self, *options):
        with open(self.policy, encoding="utf-8") as f:
            # Not by its name: the machine has a /run of its own.
            self.admin.ctl("apply", *options, "-", input_text=f.read())

    def _start_machines(self):
        for host in self.hosts.values():
            self.fabric.connect(host.name)
        for index, machine in enumerate(self.managers or [self.admin]):
            self.management.connect(machine.name)
            fabric.set_address(machine, fabric.manager_address(index))
        for index, host in enumerate(self.hosts.values()):
            self.management.connect(host.name)
            fabric.set_address(host, fabric.host_address(index))
        if self.snmp():
            managers = self.managers or [self.admin]
            self.fabric.connect_management(self.management, managers)
            for machine in managers:
                self.fabric.give_credentials(machine)
        starts = [lambda: self.fabric.start_switching(self.supervisor),
                  (lambda: cluster.start(self)) if self.managers else
                  lambda: self.admin.start_controller(self.supervisor, *self._listen())]
        starts += [lambda h=host: h.start_ovs(self.supervisor)
                   for host in self.hosts.values()]
        in_parallel(lambda start: start(), starts)

    def _listen(self):
        """The controller's options for hosts elsewhere."""
        return [*LISTEN, *self.lifetime_option(), *self.switch_options()]

    def lifetime_option(self):
        return [f"--certificate-lifetime={self.lifetime}"] if self.lifetime else []

    def snmp(self):
        """Whether the controller sets the VLANs of the fabric."""
        return isinstance(self.fabric, snmpswitch.SnmpFabric)

    def switch_options(self):
        return self.fabric.controller_options() if self.snmp() else []

    def wait_switches(self):
        """Waits until switches that are managed by SNMP are as they should be."""
        if self.snmp():
            self.fabric.wait(self.admin.ctl)

    def configure_switch(self):
        """Each port of the switch carries what its host's label allows."""
        rules = placement.Rules(policy.load(self.policy))
        tvds = facts.rows(self.admin.ctl("--format=json", "show", "tvds"))
        self.fabric.configure({host: {tvd["vlan"] for tvd in tvds if tvd["channel"] == "vlan"
                                      and tvd["name"] in rules.tvds
                                      and rules.may_carry(host, tvd["name"])}
                               for host in self.hosts})

    def _start_agent(self, host):
        self.admin.enrol(host)
        host.start_agent(self.supervisor, *(cluster.AGENT_OPTIONS if self.managers
                                            else REMOTE))

    def _attach_all(self):
        """Attaches the EEs of a topology and waits until their NICs work."""
        wanted = facts.by_ee(facts.nics(self.admin.ctl))
        places = placement.of_policy(policy.load(self.policy))
        ports = {}
        for name, node in self.ees.items():
            if name in wanted:
                host = self.hosts[places[name]]
                ports.setdefault(host, []).extend(node.attach(host, wanted[name]))
        for host, some in ports.items():
            host.add_ports(some)
        wait_installed(self, set(self.ees))

    def stop(self):
        """Ends all programs.  (The daemon of a lab just ends, and they with it.)"""
        self.supervisor.stop(first="controller")    # It ends its database server.


def wait_installed(site, ees, barred=(), timeout=30):
    """Waits until the agents have installed the NICs of 'ees' and those of the
    gateways that they make, or have refused them with a reason; returns what
    the controller says of all NICs then.  Those of 'barred' ({EE: reason}) may
    not run where they are: an agent need not know them."""
    began = time.monotonic()
    deadline = began + timeout
    while True:
        nics = facts.nics(site.admin.ctl)
        for nic in nics:
            if nic["ee"] in barred and nic["state"] == "absent":
                nic.update(state="refused", reason=barred[nic["ee"]])
        # A gateway's port may be refused until the agent knows its own.
        early = time.monotonic() < began + 2
        waiting = [n for n in nics if n["ee"] in ees and facts.pending(n)
                   or n["managed"] and (facts.pending(n) or early
                                        and n["state"] != "installed")]
        if not waiting:
            return nics
        if time.monotonic() > deadline:
            names = ", ".join(f"{n['ee']}/{n['name']}" for n in waiting)
            tails = "".join(p.tail() for name, p in site.supervisor.programs.items()
                            if name.endswith("agent"))
            raise LabError(f"{names}: not installed within {timeout} s\n{tails}".rstrip())
        time.sleep(0.05)
