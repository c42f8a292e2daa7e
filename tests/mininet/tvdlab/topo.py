# SPDX-License-Identifier: Apache-2.0
"""The lab for ordinary Mininet scripts and for "mn": hosts that run Open
vSwitch and tvd-agent, the controller's machine, the fabric's switch, and EEs,
as classes for Mininet's nodes, and a topology made of a policy file.

    net = Mininet(topo=PolicyTopo("examples/datacenter.yaml"), controller=None)
    net.start()
    print(net["ma1"].cmd("ping -c1", net["ma2"].IP()))
    net.stop()

or

    mn --custom tests/mininet/tvdlab/topo.py --topo tvd,FILE --controller none

net.start() brings everything up, applies the policy and returns when the NICs
of all EEs are installed.  net.stop() leaves nothing.  As with any Mininet
script, one that is killed leaves its programs running; with

    unshare --pid --fork --kill-child --mount-proc SCRIPT

in front of it they end with it, however it ends."""
import os
import sys

if __package__ in (None, ""):   # As a file of "mn --custom".
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(
        sys._getframe().f_code.co_filename))))

from mininet.link import Intf
from mininet.node import Switch
from mininet.topo import Topo

from tvdlab import client, fabric, nodes, placement, policy, wiring
from tvdlab.fabric import FabricSwitch, ManagementSwitch
from tvdlab.snmpswitch import SnmpFabric, SnmpSwitch
from tvdlab.site import Site
from tvdlab.state import LabError

__all__ = ["FabricSwitch", "ManagementSwitch", "PolicyTopo", "Site", "SnmpSwitch", "TvdCable",
           "TvdController", "TvdEe", "TvdHost", "TvdSnmpSwitch", "topos"]


class Unconfigured:
    """A node that Mininet does not give an address: a Site does it all."""

    def config(self, **_params):
        return {}

    def defaultIntf(self):
        return super().defaultIntf() if self.intfs else None


class TvdHost(Unconfigured, nodes.HostNode):
    """A host of the policy: its Open vSwitch and tvd-agent, its own /run."""


class TvdController(Unconfigured, nodes.ControllerNode):
    """The machine of tvd-controller.  ctl() runs tvdctl there."""


class TvdSnmpSwitch(SnmpSwitch):
    """A switch of the policy, 'called' so there, which the controller sets over
    SNMP.  Starting the first of them brings up the whole site."""

    def __init__(self, name, called=None, **params):
        super().__init__(name, **params)
        self.site.fabric.add(called, self)

    def is_first(self):
        return self.site.fabric.nodes()[0] is self

    def start(self, controllers):
        if self.is_first():
            self.site.fabric.make_ports()
            super().start(controllers)

    def stop(self, deleteIntfs=True):
        if self.is_first():
            super().stop(deleteIntfs)
        else:
            Switch.stop(self, deleteIntfs)


def register(node, name, mac=None):
    """Makes device 'name' of 'node', as it is, known to Mininet."""
    return Intf(name, node=node, mac=mac, moveIntfFn=lambda *_: None)


class TvdCable(nodes.Cable):
    """A cable that Mininet's commands "net" and "links" know."""

    def __init__(self, node1, node2, **params):
        super().__init__(node1, node2, **params)
        self.intf1, self.intf2 = register(node1, self.intf1), register(node2, self.intf2)
        self.intf1.link = self.intf2.link = self


class TvdEe(Unconfigured, nodes.EeNode):
    """An EE.  Its NICs are Mininet interfaces too, for IP() and pingAll()."""

    def attach(self, host, nics):
        ports = super().attach(host, nics)
        for nic in nics:
            intf = register(self, nic["name"], nic["mac"])
            intf.ip = next((ip for ip in nic["ips"] if ":" not in ip), None)
            intf.prefixLen = nic["plens"].get(intf.ip)
        return ports


class PolicyTopo(Topo):
    """The hosts of a policy file on one fabric, and its EEs.  Between the hosts
    are the switches of the policy, which are managed by SNMP, if a lab can play
    them (wiring.py), and else, or with plain=True, one plain switch.  'site' is
    the site.Site that net.start() brings up; 'between' has the names of the
    nodes between the hosts, by what the policy calls them."""

    def build(self, path, *_args, plain=False, **_params):
        wrong = client.check(path)
        if wrong:
            raise LabError(wrong)
        data = policy.load(path)
        hosts = list(data.get("hosts") or {})
        if not hosts:
            raise LabError(f"{path}: the policy has no host")
        self.site = Site(path)
        taken = {*hosts, *(data.get("ees") or {})}
        self.controller = self.addHost(free("controller", taken), cls=TvdController,
                                       site=self.site)
        wired = None if plain else wiring.of_policy(data)[0]
        places = self.add_switches(wired, hosts, taken)
        management = self.addSwitch(free("management", taken), cls=ManagementSwitch,
                                    site=self.site)
        for host in hosts:
            self.addHost(host, cls=TvdHost, prefix=f"{host}/", uplink=fabric.UPLINK,
                         site=self.site)
            self.cable(host, places[host], fabric.UPLINK)
        for machine in (self.controller, *hosts, *(self.between.values() if wired else ())):
            self.cable(machine, management, fabric.MANAGEMENT)
        for ee in placement.of_policy(data):
            self.addHost(free(ee, set(hosts)), cls=TvdEe, site=self.site)

    def add_switches(self, wired, hosts, taken):
        """Adds what is between 'hosts', cabled as 'wired' says; returns which
        switch each of them is at."""
        if not wired:
            plain = self.addSwitch(free("fabric", taken), cls=FabricSwitch, prefix="fabric/",
                                   site=self.site)
            self.between = {"fabric": plain}
            return dict.fromkeys(hosts, plain)
        self.site.fabric = SnmpFabric(wired)
        self.between = {name: self.addSwitch(free(name, taken), cls=TvdSnmpSwitch,
                                              called=name, prefix=f"{name}/", site=self.site)
                         for name in wired.switches}
        for (one, _), (other, _) in wired.cables:
            one, other = self.between[one], self.between[other]
            self.cable(one, other, fabric.link_name(other))
        return {host: self.between[name] for host, (name, _) in wired.hosts.items()}

    def cable(self, machine, switch, device):
        self.addLink(machine, switch, cls=TvdCable, intfName1=device,
                     intfName2=fabric.link_name(machine))


def free(name, taken):
    while name in taken:
        name += "-"
    return name


topos = {"tvd": PolicyTopo}
