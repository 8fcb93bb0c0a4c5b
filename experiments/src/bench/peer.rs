//! A Python process that answers one line a turn (`experiments/peers/serve.py`).

use super::workload::Prepared;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

pub struct Peer {
    pub name: String,
    pub version: String,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _folder: TempDir,
}

/// What the peer says of one turn.
pub struct Answer {
    pub seconds: f64,
    pub values: Value,
}

impl Peer {
    /// Starts the peer of a workload; `None`, with a line of why, if it is not installed.
    pub fn start(python: &Path, workload: &str, prepared: &Prepared) -> Result<Option<Self>, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("x.npy"), unmix_data::npy_bytes(prepared.x.view()))?;
        fs::write(folder.path().join("settings.json"), prepared.settings.to_string())?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/serve.py");
        let mut child =
            Command::new(python).arg(script).arg(workload).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = child.stdin.take().zip(child.stdout.take()).ok_or("the peer has no pipes")?;
        let mut stdout = BufReader::new(stdout);
        let hello = read(&mut stdout)?;
        if let Some(missing) = hello.get("missing").and_then(Value::as_str) {
            eprintln!("{workload}: the peer is not installed: {missing}");
            return Ok(None);
        }
        let text = |key: &str| hello.get(key).and_then(Value::as_str).map(str::to_owned).ok_or("the peer does not say what it is");
        Ok(Some(Self { name: text("peer_name")?, version: text("peer_version")?, child, stdin, stdout, _folder: folder }))
    }

    pub fn turn(&mut self, seed: u64) -> Result<Answer, Box<dyn std::error::Error>> {
        writeln!(self.stdin, "{seed}")?;
        self.stdin.flush()?;
        let values = read(&mut self.stdout)?;
        let seconds = values.get("seconds").and_then(Value::as_f64).ok_or("the peer gives no time")?;
        Ok(Answer { seconds, values })
    }
}

fn read(from: &mut impl BufRead) -> Result<Value, Box<dyn std::error::Error>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err("the peer ended; its message is above".into());
    }
    Ok(serde_json::from_str(&line)?)
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
