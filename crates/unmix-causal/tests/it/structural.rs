//! Structural models: mechanisms of every kind, interventions, counterfactuals and average effects.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, array};
use unmix_causal::{
    Action, AdditiveNoise, CausalError, Change, Equation, Linear, LinearSem, LocationScale, Mechanism, Mlp, PostNonlinear, StructuralModel,
};
use unmix_core::{Do, Intervene, Sample, Seed};
use unmix_dist::{Laplace, Normal, Uniform};
use unmix_graph::{Dag, Edge, Graph};
use unmix_numerics::{moments, pearson};

fn dag(nodes: &[&str], edges: &[(usize, usize)]) -> Dag {
    let mut graph = Graph::new(nodes.iter().copied()).unwrap();
    for &(from, to) in edges {
        graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
    }
    Dag::try_from(graph).unwrap()
}

/// `a -> b -> c` and `a -> c`, of four kinds of mechanism.
fn mixed() -> StructuralModel {
    let spread = |parents: ArrayView1<'_, f64>| 0.2 + parents[0].powi(2);
    let network =
        Mlp { weights: array![[1.0, -0.5], [0.3, 2.0], [-1.0, 1.0]], bias: array![0.1, 0.0, -0.2], output: array![1.0, -2.0, 0.5] };
    let equations = [
        Equation::source(Laplace::new(0.5, 1.0).unwrap()),
        Equation::new(LocationScale { location: Linear::new([1.5]), scale: spread }, Normal::new(0.0, 1.0).unwrap()),
        Equation::new(PostNonlinear { inner: network, outer: f64::sinh, inverse: f64::asinh }, Uniform::new(-0.5, 0.5).unwrap()),
    ];
    StructuralModel::new(dag(&["a", "b", "c"], &[(0, 1), (0, 2), (1, 2)]), equations).unwrap()
}

fn correlation(x: &Array2<f64>, i: usize, j: usize) -> f64 {
    pearson(&x.column(i).to_vec(), &x.column(j).to_vec()).unwrap()
}

#[test]
fn abduction_returns_the_noise_of_every_kind_of_mechanism() {
    let model = mixed();
    let noise = model.draw_noise(500, Seed(3));
    let x = model.evaluate(noise.view()).unwrap();
    let abducted = model.abduct(x.view()).unwrap();
    assert!((&abducted - &noise).iter().all(|v| v.abs() < 1e-8), "{}", (&abducted - &noise).mapv(f64::abs).sum());
    // nothing changed: the factual world, to the bit
    assert_eq!(model.counterfactual(x.view(), &[], Seed(1)).unwrap(), x);
}

#[test]
fn linear_mechanisms_are_the_linear_model() {
    let names = ["a", "b", "c", "d"].map(str::to_owned);
    let weights = array![[0.0, 0.0, 0.0, 0.0], [0.8, 0.0, 0.0, 0.0], [-0.5, 1.2, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]];
    let noise = array![[0.3, -1.0, 0.2, 0.5], [-0.3, 1.0, -0.2, -0.5]];
    let sem = LinearSem::new(&names, weights.clone(), Array1::zeros(4), noise.clone()).unwrap();
    let standard = || Normal::new(0.0, 1.0).unwrap();
    let equation = |j: usize| match sem.dag().parents(j) {
        [] => Equation::source(standard()),
        parents => Equation::new(AdditiveNoise(Linear::new(parents.iter().map(|&p| weights[[j, p]]).collect::<Vec<_>>())), standard()),
    };
    let model = StructuralModel::new(sem.dag().clone(), (0..4).map(equation).collect::<Vec<_>>()).unwrap();
    let x = model.evaluate(noise.view()).unwrap();
    assert!((&model.abduct(x.view()).unwrap() - &noise).iter().all(|v| v.abs() < 1e-14));
    for dos in [vec![("b", 3.0)], vec![("a", -1.0), ("c", 2.0)]] {
        let dos: Vec<Do> = dos.into_iter().map(|(node, value)| Do { node: node.into(), value }).collect();
        let linear = sem.intervene(&dos, Some(x.view()), 0, Seed(1)).unwrap();
        let structural = model.intervene(&dos, Some(x.view()), 0, Seed(1)).unwrap();
        assert!((linear - structural).iter().all(|v| v.abs() < 1e-12));
    }
    // the total effect of a on d: (0.8 · 1.2 - 0.5) · 2
    let effect = model.average_effect("a", [0.0, 1.0], "d", 100, Seed(1)).unwrap();
    assert!((effect.value - 0.92).abs() < 1e-12 && effect.standard_error < 1e-12, "{effect:?}");
    assert!(model.average_effect("d", [0.0, 1.0], "a", 100, Seed(1)).unwrap().value.abs() < 1e-300);
}

