# SPDX-License-Identifier: Apache-2.0
"""The command line of the lab."""
import argparse
import json
import os
import subprocess
import sys
import time

from . import client, state
from .state import LabError

DESCRIPTION = """\
Brings up the twin of a policy file on this machine, in network namespaces,
and measures with real packets who reaches whom."""


def progress(text):
    print(f"lab: {text}", flush=True)


def cmd_up(args):
    began = time.monotonic()
    lab = client.up(args.name, args.file, args.only, progress, collapse=args.collapse,
                    vlan=args.vlan, cluster=args.cluster,
                    lifetime=args.certificate_lifetime,
                    snmp=args.switches or not args.plain_fabric)
    stand_ins = [n["ee"] for n in lab.nics if n["kind"] == "vm"]
    if stand_ins:
        progress(f"{len(stand_ins)} VMs are played by namespaces "
                 f"({', '.join(stand_ins[:4])}{', ...' if len(stand_ins) > 4 else ''})")
    for nic in lab.nics:
        if nic["state"] == "refused":
            progress(f"{nic['ee']}/{nic['name']} is refused: {nic['reason']}")
    progress(f"'{args.name}' is up: {len({n['ee'] for n in lab.nics})} EEs on "
             f"{_hosts(lab.info)} ({time.monotonic() - began:.1f} s)")
    return 0


def _hosts(info):
    names = info["hosts"]
    return f"host {names[0]}" if len(names) == 1 else f"hosts {', '.join(names)}"


def cmd_probe(args):
    from . import report        # Only here: it is the largest part.
    return report.run(client.Lab(args.name), args.format)


def cmd_shell(args):
    lab = client.Lab(args.name)
    argv = args.command or [os.environ.get("SHELL", "/bin/bash")]
    return lab.enter(args.ee, argv).wait()


def cmd_ctl(args):
    lab = client.Lab(args.name)
    return lab.enter(lab.info["host"], [*lab.tvdctl(), *args.arguments]).wait()


def cmd_sync(args):
    result = client.Lab(args.name).request("sync")
    progress(f"{len(result['made'])} EEs made, {len(result['removed'])} removed")
    return 0


def cmd_status(args):
    names = [args.name] if args.name_given else state.names()
    if not names:
        print("no lab is up")
    worst = 0
    for name in names:
        try:
            info = client.Lab(name).info
        except LabError as e:
            print(f"lab: {e}", file=sys.stderr)
            worst = 1
            continue
        if args.format == "json":
            print(json.dumps(info, indent=2))
            continue
        _show(info)
    return worst


def _show(info):
    print(f"lab '{info['name']}': {_hosts(info)}, {len(info['nics'])} NICs, "
          f"up for {time.time() - info['started']:.0f} s")
    print(f"  policy {info['file']}" + (f" ({info['note']})" if info.get("note") else ""))
    print(f"  logs   {info['log']}")
    for name, program in info["programs"].items():
        print(f"  {name:24} {'runs' if program['alive'] else 'is dead'}, "
              f"{program['restarts']} restarts")
    for net, hosts in info["partitions"].items():
        if hosts:
            print(f"  partitioned from the {net}: {', '.join(hosts)}")
    for nic in info["nics"]:
        what = nic["state"] + (f": {nic['reason']}" if nic["reason"] else "")
        what += f" on {nic['host']}" if nic["host"] and len(info["hosts"]) > 1 else ""
        print(f"  {nic['ee'] + '/' + nic['name']:24} {nic['tvd']}/{nic['role']} "
              f"{nic['mac']} {' '.join(nic['ips'])} {what}")


def cmd_move(args):
    from . import moves
    lab = client.Lab(args.name)
    seconds = moves.move(lab, args.ee, args.host, args.live, progress)
    progress(f"{args.ee} is on {args.host} ({seconds * 1000:.0f} ms)")
    return 0


