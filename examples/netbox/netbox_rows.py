"""Turns a NetBox dump (Django dumpdata JSON, NetBox 3.3 to 3.7) into batch rows for Holdfast.

Every NetBox object becomes one row with the id `ref:netbox:<model>/<pk>`. README.md explains the
mapping; `load.py` sends the rows.
"""
import collections
import json
import pathlib
import re
import sys

SYSTEM = "netbox"
# Kinds in the order in which one may refer to the one before.
KINDS = ("contact", "supplier", "site", "component", "service", "business_process", "mapping")
COMPONENTS = ("dcim.device", "virtualization.virtualmachine", "virtualization.cluster",
              "circuits.circuit", "dcim.powerpanel", "dcim.powerfeed")
# The component kind a device role stands for: the first line that shares a word with the slug.
ROLE_WORDS = (("storage", "storage san nas array"),
              ("power", "pdu ups power generator ats"),
              ("voice_telephony", "voice voip phone pbx telephony"),
              ("network", "router switch firewall network wireless ap gateway balancer patch wan"),
              ("server", "server hypervisor host compute blade"),
              ("end_user_device", "workstation desktop laptop printer"),
              ("facility", "cooling hvac crac"))
LIFECYCLES = {"planned": "planned", "staged": "planned", "staging": "planned",
              "provisioning": "planned", "inventory": "planned", "offline": "retired",
              "decommissioning": "retired", "deprovisioning": "retired",
              "decommissioned": "retired", "retired": "retired"}  # all else: in service
KIND_OF = {"tenancy.contact": "contact", "circuits.provider": "supplier", "dcim.site": "site",
           "branch-network": "service", "office-work": "business_process"}  # all else: component


def fail(text):
    sys.exit("error: " + text)


