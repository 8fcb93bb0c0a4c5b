//! `unmix doctor`.

use super::{arguments::OutputArguments, output};
use clap::Args;
use serde_json::json;
use unmix::{
    backend::{DeviceChoice, adapters},
    core::Fault,
};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let devices: Vec<(&str, Result<String, String>)> =
            DeviceChoice::all().map(|choice| (choice.name(), choice.open().map(|d| d.line).map_err(|e| e.to_string()))).collect();
        let adapters: Option<Vec<String>> = adapters().map(|list| list.iter().map(ToString::to_string).collect());
        let threads = rayon::current_num_threads();
        if self.output.json {
            let devices: Vec<_> = devices
                .iter()
                .map(|(name, state)| json!({ "device": name, "ready": state.is_ok(), "line": state.as_ref().unwrap_or_else(|e| e) }))
                .collect();
            return output::json(&json!({
                "unmix": env!("CARGO_PKG_VERSION"), "burn": BURN, "threads": threads, "processor_features": features(),
                "devices": devices, "adapters": adapters,
            }));
        }
        output::line(format!("unmix {} · burn {BURN} · {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH));
        output::line(format!("threads {threads} · processor features {}", features().join(" ")));
        output::line("\ndevices (--device)");
        for (name, state) in &devices {
            match state {
                Ok(line) => output::line(format!("  ready    {name:<14} {line}")),
                Err(why) => output::line(format!("  absent   {name:<14} {why}")),
            }
        }
        match adapters.as_deref() {
            None => output::line("\nadapters: this build does not look for any (cargo feature `wgpu`)"),
            Some([]) => output::line("\nadapters: none found"),
            Some(list) => {
                output::line("\nadapters");
                list.iter().for_each(|adapter| output::line(format!("  {adapter}")));
            }
        }
        Ok(())
    }
}

/// The version that the workspace pins.
const BURN: &str = "0.22.1";

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let found = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}
