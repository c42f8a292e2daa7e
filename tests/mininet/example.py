#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary Mininet script with the lab's classes: the datacenter of the
TVDc paper on two hosts (or the policy file given), a ping from every EE to
every other, and what tvdctl says of the hosts.

    sudo tests/mininet/example.py [FILE]"""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from mininet.net import Mininet  # noqa: E402  (the path comes first)

from tvdlab.topo import PolicyTopo  # noqa: E402

DATACENTER = os.path.join(HERE, "../../examples/datacenter.yaml")


def reachable(source, target):
    return "1 received" in source.cmd(f"ping -c1 -W0.5 {target.IP()}")


def main(argv):
    topo = PolicyTopo(argv[1] if len(argv) > 1 else DATACENTER)
    net = Mininet(topo=topo, controller=None)
    net.start()
    try:
        print(net[topo.controller].ctl("show", "hosts"), end="")
        ees = list(topo.site.ees.values())
        for source in ees:
            row = [target.name for target in ees
                   if target is not source and reachable(source, target)]
            print(f"{source.name} on {source.host.name} reaches {', '.join(row) or 'nobody'}")
    finally:
        net.stop()


main(sys.argv)
