import json
import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

from netbox_rows import Dump, Rows, check, expected, read_times


class DemoData(unittest.TestCase):
    def setUp(self):
        self.dump = Dump(HERE / "netbox-demo-extract.json")

    def test_rows_are_what_the_dump_holds(self):
        rows = Rows(self.dump).rows
        check(rows, expected(self.dump))

    def test_a_device_in_a_rack_with_two_feeds_lives_on_either(self):
        rows = Rows(self.dump).rows
        of = [row["data"] for row in rows if row["kind"] == "mapping" and row["data"]["relation"] == "requires"
              and row["data"]["dependent"]["id"] == "ref:netbox:dcim.device/96"]
        self.assertEqual({one["provider"]["id"] for one in of},
                         {"ref:netbox:dcim.powerfeed/5", "ref:netbox:dcim.powerfeed/6"})
        self.assertEqual({(one["redundancy_group"], one["required"], one["effect"]) for one in of},
                         {("power", 1, "cascade")})

    def test_one_power_port_is_not_plugged_into_two_feeds(self):
        own = [pk for pk, f in self.dump.models["dcim.powerport"].items() if f["device"] == 96]
        for port in own[1:]:
            del self.dump.models["dcim.powerport"][port]
        self.assertNotIn(96, self.dump.fed_by_rack())

    def test_recovery_times_go_by_role_then_by_kind(self):
        times = read_times(HERE / "recovery-times.json", self.dump)
        made = Rows(self.dump, times)
        data = {row["id"]: row["data"] for row in made.rows}
        self.assertEqual(data["ref:netbox:dcim.device/1"]["recovery_time_seconds"], times["router"]["recovery_time_seconds"])
        self.assertEqual(data["ref:netbox:dcim.device/27"]["restart_seconds"], times["power"]["restart_seconds"])
        self.assertEqual(data["ref:netbox:branch-network/2"]["restart_seconds"], times["service"]["restart_seconds"])
        self.assertEqual(made.untimed, {})
        check(made.rows, expected(self.dump))

    def test_wrong_recovery_times_are_refused(self):
        for wrong in [[], {"ruoter": {}}, {"router": {"recovery": 1}}, {"router": {"restart_seconds": "1"}},
                      {"router": {"restart_seconds": -1}}, {"router": {"restart_seconds": True}}, {"router": 5}]:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "times.json")
                pathlib.Path(path).write_text(json.dumps(wrong), encoding="utf-8")
                with self.assertRaises(SystemExit, msg=wrong):
                    read_times(path, self.dump)


if __name__ == "__main__":
    unittest.main()