#[test]
fn interventions_of_every_kind_do_what_they_say() {
    let standard = || Normal::new(0.0, 1.0).unwrap();
    let linear = |weights: &[f64]| Equation::new(AdditiveNoise(Linear::new(weights)), standard());
    let model =
        StructuralModel::new(dag(&["a", "b", "c"], &[(0, 1), (1, 2)]), [Equation::source(standard()), linear(&[1.0]), linear(&[2.0])])
            .unwrap();
    let n = 40_000;
    let before = model.sample(n, Seed(1)).unwrap();
    let under = |change| model.changed(&[change]).unwrap().sample(n, Seed(1)).unwrap();

    let set = under(Change::new("b", Action::Set(4.0)));
    assert!(set.column(1).iter().all(|v| (v - 4.0).abs() < 1e-300));
    assert_eq!(set.column(0), before.column(0), "causes stay");
    assert!((moments(set.view()).mean[2] - 8.0).abs() < 0.05);

    let random = under(Change::randomise("b", Uniform::new(-1.0, 1.0).unwrap()));
    assert!(correlation(&random, 0, 1).abs() < 0.02 && correlation(&random, 1, 2) > 0.7);
    assert!(random.column(1).iter().all(|v| v.abs() <= 1.0));

    let shifted = under(Change::new("b", Action::Shift(3.0)));
    assert!((&shifted.column(1) - &before.column(1)).iter().all(|v| (v - 3.0).abs() < 1e-12));
    assert!((&shifted.column(2) - &before.column(2)).iter().all(|v| (v - 6.0).abs() < 1e-12));

    let soft = under(Change::new("b", Action::Replace(linear(&[-0.5]))));
    assert!((moments(soft.view()).covariance[[0, 1]] + 0.5).abs() < 0.02, "the parents stay, their effect changes");

    // two at once
    let both =
        model.changed(&[Change::new("a", Action::Set(1.0)), Change::new("c", Action::Shift(1.0))]).unwrap().sample(n, Seed(1)).unwrap();
    let mean = moments(both.view()).mean;
    assert!((mean[1] - 1.0).abs() < 0.03 && (mean[2] - 3.0).abs() < 0.05, "{mean}");
    assert_eq!(model.changed(&[Change::new("b", Action::Set(0.0))]).unwrap().dag().parents(1), [0_usize; 0]);
}

/// The noise abducted from what was seen, not a new one, decides what would have been.
#[test]
fn counterfactuals_keep_the_noise_and_randomised_variables_draw_another() {
    let model = mixed();
    let x = model.sample(200, Seed(5)).unwrap();
    let noise = model.abduct(x.view()).unwrap();
    let twin = model.counterfactual(x.view(), &[Change::new("a", Action::Set(0.3))], Seed(1)).unwrap();
    let expected = Array1::from_shape_fn(200, |i| 1.5 * 0.3 + (0.2 + 0.09) * noise[[i, 1]]);
    assert!((&twin.column(1) - &expected).iter().all(|v| v.abs() < 1e-9));
    assert_eq!(model.counterfactual(x.view(), &[Change::new("b", Action::Set(0.3))], Seed(1)).unwrap().column(0), x.column(0));

    let uniform = || Change::randomise("a", Uniform::new(0.0, 1.0).unwrap());
    let one = model.counterfactual(x.view(), &[uniform()], Seed(1)).unwrap();
    let other = model.counterfactual(x.view(), &[uniform()], Seed(2)).unwrap();
    assert!(one.column(0).iter().all(|v| (0.0..=1.0).contains(v)));
    assert_ne!(one.column(0), other.column(0));
}

#[test]
fn average_effects_have_honest_errors() {
    // E[(1 + e)² - e²] = 1 for e of mean 0, with a spread of 4 Var e
    let square = |parents: ArrayView1<'_, f64>| parents[0].powi(2);
    let model = StructuralModel::new(
        dag(&["a", "m", "b"], &[(0, 1), (1, 2)]),
        [
            Equation::source(Normal::new(0.0, 1.0).unwrap()),
            Equation::new(AdditiveNoise(Linear::new([1.0])), Normal::new(0.0, 1.0).unwrap()),
            Equation::new(AdditiveNoise(square), Normal::new(0.0, 1.0).unwrap()),
        ],
    )
    .unwrap();
    let inside = (0..200).filter(|&seed| {
        let effect = model.average_effect("a", [0.0, 1.0], "b", 400, Seed(seed)).unwrap();
        (effect.value - 1.0).abs() < 1.96 * effect.standard_error
    });
    // 95 %: below 178 or above 199 once in a thousand
    let inside = inside.count();
    assert!((178..=199).contains(&inside), "{inside} of 200");
}

