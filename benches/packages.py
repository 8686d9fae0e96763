"""The packages of a Debian release as a dependency graph: real, large, with alternatives and circles.

A package is a component, what it depends on a mapping, alternatives are one redundancy group of which one is required.
A name stands for the package called so and for those that provide it; with a version, only for the package called so if
there is one. Versions are not compared, and qualifiers such as `:any` count for nothing.
"""

import contextlib
import hashlib
import subprocess
from collections import defaultdict, deque
from dataclasses import dataclass, field
from itertools import chain

from catalogue import upsert

# Programs somebody uses, and what no system is without.
SERVICE_SECTIONS = {"web", "httpd", "database", "mail"}
SERVICE_PRIORITIES = {"required", "important"}
CRITICALITY = {"required": "highly_critical", "important": "critical"}
RESTORED_KIB_A_SECOND = 10_240
FIELDS = {"Package", "Priority", "Section", "Installed-Size", "Provides", "Depends", "Pre-Depends"}


@dataclass
class Package:
    name: str
    section: str
    priority: str
    kibibytes: int
    provides: list
    # Each a list of alternatives (name, whether a version is asked for), and whether it is needed before unpacking.
    clauses: list = field(default_factory=list)

    @property
    def serves(self):
        return self.section.split("/")[-1] in SERVICE_SECTIONS or self.priority in SERVICE_PRIORITIES


def relations(text):
    """`a (>= 1) | b:any, c` as [[("a", True), ("b", False)], [("c", False)]]."""
    found = []
    for clause in filter(str.strip, text.split(",")):
        names = []
        for one in clause.split("|"):
            name, _, rest = one.strip().partition(" ")
            name, _, version = name.partition("(")
            names.append((name.split(":")[0], bool(version) or "(" in rest))
        found.append(names)
    return found


def read(lines):
    """The packages of a list as apt and dpkg write it, by name; of one that is listed twice the first."""
    packages, fields, last = {}, {}, None
    for line in chain(lines, ["\n"]):
        if line[0] in " \t":
            if last in fields:
                fields[last] += " " + line.strip()
            continue
        last, colon, value = line.partition(":")
        if colon and last in FIELDS:
            fields[last] = value.strip()
        elif not line.strip() and fields.get("Package"):
            package = of(fields)
            packages.setdefault(package.name, package)
            fields = {}
    return packages


def of(fields):
    provides = [names[0][0] for names in relations(fields.get("Provides", ""))]
    clauses = [(names, name == "Pre-Depends") for name in ("Pre-Depends", "Depends")
               for names in relations(fields.get(name, ""))]
    return Package(fields["Package"], fields.get("Section", ""), fields.get("Priority", ""),
                   int(fields.get("Installed-Size") or 0), provides, clauses)


def available():
    """What `apt-get update` last found on this machine, of each package the version apt would install; None where there
    is no apt, or where it knows nothing."""
    with contextlib.suppress(OSError):
        with subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, encoding="utf-8",
                              errors="replace") as apt:
            return read(apt.stdout) or None
    return None


@dataclass
class Graph:
    packages: dict
    # dependent -> [(providers, whether it waits for them at its start)]; several providers are a redundancy group.
    needs: dict
    unknown: int  # clauses of which nothing exists
    own: int      # clauses that a package satisfies itself
    doubled: int  # clauses that say again what another one says

    @property
    def services(self):
        return [package.name for package in self.packages.values() if package.serves]

    @property
    def edges(self):
        return sum(len(providers) for needs in self.needs.values() for providers, _ in needs)

    @property
    def groups(self):
        return sum(len(providers) > 1 for needs in self.needs.values() for providers, _ in needs)

    def dependents(self):
        """provider -> [(dependent, number of its need)]"""
        found = defaultdict(list)
        for dependent, needs in self.needs.items():
            for number, (providers, _) in enumerate(needs):
                for provider in providers:
                    found[provider].append((dependent, number))
        return found

    def lost_with(self, name, dependents):
        """What else cannot work without this package: all that need it, and of a group only those left with none."""
        lost, left, open_ = {name}, {}, [name]
        while open_:
            for need in dependents[open_.pop()]:
                dependent, number = need
                left[need] = left.get(need, len(self.needs[dependent][number][0])) - 1
                if left[need] == 0 and dependent not in lost:
                    lost.add(dependent)
                    open_.append(dependent)
        return lost - {name}

    def circles(self):
        """Sets of two and more packages that all need each other in the end (Tarjan, without recursion)."""
        places, low, on_stack, stack, found = {}, {}, set(), [], []

        def providers(name):
            return [provider for names, _ in self.needs.get(name, ()) for provider in names]

        for root in self.packages:
            if root in places:
                continue
            places[root] = low[root] = len(places)
            stack.append(root)
            on_stack.add(root)
            path = [(root, iter(providers(root)))]
            while path:
                name, rest = path[-1]
                for provider in rest:
                    if provider not in places:
                        places[provider] = low[provider] = len(places)
                        stack.append(provider)
                        on_stack.add(provider)
                        path.append((provider, iter(providers(provider))))
                        break
                    if provider in on_stack:
                        low[name] = min(low[name], places[provider])
                else:
                    path.pop()
                    if path:
                        low[path[-1][0]] = min(low[path[-1][0]], low[name])
                    if low[name] == places[name]:
                        circle = set()
                        while name not in circle:
                            circle.add(stack.pop())
                        on_stack -= circle
                        if len(circle) > 1:
                            found.append(circle)
        return found


