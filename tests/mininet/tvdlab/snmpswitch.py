# SPDX-License-Identifier: Apache-2.0
"""A switch that is managed by SNMP, as a node: tvd-switchsim in front of an
Open vSwitch of its own.  As it comes out of the box all its ports are in VLAN 1,
untagged; who configures it is somebody else's business.

    s1 = net.addSwitch("s1", cls=SnmpSwitch)
    Cable(s1, host, s1.connect("host"), "eth0")     # One for each cable.
    s1.start_switching(supervisor)
    print(s1.credentials)       # What its manager needs, as a file's text."""
import os
import secrets

from . import fabric, nodes, programs
from .state import LabError

CONTROL = programs.ENVIRONMENT["TVD_RUNDIR"] + "/switchsim.ctl"
CREDENTIALS = programs.ENVIRONMENT["TVD_RUNDIR"] + "/switchsim.credentials"


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

    def start_switching(self, supervisor):
        self.start_ovs(supervisor)
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


def _private(path, flags):
    return os.open(path, flags, 0o600)
