# SPDX-License-Identifier: Apache-2.0
"""A lab: the twin of a policy file on one machine, made of namespaces.

  state     where a lab lives, how its processes are found, how it is removed
  ns        entering namespaces, passing them between processes
  policy    reading and deriving policy files for the lab
  oracle    what a policy file means, written without looking at the product
  placement on which host each EE is started
  nodes     Mininet nodes: machines with Open vSwitch, and EEs
  fabric    the switch between hosts, and the management network
  cluster   three machines with the database and the controllers
  site      all machines of a lab, and how they come up
  topo      the same for ordinary Mininet scripts
  programs  the daemons of machines, kept running
  daemon    the process that holds a lab
  client    talking to it
  packets   building and recognising raw packets
  sniffer   what arrives at every NIC
  probe     measuring who reaches whom
  capture   what is on the links between hosts
  moves     EEs that move from host to host
  papers    what the papers say of their cases, by hand
  matrix    the flow matrix, declared and measured
  commands  the command line
"""
