//! The memory that a piece of work holds at its peak.

/// The allocator that counts. Make it that of a test binary of its own, since every thread of the process counts.
pub use peak_alloc::PeakAlloc;

/// The result of `work`, and the most bytes that it held at once beside those that were held when it began. Whatever
/// other threads do meanwhile counts: measure in one test at a time.
///
/// ```
/// use unmix_testkit::{PeakAlloc, peak_bytes};
///
/// #[global_allocator]
/// static ALLOCATOR: PeakAlloc = PeakAlloc;
///
/// let (sum, peak) = peak_bytes(&ALLOCATOR, || vec![1_u8; 1 << 20].iter().map(|&v| u64::from(v)).sum::<u64>());
/// assert_eq!(sum, 1 << 20);
/// assert!(peak >= 1 << 20 && peak < 3 << 19);
/// ```
pub fn peak_bytes<R>(allocator: &PeakAlloc, work: impl FnOnce() -> R) -> (R, usize) {
    let before = allocator.current_usage();
    allocator.reset_peak_usage();
    let result = work();
    (result, allocator.peak_usage().saturating_sub(before))
}
