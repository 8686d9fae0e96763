"""What the dashboard asks is found, and the dashboard can be imported."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from figures import DASHBOARD, RULES, asked_by_dashboard, asked_by_rules, offered


class NamesTest(unittest.TestCase):
    def test_series_are_offered_under_their_own_names(self):
        text = """# HELP holdfast_requests Requests.
holdfast_requests_total{route="/a"} 1
process_open_fds 3.0
# EOF"""
        self.assertEqual(offered(text), {"holdfast_requests_total", "process_open_fds"})

    def test_names_are_found_in_panels_and_variables(self):
        dashboard = {"panels": [{"targets": [{"expr": "rate(holdfast_a_total{x=\"1\"}[5m]) / process_b"}]}, {"type": "row"}],
                     "templating": {"list": [{"name": "d"}, {"definition": "label_values(holdfast_c, job)"}]}}
        self.assertEqual(asked_by_dashboard(dashboard), {"holdfast_a_total", "process_b", "holdfast_c"})

    def test_names_are_found_in_rules_and_nowhere_else(self):
        text = "`holdfast_other`\n        expr: up == 0\n        expr: holdfast_a > 5\n"
        self.assertEqual(asked_by_rules(text), {"holdfast_a"})


class DashboardTest(unittest.TestCase):
    def setUp(self):
        with open(DASHBOARD, encoding="utf-8") as file:
            self.dashboard = json.load(file)

    def test_its_source_of_data_is_chosen_by_whoever_imports_it(self):
        source = {"type": "prometheus", "uid": "${datasource}"}
        self.assertEqual(self.dashboard["templating"]["list"][0]["type"], "datasource")
        for panel in self.dashboard["panels"]:
            for one in [panel, *panel.get("targets", [])] if panel["type"] != "row" else []:
                self.assertEqual(one["datasource"], source, panel["title"])

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells

    def test_it_asks_for_all_that_the_rules_watch(self):
        with open(RULES, encoding="utf-8") as file:
            watched = asked_by_rules(file.read())
        self.assertTrue(watched)
        self.assertEqual(watched - asked_by_dashboard(self.dashboard), set())


if __name__ == "__main__":
    unittest.main()
