//! The loop: keys, signals and messages in; frames and effects out.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use jiff::tz::TimeZone;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, getsid};
use ratatui::crossterm::event::{Event, EventStream};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::MissedTickBehavior;

use super::driver::{Driver, Told};
use super::model::{Clock, Effect, Message, Model, Notice};
use super::reader::Reader;
use super::terminal::{self, Screen};
use super::theme::{Depth, Meaning, Theme};
use super::{UiError, glyphs, memory, update, view};

/// How often ages and files are looked at anew.
const TICK: Duration = Duration::from_secs(1);

/// Runs the screens; see [`super::run`].
pub(super) fn run(output: &Path) -> Result<(), UiError> {
    if !terminal::is_there() {
        return Err(UiError::NoTerminal);
    }
    // The same campaign is remembered as one, by whatever path it was opened.
    let output = std::fs::canonicalize(output).unwrap_or_else(|_| output.to_path_buf());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(UiError::Terminal)?;
    let (teller, told) = unbounded_channel();
    let driver = Driver::start(&output, teller.clone())?;
    let reader = Reader::start(teller)?;
    let mut screens = Screens::enter(output, driver, reader)?;
    let result = runtime.block_on(screens.go(told));
    screens.leave(result)
}

/// What the loop works with.
struct Screens {
    output: PathBuf,
    screen: Screen,
    model: Model,
    driver: Driver,
    reader: Reader,
    began: Instant,
}

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// Leave (SIGTERM, SIGINT), or the terminal is gone (SIGHUP).
    Leave,
    /// To the background (SIGTSTP).
    Suspend,
    /// Back in the foreground (SIGCONT).
    Continued,
}

/// The signals that the loop listens to.
struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hang_up: Listener,
    suspend: Listener,
    resume: Listener,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let of = |s: Signal| signal(SignalKind::from_raw(s as i32));
        Ok(Self {
            terminate: of(Signal::SIGTERM)?,
            interrupt: of(Signal::SIGINT)?,
            hang_up: of(Signal::SIGHUP)?,
            suspend: of(Signal::SIGTSTP)?,
            resume: of(Signal::SIGCONT)?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Leave,
            _ = self.interrupt.recv() => Heard::Leave,
            _ = self.hang_up.recv() => Heard::Leave,
            _ = self.suspend.recv() => Heard::Suspend,
            _ = self.resume.recv() => Heard::Continued,
        }
    }
}

/// Whether the loop goes on.
type Next = ControlFlow<()>;

impl Screens {
    fn enter(output: PathBuf, driver: Driver, reader: Reader) -> Result<Self, UiError> {
        let lookup = |name: &str| std::env::var(name).ok();
        let (theme, glyphs) = (Theme::new(Depth::of_environment(lookup)), glyphs::of_environment(lookup));
        let screen = Screen::enter().map_err(UiError::Terminal)?;
        let size = screen.size().map_err(UiError::Terminal)?;
        let mut model = Model::new(size, theme, glyphs, TimeZone::system());
        memory::recall(&output, &mut model);
        Ok(Self { output, screen, model, driver, reader, began: Instant::now() })
    }

