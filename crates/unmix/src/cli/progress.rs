//! What a person sees while a fit runs, and what `metrics.jsonl` keeps of it.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};
use unmix::core::{Observer, Progress};

/// A progress bar on a terminal, a line every tenth of the way elsewhere, nothing if quiet; and `metrics.jsonl` in any case.
pub struct Watch {
    bar: Option<ProgressBar>,
    plain: bool,
    tenths: usize,
    metrics: Metrics,
}

impl Watch {
    /// Watches a fit whose run directory is `folder`.
    pub fn new(folder: &Path, quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            bar: (terminal && !quiet).then(|| ProgressBar::new(0).with_style(style())),
            plain: !terminal && !quiet,
            tenths: 0,
            metrics: Metrics { path: folder.join(unmix::METRICS), out: None },
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {eta} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Watch {
    fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self.metrics.write(progress);
        let objective = format!("objective {:.5}", progress.objective);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total.unwrap_or(0) as u64);
            bar.set_position(progress.step as u64);
            bar.set_prefix(progress.stage.to_owned());
            bar.set_message(objective);
        } else if self.plain
            && let Some(total) = progress.total.filter(|t| *t > 0)
        {
            let tenths = progress.step * 10 / total;
            if tenths > self.tenths {
                self.tenths = tenths;
                eprintln!("{}: {} of {total} steps, {objective}", progress.stage, progress.step);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One JSON object a step. A resumed fit starts at a later step: what an earlier process wrote from there on is cut off first, so that
/// the file ends up as if nothing had happened.
struct Metrics {
    path: PathBuf,
    out: Option<BufWriter<File>>,
}

impl Metrics {
    fn write(&mut self, progress: &Progress<'_>) {
        let mut object = Map::new();
        object.insert("stage".into(), progress.stage.into());
        object.insert("step".into(), progress.step.into());
        object.insert("objective".into(), json!(progress.objective));
        object.extend(progress.parts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        let out = match self.out.take() {
            Some(out) => Ok(out),
            None => open_from(&self.path, progress.step),
        };
        // a full disk must not stop a fit for a log: the run directory reports it when it ends
        self.out = out.ok().and_then(|mut out| writeln!(out, "{}", Value::Object(object)).and_then(|()| out.flush()).ok().map(|()| out));
    }
}

/// Opens the log for the line of `step`, keeping the whole lines of earlier steps.
fn open_from(path: &Path, step: usize) -> io::Result<BufWriter<File>> {
    let keep: Vec<String> = match File::open(path) {
        Ok(file) => BufReader::new(file).lines().map_while(Result::ok).take_while(|line| is_before(line, step)).collect(),
        Err(_) => Vec::new(),
    };
    let mut out = BufWriter::new(OpenOptions::new().create(true).write(true).truncate(true).open(path)?);
    keep.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(out)
}

fn is_before(line: &str, step: usize) -> bool {
    let value: Option<Value> = serde_json::from_str(line).ok();
    value.and_then(|v| v.get("step")?.as_u64()).is_some_and(|s| (s as usize) < step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_log_is_that_of_an_uninterrupted_run() {
        let folder = tempfile::tempdir().unwrap();
        let log = |from: usize, to: usize| {
            let mut watch = Watch::new(folder.path(), true);
            for step in from..=to {
                let progress = Progress { stage: "t", step, total: None, objective: step as f64, parts: &[("kl", 0.5)] };
                assert!(watch.observe(&progress).is_continue());
            }
        };
        let read = || std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        log(1, 5);
        let whole = read();
        // killed after step 4, in the middle of a line; the last checkpoint is of step 2
        std::fs::write(folder.path().join("metrics.jsonl"), whole.get(..whole.len() - 5).unwrap()).unwrap();
        log(3, 5);
        assert_eq!(read(), whole);
        assert_eq!(whole.lines().count(), 5);
    }
}