class Dump:
    """The objects of a dump by model and pk, and the walk along its cables."""

    def __init__(self, path):
        try:
            objects = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
            self.models = collections.defaultdict(dict)
            self.tags = collections.defaultdict(list)
            for o in objects:
                if o["model"] == "extras.taggeditem":
                    f = o["fields"]
                    self.tags[".".join(f["content_type"]), f["object_id"]].append(f["tag"])
                elif "pk" in o:
                    self.models[o["model"]][o["pk"]] = o["fields"]
        except OSError as e:
            fail(f"cannot read {path}: {e.strerror}")
        except (ValueError, KeyError, TypeError) as e:
            fail(f"{path} is not a Django JSON dump: {type(e).__name__}: {e}")
        if not self.models["dcim.site"]:
            fail(f"{path} holds no dcim.site: is it a dump of NetBox?")
        if self.models["dcim.cable"] and not self.models["dcim.cabletermination"]:
            fail(f"{path} is from before NetBox 3.3: its cables cannot be followed")
        self.ends = collections.defaultdict(list)        # (cable, end) -> terminations
        self.cables = collections.defaultdict(list)      # termination -> (cable, other end)
        for f in self.models["dcim.cabletermination"].values():
            term = (".".join(f["termination_type"]), f["termination_id"])
            self.ends[f["cable"], f["cable_end"]].append(term)
            self.cables[term].append((f["cable"], "B" if f["cable_end"] == "A" else "A"))
        self.fronts = collections.defaultdict(list)      # rear port -> (front port, position)
        for pk, f in self.models["dcim.frontport"].items():
            self.fronts[f["rear_port"]].append((pk, f.get("rear_port_position", 1)))
        self.power = self.cabled("dcim.powerport", {
            "dcim.poweroutlet": lambda pk: ("dcim.device", self.get("dcim.poweroutlet", pk, "device")),
            "dcim.powerfeed": lambda pk: ("dcim.powerfeed", pk)})
        for device, feeds in self.fed_by_rack().items():
            self.power.setdefault(device, feeds)
        self.uplinks = self.cabled("dcim.interface", {"circuits.circuittermination": lambda pk: (
            "circuits.circuit", self.get("circuits.circuittermination", pk, "circuit"))})
        self.hosts = collections.defaultdict(list)       # cluster -> its devices
        for pk, f in self.models["dcim.device"].items():
            f.setdefault("role", f.get("device_role"))   # its name before NetBox 3.6
            if f.get("cluster"):
                self.hosts[f["cluster"]].append(("dcim.device", pk))
        self.ends_at = collections.defaultdict(set)      # circuit -> the sites of its ends
        for f in self.models["circuits.circuittermination"].values():
            if f.get("site"):
                self.ends_at[f["circuit"]].add(f["site"])
        self.data_centres = {f["site"] for f in self.models["dcim.powerpanel"].values()}

    def get(self, model, pk, field="slug"):
        return self.models[model].get(pk, {}).get(field)

    def far_ends(self, term, positions=(), seen=()):
        """Where the cable at `term` leads in the end, through the ports of patch panels."""
        for cable in self.cables[term]:
            for model, pk in self.ends[cable]:
                if (model, pk) in seen:
                    continue
                path = (*seen, term, (model, pk))
                if model == "dcim.frontport":
                    f = self.models[model][pk]
                    at = (*positions, f.get("rear_port_position", 1))
                    yield from self.far_ends(("dcim.rearport", f["rear_port"]), at, path)
                elif model == "dcim.rearport":
                    for front, at in self.fronts[pk]:
                        if not positions or positions[-1] == at:
                            yield from self.far_ends(("dcim.frontport", front), positions[:-1], path)
                else:
                    yield model, pk

    def cabled(self, port, provider_of):
        """{device: what its ports are cabled to}; `provider_of` turns a cable's end into that."""
        found = collections.defaultdict(dict)  # the inner one as an ordered set
        for pk, f in self.models[port].items():
            for model, end in self.far_ends((port, pk)):
                provider = provider_of.get(model, lambda _: None)(end)
                if provider and provider != ("dcim.device", f["device"]):
                    found[f["device"]][provider] = True
        return {device: list(providers) for device, providers in found.items()}

    def fed_by_rack(self):
        """{device: the feeds of its rack}, of devices that have a power port for each feed and a cable in none."""
        feeds, ports, cabled = collections.defaultdict(list), collections.Counter(), set()
        for pk, f in self.models["dcim.powerfeed"].items():
            if f.get("rack"):
                feeds[f["rack"]].append(("dcim.powerfeed", pk))
        for f in self.models["dcim.powerport"].values():
            ports[f["device"]] += 1
            if f.get("cable"):
                cabled.add(f["device"])
        racks = {pk: self.get("dcim.device", pk, "rack") for pk in ports if pk not in cabled}
        return {pk: feeds[rack] for pk, rack in racks.items() if feeds.get(rack) and ports[pk] >= len(feeds[rack])}

    def is_router(self, device):
        return "router" in words(self.get("dcim.devicerole", self.get("dcim.device", device, "role")))

    def network_of(self, site):
        """A site's routers (by role, or as they end a circuit) and the circuits that end there."""
        routers = [("dcim.device", pk) for pk, f in self.models["dcim.device"].items()
                   if f["site"] == site and (pk in self.uplinks or self.is_router(pk))]
        return routers, [("circuits.circuit", pk) for pk, sites in self.ends_at.items() if site in sites]

    def lifecycle(self, model, pk):
        return LIFECYCLES.get(self.get(model, pk, "status"), "in_service")

    def alternatives(self, providers):
        """What is not in service is no alternative, unless there is nothing else."""
        return [p for p in providers if self.lifecycle(*p) == "in_service"] or providers


def words(text):
    return set((text or "").split("-"))


def ref(model, pk):
    return f"ref:{SYSTEM}:{model}/{pk}"


def typed(model, pk):
    return {"id": ref(model, pk), "kind": KIND_OF.get(model, "component")}


