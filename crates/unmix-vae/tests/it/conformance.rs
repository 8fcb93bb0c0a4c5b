//! The rules of every method.

use crate::data::linear_gaussian;
use unmix_testkit::Conformance;
use unmix_vae::METHODS;

#[test]
fn vae_and_beta_vae() {
    for method in METHODS {
        Conformance::of(method, linear_gaussian(120, 5, 2))
            .with("components = 2\nepochs = 3\nnetwork = { kind = \"mlp\", hidden = [8] }")
            .allows_constant_columns()
            .assert();
    }
}
