# SPDX-License-Identifier: Apache-2.0
"""The plan of a fault campaign: steps as data, the same for the same seed.

A step is a dictionary:
  what       in words
  actions    a list of (seconds after the step began, verb, argument...), sorted
  policies   policy files as data, which "apply" names by their index
  final      the policy that is in force in the end
  places     {EE: host} in the end
Verbs:
  kill, stop, cont PROGRAM      SIGKILL, SIGSTOP, SIGCONT
  hold, release PROGRAM         killed and not started again; started again
  cut, heal MACHINE NET         off the "fabric" or the "management" network
  apply INDEX
  move EE HOST HOW              "live", "cold" or "ported": "ported" is the port
                                alone, where a policy that is applied says where
  unplug, plug EE               its port leaves, comes back
  displace EE                   a policy is about to have it elsewhere
  enrol HOST                    gets a new token
  reboot SWITCH                 one that is managed by SNMP restarts
  misbehave SWITCH HOW          as of tvd-switchsim(8); "none": no more
A step leaves nothing behind: what it stops, holds or cuts off is back in the
end, and everything is to be as 'final' and 'places' say soon after."""
import copy
import random

from . import mutate, placement, wiring

HOSTS = {"h1": "all", "h2": "all", "h3": "bc"}
MANAGERS = ["manager1", "manager2", "manager3"]
CONTROLLERS = MANAGERS[:2]
BOUND = {"a-gw": "h1", "a0": "h1", "a2": "h2", "b-gw": "h2", "b0": "h3", "b2": "h1",
         "c-gw": "h3", "c0": "h3"}      # The others may run where they are let.
GATEWAYS = {f"{tvd}-gw" for tvd in mutate.TVDS}
LIFETIME, GRACE = 16, 4         # Of certificates, in s.


def base_policy(switches=0):
    """The hosts are behind so many switches that are managed by SNMP."""
    data = mutate.base_policy()
    data["labels"]["bc"] = ["b", "c"]
    data["hosts"] = {name: {"label": label} for name, label in HOSTS.items()}
    for i, tvd in enumerate(mutate.TVDS):
        data["tvds"][tvd].update(channel="vlan", vlan=110 + i)
    for name, ee in data["ees"].items():
        ee.pop("host")
        if name in BOUND:
            ee["host"] = BOUND[name]
    return wiring.behind(data, switches) if switches else data


def may_run(ee, host):
    return host != "h3" or ee["label"] != "a"


