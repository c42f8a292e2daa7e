# SPDX-License-Identifier: Apache-2.0
"""Mininet nodes: machines that run Open vSwitch and our programs, and EEs.

A machine (a host, the controller's, the fabric's switch) has a network
namespace, a private /run and a private /var/log of its own.  An EE has a
network namespace; its NICs are veth ends whose other ends are ports of its
host's br-tvd, named by external_ids:iface-id as libvirt would name them."""
import ipaddress
import os
import subprocess
import time
import zlib

from mininet.link import Link
from mininet.net import Mininet
from mininet.node import Host

from . import programs
from .state import LabError

BRIDGE = "br-tvd"
NIC_SYSCTLS = {                 # What an EE is not to do by itself.
    "ipv4.conf.all.rp_filter": 0, "ipv4.conf.default.rp_filter": 0,
    "ipv4.icmp_ratelimit": 0, "ipv4.icmp_echo_ignore_broadcasts": 0,
    "ipv6.icmp.ratelimit": 0,
    "ipv6.conf.default.accept_dad": 0, "ipv6.conf.default.accept_ra": 0,
    "ipv6.conf.default.autoconf": 0, "ipv6.conf.default.router_solicitations": 0,
}


# Mininet would raise limits of the whole machine when it is first used, and
# leave them raised; a lab leaves nothing behind.
Mininet.inited = True


class BareLink(Link):
    """A veth pair whose ends Link does not configure one command at a time;
    EeNode.configure() does all in one batch."""

    def __init__(self, node1, node2, name1, name2, mac1):
        self.intf1, self.intf2 = name1, name2
        mac2 = "02:%02x:%02x:%02x:%02x:%02x" % tuple(os.urandom(5))
        self.makeIntfPair(name1, name2, mac1, mac2, node1, node2, deleteIntfs=False)


def run(node, argv, input_text=None, env=None):
    """Runs 'argv' in 'node' and returns what it printed."""
    popen = node.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, env=env)
    out, _ = popen.communicate(input_text)
    if popen.returncode:
        raise LabError(f"{' '.join(argv)} failed in {node.name}: {out.strip()}")
    return out


def outer_name(ee, nic):
    """The name of the port end of a NIC: at most 15 characters and unique."""
    return f"v{zlib.crc32(f'{ee}/{nic}'.encode()):08x}"


class Cable(BareLink):
    """A link between machines, both ends up.  Nothing but what the machines'
    programs send travels on it: the kernels say nothing of their own."""

    def __init__(self, node1, node2, intfName1=None, intfName2=None, **_params):
        super().__init__(node1, node2, intfName1, intfName2,
                         "02:%02x:%02x:%02x:%02x:%02x" % tuple(os.urandom(5)))
        for node, name in ((node1, intfName1), (node2, intfName2)):
            run(node, ["sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6; "
                       f"ethtool -K {name} tx off tso off gso off gro off && "
                       f"ip link set dev {name} up"])

    def stop(self):
        pass                    # It ends with its nodes.


def _private(path, flags):
    return os.open(path, flags, 0o600)


