# SPDX-License-Identifier: Apache-2.0
"""A switch that is managed by SNMP, as a node: tvd-switchsim in front of an
Open vSwitch of its own.  As it comes out of the box all its ports are in VLAN 1,
untagged; who configures it is somebody else's business.

    s1 = net.addSwitch("s1", cls=SnmpSwitch)
    Cable(s1, host, s1.connect("host"), "eth0")     # One for each cable.
    s1.start_switching(supervisor)
    print(s1.credentials)       # What its manager needs, as a file's text."""
import json
import os
import secrets
import time

from . import fabric, nodes, programs
from .state import LabError

CONTROL = programs.ENVIRONMENT["TVD_RUNDIR"] + "/switchsim.ctl"
CREDENTIALS = programs.ENVIRONMENT["TVD_RUNDIR"] + "/switchsim.credentials"
# Of the controller: what it logs in to switches with, by the policy's names.
FOLDER = programs.ENVIRONMENT["TVD_SYSCONFDIR"] + "/credentials"
TRAP_PORT = 1162                # Where controllers listen for traps.
SETTLE = 30                     # Seconds that switches may take to be configured.


class SnmpSwitch(fabric.FabricSwitch):
    """'listen' is where its agent listens, as snmpd has it; 'options' are more
    of tvd-switchsim's, such as "--misbehave=late=200"."""

    def __init__(self, name, listen="udp:161", options=(), **params):
        super().__init__(name, **params)
        self.listen = listen
        self.options = list(options)
        self.user = "manager"
        self.auth_password, self.priv_password = secrets.token_hex(8), secrets.token_hex(8)

    @property
    def credentials(self):
        """The text of a file of credentials for the controller."""
        return (f"user: {self.user}\nauth: sha256\nauth-password: {self.auth_password}\n"
                f"priv: aes\npriv-password: {self.priv_password}\n")

    def connect(self, host):
        """The name of our device on the cable to 'host'.  Ports are numbered in
        the order of the calls."""
        super().connect(host)
        return self.links[host]

    def port(self, host):
        """The number (dot1dBasePort) of the port to 'host'."""
        return list(self.links.values()).index(self.device(host)) + 1

    def add_unused(self, number):
        """The next port, 'number', is one where nothing is attached."""
        device = self.connect(f"unused{number}")
        nodes.run(self, ["ip", "link", "add", device, "type", "veth", "peer", "name",
                         f"far{number}"])       # Both are down, and stay so.

    def start_switching(self, supervisor):
        self.start_ovs(supervisor, *fabric.FORGET)
        with open(self.path(CREDENTIALS), "w", encoding="ascii", opener=_private) as f:
            f.write(self.credentials)
        self.start_program(supervisor, "switchsim", [
            programs.find("tvd-switchsim"), f"--name={self.name}", f"--bridge={fabric.BRIDGE}",
            f"--ports={','.join(self.links.values())}", f"--listen={self.listen}",
            f"--credentials={CREDENTIALS}", f"--save-file={CONTROL}.saved",
            f"--unixctl={CONTROL}", "-vconsole:warn", "--log-file=/var/log/switchsim.log",
            *self.options])
        self.wait_path(CONTROL, supervisor, "switchsim")

    def appctl(self, *args):
        """Runs a command of tvd-switchsim, as "switchsim/reboot"."""
        return nodes.run(self, ["ovs-appctl", "-t", CONTROL, *args],
                         env=programs.environment())

    def misbehave(self, *how):
        """See tvd-switchsim(8); "none" makes it behave again."""
        self.appctl("switchsim/misbehave", *how)

    def restrict(self, host, trunks):
        raise LabError(f"the VLANs of '{host}' on {self.name} are set by SNMP")


