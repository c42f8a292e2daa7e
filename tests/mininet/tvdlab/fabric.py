# SPDX-License-Identifier: Apache-2.0
"""What is between the machines of a lab: the fabric's switch, which carries
what EEs send from host to host in tagged frames, and the management network,
on which agents talk to the controller.  They share nothing, so that each can
be partitioned by itself.

The fabric's switch is Open vSwitch in a namespace of its own, with one trunk
port for each host.  It stands for the physical switch: it learns and forwards,
and knows nothing of TVDs but that each port carries the VLANs of those that
the label of its host allows (TVDc paper, section 2.1)."""
import zlib

from mininet.node import Switch

from . import nodes
from .state import LabError

BRIDGE = "fabric"
UPLINK = "uplink0"              # A host's device on the fabric,
MANAGEMENT = "mgmt0"            # and on the management network.
NETWORK = "172.31"              # Of the management network, /16.
CONTROLLER_ADDRESS = NETWORK + ".0.1"
DATABASE_PORT, ENROL_PORT = 6641, 6645
# A switch learns from every frame.  Open vSwitch does not from those whose way
# it has cached, of an EE that has come back to a port; so that it forgets ways
# soon.
FORGET = ("other_config:max-idle=100", "other_config:max-revalidator=100")
ALL, NONE = "[]", "[4095]"      # Values of a port's trunks; ALL: untagged frames too.


def link_name(host):
    """The switch's device for host 'host': at most 15 characters, unique."""
    name = f"to-{host}"
    return name if len(name) <= 15 else f"to-{zlib.crc32(host.encode()):08x}"


def manager_address(index):
    """The management address of machine number 'index' of a cluster."""
    return f"{NETWORK}.0.{1 + index}"


def host_address(index):
    """The management address of host number 'index', from 0."""
    return f"{NETWORK}.{1 + index // 250}.{1 + index % 250}"


def switch_address(index):
    """The management address of switch number 'index' of those that are
    managed by SNMP, beside the one that the policy says."""
    return f"{NETWORK}.{200 + index // 250}.{1 + index % 250}"


class FabricSwitch(nodes.Machine, Switch):
    """The switch between the hosts.  Starting it in an ordinary Mininet network
    (net.start()) brings up the whole site."""

    def __init__(self, name, **params):
        params.setdefault("dpid", "1")
        params["inNamespace"] = True
        super().__init__(name, **params)
        self.links = {}             # Name of a host to our device.
        self.apart = set()          # Hosts that are partitioned off.

    def connect(self, host):
        """Host 'host' (its name) is at the other end of a cable to us."""
        self.links[host] = link_name(host)

    def start_switching(self, supervisor):
        self.start_ovs(supervisor, *FORGET)
        args = ["add-br", BRIDGE, "--", "set", "Bridge", BRIDGE, "datapath_type=netdev",
                "fail_mode=standalone"]
        for device in self.links.values():
            args += ["--", "add-port", BRIDGE, device, "--", "set", "Port", device,
                     "vlan_mode=trunk"]
        self.vsctl(*args)

    def nodes(self):
        """The switches of this fabric (see SnmpFabric)."""
        return [self]

    def plug(self, hosts):
        """Makes the cables to 'hosts', nodes by name."""
        for name, host in hosts.items():
            nodes.Cable(host, self, UPLINK, link_name(name))

    def places(self):
        """{host: (switch, its device)}."""
        return {host: (self, device) for host, device in self.links.items()}

    def configure(self, trunks):
        """As an administrator would, before there is any traffic."""
        self.restrict(trunks)

    def restrict(self, trunks):
        """Sets which VLANs the ports carry: {host: VLAN ids, or ALL or NONE}."""
        args = []
        for host, value in trunks.items():
            if value not in (ALL, NONE):
                value = ",".join(map(str, sorted(value))) or NONE
            args += ["--", "set", "Port", self.device(host), f"trunks={value}"]
        self.vsctl(*args)

    def device(self, host):
        if host not in self.links:
            raise LabError(f"no host '{host}' on the fabric: there are "
                           f"{', '.join(sorted(self.links)) or 'none'}")
        return self.links[host]

    def partition(self, host, apart):
        """Frames to and from 'host' are lost, while its link stays up."""
        words = ["no-receive", "no-forward"] if apart else ["receive", "forward"]
        for word in words:
            nodes.run(self, ["ovs-ofctl", "mod-port", BRIDGE, self.device(host), word],
                      env=nodes.programs.environment())
        (self.apart.add if apart else self.apart.discard)(host)

    # What Mininet calls.

    def start(self, _controllers):
        if self.site:
            self.site.start()

    def stop(self, deleteIntfs=True):
        if self.site:
            self.site.stop()
        super().stop(deleteIntfs)

    def connected(self):
        return True


class ManagementSwitch(Switch):
    """The management network: a bridge of the kernel."""

    def __init__(self, name, site=None, log_dir=None, prefix="", **params):
        params.setdefault("dpid", "2")
        params["inNamespace"] = True
        super().__init__(name, **params)
        self.links = {}
        self.apart = set()
        nodes.run(self, ["sh", "-c", "ip link add mgmt type bridge && ip link set mgmt up"])
        if site:
            site.add(self)

    def connect(self, machine):
        self.links[machine] = link_name(machine)
        self.partition(machine, False)

    def partition(self, machine, apart):
        """As FabricSwitch.partition()."""
        if machine not in self.links:
            raise LabError(f"no machine '{machine}' on the management network")
        nodes.run(self, ["ip", "link", "set", "dev", self.links[machine],
                         *(["nomaster"] if apart else ["master", "mgmt"])])
        (self.apart.add if apart else self.apart.discard)(machine)

    def start(self, _controllers):
        pass

    def connected(self):
        return True


def set_address(machine, address):
    """Gives Mininet node 'machine' its address on the management network."""
    nodes.run(machine, ["ip", "address", "add", f"{address}/16", "dev", MANAGEMENT])