class Machine:
    """What nodes with daemons have in common; mixed into Mininet's classes.
    'prefix' makes the names of its programs unique in the supervisor."""

    ctl_options = []            # That tvdctl needs here.

    def __init__(self, name, log_dir=None, prefix="", site=None, shared=None, **params):
        self.log_dir = log_dir
        self.prefix = prefix
        self.site = site
        # The order matters: the log directory may lie below /run, and 'shared'
        # (a path here, and the directory that it is to be) too.
        params["privateDirs"] = [("/var/log", log_dir) if log_dir else "/var/log",
                                 *([shared] if shared else []), "/run"]
        super().__init__(name, **params)
        run(self, ["sh", "-c", "mkdir -p -m 700 " + " ".join(programs.DIRECTORIES)
                   + " && ip link set dev lo up"])
        if site:
            site.add(self)

    def unmountPrivateDirs(self):
        pass                    # The mount namespace ends with the node.

    def start_ovs(self, supervisor, *settings):
        """Starts Open vSwitch, with 'settings' of its row Open_vSwitch."""
        argv = programs.ovs_commands()
        run(self, ["ovsdb-tool", "create", programs.OVS_DB, programs.OVS_SCHEMA])
        self.start_program(supervisor, "ovsdb-server", argv["ovsdb-server"])
        self.wait_path("/run/openvswitch/db.sock", supervisor, "ovsdb-server")
        # The socket is there a moment before anybody listens.
        self.vsctl("--retry", "--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                   f"external_ids:system-id={self.name}", *settings)
        self.start_program(supervisor, "ovs-vswitchd", argv["ovs-vswitchd"])

    def start_program(self, supervisor, name, argv):
        log = os.path.join(self.log_dir or self.path("/var/log"), name + ".out")
        return supervisor.add(self, self.prefix + name, argv, log)

    def path(self, path):
        """'path' of this machine as seen from the lab daemon."""
        return f"/proc/{self.pid}/root{path}"

    def wait_path(self, path, supervisor, program, timeout=20):
        deadline = time.monotonic() + timeout
        while not os.path.exists(self.path(path)):
            p = supervisor.programs[self.prefix + program]
            if time.monotonic() > deadline or p.restarts > 3:
                raise LabError(f"{program} does not start on {self.name}: "
                               f"{path} has not appeared\n{p.tail()}".rstrip())
            time.sleep(0.01)

    def vsctl(self, *args, timeout=10):
        return run(self, ["ovs-vsctl", f"--timeout={timeout}", *args],
                   env=programs.environment())

    def start_controller(self, supervisor, *options):
        self.start_program(supervisor, "controller", programs.controller_command(*options))
        self.wait_path("/run/tvd/controller.sock", supervisor, "controller")
        self.wait_controller(supervisor)

    def wait_controller(self, supervisor, timeout=20):
        """Waits until the controller has read its database."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.ctl("show", "hosts")
                return
            except LabError as e:
                if time.monotonic() > deadline:
                    raise LabError(f"the controller does not answer: {e}\n"
                                   + supervisor.programs[self.prefix + "controller"]
                                   .tail()) from None
            time.sleep(0.05)

    def ctl(self, *args, input_text=None):
        """Runs tvdctl here; returns what it printed."""
        return run(self, [programs.find("tvdctl"), *self.ctl_options, *args], input_text,
                   env=programs.environment())

    def enrol(self, host):
        """Gives HostNode 'host' a token, with which its agent gets its
        certificate."""
        token = f"/run/{host.name}.token"
        self.ctl("host", "enrol", host.name, f"--out={token}")
        with open(self.path(token), "rb") as source, \
                open(host.path(programs.TOKEN), "wb", opener=_private) as target:
            target.write(source.read())
        os.unlink(self.path(token))


class ControllerNode(Machine, Host):
    """The machine of tvd-controller, when it is not one of the hosts."""


class HostNode(Machine, Host):
    """A host of the policy.  'uplink' is its device on the fabric, None if
    there is no fabric."""

    def __init__(self, name, uplink=None, **params):
        self.uplink = uplink
        super().__init__(name, **params)

    def start_ovs(self, supervisor, *settings):
        uplink = [f"external_ids:tvd-uplink={self.uplink}"] if self.uplink else []
        super().start_ovs(supervisor, f"external_ids:tvd-host={self.name}", *uplink,
                          *settings)

    def start_agent(self, supervisor, *options):
        """Starts tvd-agent; 'options' as in programs.agent_command()."""
        self.start_program(supervisor, "agent",
                           programs.agent_command(self.name, *options))

    def add_ports(self, ports):
        """'ports' is a list of (port name, external id)."""
        args = []
        for port, iface_id in ports:
            args += ["--", "--may-exist", "add-port", BRIDGE, port, "--",
                     "set", "Interface", port, f"external_ids:iface-id={iface_id}"]
        if args:
            self.vsctl("--no-wait", *args)

    def remove_ports(self, names, devices=True):
        """With 'devices', the network devices of the ports too."""
        args = []
        for port in names:
            args += ["--", "--if-exists", "del-port", BRIDGE, port]
        if args:
            self.vsctl("--no-wait", *args)
        for port in names if devices else ():
            # The EE's end may have gone, and this one with it.
            subprocess.call(["nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", "link",
                             "del", port], stderr=subprocess.DEVNULL)


class EeNode(Host):
    """An EE; 'nics' as tvdctl shows them (see facts.py).

    It is attached to 'host'.  While it moves as a running VM does, it has a
    second device for each NIC, the spare, whose other end is a port of the
    host it moves to; switch_to() makes the spares its NICs."""

    def __init__(self, name, site=None, **params):
        super().__init__(name, **params)
        self.nics = []
        self.host = None
        self.spare_host = None      # Where the other ends of the spares are.
        for key, value in NIC_SYSCTLS.items():
            self.sysctl(key, value)
        if site:
            site.add(self)

    def sysctl(self, key, value):
        # Through the shell: /proc/sys/net is that of the one who opens it.
        path = "/proc/sys/net/" + key.replace(".", "/")
        self.write_file(path, value)

    def write_file(self, path, value):
        self.cmd(f"[ -e {path} ] && echo {value} > {path}")

    def nic_ports(self):
        """(port name, external id) of each NIC."""
        return [(outer_name(self.name, nic["name"]), f"{self.name}/{nic['name']}")
                for nic in self.nics]

    def attach(self, host, nics):
        """Makes and configures 'nics'; returns the ports to add to the bridge."""
        self.nics, self.host = nics, host
        for nic in nics:
            BareLink(self, host, nic["name"], outer_name(self.name, nic["name"]), nic["mac"])
        self._configure(nics, "link set lo up\n")
        for version in "46":
            run(self, ["ip", f"-{version}", "-batch", "-"], self._rules(nics, version))
        for nic in nics:
            self._no_offload(nic["name"])
        self._ports_up(host)
        return self.nic_ports()

    def _configure(self, nics, first=""):
        run(self, ["ip", "-batch", "-"], first + self._batch(nics))

    def _no_offload(self, device):
        # A netdev datapath takes frames as they are: no checksum is to be left
        # for hardware that is not there.
        run(self, ["ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off",
                   "gro", "off"])

    def _ports_up(self, host):
        run(host, ["ip", "-batch", "-"],
            "".join(f"link set dev {port} up\n" for port, _ in self.nic_ports()))

    # Moving.

    def carry(self, host):
        """Takes the other ends of the NICs to 'host', as when a stopped VM is
        started there.  The EE's own ends stay as they are."""
        run(self.host, ["ip", "-batch", "-"], "".join(
            f"link set dev {port} netns {host.pid}\n" for port, _ in self.nic_ports()))
        self.host = host
        self._ports_up(host)
        return self.nic_ports()

    def unplug(self):
        """Takes the other ends of the NICs from the host; returns the names of
        the ports that go with them."""
        names = [port for port, _ in self.nic_ports()]
        self._take(self.host, self, names)
        return names

    def plug(self):
        """Undoes that; returns the ports to add to the bridge."""
        self._take(self, self.host, [port for port, _ in self.nic_ports()])
        self._ports_up(self.host)
        return self.nic_ports()

    @staticmethod
    def _take(one, other, devices):
        """Moves those of 'devices' that 'one' has to 'other'."""
        for device in devices:
            if subprocess.call(["nsenter", f"--net=/proc/{one.pid}/ns/net", "ip", "link", "show",
                                "dev", device], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) == 0:
                run(one, ["ip", "link", "set", "dev", device, "netns", str(other.pid)])

    @staticmethod
    def spare_name(nic):
        return f"n{zlib.crc32(nic['name'].encode()):08x}"

    def add_spares(self, host):
        """The EE appears on 'host' too, and is silent there."""
        for nic in self.nics:
            spare = self.spare_name(nic)
            BareLink(self, host, spare, outer_name(self.name, nic["name"]), nic["mac"])
            self.sysctl(f"ipv6.conf.{spare}.disable_ipv6", 1)
            self._no_offload(spare)
            run(self, ["ip", "link", "set", "dev", spare, "up"])
        self._ports_up(host)
        self.spare_host = host
        return self.nic_ports()

    def switch_to_spares(self):
        """The spares become the NICs, as when a VM goes on running at its new
        host; what were the NICs is the spares now, down."""
        lines = []
        for nic in self.nics:
            name, spare = nic["name"], self.spare_name(nic)
            lines += [f"link set dev {name} down", f"address flush dev {name}",
                      f"link set dev {spare} down", f"link set dev {name} name swap",
                      f"link set dev {spare} name {name}", f"link set dev swap name {spare}"]
        run(self, ["ip", "-batch", "-"], "\n".join(lines) + "\n")
        for nic in self.nics:
            self.sysctl(f"ipv6.conf.{nic['name']}.disable_ipv6", 0)
        self._configure(self.nics)
        self.host, self.spare_host = self.spare_host, self.host

    def remove_spares(self):
        """Removes the spares; returns the names of the ports that go with them."""
        for nic in self.nics:
            run(self, ["ip", "link", "del", "dev", self.spare_name(nic)])
        self.spare_host = None
        return [port for port, _ in self.nic_ports()]

    @staticmethod
    def _batch(nics):
        lines = []
        for index, nic in enumerate(nics):
            name = nic["name"]
            # "dev", or a name that begins an option of ip is taken for it.
            lines.append(f"link set dev {name} up")
            for ip in nic["ips"]:
                nodad = " nodad" if ":" in ip else ""
                lines.append(f"address add {ip}/{nic['plens'][ip]} dev {name}{nodad}")
            for router in EeNode._default_routers(nic):
                lines.append(f"route add default via {router} dev {name} "
                             f"metric {100 + index}")
            if len(nics) > 1:
                lines += EeNode._own_table(nic, 100 + index)
        return "\n".join(lines) + "\n"

    @staticmethod
    def _own_table(nic, table):
        """An EE with several NICs answers through the one that was asked."""
        name, lines = nic["name"], []
        for ip in nic["ips"]:
            net = ipaddress.ip_interface(f"{ip}/{nic['plens'][ip]}").network
            lines.append(f"route replace {net} dev {name} src {ip} table {table}")
        for router in EeNode._default_routers(nic):
            lines.append(f"route add default via {router} dev {name} table {table}")
        return lines

    @staticmethod
    def _rules(nics, version):
        """Which table an address is for; "ip rule" does not see the IP version of
        an address by itself."""
        if len(nics) == 1:
            return ""
        return "".join(f"rule add from {ip} lookup {100 + index}\n"
                       for index, nic in enumerate(nics) for ip in nic["ips"]
                       if (":" in ip) == (version == "6"))

    @staticmethod
    def _default_routers(nic):
        """One of each IP version; a TVD has one for each of its subnets."""
        return {":" in router: router for router in reversed(nic["routers"])}.values()
