//! L0. The only place that makes threads.
//!
//! Three promises:
//! 1. **Same bits at any thread count.** Work is cut into chunks whose size depends on the
//!    data alone, and partial results come back in chunk order: [`map_chunks`] and
//!    [`map_indexed`] are the only ways in. A rayon `reduce` over floats is not reproducible.
//! 2. **Survives fork.** Pools are keyed by process id: a pool inherited over `fork` has no
//!    threads behind it and would hang (multiprocessing on Linux forks by default).
//! 3. **Can be stopped.** Long kernels call [`Control::tick`] once a block: one relaxed add and
//!    one relaxed load.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::{Error, Result};

/// Rows per chunk. Fixed, so that sums associate the same way on every machine.
pub const CHUNK: usize = 4096;

type Pools = HashMap<(u32, usize), Arc<rayon::ThreadPool>>;

static POOLS: Mutex<Option<Pools>> = Mutex::new(None);

thread_local! {
    static THREADS: Cell<usize> = const { Cell::new(0) };
}

/// Runs `work` with at most `n_threads` threads (0: as many as the machine has).
///
/// The setting holds on the calling thread for the length of the call.
pub fn with_threads<T>(n_threads: usize, work: impl FnOnce() -> T) -> T {
    let before = THREADS.with(|cell| cell.replace(n_threads));
    let out = work();
    THREADS.with(|cell| cell.set(before));
    out
}

/// The number of threads a parallel call made here would use.
pub fn n_threads() -> usize {
    match THREADS.with(Cell::get) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

/// The pool of this process with [`n_threads`] threads, made at first use.
fn pool() -> Result<Arc<rayon::ThreadPool>> {
    let key = (std::process::id(), n_threads());
    let mut guard = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pools = guard.get_or_insert_with(HashMap::new);
    if let Some(pool) = pools.get(&key) {
        return Ok(Arc::clone(pool));
    }
    // A pool of the parent process must not be dropped in the child: its drop would wait for
    // threads that do not exist here.
    let (own, foreign): (Pools, Pools) = pools.drain().partition(|((pid, _), _)| *pid == key.0);
    *pools = own;
    std::mem::forget(foreign);
    let made = rayon::ThreadPoolBuilder::new()
        .num_threads(key.1)
        .thread_name(|i| format!("gofal-{i}"))
        .build()
        .map_err(|e| Error::Internal { message: format!("thread pool: {e}") })?;
    let made = Arc::new(made);
    pools.insert(key, Arc::clone(&made));
    Ok(made)
}

/// Maps `f` over `0..n` in ranges of `chunk`, in parallel; results in range order.
///
/// # Errors
/// The error of the lowest-numbered failing chunk, so that the error too is the same at any
/// thread count; `InvalidOption` if `chunk` is 0.
pub fn map_chunks<T: Send>(
    n: usize,
    chunk: usize,
    f: impl Fn(Range<usize>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if chunk == 0 {
        return Err(Error::option("chunk", "a positive number", 0));
    }
    map_indexed(n.div_ceil(chunk), |i| f(i * chunk..((i + 1) * chunk).min(n)))
}

/// Maps `f` over `0..n`, in parallel; results in index order.
///
/// # Errors
/// The error of the lowest failing index.
pub fn map_indexed<T: Send>(n: usize, f: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    if n <= 1 || n_threads() == 1 {
        return (0..n).map(f).collect();
    }
    let parts: Vec<Result<T>> = pool()?.install(|| (0..n).into_par_iter().map(&f).collect());
    parts.into_iter().collect()
}

/// Fills disjoint pieces of `out`, `chunk` elements each, in parallel: `f(first_index, piece)`.
///
/// # Errors
/// The error of the lowest-numbered failing piece; `InvalidOption` if `chunk` is 0.
pub fn fill_chunks<T: Send>(
    out: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    if chunk == 0 {
        return Err(Error::option("chunk", "a positive number", 0));
    }
    if out.len() <= chunk || n_threads() == 1 {
        return out.chunks_mut(chunk).enumerate().try_for_each(|(i, piece)| f(i * chunk, piece));
    }
    let parts: Vec<Result<()>> = pool()?
        .install(|| out.par_chunks_mut(chunk).enumerate().map(|(i, piece)| f(i * chunk, piece)).collect());
    parts.into_iter().collect()
}

/// Shared between a running kernel and whoever waits for it: a stop flag and a progress count.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

impl Control {
    /// A control that nobody watches: for tests and for short calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// States how many units of work there will be.
    pub fn announce(&self, total: u64) {
        self.total.fetch_add(total, Ordering::Relaxed);
    }

    /// Counts `n` units as done.
    ///
    /// # Errors
    /// `Interrupted` once [`Control::stop`] was called.
    pub fn tick(&self, n: u64) -> Result<()> {
        self.done.fetch_add(n, Ordering::Relaxed);
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// Asks the kernel to stop at its next tick.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Units done and units expected.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_order_holds_at_any_thread_count() {
        let sum_of = |threads| {
            with_threads(threads, || {
                map_chunks(100_000, CHUNK, |r| Ok(r.map(|i| 1.0 / (i as f64 + 1.0)).sum::<f64>()))
                    .map(|parts| parts.iter().sum::<f64>().to_bits())
            })
        };
        assert_eq!(sum_of(1), sum_of(2));
        assert_eq!(sum_of(1), sum_of(8));
    }

    #[test]
    fn the_first_error_wins_and_stop_is_honoured() {
        let failing = with_threads(4, || {
            map_indexed(100, |i| if i >= 7 { Err(Error::option("i", "below 7", i)) } else { Ok(i) })
        });
        assert_eq!(failing, Err(Error::option("i", "below 7", 7)));
        let control = Control::new();
        control.stop();
        assert_eq!(control.tick(1), Err(Error::Interrupted));
    }
}