    /// The loop, until the person leaves.
    async fn go(&mut self, mut told: UnboundedReceiver<Told>) -> Result<(), UiError> {
        let mut signals = Signals::listen().map_err(UiError::Terminal)?;
        let mut events = EventStream::new();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                event = events.next() => self.terminal_event(event)?,
                message = told.recv() => self.hear(message)?,
                _ = ticks.tick() => self.tick()?,
                heard = signals.next() => self.signal(heard)?,
            };
            // All that waits is taken before the next frame: a slow line sees the last state, not each.
            if next.is_break() || self.drain(&mut events, &mut told)?.is_break() {
                return Ok(());
            }
            let model = &self.model;
            self.screen.draw(|frame| view::view(model, frame)).map_err(UiError::Terminal)?;
        }
    }

    fn drain(
        &mut self,
        events: &mut EventStream,
        told: &mut UnboundedReceiver<Told>,
    ) -> Result<Next, UiError> {
        // Bounded, so that a flood cannot keep the screen from being drawn.
        for _ in 0..200 {
            let next = if let Some(event) = events.next().now_or_never() {
                self.terminal_event(event)?
            } else if let Ok(message) = told.try_recv() {
                self.hear(Some(message))?
            } else {
                break;
            };
            if next.is_break() {
                return Ok(next);
            }
        }
        Ok(Next::Continue(()))
    }

    fn clock(&self) -> Clock {
        let steady_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Clock { steady_ms, wall_ms: jiff::Timestamp::now().as_millisecond() }
    }

    fn take(&mut self, message: Message) -> Result<Next, UiError> {
        let now = self.clock();
        for effect in update::update(&mut self.model, message, now) {
            match effect {
                Effect::Act(action) => self.driver.act(action),
                Effect::ReadLog(_) | Effect::ReadPicture(..) => self.reader.ask(effect),
                Effect::Redraw => self.screen.forget().map_err(UiError::Terminal)?,
                Effect::Suspend => self.suspend()?,
                Effect::Quit => return Ok(Next::Break(())),
            }
        }
        Ok(Next::Continue(()))
    }

    fn terminal_event(&mut self, event: Option<io::Result<Event>>) -> Result<Next, UiError> {
        match event {
            Some(Ok(Event::Key(key))) => self.take(Message::Key(key)),
            Some(Ok(Event::Resize(columns, rows))) => self.take(Message::Resize(columns, rows)),
            Some(Ok(_)) => Ok(Next::Continue(())),
            Some(Err(e)) => Err(UiError::Terminal(e)),
            // The terminal is gone.
            None => Ok(Next::Break(())),
        }
    }

    fn hear(&mut self, told: Option<Told>) -> Result<Next, UiError> {
        match told {
            Some(Told::Message(message)) => self.take(message),
            Some(Told::CannotOpen(e)) => Err(UiError::Campaign(e)),
            None => Err(defect()),
        }
    }

    fn tick(&mut self) -> Result<Next, UiError> {
        if self.driver.has_ended() || self.reader.has_ended() {
            return Err(defect());
        }
        self.take(Message::Tick)
    }

    fn signal(&mut self, heard: Heard) -> Result<Next, UiError> {
        match heard {
            Heard::Leave => return Ok(Next::Break(())),
            Heard::Suspend => self.suspend()?,
            Heard::Continued => self.screen.resume().map_err(UiError::Terminal)?,
        }
        Ok(Next::Continue(()))
    }

    /// Stops the process, as a shell expects of a program in the foreground; goes on when it is continued.
    fn suspend(&mut self) -> Result<(), UiError> {
        // Without a shell behind it nobody could continue it.
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            let text = "there is no shell to go back to: use q to leave".to_owned();
            self.model.notice = Some(Notice { text, meaning: Meaning::Warning });
            return Ok(());
        }
        terminal::leave();
        let stopped = kill(Pid::from_raw(0), Signal::SIGSTOP);
        self.screen.resume().map_err(UiError::Terminal)?;
        stopped.map_err(|e| UiError::Terminal(e.into()))
    }

    /// Gives the terminal back, then waits for what is under way.
    fn leave(self, result: Result<(), UiError>) -> Result<(), UiError> {
        memory::note(&self.output, &self.model);
        drop(self.screen);
        let acting = !self.model.pending.is_empty();
        if acting {
            tell!(
                "waiting for the answer to what was asked last (a submission cut in two must be looked up)"
            );
        }
        if !self.driver.stop(acting) && acting {
            tell!("no answer yet: it is looked up when the campaign is opened next");
        }
        result
    }
}

/// A thread of the screens ended by itself.
fn defect() -> UiError {
    UiError::Defect(terminal::panic_told().unwrap_or_else(|| "a thread ended without a word".to_owned()))
}
