use proptest::{prelude::*, sample::select};
use unmix_core::{Claim, Class, Evidence, Verdict, identified};

proptest! {
    /// `<=` is a partial order: reflexive, antisymmetric, transitive.
    #[test]
    fn inclusion_is_a_partial_order(a in select(&Class::ALL), b in select(&Class::ALL), c in select(&Class::ALL)) {
        prop_assert!(a <= a);
        prop_assert!(!(a <= b && b <= a) || a == b);
        prop_assert!(!(a <= b && b <= c) || a <= c);
        prop_assert!(Class::Exact <= a && a <= Class::None);
    }
}

#[test]
fn scale_and_sign_are_smaller_than_what_contains_them() {
    for (small, large) in [
        (Class::Sign, Class::PermutationScale),
        (Class::Sign, Class::Orthogonal),
        (Class::Orthogonal, Class::Affine),
        (Class::PermutationScale, Class::Affine),
    ] {
        assert!(small < large, "{small:?} < {large:?}");
    }
    assert!(Class::Orthogonal.partial_cmp(&Class::PermutationScale).is_none());
    assert!(Class::MarkovEquivalence.partial_cmp(&Class::Affine).is_none());
}

#[test]
fn identification_needs_every_assumption_supported() {
    const CLAIM: Claim = Claim { class: Class::PermutationScale, theorem: "T", assumptions: &["a", "b"] };
    let evidence = |assumption, verdict| Evidence { assumption, verdict, p_value: None, margin: None, detail: String::new() };
    let (yes, no, untestable) = (Verdict::Supported, Verdict::Refuted, Verdict::Untestable);
    assert_eq!(identified(&CLAIM, &[evidence("a", yes), evidence("b", yes)]), Some(true));
    assert_eq!(identified(&CLAIM, &[evidence("a", yes)]), None);
    assert_eq!(identified(&CLAIM, &[evidence("a", yes), evidence("b", untestable)]), None);
    assert_eq!(identified(&CLAIM, &[evidence("a", yes), evidence("b", no)]), Some(false));
    let nothing = Claim { class: Class::None, ..CLAIM };
    assert_eq!(identified(&nothing, &[evidence("a", yes), evidence("b", yes)]), Some(false));
}
