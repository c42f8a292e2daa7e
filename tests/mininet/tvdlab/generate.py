# SPDX-License-Identifier: Apache-2.0
"""Valid policies of any size: the same arguments, the same bytes.

Each TVD has a label of its own, an IPv4 and an IPv6 subnet, and its share of
the EEs, the first of which is its gateway; every fourth TVD leaves that to
the system.  Each role has entries to its own TVD and up to three others.  The
kinds of entries are dealt in turn, so that a small policy has all of them
too.  Hosts may run everything, but every third only the TVDs of even number.
Each TVD has an EE on every host that may run it, as far as it has enough, so
that what leaves a host in its VLAN finds some of it at the other end; half of
the rest are bound to no host.  Some EEs declare their addresses or MAC, most
leave them to the system."""
import ipaddress
import random

LIMITS = {"hosts": 12000, "tvds": 3900, "ees": 1000000, "roles": 100}
KINDS = ("P roles", "P ees", "P roles", "G", "G", "unrestricted", "none")
SERVICES = (None, "icmp, tcp/22", "tcp/443, udp/53", None, "tcp/8000-8010")
SWITCH_PORTS = 48


def wrong(hosts, tvds, ees, roles):
    """What is wrong with these numbers, or None."""
    for name, value in (("hosts", hosts), ("tvds", tvds), ("ees", ees), ("roles", roles)):
        if not 1 <= value <= LIMITS[name]:
            return f"--{name} is {value}: use 1 to {LIMITS[name]}"
    return None


class Dealer:
    """Deals the items of a pack in random order; all before any comes again."""

    def __init__(self, rng, pack):
        self.rng, self.pack, self.left = rng, pack, []

    def deal(self):
        if not self.left:
            self.left = self.rng.sample(self.pack, len(self.pack))
        return self.left.pop()


