"""The oracle is told of what must not happen, and has to say so."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from common.oracle import ACKED, REFUSED, UNKNOWN, Oracle, Write, outcome_of
from common.report import Report


def told(oracle, found, *words):
    faults = oracle.check(found)
    assert len(faults) == 1, faults
    for word in words:
        assert word in faults[0], faults


class OutcomeTest(unittest.TestCase):
    def test_an_answer_tells_one_of_three(self):
        self.assertEqual(outcome_of(201), ACKED)
        self.assertEqual(outcome_of(422), REFUSED)
        self.assertEqual(outcome_of(429), REFUSED)
        self.assertEqual(outcome_of(503, "the write waited too long for its turn"), REFUSED)
        self.assertEqual(outcome_of(507, "the storage is full; nothing was written"), REFUSED)
        self.assertEqual(outcome_of(503, "the database does not answer at the moment"), REFUSED)
        self.assertEqual(outcome_of(503, "the database does not answer at the moment", promises=False), UNKNOWN)
        self.assertEqual(outcome_of(503, "it did not answer in time", code="outcome_unknown"), UNKNOWN)
        self.assertEqual(outcome_of(500), UNKNOWN)
        self.assertEqual(outcome_of(None), UNKNOWN)
        self.assertEqual(outcome_of(409, code="idempotency_in_flight"), UNKNOWN)


class AckedTest(unittest.TestCase):
    def setUp(self):
        self.oracle = Oracle()
        self.oracle.note(Write.create("a"), 201, {"version": 1})

    def test_what_is_there_as_it_was_acknowledged_is_fine(self):
        self.assertEqual(self.oracle.check([("a", 1)]), [])
        self.assertEqual(self.oracle.checked, 1)

    def test_a_lost_write_is_told(self):
        told(self.oracle, [], "LOST", "a")

    def test_a_lost_change_is_told(self):
        self.oracle.note(Write.change("a", "id", 1), 200, {"version": 2})
        told(self.oracle, [("a", 1)], "LOST", "version 1", "[2]")

    def test_a_later_version_is_told(self):
        told(self.oracle, [("a", 2)], "version 2")

    def test_twice_is_told(self):
        told(self.oracle, [("a", 1), ("a", 1)], "2 times")

    def test_a_stranger_is_told(self):
        told(self.oracle, [("a", 1), ("b", 1)], "nobody wrote it")

    def test_a_version_that_does_not_follow_is_told(self):
        self.oracle.note(Write.change("a", "id", 1), 200, {"version": 3})
        told(self.oracle, [("a", 2)], "became version 3")

    def test_nonsense_that_is_taken_is_told(self):
        self.oracle.note(Write.nonsense("n"), 201, {"version": 1})
        told(self.oracle, [("a", 1), ("n", 1)], "nonsense")


    def test_what_is_expected_must_be_there(self):
        self.oracle.expect(["c"])
        self.assertEqual(self.oracle.check([("a", 1), ("c", 1)]), [])
        told(self.oracle, [("a", 1)], "LOST", "c")


class RefusedTest(unittest.TestCase):
    def test_what_was_refused_may_not_be_there(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 503, detail="the write waited too long for its turn")
        self.assertEqual(oracle.check([]), [])
        told(oracle, [("a", 1)], "refused")

    def test_nonsense_may_not_be_there(self):
        oracle = Oracle()
        oracle.note(Write.nonsense("a"), 422)
        self.assertEqual(oracle.check([]), [])
        told(oracle, [("a", 1)], "refused")

    def test_nonsense_without_an_answer_may_not_be_there_either(self):
        oracle = Oracle()
        oracle.note(Write.nonsense("a"), None)
        told(oracle, [("a", 1)], "refused")

    def test_a_right_write_that_is_called_wrong_is_told(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 422, code="invalid")
        told(oracle, [], "422")

    def test_a_refused_change_leaves_the_version(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 201, {"version": 1})
        oracle.note(Write.change("a", "id", 1), 429)
        self.assertEqual(oracle.check([("a", 1)]), [])
        told(oracle, [("a", 2)], "version 2")


class UnknownTest(unittest.TestCase):
    def test_either_is_fine_and_neither_twice(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), None)
        self.assertEqual(oracle.check([]), [])
        self.assertEqual(oracle.check([("a", 1)]), [])
        told(oracle, [("a", 1), ("a", 1)], "2 times")
        told(oracle, [("a", 2)], "version 2")

    def test_a_change_may_have_come_or_not_but_the_object_is_there(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 201, {"version": 1})
        oracle.note(Write.change("a", "id", 1), None)
        self.assertEqual(oracle.check([("a", 1)]), [])
        self.assertEqual(oracle.check([("a", 2)]), [])
        told(oracle, [], "LOST")

    def test_a_500_is_a_fault_by_itself(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 500)
        told(oracle, [], "500")

    def test_half_a_batch_is_told(self):
        oracle = Oracle()
        oracle.note(Write.batch("b"), None)
        self.assertEqual(oracle.check([]), [])
        self.assertEqual(oracle.check([("b-0", 1), ("b-1", 1), ("b-2", 1)]), [])
        told(oracle, [("b-0", 1)], "only a part")

    def test_settled_it_must_be_there(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), None)
        done, left = oracle.settle(lambda write: (201, {}, "", "", True))
        self.assertEqual(([str(one) for one in done], left), (["create of a"], 0))
        told(oracle, [], "LOST")

    def test_a_change_that_had_come_is_settled_by_its_version(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 201, {"version": 1})
        oracle.note(Write.change("a", "id", 1), None)
        done, left = oracle.settle(lambda write: (412, {}, "", "precondition_failed", False))
        self.assertEqual((len(done), left), (1, 0))
        told(oracle, [("a", 1)], "LOST")

    def test_what_cannot_be_settled_stays_unknown(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), None)
        self.assertEqual(oracle.settle(lambda write: (None, None, "", "", False)), ([], 1))
        self.assertEqual(oracle.check([]), [])

    def test_a_503_on_settling_leaves_it_unknown(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), None)
        self.assertEqual(oracle.settle(lambda write: (503, {}, "too many writes", "unavailable", False)), ([], 1))
        self.assertEqual(oracle.check([("a", 1)]), [])

    def test_a_503_that_was_carried_out_is_told(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), 503, code="unavailable")
        told(oracle, [("a", 1)], "refused")

    def test_a_refusal_of_the_same_again_is_told(self):
        oracle = Oracle()
        oracle.note(Write.create("a"), None)
        oracle.settle(lambda write: (422, {}, "", "idempotency_key_reused", False))
        told(oracle, [], "idempotency_key_reused")


class ReportTest(unittest.TestCase):
    def test_nothing_measured_is_no_success(self):
        self.assertFalse(Report("t", "sqlite", 1).good)

    def test_what_never_came_misses_its_aim(self):
        report = Report("t", "sqlite", 1)
        report.times("back", [0.1, None], at_most=2)
        self.assertFalse(report.good)
        report = Report("t", "sqlite", 1)
        report.times("back", [], at_most=2)
        self.assertFalse(report.good)

    def test_a_fault_fails_a_trial_whose_figures_are_good(self):
        report = Report("t", "sqlite", 1)
        report.figure("acked", 5, at_least=1)
        self.assertTrue(report.good)
        report.fault("lost")
        self.assertFalse(report.good)
        self.assertIn("FAULT lost", "\n".join(report.table()))

    def test_what_was_left_out_is_told_and_no_success_is_claimed_for_it(self):
        report = Report("t", "sqlite", 1)
        report.leave_out("no small disk")
        self.assertTrue(report.good)
        self.assertIn("LEFT OUT no small disk", "\n".join(report.table()))
        self.assertNotIn("reached", "\n".join(report.table()))
        report.fault("lost")
        self.assertFalse(report.good)

    def test_room_widens_aims_in_seconds_and_no_others(self):
        report = Report("t", "sqlite", 1, room=2)
        self.assertTrue(report.figure("back", 3.9, "s", at_most=2.0))
        self.assertFalse(report.figure("back", 4.1, "s", at_most=2.0))
        self.assertFalse(report.figure("back", None, "s", at_most=2.0))
        self.assertFalse(report.figure("failed", 1, at_most=0))
        self.assertFalse(report.figure("against alone", 3.0, "x", at_most=2.0))


if __name__ == "__main__":
    unittest.main()