def cmd_kill(args):
    pid = client.Lab(args.name).kill(args.program, args.signal)
    progress(f"signal {args.signal} sent to {args.program}, process {pid}")
    return 0


def cmd_partition(args):
    lab = client.Lab(args.name)
    for host in args.hosts or lab.info["hosts"]:
        lab.request("partition", host=host, nets=args.nets, apart=args.verb == "partition")
    left = lab.request("info")["partitions"]
    for net, hosts in left.items():
        progress(f"{net}: {', '.join(hosts) or 'nobody'} cut off")
    return 0


def cmd_capture(args):
    from . import capture
    return capture.show(client.Lab(args.name), args.host, args.count)


def cmd_down(args):
    names = state.names() if args.all else [args.name]
    for name in names:
        if client.down(name):
            progress(f"'{name}' is down")
        else:
            progress(f"there is no lab '{name}'")
    return 0


def cmd_gen(args):
    from . import generate
    numbers = {"hosts": args.hosts, "tvds": args.tvds, "ees": args.ees, "roles": args.roles}
    wrong = generate.wrong(**numbers)
    if wrong:
        raise LabError(wrong)
    try:
        if args.output is None:
            generate.generate(sys.stdout.write, **numbers, seed=args.seed,
                              channel=args.channel)
            sys.stdout.flush()
        else:
            with open(args.output, "w", encoding="utf-8") as f:
                generate.generate(f.write, **numbers, seed=args.seed, channel=args.channel)
    except OSError as e:
        raise LabError(f"cannot write the policy to {args.output or 'standard output'}: "
                       f"{e.strerror}") from None
    return 0


def cmd_init(args):
    from . import daemon        # Imports Mininet, which takes a while.
    daemon.init_main(args.lab)


