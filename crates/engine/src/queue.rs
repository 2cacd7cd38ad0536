//! The queue of a book: commands handed in, one or many at a time, in the order in which they came, and the way back of their verdicts.
//! Its bound is counted in commands. What is decided of them is the writer's matter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::Ask;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::draft::Verdict;
use crate::error::StopReason;

/// Commands that go in together at most. A stream's message travels as one: one entry of the queue, one wake-up and one answer instead
/// of a thousand, which cost more than deciding does.
const TOGETHER: usize = 1_024;
/// The part of the queue, one in so many, that streams leave to commands that come alone. A stream waits for room while a lone command is
/// refused for want of it; without a part of its own, a flood of receipts would keep everybody else's commands out.
const KEPT_PART: usize = 16;

/// A command that waits for the writer.
#[derive(Debug)]
pub(crate) struct Queued {
    /// Boxed, since it changes hands several times until it is decided.
    pub ask: Box<Ask>,
    pub deadline: Option<Instant>,
    pub reply: Reply,
}

/// Where the verdict on one command goes.
#[derive(Debug)]
pub(crate) struct Reply {
    answers: Arc<Answers>,
    place: usize,
}

impl Reply {
    /// Gives the verdict. A caller that went away meanwhile will ask again under the same request id.
    pub fn send(self, verdict: Verdict) {
        let mut slots = self.answers.lock();
        if let Some(slot) = slots.verdicts.get_mut(self.place) {
            *slot = Some(verdict);
        }
        slots.left = slots.left.saturating_sub(1);
        if slots.left == 0 {
            slots.hand_over();
        }
    }

    /// Whether nobody waits for it any more.
    pub fn is_closed(&self) -> bool {
        self.answers.lock().done.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// Verdicts on commands that were handed in together. Where the writer goes down with some of them, the others' verdicts still arrive.
#[derive(Debug)]
struct Answers(Mutex<Slots>);

#[derive(Debug)]
struct Slots {
    verdicts: Vec<Option<Verdict>>,
    left: usize,
    done: Option<oneshot::Sender<Vec<Option<Verdict>>>>,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        // Nothing under this lock can leave it half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn hand_over(&mut self) {
        if let Some(done) = self.done.take() {
            drop(done.send(std::mem::take(&mut self.verdicts)));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.lock().hand_over();
    }
}

/// Commands that were handed in together.
#[derive(Debug)]
pub struct Pending {
    commands: usize,
    state: Handed,
}

#[derive(Debug)]
enum Handed {
    Queued { reply: oneshot::Receiver<Vec<Option<Verdict>>>, stop: watch::Receiver<Option<StopReason>> },
    Refused(crate::EngineError),
}

impl Pending {
    /// Commands that are known not to go in, all for the same reason.
    pub(crate) fn refused(commands: usize, error: crate::EngineError) -> Pending {
        Pending { commands, state: Handed::Refused(error) }
    }

    /// Waits for the verdicts, in the order in which the commands were given; they come after commit. Dropping this drops those
    /// commands whose batch is not formed yet, and changes nothing for the others.
    pub async fn answers(self) -> Vec<Verdict> {
        match self.state {
            Handed::Refused(error) => vec![Err(error); self.commands],
            Handed::Queued { reply, mut stop } => {
                let mut found = reply.await.unwrap_or_default();
                found.resize(self.commands, None);
                if found.iter().any(Option::is_none) {
                    // The writer went down with them: why will be known in a moment.
                    let reason = stop.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
                    let reason = reason.unwrap_or(StopReason::ShutDown);
                    return found.into_iter().map(|v| v.unwrap_or_else(|| Err(reason.clone().into()))).collect();
                }
                found.into_iter().flatten().collect()
            }
        }
    }
}

/// Room in the queue, given back when it is dropped.
pub(crate) type Room = OwnedSemaphorePermit;

/// What goes through the queue: commands, and the room that they take in it until they are decided.
pub(crate) struct Entry {
    pub commands: Vec<Queued>,
    pub room: Room,
}

/// The queue has no room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

/// The room of a queue: the common part, and what is kept for commands that come alone.
#[derive(Clone)]
struct Rooms {
    common: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    bound: usize,
}

impl Rooms {
    fn new(bound: usize) -> Rooms {
        let kept = bound / KEPT_PART;
        Rooms { common: Arc::new(Semaphore::new(bound - kept)), kept: Arc::new(Semaphore::new(kept)), bound }
    }

    /// Room for one command that does not wait for it.
    fn alone(&self) -> Result<Room, TryAcquireError> {
        match Arc::clone(&self.common).try_acquire_owned() {
            Err(TryAcquireError::NoPermits) => Arc::clone(&self.kept).try_acquire_owned(),
            found => found,
        }
    }

    /// Commands that take room.
    fn taken(&self) -> usize {
        self.bound.saturating_sub(self.common.available_permits() + self.kept.available_permits())
    }

    fn close(&self) {
        self.common.close();
        self.kept.close();
    }
}

/// The end of the queue where commands go in.
pub(crate) struct Entrance {
    entries: mpsc::UnboundedSender<Entry>,
    rooms: Rooms,
}

/// The end of the queue where the writer takes them out.
pub(crate) struct Exit {
    entries: mpsc::UnboundedReceiver<Entry>,
    rooms: Rooms,
}

/// A queue for so many commands.
pub(crate) fn queue(bound: usize) -> (Entrance, Exit) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let rooms = Rooms::new(bound);
    (Entrance { entries: sender, rooms: rooms.clone() }, Exit { entries: receiver, rooms })
}

impl Entrance {
    /// How many commands can be handed in together.
    pub fn together(&self) -> usize {
        TOGETHER.min(self.rooms.bound - self.rooms.bound / KEPT_PART)
    }

