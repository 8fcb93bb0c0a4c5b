//! Every example runs and says what it should.
#![allow(clippy::unwrap_used)]

use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn ica_unmixes_signals() {
    let text = output(env!("CARGO_BIN_EXE_ica_unmixing"), &[]);
    let mcc: f64 = text.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(mcc > 0.99, "{text}");
}

#[test]
fn factor_analysis_finds_three_factors() {
    let text = output(env!("CARGO_BIN_EXE_factor_analysis_holzinger"), &[]);
    assert!(text.contains("parallel analysis keeps 3 factors"), "{text}");
    assert!(text.contains("a rotation of the codes"), "{text}");
}

#[test]
fn a_deep_model_edits_digits() {
    let text = output(env!("CARGO_BIN_EXE_beta_vae_digits"), &["2"]);
    assert_eq!(text.matches("z1 = ").count(), 3, "{text}");
}

#[test]
fn a_term_of_ones_own_is_trained_and_logged() {
    let text = output(env!("CARGO_BIN_EXE_custom_term"), &["1"]);
    assert!(text.contains("sparsity") && text.contains("reconstruction"), "{text}");
}

#[test]
fn an_estimator_of_ones_own_conforms() {
    assert!(output(env!("CARGO_BIN_EXE_custom_estimator"), &[]).contains("conforms"));
}
