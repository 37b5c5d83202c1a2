//! L0. The only place that makes threads.
//!
//! Three promises:
//! 1. **Same bits at any thread count.** Work is cut into chunks whose size depends on the
//!    data alone, and partial results come back in chunk order: [`map_chunks`],
//!    [`map_indexed`] and [`pipeline`] are the only ways in. A rayon `reduce` over floats is not reproducible.
//! 2. **Survives fork.** Pools are keyed by process id: a pool inherited over `fork` has no
//!    threads behind it and would hang (multiprocessing on Linux forks by default).
//! 3. **Can be stopped.** Long kernels call [`Control::tick`] once a block: one relaxed add and
//!    one relaxed load.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

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

/// Takes pieces of work one after another from `next`, does them in parallel, and hands the results to `take` in
/// the order of the pieces. At most two results a thread wait for their turn, so memory does not grow with the work.
///
/// # Errors
/// The error of the earliest piece that fails in `next`, `make` or `take`; later pieces are not begun.
pub fn pipeline<S: Send, T: Send>(
    mut next: impl FnMut() -> Result<Option<S>> + Send,
    make: impl Fn(S) -> Result<T> + Sync,
    mut take: impl FnMut(T) -> Result<()> + Send,
) -> Result<()> {
    if n_threads() == 1 {
        while let Some(piece) = next()? {
            take(make(piece)?)?;
        }
        return Ok(());
    }
    let pool = pool()?;
    let line = Line {
        feed: Mutex::new((next, 0)),
        desk: Mutex::new(Desk { take, due: 0, waiting: BTreeMap::new(), failed: None }),
        moved: Condvar::new(),
        stop: AtomicBool::new(false),
        room: pool.current_num_threads(),
    };
    pool.broadcast(|_| line.work(&make));
    line.desk.into_inner().unwrap_or_else(PoisonError::into_inner).failed.map_or(Ok(()), Err)
}

/// The state of a [`pipeline`].
struct Line<N, K, T> {
    /// Where pieces come from, and how many came.
    feed: Mutex<(N, usize)>,
    desk: Mutex<Desk<K, T>>,
    moved: Condvar,
    stop: AtomicBool,
    /// Finished results that may wait.
    room: usize,
}

struct Desk<K, T> {
    take: K,
    /// The piece whose result is taken next.
    due: usize,
    waiting: BTreeMap<usize, Result<T>>,
    failed: Option<Error>,
}

impl<N, K, T> Line<N, K, T> {
    fn work<S>(&self, make: &(impl Fn(S) -> Result<T> + Sync))
    where
        N: FnMut() -> Result<Option<S>>,
        K: FnMut(T) -> Result<()>,
    {
        // A panic in here must wake the threads that wait for this one's result.
        let _bell = Bell(self);
        while !self.stop.load(Ordering::Acquire) {
            let (index, piece) = {
                let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
                if self.stop.load(Ordering::Acquire) {
                    return;
                }
                let Some(piece) = (feed.0)().transpose() else {
                    self.stop.store(true, Ordering::Release);
                    return;
                };
                if piece.is_err() {
                    self.stop.store(true, Ordering::Release);
                }
                feed.1 += 1;
                (feed.1 - 1, piece)
            };
            self.hand_in(index, piece.and_then(make));
        }
    }

    fn hand_in(&self, index: usize, result: Result<T>)
    where
        K: FnMut(T) -> Result<()>,
    {
        let mut guard = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        guard.waiting.insert(index, result);
        let desk = &mut *guard;
        while let Some(result) = desk.waiting.remove(&desk.due) {
            desk.due += 1;
            if desk.failed.is_none()
                && let Err(error) = result.and_then(&mut desk.take)
            {
                desk.failed = Some(error);
                self.stop.store(true, Ordering::Release);
            }
        }
        self.moved.notify_all();
        // The thread whose result is due never waits here, so somebody always moves on.
        while guard.waiting.len() > self.room && !self.stop.load(Ordering::Acquire) {
            guard = self.moved.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Bell<'a, N, K, T>(&'a Line<N, K, T>);

impl<N, K, T> Drop for Bell<'_, N, K, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop.store(true, Ordering::Release);
        }
        self.0.moved.notify_all();
    }
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
    fn a_pipeline_takes_results_in_order_and_stops_at_the_earliest_error() {
        for threads in [1, 2, 8] {
            with_threads(threads, || {
                let (mut i, mut out) = (0, Vec::new());
                let next = || {
                    i += 1;
                    Ok((i <= 200).then_some(i))
                };
                pipeline(
                    next,
                    |i: u64| {
                        if i.is_multiple_of(7) {
                            std::thread::sleep(std::time::Duration::from_micros(300));
                        }
                        Ok(i * i)
                    },
                    |v| {
                        out.push(v);
                        Ok(())
                    },
                )
                .unwrap();
                assert_eq!(out, (1..=200).map(|i: u64| i * i).collect::<Vec<_>>());
                let (mut i, mut taken) = (0, 0);
                let failing = pipeline(
                    || {
                        i += 1;
                        Ok(Some(i))
                    },
                    |i: u64| if i >= 20 { Err(Error::option("i", "below 20", i)) } else { Ok(i) },
                    |_| {
                        taken += 1;
                        Ok(())
                    },
                );
                assert_eq!(failing, Err(Error::option("i", "below 20", 20)));
                assert_eq!(taken, 19);
            });
        }
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
