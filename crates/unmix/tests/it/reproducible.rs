//! Equal bytes with any number of threads, and after a kill.

use crate::command::Place;
use std::{thread::sleep, time::Duration};

#[test]
fn run_directories_are_equal_with_one_and_with_two_threads() {
    let place = Place::new();
    for fit in [
        "pca sachs --log",
        "fastica sachs --log",
        "factor-analysis holzinger --set components=3",
        "ica-lingam holzinger --set bootstrap=5",
        "beta-vae digits --set epochs=2 --set components=3",
    ] {
        for threads in [1, 2] {
            place.ok(&format!("fit {fit} --seed 5 --threads {threads} --out t{threads} --force --quiet"));
        }
        let (one, two) = (place.files("t1"), place.files("t2"));
        let differing: Vec<&String> = one.keys().filter(|name| one.get(*name) != two.get(*name)).collect();
        assert!(differing.is_empty() && one.len() == two.len(), "{fit}: {differing:?} differ");
        assert!(one.contains_key("report.html") && one.contains_key("manifest.json") && one.contains_key("fit.json"));
    }
}

#[test]
fn a_killed_training_resumes_to_the_bytes_of_an_uninterrupted_one() {
    let place = Place::new();
    let fit = "fit beta-vae digits --seed 9 --set epochs=40 --set components=3 --set network.kind=mlp --set network.hidden=[64] --quiet";
    place.ok(&format!("{fit} --out whole"));
    let mut child = place.command(&format!("{fit} --out cut")).spawn().unwrap();
    // not before the first checkpoint, and not at a fixed step: whichever step the machine has reached
    let checkpoints = place.path("cut.partial/checkpoints");
    while !checkpoints.exists() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!ended, "training ended before it could be killed: make it longer");
    assert!(!place.path("cut").exists() && place.path("cut.partial").exists());
    let said = place.run(&format!("{fit} --out cut"));
    assert!(said.err.contains("unmix resume"), "{}", said.err);
    place.ok("resume cut --threads 1 --quiet");
    assert!(!place.path("cut.partial").exists());
    let (whole, cut) = (place.files("whole"), place.files("cut"));
    let differing: Vec<&String> = whole.keys().filter(|name| whole.get(*name) != cut.get(*name)).collect();
    assert!(differing.is_empty() && whole.len() == cut.len(), "{differing:?} differ");
    assert!(place.ok("resume cut").contains("nothing to resume"));
}