/// A mechanism whose value forgets the noise.
struct Rounded;

impl Mechanism for Rounded {
    fn value(&self, _: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        noise.mapv(f64::round)
    }

    fn noise(&self, _: ArrayView2<'_, f64>, _: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        None
    }
}

/// A mechanism that returns one value too few.
struct Short;

impl Mechanism for Short {
    fn value(&self, _: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        noise.iter().skip(1).copied().collect()
    }

    fn noise(&self, _: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        Some(value.to_owned())
    }
}

/// Whether the dose was above 1 does not say by how much, and need not for what would have been had it been.
#[test]
fn only_the_noises_that_are_needed_are_abducted() {
    let standard = || Normal::new(0.0, 1.0).unwrap();
    let model = StructuralModel::new(
        dag(&["cause", "treated", "response"], &[(0, 1), (1, 2)]),
        [Equation::source(standard()), Equation::new(Rounded, standard()), Equation::new(AdditiveNoise(Linear::new([2.0])), standard())],
    )
    .unwrap();
    let x = array![[0.5, 1.0, 2.3]];
    let twin = model.counterfactual(x.view(), &[Change::new("treated", Action::Set(0.0))], Seed(1)).unwrap();
    assert!((&twin - &array![[0.5, 0.0, 0.3]]).iter().all(|v| v.abs() < 1e-12), "{twin}");
    assert!(model.counterfactual(x.view(), &[Change::new("cause", Action::Set(0.0))], Seed(1)).is_err());
}

#[test]
fn mechanisms_take_the_parents_that_the_graph_gives_them() {
    let standard = || Normal::new(0.0, 1.0).unwrap();
    let with = |mechanism: Equation| {
        StructuralModel::new(
            dag(&["a", "b", "c"], &[(0, 2), (1, 2)]),
            [Equation::source(standard()), Equation::source(standard()), mechanism],
        )
    };
    let error = with(Equation::new(AdditiveNoise(Linear::new([1.0])), standard())).unwrap_err();
    assert!(matches!(&error, CausalError::Parents { variable, parents: 2 } if variable == "c"), "{error}");
    let network = Mlp { weights: array![[1.0, 2.0], [0.0, 1.0]], bias: array![0.0], output: array![1.0, 1.0] };
    assert!(with(Equation::new(AdditiveNoise(network), standard())).is_err(), "one bias for two hidden units");
    let model = with(Equation::new(AdditiveNoise(Linear::new([1.0, 2.0])), standard())).unwrap();
    let other = Equation::new(AdditiveNoise(Linear::new([1.0])), standard());
    assert!(model.changed(&[Change::new("c", Action::Replace(other))]).is_err());
}

#[test]
fn bad_input_is_refused_by_name() {
    let standard = || Normal::new(0.0, 1.0).unwrap();
    let graph = || dag(&["dose", "level"], &[(0, 1)]);
    let error = StructuralModel::new(graph(), [Equation::source(standard())]).unwrap_err();
    assert!(matches!(error, CausalError::Shape { expected: 2, found: 1, .. }), "{error}");

    let with = |equation| StructuralModel::new(graph(), [Equation::source(standard()), equation]).unwrap();
    let model = with(Equation::new(AdditiveNoise(Linear::new([1.0])), standard()));
    let text = model.changed(&[Change::new("doze", Action::Set(1.0))]).unwrap_err().to_string();
    assert!(text.contains("\"doze\"") && text.contains("dose"), "{text}");
    let twice = [Change::new("dose", Action::Set(1.0)), Change::new("dose", Action::Shift(1.0))];
    assert!(model.changed(&twice).unwrap_err().to_string().contains("\"dose\""));
    assert!(model.changed(&[Change::new("dose", Action::Set(f64::NAN))]).is_err());
    assert!(model.abduct(Array2::zeros((3, 3)).view()).is_err());
    assert!(model.average_effect("dose", [0.0, 1.0], "level", 1, Seed(1)).is_err());

    let forgetful = with(Equation::new(Rounded, standard()));
    let x = forgetful.sample(5, Seed(1)).unwrap();
    let text = forgetful.abduct(x.view()).unwrap_err().to_string();
    assert!(text.contains("\"level\" does not determine its noise"), "{text}");
    let text = with(Equation::new(Short, standard())).sample(5, Seed(1)).unwrap_err().to_string();
    assert!(text.contains("\"level\" has 4 values for 5 rows"), "{text}");
    let infinite = with(Equation::new(AdditiveNoise(|p: ArrayView1<'_, f64>| 1.0 / (p[0] - p[0])), standard()));
    assert!(infinite.sample(5, Seed(1)).unwrap_err().to_string().contains("\"level\""));
}
