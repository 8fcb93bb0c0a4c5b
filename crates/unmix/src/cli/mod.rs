//! The command line: one file a command, one door to all of them.

mod arguments;
mod compare;
mod data;
mod demo;
mod doctor;
mod eval;
mod fit;
mod generate;
mod intervene;
mod methods;
mod output;
mod progress;
mod report;
mod resume;
mod simulate;
mod stability;
mod suggest;
mod transform;

use clap::{CommandFactory, Parser, Subcommand};
use unmix::core::Fault;

/// Generative models that can be understood.
///
/// unmix learns the latent causes of data, draws the graph between them, says under which assumptions the result is identified and what the
/// data say about those, generates and edits by moving one cause at a time, and measures how far all this can be trusted.
#[derive(Parser)]
#[command(name = "unmix", version, max_term_width = 110, after_long_help = EXAMPLES, after_help = "`unmix --help` shows examples.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  unmix demo                                        the whole loop on real data, in two minutes: open demo/report.html
  unmix suggest cells.csv --log                     which methods' assumptions can hold for these data
  unmix fit fastica cells.csv --log --out ica       independent components, with evidence and report
  unmix fit factor-analysis tests.csv --set components=3 --out fa
  unmix fit beta-vae digits --set beta=4 --out vae  a deep model of the bundled digits
  unmix intervene vae digits --do z2=1.5            each digit as it would be with code 2 at 1.5
  unmix eval codes --estimate ica/codes.csv --truth z.csv --json

Data are CSV (.csv, .csv.gz, .tsv), NumPy (.npy, .npz), IDX images, or a bundled set: sachs, holzinger, digits.
Exit status: 0 done, 1 internal error, 2 usage, 3 data, 4 not converged (with --strict), 5 diverged, 6 file, 7 device.";

#[derive(Subcommand)]
enum Command {
    /// Run the whole loop on bundled real data and write one report
    ///
    /// Immune cells (data check, number of factors, factor analysis and ICA with their stability, a causal graph against the consensus, nine
    /// conditions) and handwritten digits (a β-VAE: train, infer, regenerate, traverse, edit). The report says in plain words what is
    /// identified, what is not, and why.
    Demo(demo::Arguments),
    /// Say which methods' assumptions can hold for a table, and why
    ///
    /// Only what can be seen before a fit is tested here: `fit` tests the rest.
    Suggest(suggest::Arguments),
    /// Fit a method to a table and write a run directory
    Fit(fit::Arguments),
    /// Infer the codes of other data with a fitted model
    ///
    /// The table is read as the run's own was: the same columns, logarithms and units.
    Transform(transform::Arguments),
    /// Generate observations from a fitted model
    ///
    /// Samples, or the observations of given codes. Columns are in the units of the fitted table (logarithms stay logarithms).
    Generate(generate::Arguments),
    /// Set a code or variable and see what changes
    ///
    /// Codes are z1, z2, …; in causal models variables can be set too. With a table: what each row would have been (counterfactuals).
    /// Without: samples of the intervened model.
    Intervene(intervene::Arguments),
    /// Score codes, mixings or graphs against a known truth
    #[command(subcommand)]
    Eval(eval::Subject),
    /// Compare two runs
    ///
    /// How each fit ended, how far their codes agree on the first run's data, and how far their graphs do. Agreement between seeds or
    /// methods is no proof of truth; disagreement is a proof of its absence.
    Compare(compare::Arguments),
    /// Fit a linear method many times and say which components return
    ///
    /// ICASSO's clusters with their quality, near 1 for a component that every fit finds. A stable component is reproducible, not therefore
    /// identified.
    Stability(stability::Arguments),
    /// Draw data whose causes are known
    Simulate(simulate::Arguments),
    /// Write the report of a run again
    ///
    /// To see it with this version; the run stays as it is.
    Report(report::Arguments),
    /// List the methods, or describe one
    ///
    /// With what each identifies; for one, its parameters, assumptions and citation.
    Methods(methods::Arguments),
    /// Show devices, adapters, threads and versions
    ///
    /// What to attach to a bug report.
    Doctor(doctor::Arguments),
    /// Look at a table before fitting anything
    #[command(subcommand)]
    Data(data::Subject),
    /// Go on with a run that was interrupted
    ///
    /// The result has the bytes of an uninterrupted run.
    Resume(resume::Arguments),
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> Result<(), Fault> {
        match self.command {
            Command::Demo(arguments) => arguments.run(),
            Command::Suggest(arguments) => arguments.run(),
            Command::Fit(arguments) => arguments.run(),
            Command::Transform(arguments) => arguments.run(),
            Command::Generate(arguments) => arguments.run(),
            Command::Intervene(arguments) => arguments.run(),
            Command::Eval(subject) => subject.run(),
            Command::Compare(arguments) => arguments.run(),
            Command::Stability(arguments) => arguments.run(),
            Command::Simulate(arguments) => arguments.run(),
            Command::Report(arguments) => arguments.run(),
            Command::Methods(arguments) => arguments.run(),
            Command::Doctor(arguments) => arguments.run(),
            Command::Data(subject) => subject.run(),
            Command::Resume(arguments) => arguments.run(),
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Self::command(), "unmix", &mut std::io::stdout());
                Ok(())
            }
        }
    }
}
