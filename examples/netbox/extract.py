#!/usr/bin/env python3
"""Make netbox-demo-extract.json: of a NetBox dump, the objects and fields that load.py reads.

    extract.py netbox-demo-v3.6.json netbox-demo-extract.json

Empty fields, and ports without a cable (but power ports), are left out. Stops if the extract gives other rows.
"""
import json
import sys

from netbox_rows import Dump, Rows, fail

NAMED = "name slug status description tenant site cluster device role device_role platform"
FIELDS = {
    "circuits.circuit": "cid provider type status description tenant",
    "circuits.circuittermination": "circuit site cable",
    "circuits.circuittype": "slug",
    "circuits.provider": "name slug description",
    "dcim.cabletermination": "cable cable_end termination_type termination_id",
    "dcim.device": NAMED + " device_type serial asset_tag rack location position virtual_chassis",
    "dcim.devicerole": "name slug",
    "dcim.devicetype": "slug manufacturer",
    "dcim.frontport": "device rear_port rear_port_position cable",
    "dcim.interface": "device cable",
    "dcim.location": "slug",
    "dcim.manufacturer": "slug",
    "dcim.platform": "slug",
    "dcim.powerfeed": "name power_panel rack status type description cable",
    "dcim.poweroutlet": "device cable",
    "dcim.powerpanel": "name site location description",
    "dcim.powerport": "device cable",
    "dcim.rack": "name",
    "dcim.rearport": "device cable",
    "dcim.region": "slug parent",
    "dcim.site": NAMED + " region group facility physical_address latitude longitude",
    "dcim.sitegroup": "slug",
    "dcim.virtualchassis": "name",
    "extras.tag": "slug",
    "extras.taggeditem": "content_type object_id tag",
    "tenancy.contact": "name title phone email group",
    "tenancy.contactassignment": "content_type object_id contact role priority",
    "tenancy.contactgroup": "slug",
    "tenancy.contactrole": "slug",
    "tenancy.tenant": "slug",
    "virtualization.cluster": NAMED + " type group",
    "virtualization.clustergroup": "slug",
    "virtualization.clustertype": "slug",
    "virtualization.virtualmachine": NAMED,
}
# Of these only those with a cable matter. How many power ports a device has matters without one.
PORTS = ("dcim.frontport", "dcim.interface", "dcim.poweroutlet", "dcim.rearport")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as f:
        objects = json.load(f)
    lines = []
    for o in objects:
        wanted, fields = FIELDS.get(o["model"], "").split(), o["fields"]
        if not wanted or (o["model"] in PORTS and not fields.get("cable")):
            continue
        kept = {k: fields[k] for k in wanted if fields.get(k) not in (None, "")}
        head = {"model": o["model"], **({"pk": o["pk"]} if "pk" in o else {})}
        lines.append(json.dumps({**head, "fields": kept}, ensure_ascii=False, separators=(",", ":")))
    with open(target, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(lines) + "\n]\n")
    if Rows(Dump(source)).rows != Rows(Dump(target)).rows:
        fail(f"{target} does not give the rows that {source} gives")
    print(f"{len(lines)} of {len(objects)} objects")


if __name__ == "__main__":
    main()
