"""A binary that is no service must fail every trial, whichever way they are played, and what is left out must be told."""

import os
import subprocess
import sys
import tempfile
import unittest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")


def played(binary, *words, path=None):
    environment = {**os.environ, **({"PATH": path} if path else {})}
    done = subprocess.run([sys.executable, RUN, *words, "--binary", binary], capture_output=True, text=True, check=False,
                          env=environment, timeout=120)
    return done.returncode, done.stdout


class RunTest(unittest.TestCase):
    def test_a_binary_that_ends_at_once_fails_alone_and_beside_others(self):
        for words in (["--jobs", "1"], ["--jobs", "2"], ["--short"]):
            code, said = played("/bin/false", "tamper", "figures", "--database", "sqlite", *words)
            self.assertEqual(code, 1, said)
            self.assertIn("MISSED: tamper (sqlite), figures (sqlite)", said)
            self.assertIn("does not start", said)

    def test_a_trial_that_was_not_there_is_no_success(self):
        code, said = played("/bin/true", "silence", "--database", "sqlite")
        self.assertEqual(code, 1)
        self.assertIn("nothing was played", said)

    def test_the_folders_of_a_failed_trial_are_kept_when_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["TMPDIR"] = folder
            try:
                said = played("/bin/false", "figures", "--keep-data")[1]
                self.assertIn(f"kept: {folder}", said)
                self.assertEqual(len(os.listdir(folder)), 1)
                played("/bin/false", "figures")
                self.assertEqual(len(os.listdir(folder)), 1)
            finally:
                del os.environ["TMPDIR"]


if __name__ == "__main__":
    unittest.main()
