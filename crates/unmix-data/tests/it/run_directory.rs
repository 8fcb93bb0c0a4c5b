//! Results appear whole or not at all.

use std::{fs, path::Path};
use unmix_core::{Failure, Kind};
use unmix_data::{FileError, MANIFEST, RunDirectory, verify_run, write_atomically};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn failing() -> FileError {
    FileError::NoColumns
}

#[test]
fn a_finished_run_lists_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/run");
    let run = RunDirectory::create(&out, false).unwrap();
    run.write("z.csv", b"abc").unwrap();
    run.write("figures/graph.svg", b"<svg/>").unwrap();
    for unlisted in ["timing.json", "run.log", "events.out.tfevents.1"] {
        run.write(unlisted, b"clock").unwrap();
    }
    fs::write(run.folder().join("model.json"), "{}").unwrap();
    assert!(!out.exists());
    assert_eq!(run.finish().unwrap(), out);
    assert_eq!(names(out.parent().unwrap()), ["run"]);
    assert_eq!(names(&out), ["events.out.tfevents.1", "figures", MANIFEST, "model.json", "run.log", "timing.json", "z.csv"]);

    let manifest = verify_run(&out).unwrap();
    let paths: Vec<&str> = manifest.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["figures/graph.svg", "model.json", "z.csv"]);
    // the SHA-256 of "abc" in FIPS 180-2
    assert_eq!(manifest.files[2].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(manifest.files[2].size, 3);
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let run = RunDirectory::create(&out, false).unwrap();
    run.write("codes.csv", b"z1\n").unwrap();
    drop(run);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_that_fails_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    write_atomically(&path, |out| out.write_all(b"old").map_err(|_| failing())).unwrap();
    let error = write_atomically(&path, |out| {
        out.write_all(b"half").map_err(|_| failing())?;
        Err(failing())
    });
    assert!(matches!(error, Err(FileError::NoColumns)));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn an_interrupted_run_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut run = RunDirectory::create(&out, false).unwrap();
    run.keep_partial(true);
    run.write("checkpoint.bin", b"1").unwrap();
    fs::write(run.folder().join("half.csv.tmp"), "half").unwrap();
    drop(run);
    assert_eq!(names(folder.path()), ["run.partial"]);

    let error = RunDirectory::create(&out, false).unwrap_err();
    assert!(matches!(error, FileError::Interrupted { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Usage);

    for path in [out.clone(), folder.path().join("run.partial")] {
        let run = RunDirectory::resume(&path).unwrap();
        assert_eq!(names(run.folder()), ["checkpoint.bin"]);
    }
    RunDirectory::resume(&out).unwrap().finish().unwrap();
    assert_eq!(names(folder.path()), ["run"]);
    assert!(matches!(RunDirectory::resume(&out), Err(FileError::Exists { .. })));
    assert!(matches!(RunDirectory::resume(&folder.path().join("other")), Err(FileError::NoRun { .. })));
}

#[test]
fn force_replaces_only_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    RunDirectory::create(&out, false).unwrap().finish().unwrap();
    let error = RunDirectory::create(&out, false).unwrap_err();
    assert!(error.to_string().ends_with("run exists already; choose another --out or replace it with --force"), "{error}");
    assert_eq!(error.kind(), Kind::Usage);

    let run = RunDirectory::create(&out, true).unwrap();
    run.write("new", b"").unwrap();
    assert_eq!(names(&out), [MANIFEST]);
    drop(run);
    assert_eq!(names(&out), [MANIFEST]);

    let run = RunDirectory::create(&out, true).unwrap();
    run.write("new", b"").unwrap();
    run.finish().unwrap();
    assert_eq!(names(&out), [MANIFEST, "new"]);
    assert_eq!(names(folder.path()), ["run"]);
}

#[test]
fn a_place_that_is_taken_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let run = RunDirectory::create(&out, false).unwrap();
    fs::create_dir(&out).unwrap();
    fs::write(out.join("theirs"), "").unwrap();
    assert!(matches!(run.finish(), Err(FileError::Exists { .. })));
    assert_eq!(names(&out), ["theirs"]);
}

#[test]
fn names_stay_inside() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(&folder.path().join("run"), false).unwrap();
    for name in ["", "../x", "/etc/x", "a/../../x", "."] {
        assert!(matches!(run.write(name, b""), Err(FileError::UnsafeName { .. })), "{name}");
    }
    assert!(matches!(RunDirectory::create(Path::new(".."), true), Err(FileError::UnsafeName { .. })));
}

#[test]
fn changes_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let run = RunDirectory::create(&out, false).unwrap();
    run.write("a", b"1").unwrap();
    run.finish().unwrap();
    let what = |path: &Path| verify_run(path).unwrap_err().to_string();

    fs::write(out.join("a"), "2").unwrap();
    assert!(what(&out).contains("a: the content differs"));
    fs::write(out.join("a"), "1").unwrap();
    fs::write(out.join("b"), "").unwrap();
    assert!(what(&out).contains("b: the file is not in the manifest"));
    fs::remove_file(out.join("b")).unwrap();
    fs::write(out.join("timing.json"), "").unwrap();
    assert!(verify_run(&out).is_ok());
    fs::remove_file(out.join("a")).unwrap();
    assert!(what(&out).contains("a: the file is missing"));
    fs::write(out.join(MANIFEST), "{").unwrap();
    assert!(matches!(verify_run(&out), Err(FileError::Manifest { .. })));
    assert!(matches!(verify_run(folder.path()), Err(FileError::NoRun { .. })));
}
