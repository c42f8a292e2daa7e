# SPDX-License-Identifier: Apache-2.0
"""The flow matrix: judging what was measured, and drawing it.

A row is a role of a TVD, a column a TVD, as in Table 3 of the TVD report.
Cells are counted per IP version, and in two classes: what the entry allows
("allowed") and everything else ("other")."""


def judge(flow, expected, gateways):
    """What is wrong with 'flow' as measured, or None."""
    src, dst = flow.src.name, flow.dst.name
    via = expected.via[(src, dst)]
    arrived, answered = dst in flow.request_at, flow.answered
    if not flow.expected:
        places = sorted(flow.request_at | flow.reply_at)
        return f"denied, but arrived at {', '.join(places)}" if places else None
    if not arrived:
        return "allowed, but did not arrive"
    if not answered:
        return "allowed, but no reply came back"
    return _wrong_path(flow, via, gateways)


def _wrong_path(flow, via, gateways):
    src, dst = flow.src.name, flow.dst.name
    for seen, far in ((flow.request_at, dst), (flow.reply_at, src)):
        missing = [g for g in via if g not in seen]
        if missing:
            return f"did not pass gateway {', '.join(missing)}"
        stray = sorted(seen - {far} - set(via))
        if stray:
            what = "took a way through gateway" if set(stray) <= gateways else "leaked to"
            return f"{what} {', '.join(stray)}"
    return None


class Cell:
    def __init__(self, tvd, role, to):
        self.tvd, self.role, self.to = tvd, role, to
        self.flows = []
        self.wrong = []         # (flow, what)

    def key(self):
        return (self.tvd, self.role, self.to)

    def classes(self):
        """{(v6, "allowed" or "other"): right or not}"""
        found = {}
        for flow in self.flows:
            found.setdefault((flow.v6, "allowed" if flow.expected else "other"), True)
        for flow, _ in self.wrong:
            found[(flow.v6, "allowed" if flow.expected else "other")] = False
        return found


class Matrix:
    def __init__(self, data, judge_of_policy):
        """All roles and TVDs of policy 'data'; 'judge_of_policy' is an Oracle."""
        self.oracle = judge_of_policy
        self.tvds = list(data.get("tvds") or {})
        for nic in judge_of_policy.nics.values():
            if nic.tvd not in self.tvds:
                self.tvds.append(nic.tvd)
        self.rows = []
        for tvd in self.tvds:
            self.rows += [(tvd, role) for role in self._roles(data, tvd)]
        self.cells = {}
        for tvd, role in self.rows:
            for to in self.tvds:
                self.cells[(tvd, role, to)] = Cell(tvd, role, to)

    def _roles(self, data, tvd):
        declared = (data.get("tvds") or {}).get(tvd, {}).get("roles") or []
        names = []
        for role in declared:
            names += list(role) if isinstance(role, dict) else [role]
        for nic in self.oracle.nics.values():
            if nic.tvd == tvd and nic.role not in names:
                names.append(nic.role)
        return names

    def add(self, flow, wrong):
        cell = self.cells[(flow.src.tvd, flow.src.role, flow.dst.tvd)]
        cell.flows.append(flow)
        if wrong:
            cell.wrong.append((flow, wrong))

    def count(self):
        """(right, all) cells that were measured."""
        right = total = 0
        for cell in self.cells.values():
            for good in cell.classes().values():
                total += 1
                right += good
        return right, total

    def unmeasured(self):
        """Cells between whose role and TVD there is no pair of NICs."""
        return sum(1 for cell in self.cells.values() if not cell.flows)

    def declared(self, cell):
        return self.oracle.entry_text(cell.tvd, cell.role, cell.to)

    # Drawing.

    def measured(self, cell):
        """The cell in words, made from what was seen alone."""
        if not cell.flows:
            return "-"
        texts = [self._version(cell, v6) for v6 in (False, True)]
        both = [t for t in texts if t]
        if len(set(both)) == 1:
            return both[0]
        return f"IPv4 {texts[0]}; IPv6 {texts[1]}"

    def _version(self, cell, v6):
        flows = [f for f in cell.flows if f.v6 == v6]
        if not flows:
            return None
        passed = [f for f in flows if f.answered and f.dst.name in f.request_at]
        if not passed:
            return "no flow"
        through = [f for f in passed if f.request_at - {f.dst.name}]
        services = _services(flows, passed)
        if len(through) == len(passed):
            return f"G: {services}" if services else "G"
        if not through and len(passed) == len(flows):
            return "unrestricted"
        roles = sorted({f"{f.dst.tvd}/{f.dst.role}" for f in passed})
        word = "mixed" if through else "P"
        return f"{word} {', '.join(roles)}" + (f": {services}" if services else "")

    def table(self, text):
        """Lines of the matrix with text(cell) in the cells."""
        head = ["from \\ to"] + self.tvds
        body = [[f"{tvd}/{role}"] + [text(self.cells[(tvd, role, to)]) for to in self.tvds]
                for tvd, role in self.rows]
        widths = [max(len(row[i]) for row in [head] + body) for i in range(len(head))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip()
                 for row in [head] + body]
        lines.insert(1, "  ".join("-" * w for w in widths))
        return lines

    def draw(self, width):
        """Declared and measured, beside each other if 'width' allows."""
        left = ["As declared", ""] + self.table(self.declared)
        right = ["As measured", ""] + self.table(self.measured)
        gap = max(map(len, left)) + 4
        if gap + max(map(len, right)) <= width:
            return [f"{a.ljust(gap)}{b}".rstrip() for a, b in zip(left, right)]
        return left + [""] + right


def _services(flows, passed):
    """The services that passed towards destinations that were reached at all;
    empty if all did."""
    reached = {f.dst.name for f in passed}
    tried = {f.service for f in flows if f.dst.name in reached}
    got = {f.service for f in passed}
    if got == tried:
        return ""
    return " ".join(sorted(got))
