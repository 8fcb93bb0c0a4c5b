//! `unmix demo`: the whole loop on real data, in one report.

mod cells;
mod digits;
mod page;

use super::{arguments::OutputArguments, output};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, time::Instant};
use unmix::{
    backend::DeviceChoice,
    core::{Fault, Seed},
    data::RunDirectory,
};

#[derive(Args)]
pub struct Arguments {
    /// Folder to write
    #[arg(long, default_value = "demo", value_name = "DIR")]
    out: PathBuf,
    /// Replace an existing folder
    #[arg(long)]
    force: bool,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device of networks: flex, ndarray, wgpu, wgpu:software or auto
    #[arg(long, default_value = "auto")]
    device: String,
    /// Passes over the digits (default: at most 100)
    #[arg(long)]
    epochs: Option<usize>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let device: DeviceChoice = self.device.parse()?;
        device.open()?;
        let directory = RunDirectory::create(&self.out, self.force)?;
        let begun = Instant::now();
        let say = |what: &str| {
            if !self.output.quiet {
                eprintln!("[{:5.1} s] {what}", begun.elapsed().as_secs_f64());
            }
        };
        let seed = Seed(self.seed);
        let cells = cells::Cells::analyse(seed, say)?;
        let digits = digits::Digits::analyse(seed, device.name(), self.epochs, say)?;
        say("writing the report");
        page::write(&directory, &cells, &digits, self.seed)?;
        let timing = json!({ "seconds": begun.elapsed().as_secs_f64() });
        directory.write("timing.json", timing.to_string().as_bytes())?;
        let folder = directory.finish()?;
        let report = folder.join("report.html");
        if self.output.json {
            return output::json(&json!({ "report": report, "cells": page::summary(&cells), "digits": page::digits_summary(&digits) }));
        }
        if !self.output.quiet {
            page::headlines(&cells, &digits).iter().for_each(output::line);
            output::line(format!("\nopen {}", report.display()));
        }
        Ok(())
    }
}
