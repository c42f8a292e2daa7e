# SPDX-License-Identifier: Apache-2.0
"""What bench-scale is made of.

  rpc         JSON-RPC, as OVSDB and our API speak it
  hosts       simulated hosts: an Open vSwitch without a data path each
  watch       when flows come and go on them
  site        our side: a controller, an agent for each host
  ovn         the same with OVN
  measure     times, memory and bytes, and how they are printed
  against     both side by side
  many        many hosts, ours alone
"""
