//! The life of a sandbox, and its end at any await point.
//!
//! A sandbox is killed by dropping what it does for a request, at a drawn poll, or when it is about to pass a seam: a
//! request to the database, KMS or a provider, or the answer to one. A dead sandbox passes no seam any more, so what its
//! tasks still do is seen by nobody. That is all that a killed process is to the rest of the world.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Where a sandbox dies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doom {
    /// Nowhere.
    None,
    /// When the work for its request is polled so many times.
    Poll(u64),
    /// When it passes so many seams.
    Seam(u64),
}

/// The life of a sandbox.
pub(super) struct Life {
    /// Its number, in the order in which they were made.
    pub(super) number: u64,
    is_dead: AtomicBool,
    seams_left: AtomicU64,
    died: Notify,
    troubled_at: Mutex<Option<Instant>>,
    died_at: Mutex<Option<Instant>>,
}

impl Life {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            is_dead: AtomicBool::new(false),
            seams_left: AtomicU64::new(u64::MAX),
            died: Notify::new(),
            troubled_at: Mutex::default(),
            died_at: Mutex::default(),
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    pub(super) fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        self.died_at.lock().unwrap().get_or_insert_with(Instant::now);
        self.died.notify_waiters();
    }

    /// True if it died in this time.
    pub(super) fn died_within(&self, from: Instant, time: Duration) -> bool {
        self.died_at.lock().unwrap().is_some_and(|at| at >= from && at <= from + time)
    }

    /// Sets the number of seams that are left, or takes the limit away.
    pub(super) fn may_pass(&self, seams: Option<u64>) {
        self.seams_left.store(seams.unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Notes that the database or KMS gives the sandbox trouble.
    pub(super) fn is_troubled(&self) {
        *self.troubled_at.lock().unwrap() = Some(Instant::now());
    }

    /// True if there was trouble since this moment.
    pub(super) fn was_troubled_since(&self, since: Instant) -> bool {
        self.troubled_at.lock().unwrap().is_some_and(|at| at >= since)
    }

    /// Passes a seam, if the sandbox lives to do so.
    pub(super) async fn passes(&self) {
        let left = self.seams_left.load(Ordering::SeqCst);
        if left == 0 {
            self.die();
        } else if left != u64::MAX {
            self.seams_left.store(left - 1, Ordering::SeqCst);
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Does the work for a request until it ends, or the sandbox does.
    pub(super) async fn work<F: Future>(&self, doom: Doom, work: F) -> Option<F::Output> {
        let polls = if let Doom::Poll(polls) = doom { polls } else { u64::MAX };
        self.may_pass(if let Doom::Seam(seams) = doom { Some(seams) } else { None });
        let died = self.died.notified();
        let done = tokio::select! {
            biased;
            () = died => None,
            done = (Doomed { work: Some(Box::pin(work)), polls }) => done,
        };
        match done {
            Some(_) => self.may_pass(None),
            None => self.die(),
        }
        done
    }
}

/// Work that is dropped at one of its polls.
struct Doomed<F> {
    work: Option<Pin<Box<F>>>,
    polls: u64,
}

impl<F: Future> Future for Doomed<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            self.work = None;
        } else if self.polls != u64::MAX {
            self.polls -= 1;
        }
        match &mut self.work {
            Some(work) => work.as_mut().poll(context).map(Some),
            None => Poll::Ready(None),
        }
    }
}