class SnmpFabric:
    """The switches of a policy between the hosts of a lab, cabled as it says
    ('wiring', a wiring.Wiring).  To a site it is what a FabricSwitch is, but
    that the controller sets the VLANs."""

    def __init__(self, wiring):
        self.wiring = wiring
        self.switches = {}          # SnmpSwitch by its name in the policy.
        self.out_of_box = {}        # What look() has found, by the same names.

    # Building.

    def add(self, name, switch):
        self.switches[name] = switch
        credentials = self.wiring.switches[name]["snmp"]["credentials"]
        for other, body in self.wiring.switches.items():
            if other in self.switches and body["snmp"]["credentials"] == credentials:
                first = self.switches[other]
                switch.auth_password = first.auth_password
                switch.priv_password = first.priv_password
                break

    def make_ports(self):
        """The ports are numbered as the policy has it."""
        for name, switch in self.switches.items():
            for n, what in sorted(self.wiring.ports[name].items()):
                if what is None:
                    switch.add_unused(n)
                else:
                    kind, peer = what
                    switch.connect(self.switches[peer].name if kind == "switch" else peer)

    def plug(self, hosts):
        """Makes the ports, then the cables.  'hosts' are nodes by name."""
        self.make_ports()
        for host, (name, _) in self.wiring.hosts.items():
            nodes.Cable(hosts[host], self.switches[name], fabric.UPLINK,
                        self.switches[name].device(host))
        for (one, _), (other, _) in self.wiring.cables:
            one, other = self.switches[one], self.switches[other]
            nodes.Cable(one, other, one.device(other.name), other.device(one.name))

    def connect_management(self, management, managers):
        """Each switch has the address that the policy says, to which the
        'managers' have a route: nothing leaves the lab."""
        for index, (name, switch) in enumerate(self.switches.items()):
            management.connect(switch.name)
            fabric.set_address(switch, fabric.switch_address(index))
            address = self.wiring.switches[name]["address"]
            nodes.run(switch, ["ip", "address", "add", f"{address}/32", "dev",
                               fabric.MANAGEMENT])
            # Traps are known by the address that they come from.
            nodes.run(switch, ["ip", "route", "replace", fabric.NETWORK + ".0.0/16", "dev",
                               fabric.MANAGEMENT, "src", address])
            switch.options += [f"--trap={fabric.manager_address(n)}:{TRAP_PORT}"
                               for n in range(len(managers))]
            for manager in managers:
                nodes.run(manager, ["ip", "route", "add", f"{address}/32", "dev",
                                    fabric.MANAGEMENT])

    def give_credentials(self, manager):
        """Writes the files that the controller on 'manager' logs in with."""
        folder = manager.path(FOLDER)
        os.makedirs(folder, mode=0o700)
        for name, switch in self.switches.items():
            path = os.path.join(folder, self.wiring.switches[name]["snmp"]["credentials"])
            with open(path, "w", encoding="ascii", opener=_private) as f:
                f.write(switch.credentials)

    @staticmethod
    def controller_options():
        profiles = os.path.join(programs.TOP, "switchcfg/profiles")
        return [f"--switch-credentials={FOLDER}", f"--switch-traps={TRAP_PORT}",
                *([f"--switch-profiles={profiles}"] if os.path.isdir(profiles) else [])]

    def look(self, ctl):
        """Keeps what the controller reads from the switches, over SNMP, while it
        has no policy yet; 'ctl' runs tvdctl."""
        for name, body in self.wiring.switches.items():
            self.out_of_box[name] = json.loads(ctl(
                "--format=json", "switch", "probe", body["address"],
                f"--credentials={body['snmp']['credentials']}"))

    # What a FabricSwitch has.

    def nodes(self):
        return list(self.switches.values())

    def place(self, host):
        """(switch, its device) that 'host' is cabled to."""
        if host not in self.wiring.hosts:
            raise LabError(f"no host '{host}' on the fabric: there are "
                           f"{', '.join(sorted(self.wiring.hosts))}")
        switch = self.switches[self.wiring.hosts[host][0]]
        return switch, switch.device(host)

    def places(self):
        return {host: self.place(host) for host in self.wiring.hosts}

    @property
    def apart(self):
        return set().union(*(switch.apart for switch in self.switches.values()))

    def connect(self, host):
        self.place(host)            # plug() has done it.

    def start_switching(self, supervisor):
        for switch in self.switches.values():
            switch.start_switching(supervisor)

    def partition(self, host, apart):
        self.place(host)[0].partition(host, apart)

    def configure(self, _trunks):
        pass                        # They are as they come out of the box.

    def restrict(self, trunks):
        for host in trunks:
            self.place(host)[0].restrict(host, None)

    def wait(self, ctl, timeout=SETTLE):
        """Waits until the switches are, by what is read back from them, as the
        controller wants them; 'ctl' runs tvdctl."""
        deadline = time.monotonic() + timeout
        for name, body in self.wiring.switches.items():
            while body.get("manage", True):
                try:
                    ctl("switch", "verify", name)
                    break
                except LabError as e:
                    if time.monotonic() > deadline:
                        raise LabError(f"switch {name} is not configured within {timeout} s: "
                                       f"{e}") from None
                time.sleep(0.1)


def _private(path, flags):
    return os.open(path, flags, 0o600)
