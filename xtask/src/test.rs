//! `cargo xtask test`: every test there is, and a count that hides no skip.

use crate::{
    failure::{Failure, Outcome},
    process,
    skips::{self, Skip, Skips},
    summary::{Runner, Summary},
    vulkan::Driver,
    workspace,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

pub const HELP: &str = "\
usage: cargo xtask test [--deny-skips] [--without-wgpu] [ARGUMENTS OF THE TEST RUNNER]

Runs, in this order,
  1. the unit and integration tests of the workspace, by `cargo nextest run` where that is installed, else `cargo test`;
  2. the doc tests, the README's code among them;
  3. the wgpu tests of unmix-backend, one at a time, in the target folder `target/wgpu`, where a Vulkan driver is visible
     (Mesa's lavapipe is preferred; on Debian: mesa-vulkan-drivers libvulkan1).
     With --without-wgpu, this step is counted as one skip.
With arguments it runs step 1 alone and hands them on: `cargo xtask test -p unmix-linear varimax`.

A test that cannot run here writes its reason to $UNMIX_SKIP_DIR/<test name>; absent Vulkan is one skip.
The reasons are printed, then the last line: `N passed, N failed, N skipped`.
Exit status 1 if a test failed, or with --deny-skips (or the variable CI_DENY_SKIPS) if one was skipped.
";

const DENY_SKIPS: &str = "--deny-skips";
const WITHOUT_WGPU: &str = "--without-wgpu";

/// The crate with tests of its own for wgpu.
const WGPU_CRATE: &str = "unmix-backend";

/// The features of [`WGPU_CRATE`] that those tests compare with each other, as far as it has them.
const WGPU_FEATURES: &[&str] = &["flex", "ndarray", "wgpu"];

/// Runs the task.
///
/// # Errors
///
/// Fails if a test failed or a runner did not end well, and on skips where these are denied.
pub fn run(arguments: &[String]) -> Outcome {
    let deny_skips = arguments.iter().any(|word| word == DENY_SKIPS) || env::var_os("CI_DENY_SKIPS").is_some_and(|value| !value.is_empty());
    let rest: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| ![DENY_SKIPS, WITHOUT_WGPU].contains(word)).collect();
    let without_wgpu = arguments.iter().any(|word| word == WITHOUT_WGPU);

    let mut session = Session { markers: workspace::target().join("skips"), total: Summary::default(), skipped: Vec::new() };
    let built = session.tests(&rest)?;
    if rest.is_empty() && built {
        session.doc_tests()?;
        if without_wgpu {
            let reason = format!("left out by {WITHOUT_WGPU}");
            session.skipped.push(Skip { test: format!("the wgpu tests of {WGPU_CRATE}"), reason });
        } else {
            session.wgpu_tests()?;
        }
    }
    session.close(deny_skips)
}

/// One run of the task: what was counted so far.
struct Session {
    /// Where each suite gets a folder for the markers of its skipped tests.
    markers: PathBuf,
    total: Summary,
    skipped: Vec<Skip>,
}

impl Session {
    /// Unit and integration tests. Returns whether there was anything to count, which a failed build leaves nothing of.
    fn tests(&mut self, arguments: &[&str]) -> Result<bool, String> {
        let nextest = process::cargo(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
        let (runner, mut command) = if nextest {
            (Runner::Nextest, process::cargo(["nextest", "run", "--no-fail-fast"]))
        } else {
            (Runner::Libtest, process::cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]))
        };
        if !arguments.iter().any(|word| *word == "-p" || word.starts_with("--package") || *word == "--manifest-path") {
            command.arg("--workspace");
        }
        self.suite("tests", runner, command.args(arguments), arguments.is_empty())
    }

    fn doc_tests(&mut self) -> Result<bool, String> {
        self.suite("doc tests", Runner::Libtest, &mut process::cargo(["test", "--doc", "--workspace", "--no-fail-fast"]), true)
    }

    fn wgpu_tests(&mut self) -> Result<(), String> {
        let members = workspace::members()?;
        let Some(backend) = members.iter().find(|member| member.name == WGPU_CRATE && member.features.iter().any(|name| name == "wgpu"))
        else {
            return Ok(());
        };
        let Some(driver) = Driver::find() else {
            let reason = "no Vulkan driver is visible; on Debian install mesa-vulkan-drivers and libvulkan1".to_owned();
            self.skipped.push(Skip { test: format!("the wgpu tests of {WGPU_CRATE}"), reason });
            return Ok(());
        };
        let features: Vec<&str> =
            WGPU_FEATURES.iter().copied().filter(|name| backend.features.iter().any(|feature| feature == name)).collect();
        let target = workspace::target().join("wgpu");
        let mut command =
            process::cargo(["test", "-p", WGPU_CRATE, "--no-fail-fast", "--lib", "--tests", "--features", &features.join(",")]);
        // three backends at full optimisation take twice as long to build, and these tests are small
        command.args(["--config", r#"profile.dev.package."*".opt-level=1"#]);
        command.arg("--target-dir").arg(&target).args(["--", "--test-threads=1"]);
        driver.set(&mut command);
        command.env("XDG_RUNTIME_DIR", private_folder(&target.join("runtime"))?);
        println!("Vulkan driver: {}", driver.file.display());
        self.suite("wgpu tests", Runner::Libtest, &mut command, true).map(|_| ())
    }

    /// Runs one suite and adds its counts; `complete` where no filter was asked for, so that a test left out is a skip.
    fn suite(&mut self, name: &str, runner: Runner, command: &mut Command, complete: bool) -> Result<bool, String> {
        let mut counts = None;
        let skips = Skips::fresh(self.markers.join(name.replace(' ', "-")))?;
        command.env(skips::FOLDER, skips.folder());
        let success = process::watch(command, |line| {
            if let Some(summary) = runner.summary(line) {
                counts.get_or_insert_with(Summary::default).add(summary);
            }
        })?;
        let built = counts.is_some();
        let mut counts = counts.unwrap_or_default();
        if complete && counts.left_out > 0 {
            let reason = format!("{} left out by `ignore`", counts.left_out);
            self.skipped.extend((0..counts.left_out).map(|_| Skip { test: name.to_owned(), reason: reason.clone() }));
        }
        if !success && counts.failed == 0 {
            println!("{name}: the runner failed without naming a test, counted as one failure");
            counts.failed = 1;
        }
        // The runner took a test that skipped itself for passed.
        let markers = skips.found()?;
        counts.passed = counts.passed.saturating_sub(markers.len());
        self.skipped.extend(markers);
        self.total.add(counts);
        Ok(built)
    }

    /// Prints the reasons and the closing line.
    fn close(self, deny_skips: bool) -> Outcome {
        println!();
        for skip in &self.skipped {
            println!("skipped: {}: {}", skip.test, skip.reason);
        }
        let denied = deny_skips && !self.skipped.is_empty();
        if denied {
            println!("skips are denied here");
        }
        println!("{}", closing_line(self.total.passed, self.total.failed, self.skipped.len()));
        if self.total.failed > 0 || denied { Err(Failure::told()) } else { Ok(()) }
    }
}

fn closing_line(passed: usize, failed: usize, skipped: usize) -> String {
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

/// A folder that only this user can enter, as Vulkan loaders ask of `XDG_RUNTIME_DIR`.
fn private_folder(folder: &Path) -> Result<&Path, String> {
    fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(|why| format!("{}: {why}", folder.display()))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str) -> Session {
        let markers = env::temp_dir().join(format!("xtask-session-{name}-{}", std::process::id()));
        Session { markers, total: Summary { passed: 2, failed: 0, left_out: 0 }, skipped: Vec::new() }
    }

    #[test]
    fn the_closing_line_has_the_promised_form() {
        assert_eq!(closing_line(3, 0, 1), "3 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn skips_fail_only_where_they_are_denied() {
        for (deny, expected) in [(false, Ok(())), (true, Err(Failure::told()))] {
            let mut session = session("skips");
            session.skipped.push(Skip { test: "a".to_owned(), reason: "no adapter".to_owned() });
            assert_eq!(session.close(deny), expected);
        }
        assert_eq!(session("passed").close(true), Ok(()));
    }

    #[test]
    fn a_failed_test_fails_the_task() {
        let mut session = session("failed");
        session.total.failed = 1;
        assert_eq!(session.close(false), Err(Failure::told()));
    }

    #[test]
    fn a_runner_that_dies_without_a_summary_is_a_failure() {
        let mut session = session("dies");
        let built = session.suite("tests", Runner::Libtest, &mut process::cargo(["no-such-command"]), true).unwrap();
        assert!(!built);
        assert_eq!((session.total.passed, session.total.failed), (2, 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_test_that_skips_itself_moves_from_passed_to_skipped() {
        let mut session = session("moves");
        let script = "echo 'no adapter' > \"$UNMIX_SKIP_DIR/parity\"; echo 'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s'";
        assert!(session.suite("wgpu tests", Runner::Libtest, process::command("sh").args(["-c", script]), true).unwrap());
        assert_eq!((session.total.passed, session.total.failed), (4, 0));
        assert_eq!(session.skipped, [Skip { test: "parity".to_owned(), reason: "no adapter".to_owned() }]);
    }
}