def graph(packages, most=None):
    """The graph of all packages, or of so many: services, and what lies nearest beneath them."""
    providers = defaultdict(list)
    for package in packages.values():
        for virtual in dict.fromkeys(package.provides):
            if virtual != package.name:
                providers[virtual].append(package.name)

    def satisfied_by(name, versioned):
        own = [name] if name in packages else []
        return own if own and versioned else own + providers[name]

    needs, unknown, own, doubled = {}, 0, 0, 0
    for package in packages.values():
        all_of_it = {}
        for names, before in package.clauses:
            found = dict.fromkeys(one for name, versioned in names for one in satisfied_by(name, versioned))
            if not found:
                unknown += 1
            elif package.name in found:
                own += 1
            else:
                found = tuple(found)
                doubled += found in all_of_it
                all_of_it[found] = all_of_it.get(found, False) or before
        needs[package.name] = list(all_of_it.items())
    whole = Graph(packages, needs, unknown, own, doubled)
    return started(whole if most is None else part(whole, most))


def part(whole, most):
    kept, open_ = {}, deque()
    for service in whole.services:
        open_.append(service)
        while open_ and len(kept) < most:
            name = open_.popleft()
            if name not in kept:
                kept[name] = whole.packages[name]
                open_.extend(provider for providers, _ in whole.needs[name] for provider in providers)
    needs = {}
    for name in kept:
        left = [(tuple(one for one in providers if one in kept), before) for providers, before in whole.needs[name]]
        needs[name] = [(providers, before) for providers, before in left if providers]
        needs[name] = list(dict(sorted(needs[name], key=lambda need: need[1])).items())
    return Graph(kept, needs, whole.unknown, whole.own, whole.doubled)


def started(whole):
    """A `Depends` that only packages of the same circle satisfy holds nothing up: dpkg sets these up in any order."""
    circle_of = {name: number for number, circle in enumerate(whole.circles()) for name in circle}
    for name, needs in whole.needs.items():
        own = circle_of.get(name)
        if own is not None:
            whole.needs[name] = [(providers, before or any(circle_of.get(one) != own for one in providers))
                                 for providers, before in needs]
        else:
            whole.needs[name] = [(providers, True) for providers, _ in needs]
    return whole


def key(name, before="DEB"):
    """A name's own key: `+` may stand in no key, and `_` stands in no name."""
    text = f"{before}-{name}".replace("+", "_")
    return text if len(text) <= 64 else f"{text[:51]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def service_key(name):
    return key(name, "SERVICE")


def components(whole):
    for package in whole.packages.values():
        yield upsert("component", key(package.name), {
            "name": package.name,
            "kind": "application",
            "recovery_time_seconds": 60 + package.kibibytes // RESTORED_KIB_A_SECOND,
            "restart_seconds": 5,
            "attributes": {"section": package.section, "priority": package.priority},
        })


def services(whole):
    for name in whole.services:
        yield upsert("service", service_key(name), {
            "name": name,
            "lifecycle": "live",
            "criticality": CRITICALITY.get(whole.packages[name].priority, "normal"),
            "rto_seconds": 14400,
            "restart_seconds": 30,
        })


def mappings(whole):
    for number, name in enumerate(whole.services):
        yield upsert("mapping", f"SERVICE-MAPPING-{number}", {
            "dependent": f"key:{service_key(name)}", "provider": f"key:{key(name)}",
            "relation": "runs_on", "effect": "cascade",
        })
    number = 0
    for name, needs in whole.needs.items():
        for place, (providers, start) in enumerate(needs):
            for provider in providers:
                data = {"dependent": f"key:{key(name)}", "provider": f"key:{key(provider)}",
                        "relation": "requires", "effect": "cascade", "needed_to_start": start}
                if len(providers) > 1:
                    data |= {"redundancy_group": f"alternatives-{place}", "required": 1}
                yield upsert("mapping", f"DEB-MAPPING-{number}", data)
                number += 1
