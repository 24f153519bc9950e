//! The controller in a thread of its own: whatever a scheduler or a shared disk does, the screens stay alive.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::UiError;
use super::message::Message;
use crate::campaign::controller::{Action, ControlError, Controller, Reach};
use crate::words::notices;

/// The least time between two readings.
const PERIOD: Duration = Duration::from_secs(1);
/// A reading may take this part of the time: on a slow disk or scheduler the period grows.
const SHARE: u32 = 4;
/// But it never grows beyond this.
const LONGEST: Duration = Duration::from_mins(1);

/// What the driver tells the loop.
#[derive(Debug)]
pub(super) enum Told {
    /// A message for the model.
    Message(Message),
    /// The campaign cannot be opened: there is nothing to show.
    CannotOpen(ControlError),
}

/// The thread's handle.
pub(super) struct Driver {
    orders: Option<Sender<Action>>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Opens the campaign and goes on reading it.
    pub(super) fn start(output: &Path, told: UnboundedSender<Told>) -> Result<Self, UiError> {
        let (orders, taken) = channel();
        let output = output.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("controller".to_owned())
            .spawn(move || drive(&output, &taken, &told))
            .map_err(UiError::Terminal)?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Asks for an action; its result comes as a message.
    pub(super) fn act(&self, action: Action) {
        if let Some(orders) = &self.orders {
            // A driver that ended is noticed by the loop, by its messages' end.
            let _ = orders.send(action);
        }
    }

    /// Whether the thread ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Lets the thread end, waiting so long for what is under way. `false`: it still hangs, and is left behind.
    pub(super) fn stop(mut self, patience: Duration) -> bool {
        self.orders = None;
        let until = Instant::now() + patience;
        let Some(thread) = self.thread.take() else { return true };
        while !thread.is_finished() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        thread.join().is_ok()
    }
}

fn drive(output: &Path, orders: &Receiver<Action>, told: &UnboundedSender<Told>) {
    let mut controller = match Controller::open_with(output, Reach::screen()) {
        Ok(controller) => controller,
        Err(e) => {
            let _ = told.send(Told::CannotOpen(e));
            return;
        }
    };
    loop {
        let began = Instant::now();
        let message = match controller.refresh() {
            Ok(snapshot) => Message::Snapshot(Box::new(snapshot)),
            Err(e) => Message::RefreshFailed(in_full(&e)),
        };
        if told.send(Told::Message(message)).is_err() {
            return;
        }
        let pause = pause_after(began.elapsed());
        match orders.recv_timeout(pause) {
            Ok(action) => {
                // All that was asked for is done before the next reading shows it.
                for action in std::iter::once(action).chain(orders.try_iter()) {
                    let result = controller.act(&action).map_err(|e| in_full(&e));
                    let _ = told.send(Told::Message(Message::Acted(action, result)));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// An error with what to do about it.
fn in_full(error: &ControlError) -> String {
    notices::with_hint(&error.to_string(), &error.hint())
}

/// The pause after a reading that took so long.
fn pause_after(took: Duration) -> Duration {
    took.saturating_mul(SHARE).clamp(PERIOD, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_readings_become_rare() {
        assert_eq!(pause_after(Duration::from_millis(3)), PERIOD);
        assert_eq!(pause_after(Duration::from_secs(2)), Duration::from_secs(8));
        assert_eq!(pause_after(Duration::from_hours(1)), LONGEST);
    }
}