def parser():
    top = argparse.ArgumentParser(prog="lab", description=DESCRIPTION)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=argparse.SUPPRESS,
                        help=f"which lab (default '{state.DEFAULT_NAME}', or $TVD_LAB)")
    form = argparse.ArgumentParser(add_help=False)
    form.add_argument("--format", choices=["table", "json"], default="table")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, function, text, parents=()):
        p = verbs.add_parser(name, help=text, description=text,
                             parents=[common, *parents])
        p.set_defaults(function=function)
        return p

    p = verb("up", cmd_up, "bring up the twin of a policy file")
    p.add_argument("file", metavar="FILE", help="the policy file")
    p.add_argument("--only", metavar="HOST",
                   help="only this host, its EEs and those bound to no host")
    p.add_argument("--collapse", action="store_true",
                   help="all EEs on one host that may run every type")
    p.add_argument("--vlan", action="store_true",
                   help="all TVDs cross between hosts as VLANs, whatever their channel")
    p.add_argument("--cluster", action="store_true",
                   help="three database servers and two controllers, on three machines")
    p.add_argument("--plain-fabric", action="store_true",
                   help="one switch that is set by the lab, not those of the policy")
    p.add_argument("--switches", metavar="N", type=int, choices=range(1, 9), default=0,
                   help="the hosts are behind so many SNMP switches, not those of the policy")
    p.add_argument("--certificate-lifetime", metavar="TIME",
                   help="of the hosts' certificates, for example 90s")
    verb("probe", cmd_probe, "measure who reaches whom and compare with the policy; "
         "exit status 1 if anything differs", [form])
    p = verb("shell", cmd_shell, "run a shell or a command in an EE or on a machine: a host, "
             "or of several hosts 'controller', 'fabric' (or a switch), 'management'")
    p.add_argument("ee", metavar="EE|HOST")
    p.add_argument("command", metavar="CMD", nargs="*")
    p = verb("ctl", cmd_ctl, "run tvdctl against the lab's controller")
    p.add_argument("arguments", metavar="ARG", nargs="*")
    verb("sync", cmd_sync, "make and remove EEs after the policy was changed with ctl")
    p = verb("move", cmd_move, "take an EE to another host, as a VM that is stopped and "
             "started there")
    p.add_argument("ee", metavar="EE")
    p.add_argument("host", metavar="HOST")
    p.add_argument("--live", action="store_true",
                   help="as a VM that runs on: it is on both hosts for a moment")
    p = verb("kill", cmd_kill, "kill a program; what runs in a lab is started again")
    p.add_argument("program", metavar="PROGRAM", help="agent, ovs-vswitchd, ovsdb-server, "
                   "controller, database, link; of several hosts HOST/PROGRAM")
    p.add_argument("--signal", type=int, default=9, metavar="N", help="(default 9)")
    for name, text in (("partition", "cut hosts off the fabric and the management network: "
                        "frames are lost, links stay up"),
                       ("heal", "end partitions")):
        p = verb(name, cmd_partition, text)
        p.add_argument("hosts", metavar="HOST", nargs="+" if name == "partition" else "*")
        for net in ("fabric", "management"):
            p.add_argument(f"--{net}", dest="nets", action="append_const", const=net,
                           help=f"the {net} alone")
    p = verb("capture", cmd_capture, "show the frames on a host's link to the fabric, with "
             "their VLAN tags, until interrupted")
    p.add_argument("host", metavar="HOST", nargs="?", help="(default: all)")
    p.add_argument("-c", "--count", type=int, metavar="N", help="end after N frames")
    verb("status", cmd_status, "show the labs that are up", [form])
    p = verb("gen", cmd_gen, "write a random policy that is valid, for experiments; the "
             "same arguments make the same file")
    for option, text in (("hosts", "machines"), ("tvds", "Trusted Virtual Domains"),
                         ("ees", "EEs, over all TVDs")):
        p.add_argument(f"--{option}", type=int, required=True, metavar="N", help=text)
    p.add_argument("--roles", type=int, default=3, metavar="N",
                   help="roles of each TVD, beside its gateway (default 3)")
    p.add_argument("--seed", type=int, default=1, metavar="S", help="(default 1)")
    p.add_argument("--channel", choices=["vlan", "ipsec", "mixed"], default="vlan",
                   help="how TVDs cross between hosts (default vlan)")
    p.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    p.set_defaults(unprivileged=True)
    p = verb("down", cmd_down, "take a lab down and leave nothing behind")
    p.add_argument("--all", action="store_true", help="every lab")
    return top


def split(argv):
    """Divides 'argv' into what is for the lab and what is for the command that
    ctl or shell runs, whose options are none of ours."""
    if argv[:1] not in (["ctl"], ["shell"]):
        return argv, []
    at = 1
    while at < len(argv) and (argv[at] == "--name" or argv[at].startswith("--name=")):
        at += 2 if argv[at] == "--name" else 1
    at += argv[0] == "shell" and argv[at:at + 1] not in (["-h"], ["--help"])
    if argv[at:at + 1] in (["-h"], ["--help"]) and argv[0] == "shell":
        at += 1
    return argv[:at], argv[at:]


def main(argv):
    if argv[:1] == [state.INIT_VERB]:
        return cmd_init(argparse.Namespace(lab=argv[1]))
    argv, rest = split(argv)
    args = parser().parse_args(argv)
    if rest:
        setattr(args, "arguments" if args.verb == "ctl" else "command", rest)
    args.name_given = hasattr(args, "name") or "TVD_LAB" in os.environ
    if not hasattr(args, "name"):
        args.name = os.environ.get("TVD_LAB", state.DEFAULT_NAME)
    try:
        state.check_name(args.name)
        if os.geteuid() and not hasattr(args, "unprivileged"):
            raise LabError("must be run as root: namespaces are made (try sudo)")
        return args.function(args)
    except LabError as e:
        text = str(e)
        # Policy errors stand as tvdctl prints them.
        print(text if "\n" in text or ": " in text.split(" ")[0] + " "
              else f"lab: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
    except subprocess.SubprocessError as e:
        print(f"lab: {e}", file=sys.stderr)
        return 1
