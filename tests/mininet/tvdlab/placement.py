# SPDX-License-Identifier: Apache-2.0
"""On which host a lab starts each EE: what a scheduler of VMs would decide.

Pure, and the same answer for the same question.  An EE goes where it is bound
to.  One that is bound to no host goes to the one, of those that may run it
and on which no conflict set forbids it beside what is there already, that has
the fewest; of several to the first.  One that no host may run goes to the
first host, which refuses it and says why."""


class Rules:
    """What of a policy file ('data') decides where an EE may run."""

    def __init__(self, data):
        self.labels = {name: set(types or ())
                       for name, types in (data.get("labels") or {}).items()}
        self.conflicts = [set(types) for types in (data.get("conflicts") or {}).values()]
        self.hosts = {name: self.types((body or {}).get("label"))
                      for name, body in (data.get("hosts") or {}).items()}
        self.tvds = {name: self.types((body or {}).get("label"))
                     for name, body in (data.get("tvds") or {}).items()}

    def types(self, label):
        return self.labels.get(label, set())

    def may_run(self, host, label, tvds):
        """Whether 'host' may run an EE of 'label' with NICs in 'tvds'."""
        return self.types(label) <= self.hosts[host] \
            and all(self.may_carry(host, tvd) for tvd in tvds if tvd in self.tvds)

    def may_carry(self, host, tvd):
        return self.tvds[tvd] <= self.hosts[host]

    def collocatable(self, running, label):
        """Whether it may run beside EEs of the types 'running'."""
        both = running | self.types(label)
        return all(len(both & conflict) <= 1 for conflict in self.conflicts)


def spread(rules, ees, places=()):
    """{EE: host} for all of 'ees', which maps names to (label, host or None,
    TVDs of the NICs).  'places' says where EEs are already; they stay unless
    they are bound elsewhere."""
    found = {}
    running = {host: set() for host in rules.hosts}
    count = {host: 0 for host in rules.hosts}

    def put(ee, host):
        found[ee] = host
        running[host] |= rules.types(ees[ee][0])
        count[host] += 1

    for ee, (_, bound, _) in ees.items():
        host = bound or dict(places).get(ee)
        if host in rules.hosts:
            put(ee, host)
    for ee, (label, _, tvds) in ees.items():
        if ee in found:
            continue
        fit = [host for host in rules.hosts if rules.may_run(host, label, tvds)
               and rules.collocatable(running[host], label)]
        put(ee, min(fit, key=count.get) if fit else next(iter(rules.hosts)))
    return found


def barred(rules, ees, places):
    """{EE: reason} of those that may not run at all where they are placed."""
    return {ee: f"host {places[ee]} may not run types {', '.join(sorted(rules.types(label)))}"
            for ee, (label, _, tvds) in ees.items()
            if places[ee] in rules.hosts and not rules.may_run(places[ee], label, tvds)}


def of_policy(data):
    """{EE: host} of the EEs that policy file 'data' declares."""
    ees = {name: (ee.get("label"), ee.get("host"),
                  [nic.get("tvd") for nic in ee.get("nics") or ()])
           for name, ee in (data.get("ees") or {}).items()}
    return spread(Rules(data), ees)