class Generator:
    """Writes one policy.  Calls out(text) as it goes: a large one is never
    held in memory."""

    def __init__(self, out, hosts, tvds, ees, roles, seed, channel):
        self.out = out
        self.channel = channel
        self.hosts, self.tvds, self.ees, self.roles, self.seed = hosts, tvds, ees, roles, seed
        self.rng = random.Random(seed)
        self.kinds = Dealer(self.rng, KINDS)
        self.services = Dealer(self.rng, SERVICES)
        members = -(-ees // tvds)
        # Room for a third more, and the gateway, router and broadcast address.
        prefix = 32 - max(5, (members * 4 // 3 + 8).bit_length())
        pool = ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=prefix)
        self.subnets = [next(pool) for _ in range(tvds)]

    def generate(self):
        self._head()
        self._tvds()
        self.out("flows:\n")
        for tvd in range(self.tvds):
            self._flows(tvd)
        self._hosts()
        self.out("ees:\n")
        for index in range(self.ees):
            self._ee(index)

    def _head(self):
        self.out(f"# lab gen --hosts {self.hosts} --tvds {self.tvds} --ees {self.ees} "
                 f"--roles {self.roles} --seed {self.seed} --channel {self.channel}\n")
        self.out("version: 1\nlabels:\n")
        for tvd in range(self.tvds):
            self.out(f"  tvd{tvd}: [t{tvd}]\n")
        for label, step in (("site", 1), ("even", 2)):
            self.out(f"  {label}: [{', '.join(f't{t}' for t in range(0, self.tvds, step))}]\n")
        # A customer of tvd0's that is not here must not meet it.
        self.out("conflicts:\n  rivals: [t0, absent]\n")
        self.out(f"vlan_pool: [100, {max(200, 109 + self.tvds)}]\n")

    def _tvds(self):
        names = ", ".join(f"role{r}" for r in range(self.roles))
        self.out("tvds:\n")
        for tvd in range(self.tvds):
            self.out(f"  tvd{tvd}:\n    label: tvd{tvd}\n"
                     f"    subnets: [{self.subnets[tvd]}, \"fd00:0:{tvd:x}::/64\"]\n"
                     f"    channel: {self._channel(tvd)}\n"
                     f"    roles: [gateway, {names}]\n")

    def _channel(self, tvd):
        return ("ipsec", "vlan")[tvd % 2] if self.channel == "mixed" else self.channel

    # The matrix.

    def _flows(self, tvd):
        # Without making a list of all others: there may be thousands.
        picked = self.rng.sample(range(self.tvds - 1), min(self.tvds - 1, 3))
        others = sorted(o + (o >= tvd) for o in picked)
        self.out(f"  tvd{tvd}:\n")
        for role in range(self.roles):
            # In most, all is open inside, as in Table 3 of the TVD report.
            own = self._entry(tvd) if self.rng.random() < 0.2 else "unrestricted"
            cells = [f"tvd{tvd}: {own}"] + [f"tvd{o}: {self._entry(o)}" for o in others]
            self.out(f"    role{role}:\n")
            for cell in cells:
                self.out(f"      {cell}\n")

    def _entry(self, to):
        """An entry of the matrix to TVD 'to'."""
        kind = self.kinds.deal()
        if kind in ("unrestricted", "none"):
            return kind
        chosen = self.services.deal()
        services = f", services: [{chosen}]" if chosen else ""
        if kind == "G":
            return f"{{rule: G{services}}}"
        return f"{{rule: P, peers: [{', '.join(self._peers(kind, to))}]{services}}}"

    def _peers(self, kind, to):
        members = range(to + self.tvds, self.ees, self.tvds)    # Without the gateway.
        if kind == "P ees" and members:
            return [f"ee{index}" for index in self._some(members)]
        return [f"tvd{to}/role{role}" for role in self._some(range(self.roles))]

    def _some(self, numbers):
        """One or two of 'numbers'."""
        return sorted(self.rng.sample(numbers, min(len(numbers), self.rng.randint(1, 2))))

    # Hosts and EEs.

    @staticmethod
    def _even_only(host):
        return host % 3 == 2

    def _hosts(self):
        self.out("hosts:\n")
        for host in range(self.hosts):
            label = "even" if self._even_only(host) else "site"
            self.out(f"  host{host}: {{label: {label}, "
                     f"address: 192.0.{2 + host // 250}.{1 + host % 250}, "
                     f"switch: sw{host // SWITCH_PORTS}, port: \"{host % SWITCH_PORTS + 1}\"}}\n")
        self.out("switches:\n")
        for switch in range(-(-self.hosts // SWITCH_PORTS)):
            self.out(f"  sw{switch}: {{address: 198.51.100.{switch + 1}, "
                     "snmp: {version: 3, credentials: sw}}\n")

    def _ee(self, index):
        tvd, number = index % self.tvds, index // self.tvds     # Among its TVD's EEs.
        gateway = number == 0 and tvd % 4 != 3
        role = "gateway" if gateway else f"role{self.rng.randrange(self.roles)}"
        nic = f"tvd: tvd{tvd}, role: {role}" + self._address(tvd, number) + self._mac(index)
        kind = ", kind: namespace" if gateway or self.rng.random() < 0.3 else ""
        host = self._host(tvd, number)
        self.out(f"  ee{index}: {{label: tvd{tvd}{kind}{host}, nics: [{{{nic}}}]}}\n")

    def _address(self, tvd, number):
        if self.rng.random() >= 0.2:
            return ""
        # From the far end, out of the way of what the controller chooses.
        address = self.subnets[tvd].broadcast_address - 1 - number
        low = number + 2
        return (f", ip: [{address}, \"fd00:0:{tvd:x}::ffff:"
                + (f"{low >> 16:x}:{low & 0xffff:x}" if low >> 16 else f"{low:x}") + "\"]")

    def _mac(self, index):
        if self.rng.random() >= 0.1:
            return ""
        octets = ":".join(f"{octet:02x}" for octet in index.to_bytes(4, "big"))
        return f", mac: \"06:00:{octets}\""

    def _host(self, tvd, number):
        """Where the EE with this number in its TVD is bound to."""
        fit = self.hosts - self.hosts // 3 if tvd % 2 else self.hosts
        if number >= fit and self.rng.random() < 0.5:
            return ""
        host = (number + tvd) % fit
        # The hosts that may run all, 0, 1, 3, 4, 6, ...
        return f", host: host{host // 2 * 3 + host % 2 if tvd % 2 else host}"


def generate(out, hosts, tvds, ees, roles=3, seed=1, channel="vlan"):
    """Writes a policy with out(text).  The numbers must be right by wrong()."""
    Generator(out, hosts, tvds, ees, roles, seed, channel).generate()
