//! The single way in: detach, run in our pool, convert errors, honour Ctrl-C, report progress.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::parallel::{Control, with_threads};
use crate::python::errors::to_python;

/// How long the calling thread sleeps between looks at signals: half of the tenth of a second in
/// which a Ctrl-C should be answered.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a short kernel: detached, on the calling thread. For work of a few milliseconds.
pub fn enter_short<T: Send>(
    py: Python<'_>,
    n_threads: usize,
    kernel: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    py.detach(|| with_threads(n_threads, || guarded(kernel))).map_err(|error| to_python(py, &error))
}

/// Runs a long kernel on a helper thread while the calling thread waits, looks for signals and calls
/// `progress(done, total)`.
pub fn enter<T: Send>(
    py: Python<'_>,
    n_threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
    kernel: impl FnOnce(&Control) -> Result<T> + Send,
) -> PyResult<T> {
    let control = Control::new();
    let (sender, mut receiver) = sync_channel(1);
    let outcome = std::thread::scope(|scope| {
        let control = &control;
        scope.spawn(move || {
            // The receiver lives until this thread has ended: sending cannot fail.
            let _ = sender.send(with_threads(n_threads, || guarded(|| kernel(control))));
        });
        let mut pending: Option<PyErr> = None;
        loop {
            // A receiver may be used by one thread at a time: it goes into the detached part and comes back.
            let (answer, back) = py.detach(move || (receiver.recv_timeout(LOOK), receiver));
            receiver = back;
            match answer {
                Ok(result) => return pending.map_or_else(|| result.map_err(|e| to_python(py, &e)), Err),
                Err(RecvTimeoutError::Disconnected) => {
                    let error =
                        Error::Internal { message: "the kernel's thread ended without an answer".to_owned() };
                    return Err(to_python(py, &error));
                }
                Err(RecvTimeoutError::Timeout) if pending.is_some() => {}
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = py.check_signals().and_then(|()| report(progress, control)) {
                        control.stop();
                        pending = Some(error);
                    }
                }
            }
        }
    })?;
    report(progress, &control)?;
    Ok(outcome)
}

fn report(progress: Option<&Bound<'_, PyAny>>, control: &Control) -> PyResult<()> {
    let (done, total) = control.progress();
    match progress {
        Some(callback) if total > 0 => callback.call1((done.min(total), total)).map(|_| ()),
        _ => Ok(()),
    }
}

/// A panic is a defect of ours; it must not cross into Python, where `except Exception` misses it.
fn guarded<T>(kernel: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(kernel)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic without a message".to_owned());
        Err(Error::Internal { message })
    })
}
