//! Greedy equivalence search (Chickering 2002, "Optimal structure identification with greedy search", Journal of Machine Learning Research 3):
//! from the empty graph, the move between equivalence classes that raises the score most, first by edges that are added, then by edges that are
//! taken away.
//!
//! The score is the Bayesian information criterion of linear Gaussian mechanisms. It is the same for all DAGs of a class and falls apart
//! into one term a variable, so a move costs two regressions. The gains of the moves of a pair are kept until something changes around it;
//! only then are they computed anew. That a path crosses no move is looked at for the best ones only.

mod operators;
mod score;

use crate::{CausalError, EquivalenceClass, FisherZ, pc};
use operators::{Move, State};
use rayon::prelude::*;
use score::{ROWS_A_PARENT, Scores};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BinaryHeap};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Progress, Run, Seed, Stop, Warning};
use unmix_graph::{Dag, Graph, Pdag};
use unmix_numerics::moments;

/// The parameters of GES.
///
/// ```
/// use unmix_causal::GesParams;
/// use unmix_core::Params;
///
/// let error = GesParams { penalty: -1.0, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`penalty` is -1, it must be finite and above 0");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GesParams {
    /// What a parameter costs, in units of `½ ln n`.
    pub penalty: f64,
    /// The level of the tests behind the evidence.
    pub level: f64,
}

impl Default for GesParams {
    /// Penalty 1, which is the criterion itself; evidence at level 0.05.
    fn default() -> Self {
        Self { penalty: 1.0, level: 0.05 }
    }
}

impl Params for GesParams {
    type Estimator = Ges;

    fn constraints(&self, checks: &mut Checks) {
        checks.positive("penalty", self.penalty);
        checks.within("level", self.level, 1e-6..=0.5);
    }

    fn seal(self) -> Ges {
        Ges { params: self }
    }
}

/// The estimator that [`GesParams`] build.
#[derive(Clone, Debug)]
pub struct Ges {
    params: GesParams,
}

/// Edges are added, then taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Forward,
    Backward,
}

impl Phase {
    /// The moves of an ordered pair with a positive gain.
    fn moves(self, state: &State, x: usize, y: usize, scores: &Scores<'_>) -> Result<Vec<Move>, CausalError> {
        let joined = state.is_adjacent(x, y);
        match self {
            Self::Forward if x != y && !joined => state.insertions(x, y, scores),
            Self::Backward if joined && !state.class.children(y).contains(&x) => state.deletions(x, y, scores),
            _ => Ok(Vec::new()),
        }
    }

    /// The best move that leads to a class. Of equals the first pair has it.
    fn best<'a>(self, state: &State, moves: &'a [Vec<Move>]) -> Option<&'a Move> {
        let mut heads: BinaryHeap<Head<'a>> = moves.iter().filter_map(|list| Head::of(list)).collect();
        while let Some(Head { best, rest }) = heads.pop() {
            if self == Self::Backward || state.is_blocked(best) {
                return Some(best);
            }
            // a move that is not allowed stays so until the graph changes
            heads.extend(Head::of(rest));
        }
        None
    }
}

/// The best move of a pair and the others. The greater has the larger gain; of equals, the first pair.
struct Head<'a> {
    best: &'a Move,
    rest: &'a [Move],
}

