//! Ours and the peer's time on the same data in the same run, by turns; medians, and every run in the table.

mod peer;
mod workload;

use crate::Outcome;
use peer::Peer;
use serde::Serialize;
use std::{fmt::Write as _, fs, path::PathBuf, time::Instant};
use workload::{Peers, WORKLOADS, Workload};

/// Time our methods.
#[derive(clap::Args)]
pub struct Arguments {
    /// Workloads to run (default: all)
    #[arg(long, num_args = 1.., value_name = "WORKLOAD")]
    only: Vec<String>,
    /// Python interpreter that has the peers; without it only ours is timed
    #[arg(long)]
    python: Option<PathBuf>,
    /// File for the rows as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Timed runs of each side
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

/// One workload's outcome. Times are seconds, ratios the peer's median over ours.
#[derive(Serialize)]
struct Row {
    workload: &'static str,
    what: String,
    ours: f64,
    peer: Option<f64>,
    peer_name: Option<String>,
    peer_version: Option<String>,
    ratio: Option<f64>,
    quality_name: &'static str,
    quality_ours: f64,
    quality_peer: Option<f64>,
    runs_ours: Vec<f64>,
    runs_peer: Vec<f64>,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        if let Some(unknown) = self.only.iter().find(|name| WORKLOADS.iter().all(|w| w.name != **name)) {
            let known: Vec<&str> = WORKLOADS.iter().map(|w| w.name).collect();
            return Err(format!("there is no workload \"{unknown}\"; there are {}", known.join(", ")).into());
        }
        let chosen = WORKLOADS.iter().filter(|w| self.only.is_empty() || self.only.iter().any(|name| name == w.name));
        let rows = chosen.map(|workload| self.measure(workload)).collect::<Result<Vec<_>, _>>()?;
        println!("{}", markdown(&rows));
        if let Some(path) = &self.json {
            fs::write(path, serde_json::to_string_pretty(&rows)? + "\n")?;
        }
        if self.python.is_some() && self.only.is_empty() {
            let page = format!("{PREFACE}{}", markdown(&rows));
            fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md"), page)?;
        }
        Ok(())
    }

    fn measure(&self, workload: &Workload) -> Result<Row, Box<dyn std::error::Error>> {
        let prepared = (workload.prepare)()?;
        let mut peer = match &self.python {
            Some(python) if !matches!(workload.peer, Peers::None) => Peer::start(python, workload.name, &prepared)?,
            _ => None,
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut quality, mut peer_quality) = (f64::NAN, None);
        // the first turn warms caches and just-in-time work on both sides and is not counted
        let (uncounted, turns) = if matches!(workload.peer, Peers::Slow) { (0, 1) } else { (1, self.runs as u64 + 1) };
        for turn in 0..turns {
            let begun = Instant::now();
            let value = (prepared.ours)(turn)?;
            let seconds = begun.elapsed().as_secs_f64();
            let answer = peer.as_mut().map(|peer| peer.turn(turn)).transpose()?;
            if turn >= uncounted {
                ours.push(seconds);
                quality = value;
                if let Some(answer) = answer {
                    theirs.push(answer.seconds);
                    peer_quality = Some((prepared.peer_quality)(&answer.values)?);
                }
            }
        }
        let (median_ours, median_theirs) = (median(&ours), peer.as_ref().map(|_| median(&theirs)));
        Ok(Row {
            workload: workload.name,
            what: prepared.what,
            ours: median_ours,
            peer: median_theirs,
            ratio: median_theirs.map(|theirs| theirs / median_ours),
            peer_name: peer.as_ref().map(|p| p.name.clone()),
            peer_version: peer.as_ref().map(|p| p.version.clone()),
            quality_name: workload.quality,
            quality_ours: quality,
            quality_peer: peer_quality,
            runs_ours: ours,
            runs_peer: theirs,
        })
    }
}

const PREFACE: &str = "\
# Benchmarks

Written by `cargo xtask bench --peers`; do not edit. Each row is one process of ours and one of the peer's on the same data, run by turns
after one uncounted turn each (one turn in all where the peer takes minutes); times are medians in seconds of the fit alone, `ratio` is
the peer's over ours, and quality is that of the last turn. The machine is shared, so only ratios of the same run mean anything.

";

fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| workload | data | ours (s) | peer (s) | peer | ratio | quality | ours | peer |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
        let peer = row.peer_name.as_ref().zip(row.peer_version.as_ref()).map_or_else(|| "-".to_owned(), |(n, v)| format!("{n} {v}"));
        let ratio = row.ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}"));
        let quality = row.quality_peer.map_or_else(|| "-".to_owned(), |q| format!("{q:.9}"));
        let _ = writeln!(
            text,
            "| {} | {} | {:.4} | {} | {peer} | {ratio} | {} | {:.9} | {quality} |",
            row.workload,
            row.what,
            row.ours,
            optional(row.peer),
            row.quality_name,
            row.quality_ours
        );
    }
    text.push_str("\nAll runs (s):\n\n");
    for row in rows {
        let list = |runs: &[f64]| match runs {
            [] => "-".to_owned(),
            runs => runs.iter().map(|s| format!("{s:.4}")).collect::<Vec<_>>().join(" "),
        };
        let _ = writeln!(text, "- {}: ours {}; peer {}", row.workload, list(&row.runs_ours), list(&row.runs_peer));
    }
    text
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