class Planner:
    def __init__(self, seed, only=(), switches=0):
        self.rng = random.Random(seed)
        kinds = {**self.KINDS, **(self.SWITCH_KINDS if switches else {})}
        self.weights = {k: w for k, w in kinds.items() if not only or k in only}
        self.data = base_policy(switches)
        self.all_ees = copy.deepcopy(self.data["ees"])
        for _ in range(15):
            mutate.mutate(self.rng, self.data, copy.deepcopy(self.data["ees"]))
        self.data["ees"] = copy.deepcopy(self.all_ees)      # All are there at first.
        self.first = copy.deepcopy(self.data)
        self.places = placement.of_policy(self.data)
        self.policies = []
        self.busy = set()       # What this step does something to already.

    # Each kind of step gives (what, actions), or None if it cannot be done now.

    def when(self, most=0.4):
        return round(self.rng.random() * most, 3)

    def free(self, names):
        """Those of 'names' that this step leaves alone so far."""
        return [n for n in names if n not in self.busy]

    def take(self, names):
        found = self.free(names)
        if not found:
            return None
        name = self.rng.choice(found)
        self.busy.add(name)
        return name

    def kill_agents(self):
        names = self.rng.sample(list(HOSTS), self.rng.choice([1, 1, 2, 3]))
        actions = [(self.when(), "kill", f"{h}/agent") for h in names]
        return f"agents of {', '.join(names)} killed", actions

    def kill_again(self):
        host = self.rng.choice(list(HOSTS))
        times = sorted(self.when(1.5) for _ in range(4))
        return f"agent of {host} killed 4 times", \
            [(at, "kill", f"{host}/agent") for at in times]

    def kill_controllers(self):
        names = self.rng.sample(CONTROLLERS, self.rng.choice([1, 1, 2]))
        return f"controllers of {', '.join(names)} killed", \
            [(self.when(), "kill", f"{m}/controller") for m in names]

    def kill_members(self):
        names = self.rng.sample(MANAGERS, self.rng.choice([1, 1, 2, 3]))
        return f"database servers of {', '.join(names)} killed", \
            [(self.when(), "kill", f"{m}/database") for m in names]

    def kill_links(self):
        names = self.rng.sample(MANAGERS, self.rng.choice([1, 1, 2, 3]))
        return f"links of {', '.join(names)} killed", \
            [(self.when(), "kill", f"{m}/link") for m in names]

    def hold_members(self):
        """Two of three: there is no database for a while."""
        if self.free(["database"]) == []:
            return None
        self.busy.add("database")
        names = self.rng.sample(MANAGERS, 2)
        back = round(1 + self.when(2), 3)
        actions = [(self.when(), "hold", f"{m}/database") for m in names]
        actions += [(back, "release", f"{m}/database") for m in names]
        return f"no database for {back} s ({', '.join(names)} held)", actions

    def kill_vswitchd(self):
        host = self.rng.choice(list(HOSTS))
        return f"ovs-vswitchd of {host} killed", [(self.when(), "kill", f"{host}/ovs-vswitchd")]

    def kill_ovsdb(self):
        host = self.rng.choice(list(HOSTS))
        return f"ovsdb-server of {host} killed", [(self.when(), "kill", f"{host}/ovsdb-server")]

    def restart_ovs(self):
        host, at = self.rng.choice(list(HOSTS)), self.when()
        actions = [(at, "kill", f"{host}/ovs-vswitchd"), (at, "kill", f"{host}/ovsdb-server")]
        if self.rng.random() < 0.5:
            actions.append((at + self.when(), "kill", f"{host}/agent"))
        return f"Open vSwitch of {host} killed" + (", then its agent" * (len(actions) > 2)), \
            actions

    def stop(self):
        programs = [f"{h}/agent" for h in HOSTS] + [f"{m}/{p}" for m in CONTROLLERS
                                                    for p in ("controller", "database")]
        program = self.take(programs)
        if not program:
            return None
        at, back = self.when(), round(0.6 + self.when(2.5), 3)
        return f"{program} stopped until {back} s", \
            [(at, "stop", program), (back, "cont", program)]

    def cut_management(self):
        switches = self.data.get("switches", ())
        calm = self.free(switches) == list(switches)
        machine = self.take([*HOSTS, *(MANAGERS if calm else ())])
        if not machine:
            return None
        at, back = self.when(), round(0.6 + self.when(3), 3)
        return f"{machine} cut off management until {back} s", \
            [(at, "cut", machine, "management"), (back, "heal", machine, "management")]

    def cut_fabric(self):
        host = self.take([f"fabric of {h}" for h in HOSTS])
        if not host:
            return None
        host = host[-2:]
        at, back = self.when(), round(0.6 + self.when(1), 3)
        return f"{host} cut off the fabric until {back} s", \
            [(at, "cut", host, "fabric"), (back, "heal", host, "fabric")]

    def change(self):
        done = "; ".join(mutate.mutate(self.rng, self.data, self.all_ees)
                         for _ in range(self.rng.choice([1, 1, 1, 2, 4])))
        return done, [(self.when(), "apply", self.add_policy())]

    def add_policy(self):
        self.policies.append(copy.deepcopy(self.data))
        return len(self.policies) - 1

    def destination(self, gateways=False):
        """(EE, host): one that can be moved, and where to.  Gateways are made
        by the agents, where the policy says."""
        ee = self.take(sorted(set(self.data["ees"]) - (set() if gateways else GATEWAYS)))
        if not ee:
            return None, None
        return ee, self.rng.choice([h for h in HOSTS if h != self.places[ee]
                                    and may_run(self.all_ees[ee], h)])

    def bind(self, ee, host):
        for ees in (self.data["ees"], self.all_ees):
            if "host" in ees[ee]:
                ees[ee]["host"] = host
        self.places[ee] = host

    def move(self):
        ee, host = self.destination()
        if not ee:
            return None
        how = self.rng.choice(["cold", "live", "live"])
        self.bind(ee, host)
        return f"{ee} moved to {host} ({how})", [(self.when(), "move", ee, host, how)]

    def move_by_file(self):
        ee, host = self.destination(gateways=True)
        if not ee or "host" not in self.data["ees"][ee]:
            return None
        self.bind(ee, host)
        at = self.when()
        apply = (at, "apply", self.add_policy())
        return f"{ee} bound to {host} in the file", \
            [(at, "displace", ee), apply] + ([] if ee in GATEWAYS else
                                             [(at + self.when(), "move", ee, host, "ported")])

    def depart(self):
        """An EE leaves its host while there is no database, and comes back."""
        ee = self.take(sorted(set(self.data["ees"]) - GATEWAYS))
        if not ee:
            return None
        found = self.hold_members()
        if not found:
            return None
        what, actions = found
        back = actions[-1][0]
        return f"{ee} unplugged, {what}", actions + [
            (0.5, "unplug", ee), (round(back + self.when(0.5), 3), "plug", ee)]

    def expire(self):
        """A host cannot renew its certificate until it is worthless; it has to
        enrol anew.  Meanwhile its agent is killed and the policy changes."""
        host = self.take(HOSTS)
        if not host or len(self.busy) > 1:
            return None
        end = LIFETIME + GRACE + 1.5
        actions = [(0, "cut", host, "management"), (4, "kill", f"{host}/agent"),
                   (LIFETIME, "kill", f"{host}/agent")]
        what = [self.change() for _ in range(2)]
        actions += [(3 + at, *rest) for _, some in what[:1] for at, *rest in some]
        actions += [(LIFETIME + at, *rest) for _, some in what[1:] for at, *rest in some]
        actions += [(end, "heal", host, "management"), (end, "enrol", host)]
        return f"certificate of {host} runs out for good; " \
            + "; ".join(text for text, _ in what), actions

    KINDS = {"kill_agents": 4, "kill_again": 1, "kill_controllers": 4, "kill_members": 4,
             "kill_links": 3, "hold_members": 3, "kill_vswitchd": 3, "kill_ovsdb": 3,
             "restart_ovs": 3, "stop": 4, "cut_management": 5, "cut_fabric": 3, "change": 8,
             "move": 7, "move_by_file": 3, "depart": 3}

    # What switches do that are managed by SNMP.

    def switch(self):
        """One of them; what says that it has restarted is not to be lost."""
        return None if set(self.free(MANAGERS)) != set(MANAGERS) else \
            self.take(self.data["switches"])

    def reboot_switch(self):
        """It forwards nothing for a while, then what it had saved."""
        switch = self.switch()
        return switch and (f"{switch} reboots", [(self.when(), "reboot", switch)])

    def lose_config(self):
        """All its ports are in VLAN 1, as out of the box; then it restarts."""
        switch = self.switch()
        at = self.when()
        return switch and (f"{switch} loses its configuration and reboots", [
            (at, "misbehave", switch, "lose-config"),
            (round(at + self.when(), 3), "reboot", switch)])

    def late_switch(self):
        """It answers late, while something else is done."""
        switch = self.switch()
        if not switch:
            return None
        at, back, late = self.when(), round(1 + self.when(2), 3), self.rng.choice([50, 200, 400])
        return f"{switch} answers {late} ms late until {back} s", \
            [(at, "misbehave", switch, f"late={late}"), (back, "misbehave", switch, "none")]

    SWITCH_KINDS = {"reboot_switch": 4, "lose_config": 4, "late_switch": 6}

    def step(self, number, kinds):
        self.policies, self.busy = [], set()
        before = copy.deepcopy(self.data)
        done, actions = [], []
        for kind in kinds:
            found = getattr(self, kind)()
            if found:
                done.append(found[0])
                actions += found[1]
        if not actions:
            return self.step(number, ["kill_agents"])
        return {"number": number, "kinds": kinds, "what": " + ".join(done),
                "actions": sorted(actions, key=lambda a: a[0]), "policies": self.policies,
                "before": before, "final": copy.deepcopy(self.data),
                "places": dict(self.places)}

    def kinds(self):
        """What the next step does: one thing, or several at once."""
        count = self.rng.choice([1, 1, 2, 2, 3])
        return self.rng.choices(list(self.weights), list(self.weights.values()), k=count)


def plan(seed, steps, only=(), every=40, first_expiry=8, switches=0):
    """(first policy, places at first, steps).  One step of 'every' lets a
    certificate run out, the first of them after 'first_expiry'.  With 'only',
    there are steps of these kinds alone.  The hosts are behind so many
    'switches', which fail too, or a plain one."""
    planner = Planner(seed, only, switches)
    first = planner.first, dict(planner.places)
    found = []
    for number in range(1, steps + 1):
        expiry = number % every == first_expiry and not only
        found.append(planner.step(number, ["expire"] if expiry else planner.kinds()))
    return *first, found


def text(steps):
    """The plan for people."""
    for step in steps:
        yield f"{step['number']}. {step['what']}"
        for at, verb, *rest in step["actions"]:
            yield f"    {at:6.3f} s  {verb} {' '.join(str(r) for r in rest)}"
