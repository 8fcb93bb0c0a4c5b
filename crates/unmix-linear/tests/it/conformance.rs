//! The rules of every method, for those that need no more than independent sources.

use crate::{
    anchor_words::corpus,
    factor_models::holzinger,
    mixtures::{Source, mixture},
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
    ] {
        Conformance::of(method, holzinger()).with(&format!("components = 3\n{config}")).linear(1e-4).assert();
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
fn nmf() {
    let method = METHODS.iter().find(|m| m.name == "nmf").unwrap();
    let x = mixture(&[Source::Laplace, Source::Uniform, Source::Exponential], 300, 2).0.map(f64::abs).unwrap();
    for config in ["tolerance = 1e-9", "tolerance = 1e-6\nloss = 'kullback-leibler'"] {
        let config = format!("components = 2\nmax_iterations = 5000\n{config}");
        Conformance::of(method, x.clone()).with(&config).linear(1e-4).allows_constant_columns().assert();
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
