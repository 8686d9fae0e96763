import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import packages

LIST = """\
Package: app
Priority: optional
Section: contrib/web
Installed-Size: 20480
Depends: c-lib (>= 2), c-lib (<< 3), mail | c-lib:any,
 gone | also-gone, app-plugin
Pre-Depends: helper

Package: app-plugin
Depends: app
Pre-Depends: c-lib

Package: c-lib

Package: helper
Provides: app-data (= 1)

Package: post-a
Provides: mail, mail
Depends: mail

Package: post-b
Provides: mail, c-lib
Depends: app-data, g++

Package: g++
Depends: c-lib

Package: c-lib
Depends: never
"""


class Packages(unittest.TestCase):
    def setUp(self):
        self.graph = packages.graph(packages.read(LIST.splitlines(keepends=True)))

    def needs(self, name):
        return {tuple(sorted(providers)): start for providers, start in self.graph.needs[name]}

    def test_every_package_is_read_once(self):
        self.assertEqual(list(self.graph.packages), ["app", "app-plugin", "c-lib", "helper", "post-a", "post-b", "g++"])
        self.assertEqual((self.graph.needs["c-lib"], self.graph.services), ([], ["app"]))

    def test_alternatives_and_who_provides_them_are_one_group(self):
        self.assertEqual(self.needs("app"), {
            ("helper",): True, ("c-lib",): True, ("c-lib", "post-a", "post-b"): True, ("app-plugin",): False})
        self.assertEqual(self.needs("g++"), {("c-lib", "post-b"): True})
        self.assertEqual((self.graph.edges, self.graph.groups), (13, 3))

    def test_what_leads_nowhere_is_counted(self):
        self.assertEqual((self.graph.unknown, self.graph.own, self.graph.doubled), (1, 1, 1))

    def test_circles_are_found_and_hold_nothing_up(self):
        self.assertEqual(sorted(map(sorted, self.graph.circles())), [["app", "app-plugin"], ["g++", "post-b"]])
        self.assertEqual(self.needs("app-plugin"), {("app",): False, ("c-lib", "post-b"): True})
        self.assertEqual(self.needs("post-b"), {("helper",): True, ("g++",): False})

    def test_a_group_is_lost_with_its_last_member(self):
        dependents = self.graph.dependents()
        self.assertEqual(self.graph.lost_with("c-lib", dependents), {"app", "app-plugin"})
        self.assertEqual(self.graph.lost_with("post-a", dependents), set())
        self.assertEqual(self.graph.lost_with("helper", dependents), {"app", "app-plugin", "post-b"})

    def test_keys_are_legal_and_differ(self):
        names = ["g++", "g" + "+" * 90, "g" + "+" * 91, "a.b-c"]
        keys = [packages.key(name) for name in names]
        self.assertEqual(len(set(keys)), len(names))
        for key in keys:
            self.assertRegex(key, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")

    def test_a_part_refers_to_nothing_outside(self):
        part = packages.graph(packages.read(LIST.splitlines(keepends=True)), 3)
        self.assertEqual(len(part.packages), 3)
        for needs in part.needs.values():
            for providers, _ in needs:
                self.assertLessEqual(set(providers), set(part.packages))


if __name__ == "__main__":
    unittest.main()
