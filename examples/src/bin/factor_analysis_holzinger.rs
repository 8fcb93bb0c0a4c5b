//! The textbook of factor analysis: nine ability tests, three factors.
//!
//! `cargo run -p examples --bin factor_analysis_holzinger`

use unmix::{
    core::{Fit, Model, Params, Run, Seed},
    data::bundled,
    linear::{Correlation, FactorAnalysisParams, FitIndices, PARALLEL_QUANTILE, kaiser_meyer_olkin, parallel_analysis},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pupils = bundled::holzinger()?.observations;
    let correlation = Correlation::of(&pupils)?;
    println!("sampling adequacy (KMO) {:.3}", kaiser_meyer_olkin(correlation.r.view())?.overall);
    let scree = parallel_analysis(&correlation, 500, PARALLEL_QUANTILE, Seed(1))?;
    println!("parallel analysis keeps {} factors", scree.retained);

    let estimator = FactorAnalysisParams { components: Some(3), ..Default::default() }.build()?;
    let fitted = estimator.fit(&pupils, &mut Run::new(1))?;
    for (name, loadings) in pupils.names().iter().zip(fitted.model.standardized_loadings().rows()) {
        let cells: Vec<String> = loadings.iter().map(|l| if l.abs() < 0.3 { "   .  ".into() } else { format!("{l:6.2}") }).collect();
        println!("{name}  {}", cells.join(" "));
    }
    let fit = FitIndices::of(&correlation, &fitted.model)?;
    let rmsea = fit.rmsea.ok_or("no degrees of freedom")?;
    println!("chi-squared {:.1} on {} degrees of freedom, RMSEA {rmsea:.3}, CFI {:.3}", fit.chi_squared, fit.degrees_of_freedom, fit.cfi);
    println!("identified up to {}", estimator.claim().class.describe());
    assert!(fitted.model.mixing().is_some());
    Ok(())
}
