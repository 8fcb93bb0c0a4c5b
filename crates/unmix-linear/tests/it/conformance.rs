//! The rules of every method, for those that need no more than independent sources.

use crate::{
    anchor_words::corpus,
    factor_models::holzinger,
    mixtures::{Source, mixture},
    wide_factor_analysis::shared,
};
use unmix_linear::METHODS;
use unmix_testkit::Conformance;

fn conformance(name: &str) -> Conformance {
    let x = mixture(&[Source::Laplace, Source::Uniform, Source::Exponential], 600, 2).0;
    Conformance::of(METHODS.iter().find(|m| m.name == name).unwrap(), x)
}

#[test]
fn pca() {
    conformance("pca").linear(1e-8).allows_constant_columns().assert();
    conformance("pca").with("components = 2\nstandardize = true").linear(1e-8).assert();
}

#[test]
fn ppca() {
    conformance("ppca").linear(1e-8).allows_constant_columns().assert();
    conformance("ppca").with("components = 2\nstandardize = true").linear(1e-8).assert();
}

#[test]
fn sparse_pca() {
    let method = METHODS.iter().find(|m| m.name == "sparse-pca").unwrap();
    let config = "components = 3\ntolerance = 1e-14";
    Conformance::of(method, holzinger()).with(&format!("{config}\nstandardize = true")).linear(1e-5).assert();
    Conformance::of(method, holzinger()).with(&format!("{config}\nridge = 0.01")).linear(1e-5).allows_constant_columns().assert();
}

#[test]
fn fastica() {
    conformance("fastica").linear(1e-8).assert();
    conformance("fastica").with("algorithm = \"deflation\"\ncontrast = \"exp\"").linear(1e-8).assert();
    conformance("fastica").with("components = 2").linear(1e-6).assert();
}

#[test]
fn factor_analysis() {
    let method = METHODS.iter().find(|m| m.name == "factor-analysis").unwrap();
    for config in [
        "rotation = 'quartimin'\nscores = 'ten-berge'",
        "rotation = 'promax'\nscores = 'anderson'",
        "rotation = 'geomin-orthogonal'\nextraction = 'minres'",
        "rotation = 'equamax'\nextraction = 'principal-axis'",
    ] {
        Conformance::of(method, holzinger()).with(&format!("components = 3\n{config}")).linear(1e-4).assert();
    }
    // more columns than rows
    Conformance::of(method, shared(20, 30, 1)).linear(1e-4).assert();
    Conformance::of(method, shared(20, 30, 2)).with("components = 2\nrotation = 'quartimin'").linear(1e-4).assert();
}

#[test]
fn confirmatory_factor_analysis() {
    let method = METHODS.iter().find(|m| m.name == "confirmatory-factor-analysis").unwrap();
    let factors = "[factors]\nvisual = ['x1', 'x2', 'x3']\ntextual = ['x4', 'x5', 'x6']\nspeed = ['x7', 'x8', 'x9']";
    for config in [
        factors.to_owned(),
        format!("scaling = 'marker'\ncorrelated = false\nscores = 'bartlett'\n{factors}"),
        format!("noise_covariances = [['x7', 'x8']]\nanchors = {{ speed = 'x9' }}\nscores = 'ten-berge'\n{factors}"),
        "echelon = ['x4', 'x1', 'x7']\nscores = 'anderson'".to_owned(),
    ] {
        Conformance::of(method, holzinger()).with(&config).linear(1e-6).assert();
    }
}

#[test]
fn infomax() {
    conformance("infomax").linear(1e-8).assert();
    conformance("infomax").with("components = 2\nextended = false").linear(1e-6).assert();
}

#[test]
fn jade() {
    conformance("jade").linear(1e-8).assert();
    conformance("jade").with("components = 2").linear(1e-6).assert();
}

#[test]
fn sobi() {
    conformance("sobi").with("lags = 10").linear(1e-8).assert();
    conformance("sobi").with("components = 2").linear(1e-6).assert();
}

#[test]
fn picard() {
    conformance("picard").with("extended = true").linear(1e-6).assert();
    conformance("picard-o").linear(1e-8).assert();
    conformance("picard-o").with("components = 2").linear(1e-6).assert();
}

#[test]
fn sparse_factor_analysis() {
    let method = METHODS.iter().find(|m| m.name == "sparse-factor-analysis").unwrap();
    Conformance::of(method, holzinger()).with("components = 3\nstarts = 2").linear(1e-4).assert();
    Conformance::of(method, holzinger()).with("starts = 1\nspike = 30.0\nscores = 'bartlett'").linear(1e-4).assert();
}

#[test]
fn love() {
    let method = METHODS.iter().find(|m| m.name == "love").unwrap();
    Conformance::of(method, holzinger().standardized().unwrap()).with("splits = 5").linear(1e-8).assert();
    Conformance::of(method, holzinger().standardized().unwrap()).with("delta = 0.5").linear(1e-8).assert();
}

#[test]
fn nmf() {
    let method = METHODS.iter().find(|m| m.name == "nmf").unwrap();
    let x = mixture(&[Source::Laplace, Source::Uniform, Source::Exponential], 300, 2).0.map(f64::abs).unwrap();
    for config in ["tolerance = 1e-9", "tolerance = 1e-6\nloss = 'kullback-leibler'"] {
        let config = format!("components = 2\nmax_iterations = 5000\n{config}");
        Conformance::of(method, x.clone()).with(&config).linear(1e-4).allows_constant_columns().assert();
    }
}

#[test]
fn cp() {
    let method = METHODS.iter().find(|m| m.name == "cp").unwrap();
    for config in ["", "non_negative = true"] {
        let config = format!("modes = [3, 3]\ncomponents = 2\ntolerance = 1e-13\n{config}");
        Conformance::of(method, holzinger()).with(&config).linear(1e-4).allows_constant_columns().assert();
    }
}

#[test]
fn anchor_words() {
    let method = METHODS.iter().find(|m| m.name == "anchor-words").unwrap();
    let (x, _) = corpus(300, 40, 3, 5);
    for config in ["recovery = 'squared-distance'", "recovery = 'kullback-leibler'"] {
        Conformance::of(method, x.clone()).with(&format!("components = 3\n{config}")).assert();
    }
}