    /// Commands that wait.
    pub fn waiting(&self) -> usize {
        self.rooms.taken()
    }

    /// Hands a command in if there is room, also where streams wait for some.
    pub fn try_send(
        &self,
        ask: Ask,
        deadline: Option<Instant>,
        stop: watch::Receiver<Option<StopReason>>,
    ) -> Result<Pending, Full> {
        match self.rooms.alone() {
            Ok(room) => Ok(self.enter(vec![ask], deadline, Some(room), stop)),
            Err(TryAcquireError::NoPermits) => Err(Full),
            Err(TryAcquireError::Closed) => Ok(self.enter(vec![ask], deadline, None, stop)),
        }
    }

    /// Hands commands in together, at most [`Entrance::together`] of them, as soon as there is room for all, waiting `until` then.
    pub async fn send(
        &self,
        asks: Vec<Ask>,
        deadline: Option<Instant>,
        until: Instant,
        stop: watch::Receiver<Option<StopReason>>,
    ) -> Result<Pending, Full> {
        let count = u32::try_from(asks.len()).map_err(|_| Full)?;
        let common = &self.rooms.common;
        let room = match Arc::clone(common).try_acquire_many_owned(count) {
            Ok(room) => Some(room),
            Err(TryAcquireError::Closed) => None,
            Err(TryAcquireError::NoPermits) => {
                let room = timeout_at(until, Arc::clone(common).acquire_many_owned(count)).await;
                room.map_err(|_| Full)?.ok()
            }
        };
        Ok(self.enter(asks, deadline, room, stop))
    }

    /// Puts commands into the queue. A closed one, of a book that goes down, drops them; the answer then says why.
    fn enter(
        &self,
        asks: Vec<Ask>,
        deadline: Option<Instant>,
        room: Option<Room>,
        stop: watch::Receiver<Option<StopReason>>,
    ) -> Pending {
        let count = asks.len();
        let (done, reply) = oneshot::channel();
        if let Some(room) = room {
            let slots = Slots { verdicts: vec![None; count], left: count, done: Some(done) };
            let answers = Arc::new(Answers(Mutex::new(slots)));
            let reply = |place| Reply { answers: Arc::clone(&answers), place };
            let commands = asks.into_iter().enumerate().map(|(place, ask)| Queued {
                ask: Box::new(ask),
                deadline,
                reply: reply(place),
            });
            drop(self.entries.send(Entry { commands: commands.collect(), room }));
        }
        Pending { commands: count, state: Handed::Queued { reply, stop } }
    }
}

impl Exit {
    /// What waits first, if anything does.
    pub fn try_recv(&mut self) -> Option<Entry> {
        self.entries.try_recv().ok()
    }

    /// What comes next; none when the queue is closed and empty.
    pub async fn recv(&mut self) -> Option<Entry> {
        self.entries.recv().await
    }

    /// Takes nothing new; what waits can still be taken.
    pub fn close(&mut self) {
        self.rooms.close();
        self.entries.close();
    }

    /// Whether it takes nothing new.
    pub fn is_closed(&self) -> bool {
        self.rooms.common.is_closed()
    }

    /// Commands that wait.
    pub fn waiting(&self) -> usize {
        self.rooms.taken()
    }
}