class Rows:
    """Builds the rows, one method per kind of NetBox object.

    `times` says how long recovery and restart take, by device role, component kind, or kind of row."""

    def __init__(self, dump, times=None):
        self.dump, self.rows, self.times, self.untimed = dump, [], times or {}, collections.Counter()
        self.contacts(), self.suppliers(), self.sites(), self.components()
        self.mappings(), self.offices()
        self.rows.sort(key=lambda r: KINDS.index(r["kind"]))

    def timed(self, *words):
        """How long it takes, by the first of these words that is known."""
        found = next((self.times[word] for word in words if word in self.times), None)
        if found is None:
            self.untimed[words[-1]] += 1
        return found or {}

    def add(self, model, pk, f, tags=(), **data):
        tenant = self.dump.get("tenancy.tenant", f.get("tenant"))
        own = [self.dump.get("extras.tag", t) for t in self.dump.tags[model, pk]]
        tags = {t[:64] for t in [*own, *tags, tenant and "tenant:" + tenant] if t}
        attributes = {"status": f.get("status"), "tenant": tenant, **data.pop("attributes", {})}
        data = {"name": data.pop("name")[:200], "description": f.get("description"), **data,
                "tags": sorted(tags), "attributes": filled(attributes)}
        self.rows.append({"op": "upsert", "kind": KIND_OF.get(model, "component"),
                          "id": ref(model, pk), "data": filled(data)})

    def link(self, dependent, relation, providers, group=None, effect="cascade"):
        """`dependent` needs `providers`; several of them are one redundancy group."""
        providers = self.dump.alternatives(providers)
        for model, pk in providers:
            data = {"dependent": typed(*dependent), "provider": typed(model, pk),
                    "relation": relation, "effect": effect}
            if len(providers) > 1:
                data.update(redundancy_group=group, required=1)
            self.rows.append({"op": "upsert", "kind": "mapping", "id": ref(
                "{}/{}.{}".format(relation, *dependent), f"{model}.{pk}"), "data": data})

    def contacts(self):
        for pk, f in self.dump.models["tenancy.contact"].items():
            self.add("tenancy.contact", pk, {**f, "description": f.get("title")},
                     name=f["name"], email=f.get("email"), phones=[f["phone"]] if f.get("phone") else [],
                     attributes={"group": self.dump.get("tenancy.contactgroup", f.get("group"))})

    def assigned(self, model, pk):
        return [f for f in self.dump.models["tenancy.contactassignment"].values()
                if (".".join(f["content_type"]), f["object_id"]) == (model, pk)]

    def suppliers(self):
        for pk, f in self.dump.models["circuits.provider"].items():
            contacts = [a["contact"] for a in self.assigned("circuits.provider", pk)]
            self.add("circuits.provider", pk, f, name=f["name"], kind="external",
                     contacts=[ref("tenancy.contact", c) for c in dict.fromkeys(contacts)],
                     attributes={"slug": f.get("slug")})

    def sites(self):
        for pk, f in self.dump.models["dcim.site"].items():
            regions, region = [], f.get("region")
            while region:
                regions.append(self.dump.get("dcim.region", region))
                region = self.dump.get("dcim.region", region, "parent")
            attributes = {"slug": f.get("slug"), "facility": f.get("facility"),
                          "site_group": self.dump.get("dcim.sitegroup", f.get("group"))}
            for a in self.assigned("dcim.site", pk):
                role = self.dump.get("tenancy.contactrole", a.get("role")) or "contact"
                name = f"contact_{role}_{a.get('priority') or 'any'}".replace("-", "_")
                attributes[name] = f"{attributes.get(name, '')} tenancy.contact/{a['contact']}".strip()
            slug, other = f.get("slug", ""), "office" if f.get("tenant") else "other"
            self.add("dcim.site", pk, f, ["region:" + r for r in regions if r],
                     name=f["name"], attributes=attributes,
                     key=slug.upper() if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,63}", slug, re.A) else None,
                     kind="data_centre" if pk in self.dump.data_centres else other,
                     country=next((r.upper() for r in regions if re.fullmatch("[a-z]{2}", r or "")), None),
                     address=", ".join((f.get("physical_address") or "").splitlines())[:500],
                     latitude=float(f["latitude"]) if f.get("latitude") else None,
                     longitude=float(f["longitude"]) if f.get("longitude") else None)

    def component(self, model, pk, f, kind, name, site=None, supplier=None, **attributes):
        self.add(model, pk, f, name=name, kind=kind, lifecycle=self.dump.lifecycle(model, pk),
                 site=site and ref("dcim.site", site), attributes=attributes, **self.timed(attributes.get("role"), kind),
                 supplier=supplier and ref("circuits.provider", supplier))

    def components(self):
        get, models = self.dump.get, self.dump.models
        for pk, f in models["dcim.device"].items():
            role = get("dcim.devicerole", f["role"])
            kind = next((k for k, some in ROLE_WORDS if words(role) & set(some.split())), "other")
            maker = get("dcim.devicetype", f["device_type"], "manufacturer")
            self.component(
                "dcim.device", pk, f, kind, site=f["site"],
                name=f.get("name") or f"{get('dcim.devicerole', f['role'], 'name') or 'Device'} {pk}",
                role=role, device_type=get("dcim.devicetype", f["device_type"]), serial=f.get("serial"),
                manufacturer=get("dcim.manufacturer", maker), asset_tag=f.get("asset_tag"),
                platform=get("dcim.platform", f.get("platform")), position=f.get("position"),
                rack=get("dcim.rack", f.get("rack"), "name"),
                location=get("dcim.location", f.get("location")),
                virtual_chassis=get("dcim.virtualchassis", f.get("virtual_chassis"), "name"))
        for pk, f in models["virtualization.virtualmachine"].items():
            self.component("virtualization.virtualmachine", pk, f, "virtual_machine", f["name"],
                           f.get("site"), role=get("dcim.devicerole", f.get("role")),
                           platform=get("dcim.platform", f.get("platform")))
        for pk, f in models["virtualization.cluster"].items():
            self.component("virtualization.cluster", pk, f, "platform", f["name"], f.get("site"),
                           cluster_type=get("virtualization.clustertype", f.get("type")),
                           cluster_group=get("virtualization.clustergroup", f.get("group")))
        for pk, f in models["circuits.circuit"].items():
            provider = get("circuits.provider", f["provider"], "name")
            sites = list(self.dump.ends_at.get(pk, ()))
            self.component("circuits.circuit", pk, f, "data_communication", f"{provider} {f['cid']}",
                           sites[0] if len(sites) == 1 else None, f["provider"],
                           circuit_id=f["cid"], circuit_type=get("circuits.circuittype", f.get("type")))
        for pk, f in models["dcim.powerpanel"].items():
            self.component("dcim.powerpanel", pk, f, "power", f["name"], f["site"],
                           location=get("dcim.location", f.get("location")))
        for pk, f in models["dcim.powerfeed"].items():
            self.component("dcim.powerfeed", pk, f, "power", f["name"],
                           get("dcim.powerpanel", f["power_panel"], "site"), feed_type=f.get("type"),
                           rack=get("dcim.rack", f.get("rack"), "name"))

    def mappings(self):
        models = self.dump.models
        for cluster, devices in self.dump.hosts.items():
            self.link(("virtualization.cluster", cluster), "runs_on", devices, "hosts")
        for pk, f in models["virtualization.virtualmachine"].items():
            for model, on in (("virtualization.cluster", f.get("cluster")), ("dcim.device", f.get("device"))):
                if on:
                    self.link(("virtualization.virtualmachine", pk), "runs_on", [(model, on)])
        for device, sources in self.dump.power.items():
            self.link(("dcim.device", device), "requires", sources, "power")
        for pk, f in models["dcim.powerfeed"].items():
            self.link(("dcim.powerfeed", pk), "requires", [("dcim.powerpanel", f["power_panel"])])
        for device, circuits in self.dump.uplinks.items():
            # A switch without its lines still switches; a router without its lines is of no use.
            self.link(("dcim.device", device), "connects_to", circuits, "circuits",
                      "cascade" if self.dump.is_router(device) else "partial")
        for pk, f in models["circuits.circuit"].items():
            self.link(("circuits.circuit", pk), "supplied_by", [("circuits.provider", f["provider"])])
        for pk, sites in self.dump.ends_at.items():
            for site in sorted(sites) if len(sites) > 1 else ():  # a line needs both its ends
                self.link(("circuits.circuit", pk), "requires", [("dcim.site", site)])

    def offices(self):
        for pk, f in self.dump.models["dcim.site"].items():
            if not f.get("tenant"):
                continue
            f = {**f, "description": None}
            state = self.dump.lifecycle("dcim.site", pk)
            service, process = ("branch-network", pk), ("office-work", pk)
            self.add(*service, f, name=f"Branch network {f['name']}", kind="technical_service",
                     **self.timed("service"), lifecycle={"in_service": "live"}.get(state, state))
            self.add(*process, f, name=f"Office work at {f['name']}",
                     status={"in_service": "active", "planned": "draft"}.get(state, state))
            routers, circuits = self.dump.network_of(pk)
            self.link(service, "requires", routers, "routers")
            # The lines of a data centre lead to the others, who need them more than it does.
            self.link(service, "requires", circuits, "circuits",
                      "partial" if pk in self.dump.data_centres else "cascade")
            self.link(process, "requires", [service])
            self.link(process, "requires", [("dcim.site", pk)])


