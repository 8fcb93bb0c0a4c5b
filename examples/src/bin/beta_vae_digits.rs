//! A deep model of handwritten digits: infer codes, move one, generate.
//!
//! `cargo run --release -p examples --bin beta_vae_digits`; give a number of epochs for a shorter run.

use unmix::{
    core::{Do, Fit, Intervene, Params, Run, Seed},
    data::bundled,
    vae::{BetaVaeParams, Network},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(60), |word| word.parse())?;
    let digits = bundled::digits()?.observations;
    let params =
        BetaVaeParams { components: 6, beta: 2.0, epochs, network: Network::Mlp { hidden: vec![128] }, ..BetaVaeParams::default() };
    let fitted = params.build()?.fit(&digits, &mut Run::new(3))?;
    println!("objective {:.2} nats an image after {} steps", fitted.objective.unwrap_or(f64::NAN), fitted.iterations);

    // what the first digit would look like with its first code elsewhere
    let first = digits.select(&[0])?;
    for value in [-2.0, 0.0, 2.0] {
        let edited = fitted.model.intervene(&[Do { node: "z1".into(), value }], Some(first.x()), 1, Seed(0))?;
        println!("\nz1 = {value}");
        for row in edited.to_shape((8, 8))?.rows() {
            println!(
                "{}",
                row.iter()
                    .map(|v| if *v > 0.6 {
                        "##"
                    } else if *v > 0.3 {
                        "++"
                    } else {
                        "  "
                    })
                    .collect::<String>()
            );
        }
    }
    Ok(())
}
