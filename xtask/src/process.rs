//! Spawning: cargo without the runner's own variables, outputs captured or shown line by line.

use crate::workspace;
use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

/// A command that runs in the root of the checkout.
///
/// `cargo run` describes the package `xtask` to its program in `CARGO_PKG_*` and `CARGO_MANIFEST_*`. Build scripts watch
/// some of these, so handing them on would rebuild dependencies on every change between cargo and `cargo xtask`.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// `cargo` with arguments.
pub fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments);
    cargo
}

/// Runs a command to its end, its output shown as it comes.
///
/// # Errors
///
/// Fails if it cannot start or ends with another status than 0.
pub fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|why| format!("{} does not start: {why}", name(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", line(command))) }
}

/// Runs a command and returns what it printed on standard output.
///
/// # Errors
///
/// Fails as [`run`] does; the message then holds what was printed on standard error.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{} does not start: {why}", name(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("`{}` ended with {}\n{}", line(command), output.status, String::from_utf8_lossy(&output.stderr).trim_end()))
    }
}

/// Runs a command, shows each line as it comes and hands it to `see`; returns whether the status was 0.
///
/// # Errors
///
/// Fails if the command cannot start.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, String> {
    println!("> {}", line(command));
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|why| format!("{} does not start: {why}", name(command)))?;
    let (sender, lines) = mpsc::channel();
    let mut readers = Vec::new();
    if let Some(stream) = child.stdout.take() {
        readers.push(reader(stream, sender.clone()));
    }
    if let Some(stream) = child.stderr.take() {
        readers.push(reader(stream, sender.clone()));
    }
    drop(sender);
    for text in lines {
        println!("{text}");
        see(&text);
    }
    let status = child.wait().map_err(|why| why.to_string())?;
    for thread in readers {
        thread.join().map_err(|_| "a reader thread died".to_owned())?;
    }
    Ok(status.success())
}

fn reader(stream: impl Read + Send + 'static, sender: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send(text).is_err() {
                return;
            }
            bytes.clear();
        }
    })
}

fn name(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let mut words = vec![name(command)];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