def filled(data):
    return {k: v for k, v in data.items() if v not in (None, "", [], {})}


TIMES = ("recovery_time_seconds", "restart_seconds")


def read_times(path, dump):
    """The file of --recovery-times: {role or kind: {"recovery_time_seconds": …, "restart_seconds": …}}."""
    try:
        times = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as e:
        fail(f"cannot read {path}: {e.strerror}")
    except ValueError as e:
        fail(f"{path} is not JSON: {e}")
    roles = {f.get("slug") for f in dump.models["dcim.devicerole"].values()}
    words = {kind for kind, _ in ROLE_WORDS} | {"virtual_machine", "platform", "data_communication", "other", "service"}
    for word, own in times.items() if isinstance(times, dict) else [(path, None)]:
        if word not in roles | words:
            fail(f"{path}: {word} is neither a device role of the dump nor one of {', '.join(sorted(words))}")
        if not isinstance(own, dict) or not set(own) <= set(TIMES) or \
                not all(type(seconds) is int and seconds >= 0 for seconds in own.values()):
            fail(f"{path}: {word} is to hold {' and '.join(TIMES)}, whole seconds")
    return times


def expected(dump):
    """How many objects of each kind must come out, counted from the dump and not from the rows."""
    count = {model: len(objects) for model, objects in dump.models.items()}
    offices = [pk for pk, f in dump.models["dcim.site"].items() if f.get("tenant")]
    groups = [*dump.power.values(), *dump.uplinks.values(), *dump.hosts.values()]
    groups += [providers for pk in offices for providers in dump.network_of(pk)]
    mappings = sum(len(dump.alternatives(g)) for g in groups) + 2 * len(offices)
    mappings += count.get("circuits.circuit", 0) + count.get("dcim.powerfeed", 0)
    mappings += sum(bool(f.get("cluster")) + bool(f.get("device"))
                    for f in dump.models["virtualization.virtualmachine"].values())
    mappings += sum(len(s) for s in dump.ends_at.values() if len(s) > 1)
    return dict(zip(KINDS, (count.get("tenancy.contact", 0), count.get("circuits.provider", 0),
                            count["dcim.site"], sum(count.get(m, 0) for m in COMPONENTS),
                            len(offices), len(offices), mappings)))


def check(rows, counts):
    """Stops before anything is sent if the rows contradict themselves or the dump."""
    kinds = {row["id"]: row["kind"] for row in rows}
    if len(kinds) < len(rows):
        fail("an id occurs twice in the rows")
    seen, required = set(), {}
    for row in rows:
        data = row["data"]
        for value in [data.get("site"), data.get("supplier"), *data.get("contacts", [])]:
            if value and value not in kinds:
                fail(f"{row['id']} refers to {value}, which is not in the dump")
        if row["kind"] == "mapping":
            for end in (data["dependent"], data["provider"]):
                if kinds.get(end["id"]) != end["kind"]:
                    fail(f"{row['id']} refers to {end['id']}, which is not in the dump")
            dependent, group, k = data["dependent"]["id"], data.get("redundancy_group"), data.get("required")
            edge = (dependent, data["provider"]["id"], data["relation"], group)
            if edge in seen or required.setdefault((dependent, group), k) != k:
                fail(f"{row['id']} is doubled, or its group disagrees on what is required")
            seen.add(edge)
    if collections.Counter(row["kind"] for row in rows) != collections.Counter(counts):
        fail(f"the rows are not what the dump holds: {counts}")
