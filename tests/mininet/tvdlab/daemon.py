# SPDX-License-Identifier: Apache-2.0
"""The process that holds a lab.

It is started by "lab up" as "lab __init NAME", makes PID, mount and network
namespaces of its own, and leaves an init in the new PID namespace that reaps
orphans and ends when the daemon ends.  The daemon builds the lab, reports on
standard output (a line of JSON for each step; when nobody reads it any more
before the lab is up, it undoes everything), and then serves requests on the
control socket: a line of JSON each way, with namespaces as file descriptors
beside it."""
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback

from . import cluster, fabric, facts, nodes, ns, placement, policy, programs, site, state
from . import wiring
from .snmpswitch import SnmpFabric, SnmpSwitch
from .state import LabError

MAX_FDS = 200                   # The kernel passes at most 253 at a time.


def init_main(name):
    """Runs as the outermost process of lab 'name'; does not return."""
    ns.unshare(ns.CLONE_NEWPID | ns.CLONE_NEWNS | ns.CLONE_NEWNET)
    if os.fork():
        os._exit(0)
    ns.mount("none", "/", None, ns.MS_REC | ns.MS_PRIVATE)
    ns.mount("proc", "/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    child = os.fork()
    if child:
        _reap(child)
    ns.die_with_parent(signal.SIGKILL)
    _run(name)


def _reap(child):
    """What an init does.  Its end is the end of all others."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)
    while True:
        pid, _ = os.wait()
        if pid == child:
            os._exit(0)


def _run(name):
    for sig in (signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)      # "lab up" says when to stop.
    lab = LabDaemon(name)
    try:
        lab.up(json.loads(sys.stdin.readline()))
        lab.say(up=True)
    except BrokenPipeError:
        _undo(name)
    except LabError as e:
        lab.say_last(error=str(e))
    except Exception:           # Reported to the user; the lab is undone there.
        lab.say_last(error="internal error:\n" + traceback.format_exc())
    lab.detach()
    lab.serve()


def _undo(name):
    """Nobody waits for this lab any more."""
    import shutil
    shutil.rmtree(state.directory(name), ignore_errors=True)
    os._exit(1)


class LabDaemon:
    def __init__(self, name):
        self.name = name
        self.dir = state.directory(name)
        self.started = time.time()
        self.net = None
        self.site = None
        self.ees = {}           # Name of an EE to its EeNode.
        self.nics = []          # What the controller says (facts.py).
        self.options = {}
        self.listener = None

    # Reporting.

    def say(self, **message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def say_last(self, **message):
        try:
            self.say(**message)
        except BrokenPipeError:
            _undo(self.name)
        # "lab up" ends this process when it has shown the message.
        time.sleep(10)
        _undo(self.name)

    def step(self, text, since):
        self.say(progress=text, seconds=round(time.monotonic() - since, 2))

    def detach(self):
        """The lab is up: "lab up" ends now."""
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)

    # Building.

    def up(self, options):
        self.options = options
        began = time.monotonic()
        log_dir = os.path.join(self.dir, "log")
        os.makedirs(log_dir)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(state.control_socket(self.name))
        os.chmod(state.control_socket(self.name), 0o600)
        self.listener.listen(16)
        self.net = nodes.Mininet(controller=None, build=False)
        self.site = site.Site(options.get("policy"), options.get("lifetime"))
        self.site.look = options.get("look", False)
        if options.get("plain"):
            self.plain(options["plain"], began)
            return
        self.add_machines(policy.load(options["policy"]))
        self.site.start(self.step)
        if options.get("wire", True):
            self.sync()

    def add_machines(self, data):
        """Makes the nodes of all hosts and what is between them."""
        hosts = list(data.get("hosts") or {})
        many = len(hosts) > 1 or self.options.get("cluster")
        for name in hosts:
            self.add_machine(self.net.addHost, name, nodes.HostNode,
                             f"{name}/" if many else "",
                             uplink=fabric.UPLINK if many else None)
        if not many:
            return
        if self.options.get("cluster"):
            self.add_cluster()
        else:
            self.add_machine(self.net.addHost, "controller", nodes.ControllerNode)
        self.add_fabric(wiring.of_policy(data)[0] if self.options.get("snmp") else None)
        self.add_machine(self.net.addSwitch, "management", fabric.ManagementSwitch)
        self.site.fabric.plug(self.site.hosts)
        switches = self.site.fabric.nodes() if self.site.snmp() else ()
        for machine in (*(self.site.managers or [self.site.admin]), *self.site.hosts.values(),
                        *switches):
            nodes.Cable(machine, self.site.management, fabric.MANAGEMENT,
                        fabric.link_name(machine.name))

    def add_fabric(self, cables):
        """What is between the hosts: the switches of the policy, cabled as
        'cables' say, or one that we set ourselves."""
        if not cables:
            self.add_machine(self.net.addSwitch, "fabric", fabric.FabricSwitch, "fabric/")
            return
        self.site.fabric = SnmpFabric(cables)
        for name in cables.switches:
            switch = self.add_machine(self.net.addSwitch, name, SnmpSwitch, f"{name}/")
            self.site.fabric.add(name, switch)

    def add_cluster(self):
        shared = os.path.join(self.dir, "shared")
        os.makedirs(os.path.join(shared, "pki"), mode=0o700)
        self.site.controller_options = self.options.get("controller_options") or []
        for index, name in enumerate(cluster.NAMES):
            self.add_machine(self.net.addHost, name, cluster.ManagerNode, f"{name}/",
                             index=index, shared=shared)

    def add_machine(self, add, name, cls, prefix="", **params):
        taken = self.site.machines()
        while name in taken:
            name += "-"
        log_dir = os.path.join(self.dir, "log", *([name] if prefix or self.site.hosts else []))
        os.makedirs(log_dir, exist_ok=True)
        return add(name, cls=cls, log_dir=log_dir, prefix=prefix, site=self.site, **params)

    def plain(self, plain, began):
        """A lab without the product: a bridge that learns, for measurements.
        'plain' is a list of NICs as in facts.py."""
        host = self.add_machine(self.net.addHost, self.options["host"], nodes.HostNode)
        self.site.supervisor.start()
        self.site.admin = host
        host.start_ovs(self.site.supervisor)
        self.step(f"host {host.name}: Open vSwitch runs", began)
        host.vsctl("add-br", nodes.BRIDGE, "--", "set", "bridge", nodes.BRIDGE,
                   "datapath_type=netdev")
        self.nics = plain
        self.make_ees()

    def ctl(self, *args):
        return self.site.admin.ctl(*args)

    def sync(self):
        """Makes the EEs what the controller says they are, where they belong."""
        began = time.monotonic()
        self.nics = facts.nics(self.ctl)
        made, removed = self.make_ees()
        if made or removed:
            self.nics = site.wait_installed(self.site, set(made), self.barred())
            self.step_quiet(f"{len(made)} EEs made, {len(removed)} removed", began)
        if self.site.snmp():
            began = time.monotonic()
            self.site.wait_switches()
            self.step_quiet("the switches are as wanted, by reading them back", began)
        return {"made": made, "removed": removed}

    def step_quiet(self, text, since):
        try:
            self.step(text, since)
        except BrokenPipeError:
            raise
        except ValueError:
            pass

    def make_ees(self):
        """Makes and removes EE nodes so that they match self.nics, and takes to
        another host what is bound to another one now."""
        wanted = facts.by_ee(self.nics)
        removed = [e for e, node in self.ees.items()
                   if facts.wiring(node.nics) != facts.wiring(wanted.get(e, []))]
        self.remove_ees(removed)
        made = [e for e in wanted if e not in self.ees]
        places = self.places(wanted)
        ports = {}
        for ee in made:
            self.ees[ee] = self.net.addHost(ee, cls=nodes.EeNode)
            host = self.site.hosts[places[ee]]
            ports.setdefault(host, []).extend(self.ees[ee].attach(host, wanted[ee]))
        for host, some in ports.items():
            host.add_ports(some)
        for ee, node in self.ees.items():
            node.nics = wanted[ee]
            if node.host.name != places[ee]:
                self.do_carry(ee, places[ee])
        return made, [e for e in removed if e not in wanted]

    def places(self, wanted):
        """{EE: host} for 'wanted', EEs as in facts.by_ee()."""
        if len(self.site.hosts) == 1:
            return dict.fromkeys(wanted, next(iter(self.site.hosts)))
        return placement.spread(self.rules(), facts.needs(wanted),
                                {ee: node.host.name for ee, node in self.ees.items()})

    def barred(self):
        """{EE: reason} of those that their hosts may not run."""
        needs = facts.needs(facts.by_ee(self.nics))
        return placement.barred(self.rules(), {ee: needs[ee] for ee in self.ees},
                                {ee: node.host.name for ee, node in self.ees.items()})

    def rules(self):
        return placement.Rules(policy.load(self.options["policy"]))

    def remove_ees(self, names):
        gone = {}
        for ee in names:
            node = self.ees[ee]
            for host in filter(None, (node.host, node.spare_host)):
                gone.setdefault(host, []).extend(port for port, _ in node.nic_ports())
        for host, ports in gone.items():
            host.remove_ports(ports)
        for ee in names:
            node = self.ees.pop(ee)
            self.net.hosts.remove(node)
            del self.net.nameToNode[ee]
            node.stop()

    # Serving.

    def serve(self):
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.settimeout(5)
                    selector.register(connection, selectors.EVENT_READ,
                                      connection.makefile("r"))
                else:
                    self._request(selector, key.fileobj, key.data)

    def _request(self, selector, connection, lines):
        try:
            line = lines.readline()
            if not line:
                raise ConnectionError
            request = json.loads(line)
        except (OSError, ValueError):
            selector.unregister(connection)
            connection.close()
            return
        fds = []
        try:
            reply, fds = self._do(request)
        except LabError as e:
            reply = {"error": str(e)}
        except Exception:       # A request must not end the lab.
            reply = {"error": "internal error:\n" + traceback.format_exc()}
        try:
            data = (json.dumps(reply) + "\n").encode()
            socket.send_fds(connection, [data[:1]], fds[:MAX_FDS])
            connection.sendall(data[1:])
        except OSError:
            selector.unregister(connection)
            connection.close()
        for fd in fds:
            os.close(fd)

    def _do(self, request):
        op = request.pop("op")
        handler = getattr(self, "do_" + op, None)
        if handler is None:
            raise LabError(f"unknown request '{op}'")
        result = handler(**request)
        return result if isinstance(result, tuple) else (result, [])

    def do_info(self):
        running = {name: {"alive": p.alive(), "pid": p.pid, "restarts": p.restarts}
                   for name, p in self.site.supervisor.programs.items()}
        for nic in self.nics:
            if nic["ee"] in self.ees:
                nic["host"] = self.ees[nic["ee"]].host.name
        return {"name": self.name, "host": self.site.admin.name, "hosts": list(self.site.hosts),
                "machines": list(self.site.machines()), "nics": self.nics,
                "policy": self.options.get("policy"), "file": self.options.get("file"),
                "note": self.options.get("note"), "started": self.started,
                "partitions": self.partitions(),
                "ctl_options": self.site.admin.ctl_options,
                "programs": running, "log": os.path.join(self.dir, "log"),
                "ees": list(self.ees)}

    def do_out_of_box(self):
        """What the switches were before they were configured."""
        return self.site.fabric.out_of_box if self.site.snmp() else {}

    def do_plug(self, ee, plugged):
        """The ports of 'ee' leave its host, as when a VM is stopped, or come
        back; it stays as it is."""
        node = self._ee(ee)
        if plugged:
            node.host.add_ports(node.plug())
        else:
            node.host.remove_ports(node.unplug(), devices=False)
        return {}

    def do_enrol(self, host):
        """A new token for 'host' of a cluster."""
        self.site.admin.enrol(self._host(host))
        return {}

    def do_sync(self):
        return self.sync()

    def do_kill(self, program, sig=int(signal.SIGKILL)):
        if program == "database" and not self.site.managers:
            return self.kill_database(sig)
        return {"pid": self.site.supervisor.kill(program, sig)}

    def kill_database(self, sig):
        """The server that the controller has started, and starts again."""
        try:
            with open(self.site.admin.path("/run/tvd/tvd-db.pid"), encoding="ascii") as f:
                pid = int(f.read())
        except (OSError, ValueError):
            raise LabError("the controller has no database server at the moment") from None
        os.kill(pid, sig)
        return {"pid": pid}

    def do_exit(self, program):
        """Ends one of our programs as an administrator would."""
        supervisor = self.site.supervisor
        process = supervisor.find(program)
        supervisor.hold(program, True)
        nodes.run(process.node, ["ovs-appctl", "-T", "20", "-t",
                                 f"/run/tvd/tvd-{program.rpartition('/')[2]}.ctl", "exit"],
                  env=programs.environment())
        deadline = time.monotonic() + 20
        while process.alive():
            if time.monotonic() > deadline:
                raise LabError(f"{program} was told to exit and does not")
            time.sleep(0.02)
        return {}

    def do_hold(self, program, held):
        self.site.supervisor.hold(program, held)
        return {}

    # The fabric.

    def partitions(self):
        """{"fabric": [hosts], "management": [machines]} that are cut off."""
        return {net: sorted(switch.apart) for net, switch in self.switches().items()}

    def switches(self):
        if not self.site.fabric:
            return {}
        return {"fabric": self.site.fabric, "management": self.site.management}

    def do_partition(self, host, nets, apart):
        """Cuts 'host' off the 'nets', or heals that."""
        switches = self.switches()
        if not switches:
            raise LabError("this lab has one host: there is nothing to be cut off from")
        for net in nets or switches:
            switches[net].partition(host, apart)
        return self.partitions()

    def do_restrict(self, host, trunks):
        """Which VLANs the fabric's port of 'host' carries: fabric.ALL or NONE;
        None: those that its label allows."""
        if not self.site.fabric:
            raise LabError("this lab has one host and no fabric")
        if trunks is None:
            self.site.configure_switch()
        else:
            self.site.fabric.restrict({host: trunks})
        return {}

    def do_links(self):
        """The fabric's links: {host: device}, and {host: which of the
        namespaces that come with it has it}."""
        places = self.site.fabric.places() if self.site.fabric else {}
        switches = self.site.fabric.nodes() if self.site.fabric else []
        return ({"links": {host: device for host, (_, device) in places.items()},
                 "at": {host: switches.index(switch) for host, (switch, _) in places.items()}},
                [os.open(f"/proc/{switch.pid}/ns/net", os.O_RDONLY) for switch in switches])

    def _switch(self, name):
        """The SnmpSwitch that the policy calls so."""
        if not self.site.snmp() or name not in self.site.fabric.switches:
            raise LabError(f"no switch '{name}' that is managed by SNMP in this lab")
        return self.site.fabric.switches[name]

    def do_misbehave(self, switch, how):
        """See SnmpSwitch.misbehave()."""
        self._switch(switch).misbehave(*how)
        return {}

    def do_reboot(self, switch):
        self._switch(switch).appctl("switchsim/reboot")
        return {}

    def do_settle(self):
        """Waits until the switches are as wanted."""
        self.site.wait_switches()
        return {}

    # Moving EEs, in steps; see moves.py.

    def _ee(self, ee):
        if ee not in self.ees:
            raise LabError(f"no EE '{ee}' that could be moved: there are "
                           f"{', '.join(sorted(self.ees)) or 'none'}")
        return self.ees[ee]

    def _host(self, host):
        if host not in self.site.hosts:
            raise LabError(f"no host '{host}': there are {', '.join(self.site.hosts)}")
        return self.site.hosts[host]

    def do_carry(self, ee, host):
        """Cold: the ports leave where they are and appear on 'host'."""
        node, there = self._ee(ee), self._host(host)
        node.host.remove_ports([port for port, _ in node.nic_ports()], devices=False)
        there.add_ports(node.carry(there))
        return {}

    def do_appear(self, ee, host):
        """Live: the EE has ports on 'host' too.  Says with which devices."""
        node, there = self._ee(ee), self._host(host)
        ports = node.add_spares(there)
        try:
            there.add_ports(ports)
        except Exception:       # Its ovsdb-server is down, perhaps: to be tried again.
            node.remove_spares()
            raise
        return {"spares": {nic["name"]: node.spare_name(nic) for nic in node.nics}}

    def do_switch(self, ee):
        """Live: the EE runs on at its new host."""
        self._ee(ee).switch_to_spares()
        return {}

    def do_vanish(self, ee):
        """Live: the ports at the other host go."""
        node = self._ee(ee)
        host = node.spare_host
        host.remove_ports(node.remove_spares())
        return {}

    # Namespaces.

    def do_netns(self, names):
        """Network namespaces of the EEs or machines 'names', as file
        descriptors."""
        fds = []
        for name in names[:MAX_FDS]:
            fds.append(os.open(self._place(name)[1], os.O_RDONLY))
        return {"names": names[:len(fds)]}, fds

    def _place(self, name):
        """(node, path of the network namespace) of EE or machine 'name'."""
        node = self.ees.get(name)
        if node:
            return node, f"/proc/{node.pid}/ns/net"
        for nic in self.nics:
            if nic["ee"] == name and nic["managed"]:
                host = self.site.hosts.get(nic["host"]) or next(iter(self.site.hosts.values()))
                return host, host.path(f"/run/netns/{nic['netns']}")
        node = self.site.machines().get(name)
        if node:
            return node, f"/proc/{node.pid}/ns/net"
        known = sorted({n["ee"] for n in self.nics} | set(self.site.machines()))
        raise LabError(f"no EE or machine '{name}' in this lab: there are {', '.join(known)}")

    def do_enter(self, name):
        """The namespaces for a command in 'name': network, mount, PID."""
        node, netns = self._place(name)
        fds = [os.open(netns, os.O_RDONLY),
               os.open(f"/proc/{node.pid}/ns/mnt", os.O_RDONLY),
               os.open("/proc/self/ns/pid", os.O_RDONLY)]
        return {"env": programs.ENVIRONMENT, "tvdctl": programs.find("tvdctl")
                if not self.options.get("plain") else None}, fds
