# SPDX-License-Identifier: Apache-2.0
"""Simulated switches that the controller of a Site configures."""
import json
import os
import socket
import subprocess

from tlsbase import TOP

SWITCHSIM = os.path.join(TOP, os.environ.get("B", "build"), "switchsim/tvd-switchsim")
SECRETS = ("correct horse 1", "battery staple 2")


class Switch:
    """A simulated switch without a bridge, and its file of credentials.
    'options' are more of tvd-switchsim's; 'engine', its name to SNMP, can be
    changed while it is stopped: it is another device then; so can 'traps', where
    it sends them."""

    def __init__(self, site, name, address, *options):
        self.site, self.name, self.address, self.options = site, name, address, options
        self.engine = name
        self.traps = "127.0.0.1:1162"
        self.path = f"{site.lab}/credentials/{name}"
        with open(self.path, "w", encoding="ascii") as f:
            f.write(f"user: admin\nauth: sha256\nauth-password: \"{SECRETS[0]}\"\n"
                    f"priv: aes\npriv-password: \"{SECRETS[1]}\"\n")
        os.chmod(self.path, 0o600)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [SWITCHSIM, "--no-bridge=8", f"--name={self.engine}",
             f"--listen=udp:{self.address}:161", f"--credentials={self.path}",
             f"--trap={self.traps}", f"--unixctl={self.site.lab}/{self.name}.ctl",
             *self.options, "-vconsole:off", "-vsyslog:off"], stdin=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def trap(self):
        """Something comes from its address to the port for traps."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.address, 0))
            s.sendto(b"something", ("127.0.0.1", 1162))

    def appctl(self, *args):
        return subprocess.run(["ovs-appctl", "-t", f"{self.site.lab}/{self.name}.ctl", *args],
                              check=True, stdout=subprocess.PIPE,
                              universal_newlines=True).stdout

    def set(self, *args):
        """As somebody else does who knows the password."""
        return subprocess.run(
            ["snmpset", "-v3", "-l", "authPriv", "-u", "admin", "-a", "SHA-256", "-A",
             SECRETS[0], "-x", "AES", "-X", SECRETS[1], self.address, *args],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            universal_newlines=True)

    def ctl(self, verb, *args):
        r = self.site.ctl("switch", verb, self.name, "--format=json", *args)
        try:
            return r.returncode, json.loads(r.stdout)
        except ValueError:
            return r.returncode, {"error": r.stderr}

    def show(self):
        return self.ctl("show")[1]

    def in_sync(self):
        return self.show().get("in_sync") is True

    def port(self, number):
        return next((p for p in self.show().get("ports", ())
                     if p["port"].startswith(f"port {number} ")), {})

    def tagged(self, number):
        return self.port(number).get("tagged")
