//! Reads how many tests passed, failed or did not run from what the test runners print.

/// Counts of one or several runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub passed: usize,
    pub failed: usize,
    /// Tests that the runner left out: ignored, or not matched by a filter.
    pub left_out: usize,
}

/// What runs the tests, since each prints its own summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// `cargo nextest run`: one summary for the whole run.
    Nextest,
    /// `cargo test`: one summary for each test binary.
    Libtest,
}

impl Runner {
    /// The counts in one line of output, if it is a summary.
    pub fn summary(self, line: &str) -> Option<Summary> {
        match self {
            // `     Summary [   0.198s] 2 tests run: 1 passed (1 slow), 1 failed, 1 skipped`
            // A failed test's own libtest summary is indented below it and is not this line.
            Self::Nextest => {
                let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?;
                Some(count(counts.split(", ")))
            }
            // `test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s`
            Self::Libtest => {
                let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
                Some(count(counts.split("; ")))
            }
        }
    }
}

impl Summary {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.left_out += other.left_out;
    }
}

fn count<'a>(parts: impl Iterator<Item = &'a str>) -> Summary {
    let mut summary = Summary::default();
    for part in parts {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        // nextest adds remarks: `6 passed (1 slow, 1 flaky)`.
        match what.split(" (").next().unwrap_or(what) {
            "passed" => summary.passed += number,
            "failed" | "timed out" | "exec failed" => summary.failed += number,
            "skipped" | "ignored" => summary.left_out += number,
            _ => {}
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(runner: Runner, line: &str, expected: Option<(usize, usize, usize)>) {
        let found = runner.summary(line).map(|counts| (counts.passed, counts.failed, counts.left_out));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn nextest() {
        check(Runner::Nextest, "     Summary [   0.198s] 2 tests run: 1 passed, 1 failed, 1 skipped", Some((1, 1, 1)));
        check(
            Runner::Nextest,
            "     Summary [   9.1s] 12 tests run: 9 passed (2 slow, 1 flaky), 1 timed out, 2 exec failed, 0 skipped",
            Some((9, 3, 0)),
        );
        check(Runner::Nextest, "     Summary [   0.01s] 5/6 tests run: 5 passed, 0 skipped", Some((5, 0, 0)));
        check(Runner::Nextest, "     Summary [   0.01s] 1 test run: 1 passed, 0 skipped", Some((1, 0, 0)));
        check(
            Runner::Nextest,
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.18s",
            None,
        );
        check(Runner::Nextest, "        PASS [   0.014s] (1/2) a tests::ok", None);
    }

    #[test]
    fn libtest() {
        check(
            Runner::Libtest,
            "test result: ok. 23 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            Some((23, 0, 1)),
        );
        check(
            Runner::Libtest,
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            Some((1, 2, 0)),
        );
        check(Runner::Libtest, "test tests::bad ... FAILED", None);
        check(Runner::Libtest, "error: test failed, to rerun pass `-p a --lib`", None);
    }
}
