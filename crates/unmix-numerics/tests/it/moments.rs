use ndarray::{Array2, ArrayView2, Axis, array, s};
use proptest::{collection::vec, prelude::*};
use unmix_numerics::{CHUNK_ROWS, Moments, MomentsBuilder, NumericsError, moments};

/// Deterministic values without structure: the fractional parts of multiples of the golden ratio.
fn table(n: usize, d: usize, offset: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, d), |(i, j)| offset + ((i * d + j + 1) as f64 * 0.618033988749895).fract() * (j + 1) as f64)
}

/// The textbook two-pass formula.
fn direct(x: ArrayView2<'_, f64>) -> Moments {
    let n = x.nrows();
    let mean = x.mean_axis(Axis(0)).unwrap();
    let centred = &x - &mean;
    Moments { count: n, mean, covariance: centred.t().dot(&centred) / n as f64 }
}

fn assert_close(a: &Moments, b: &Moments, tolerance: f64) {
    assert_eq!(a.count, b.count);
    assert!((&a.mean - &b.mean).iter().all(|v| v.abs() <= tolerance * (1.0 + b.mean.iter().fold(0.0, |m: f64, v| m.max(v.abs())))));
    assert!((&a.covariance - &b.covariance).iter().all(|v| v.abs() <= tolerance), "{a:?} {b:?}");
}

#[test]
fn agrees_with_the_two_pass_formula_around_chunk_boundaries() {
    for n in [1, 2, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 5 * CHUNK_ROWS + 17] {
        let x = table(n, 7, 0.0);
        assert_close(&moments(x.view()), &direct(x.view()), 1e-13);
    }
}

#[test]
fn a_large_offset_costs_no_digits() {
    let x = table(5000, 3, 0.0);
    // A power of two keeps the values exact, up to their own rounding to 2^-24.
    let x = x.mapv(|v| (v * 1024.0).round() / 1024.0);
    let shifted = moments((&x + 1073741824.0).view());
    assert!((&shifted.covariance - &moments(x.view()).covariance).iter().all(|v| v.abs() < 1e-9));
}

#[test]
fn equal_bytes_at_any_number_of_threads_and_any_cut() {
    let x = table(20 * CHUNK_ROWS + 5, 6, 3.0);
    let run = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| moments(x.view()));
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(7), one);
    for cut in [1, 3, 1000, CHUNK_ROWS, CHUNK_ROWS + 1, 5000] {
        let mut builder = MomentsBuilder::new(6);
        for block in x.axis_chunks_iter(Axis(0), cut) {
            builder.add_block(block).unwrap();
        }
        assert_eq!(builder.finish(), one, "blocks of {cut}");
    }
}

#[test]
fn the_memory_order_does_not_matter() {
    let x = table(3000, 4, 0.0);
    let columns_first = x.t().as_standard_layout().to_owned();
    assert_eq!(moments(columns_first.t()), moments(x.view()));
    assert_eq!(moments(x.slice(s![..;2, ..;-1])), moments(x.slice(s![..;2, ..;-1]).to_owned().view()));
}

#[test]
fn no_rows_and_no_columns() {
    let none = moments(Array2::zeros((0, 2)).view());
    assert!(none.count == 0 && none.mean.iter().chain(&none.covariance).all(|v| v.is_nan()));
    assert_eq!(moments(Array2::zeros((3, 0)).view()).count, 3);
    assert!(moments(array![[1.0]].view()).unbiased_covariance()[[0, 0]].is_nan());
}

#[test]
fn a_nan_stays_in_its_column() {
    let x = array![[1.0, f64::NAN], [3.0, 2.0]];
    let found = moments(x.view());
    assert_eq!((found.mean[0], found.covariance[[0, 0]]), (2.0, 1.0));
    assert!(found.covariance[[0, 1]].is_nan() && found.covariance[[1, 1]].is_nan());
}

#[test]
fn a_block_of_another_width_is_an_error() {
    let error = MomentsBuilder::new(2).add_block(array![[1.0]].view()).unwrap_err();
    assert!(matches!(error, NumericsError::Length { expected: 2, found: 1, .. }));
}

#[test]
fn derived_matrices() {
    let found = moments(array![[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [3.0, 6.0, 5.0]].view());
    assert!((found.unbiased_covariance()[[1, 1]] - 4.0).abs() < 1e-15);
    let correlation = found.correlation();
    assert!((correlation[[0, 1]] - 1.0).abs() < 1e-15);
    assert_eq!(correlation[[1, 1]], 1.0);
    assert!(correlation[[2, 2]].is_nan());
}

proptest! {
    #[test]
    fn covariance_is_symmetric_and_shift_invariant(values in vec(-10.0..10.0, 4..200), shift in -100.0..100.0) {
        let n = values.len() / 4;
        let x = Array2::from_shape_vec((n, 4), values[..4 * n].to_vec()).unwrap();
        let found = moments(x.view());
        prop_assert_eq!(&found.covariance, &found.covariance.t());
        let shifted = moments(x.mapv(|v| v + shift).view());
        prop_assert!((&shifted.covariance - &found.covariance).iter().all(|v| v.abs() < 1e-11));
    }
}