impl<'a> Head<'a> {
    fn of(moves: &'a [Move]) -> Option<Self> {
        moves.split_first().map(|(best, rest)| Self { best, rest })
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let pair = |head: &Self| (head.best.x, head.best.y);
        self.best.gain.total_cmp(&other.best.gain).then_with(|| pair(other).cmp(&pair(self)))
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head<'_> {}

impl Ges {
    /// The class, with what its score is above that of the empty graph.
    fn search(scores: &Scores<'_>, names: &[String], run: &mut Run<'_>) -> Result<(State, Climb), CausalError> {
        let mut state = State::new(Pdag::try_from(Graph::new(names.iter().cloned())?)?);
        let mut climb = Climb::default();
        for phase in [Phase::Forward, Phase::Backward] {
            if !climb.cancelled {
                climb.cancelled = ascend(phase, &mut state, &mut climb, scores, run)?;
            }
        }
        Ok((state, climb))
    }
}

/// Makes the best move of `phase` until none raises the score; whether it was cancelled.
fn ascend(phase: Phase, state: &mut State, climb: &mut Climb, scores: &Scores<'_>, run: &mut Run<'_>) -> Result<bool, CausalError> {
    let d = state.class.graph().nodes().len();
    let of_pair = |state: &State, pair: usize| phase.moves(state, pair / d, pair % d, scores);
    let mut moves: Vec<Vec<Move>> = (0..d * d).into_par_iter().map(|pair| of_pair(state, pair)).collect::<Result<_, _>>()?;
    while let Some(best) = phase.best(state, &moves) {
        let next = match phase {
            Phase::Forward => state.inserted(best)?,
            Phase::Backward => state.deleted(best)?,
        };
        climb.score += best.gain;
        climb.steps += 1;
        let changed: Vec<bool> = (0..d).map(|node| !state.same_around(&next, node)).collect();
        *state = next;
        let stale = |pair: usize| {
            let (x, y) = (pair / d, pair % d);
            changed[x] || changed[y] || state.class.neighbours(y).iter().any(|&k| changed[k])
        };
        let renewed: Vec<(usize, Vec<Move>)> = (0..d * d)
            .into_par_iter()
            .filter(|&pair| stale(pair))
            .map(|pair| Ok((pair, of_pair(state, pair)?)))
            .collect::<Result<_, CausalError>>()?;
        for (pair, list) in renewed {
            moves[pair] = list;
        }
        let edges = state.class.graph().edges().len() as f64;
        let progress = Progress { stage: "ges", step: climb.steps, total: None, objective: climb.score, parts: &[("edges", edges)] };
        if run.observer.observe(&progress).is_break() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the user should know about the rows.
fn warnings(determined: &[String], lacked_rows: bool, x: &Observations) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !determined.is_empty() {
        let text = pc::deterministic(determined, "sets of causes that determine a variable or each other are left out");
        warnings.push(Warning { code: "deterministic", text });
    }
    if lacked_rows {
        let text = format!(
            "{} rows do not allow more than {} causes of a variable ({ROWS_A_PARENT} rows each), and some sets of causes were left out for it; with rows \
             this few the criterion takes chance for causes: raise `penalty`, or drop columns",
            x.rows(),
            x.rows() / ROWS_A_PARENT
        );
        warnings.push(Warning { code: "few-rows", text });
    }
    warnings
}

/// How far a search came.
#[derive(Debug, Default)]
struct Climb {
    score: f64,
    steps: usize,
    cancelled: bool,
}

/// The Bayesian information criterion of a DAG for the rows of `x` under linear Gaussian mechanisms, in nats:
/// `Σ -(n/2)(ln 2πσ² + 1) - ½ ln n (parents + 1)` over the variables, with the residual variances `σ²` (divisor `n`).
///
/// # Errors
/// As [`FisherZ::of`]; [`CausalError::Shape`] if the graph has another number of nodes; [`CausalError::Determined`] if the parents of a
/// variable determine it.
pub fn gaussian_bic(dag: &Dag, x: &Observations) -> Result<f64, CausalError> {
    let (expected, found) = (dag.graph().nodes().len(), x.columns());
    if expected != found {
        return Err(CausalError::Shape { part: "the table", expected, found });
    }
    let correlations = FisherZ::of(x)?;
    let scores = Scores::new(&correlations, x.rows(), 1.0);
    (0..expected).try_fold(of_empty(x), |sum, i| Ok(sum + scores.local(i, dag.parents(i))?))
}

/// The criterion of the graph without edges.
fn of_empty(x: &Observations) -> f64 {
    let n = x.rows() as f64;
    let of_variable = |variance: &f64| -0.5 * n * ((std::f64::consts::TAU * variance).ln() + 1.0) - 0.5 * n.ln();
    moments(x.x()).covariance.diag().iter().map(of_variable).sum()
}

impl Fit<Observations> for Ges {
    type Model = EquivalenceClass;
    type Error = CausalError;

    /// The objective is the score in nats, with the penalty asked for on the edges.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<EquivalenceClass>, CausalError> {
        run.in_pool(|run| {
            let correlations = FisherZ::of(x)?;
            let scores = Scores::new(&correlations, x.rows(), self.params.penalty);
            let (state, climb) = Self::search(&scores, x.names(), run)?;
            let (determined, lacked_rows) = scores.met();
            let warnings = warnings(&determined, lacked_rows, x);
            let stop = if climb.cancelled { Stop::Cancelled } else { Stop::Completed };
            let model = EquivalenceClass::new(state.class.into_graph(), Vec::new())?.with_determined(determined);
            Ok(Fitted { model, stop, iterations: climb.steps, objective: Some(of_empty(x) + climb.score), warnings })
        })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::MarkovEquivalence,
            theorem: "Chickering (2002), JMLR 3: with a consistent score the search finds the class in the limit of many rows",
            assumptions: &pc::OF_GAUSSIAN,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        pc::screen(pc::Test::FisherZ, x, self.params.level)
    }

    fn evidence(&self, x: &Observations, model: &EquivalenceClass, run: &mut Run<'_>) -> Result<Vec<Evidence>, CausalError> {
        run.in_pool(|_| Ok(pc::evidence(self.params.level, x, model)))
    }
}
