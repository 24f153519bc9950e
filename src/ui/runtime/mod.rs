//! The loop: keys, signals and messages in; frames and effects out.

mod signals;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, getsid};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::MissedTickBehavior;

use super::driver::{Driver, Told};
use super::input::{self, Typed};
use super::memory;
use super::message::{Effect, Message};
use super::model::Model;
use super::reader::Reader;
use super::shared::Clock;
use super::terminal::{self, Screen, Written};
use super::theme::{Depth, Meaning, Theme};
use super::{UiError, update, view};
use crate::glyphs;
use crate::words::notices;
use signals::{Heard, Signals};

/// How long leaving waits for the disk to take where the visit ended.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long leaving waits for a reading that is under way.
const PATIENCE_FOR_READINGS: Duration = Duration::from_secs(2);
/// How long leaving waits for an action.
const PATIENCE_FOR_ACTIONS: Duration = Duration::from_mins(1);

/// Runs the screens; see [`super::run`].
pub(super) fn run(output: &Path, tick: Duration) -> Result<(), UiError> {
    terminal::check()?;
    // The same campaign is remembered as one, by whatever path it was opened.
    let output = std::fs::canonicalize(output).unwrap_or_else(|_| output.to_path_buf());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(UiError::Terminal)?;
    let (teller, told) = unbounded_channel();
    let driver = Driver::start(&output, teller.clone())?;
    let reader = Reader::start(&output, teller)?;
    let (typist, typed) = unbounded_channel();
    let (writer, written) = unbounded_channel();
    let screen = {
        // Signals are heard before the terminal is changed.
        let _inside = runtime.enter();
        let signals = Signals::listen().map_err(UiError::Terminal)?;
        let size = terminal::size().unwrap_or((80, 24));
        let screen = Screen::enter(size, writer).map_err(UiError::Terminal)?;
        (screen, size, signals)
    };
    let (screen, size, signals) = screen;
    let sources = Sources { typed, told, written, signals };
    let mut screens = Screens::new(output, screen, size, driver, reader);
    input::listen(typist)?;
    let result = runtime.block_on(screens.go(sources, tick));
    let end = screens.leave(result);
    // A thread that hangs with a disk or the terminal is left behind.
    runtime.shutdown_background();
    end
}

/// What the loop works with.
struct Screens {
    output: PathBuf,
    screen: Screen,
    model: Model,
    driver: Driver,
    reader: Reader,
    began: Instant,
    /// The terminal is gone.
    gone: bool,
    /// A signal that ends the program, once the terminal is as it was.
    fatal: Option<Signal>,
}

/// What the loop listens to.
struct Sources {
    typed: UnboundedReceiver<Typed>,
    told: UnboundedReceiver<Told>,
    written: UnboundedReceiver<Written>,
    signals: Signals,
}

/// Whether there is anything new to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Something,
    Nothing,
}

/// How the loop goes on, or that it ends.
type Next = ControlFlow<(), Change>;

/// It goes on.
const GO_ON: Next = Next::Continue(Change::Something);

impl Screens {
    fn new(output: PathBuf, screen: Screen, size: (u16, u16), driver: Driver, reader: Reader) -> Self {
        let lookup = |name: &str| std::env::var(name).ok();
        let (theme, glyphs) = (Theme::new(Depth::of_environment(lookup)), glyphs::of_environment(lookup));
        let model = Model::new(size, theme, glyphs, TimeZone::system());
        Self { output, screen, model, driver, reader, began: Instant::now(), gone: false, fatal: None }
    }

    /// The loop, until the person leaves.
    async fn go(&mut self, mut from: Sources, tick: Duration) -> Result<(), UiError> {
        let mut ticks = tokio::time::interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changed = true;
        loop {
            let due = self.model.next_due().map(|due| self.began + Duration::from_millis(due));
            let asleep = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into());
            let mut next = tokio::select! {
                heard = from.signals.next() => self.signal(heard)?,
                typed = from.typed.recv() => self.typed(typed)?,
                message = from.told.recv() => self.hear(message)?,
                () = asleep, if due.is_some() => self.take(Message::Due)?,
                _ = ticks.tick() => self.tick()?,
                result = from.written.recv() => self.written(result)?,
            };
            changed |= !matches!(next, Next::Continue(Change::Nothing));
            // All that waits is taken before the next frame: a slow line sees the last state, not each. Bounded, so that
            // a flood cannot keep the screen from being drawn.
            for _ in 0..200 {
                if next.is_break() {
                    return Ok(());
                }
                next = if let Ok(typed) = from.typed.try_recv() {
                    self.typed(Some(typed))?
                } else if let Ok(message) = from.told.try_recv() {
                    self.hear(Some(message))?
                } else {
                    break;
                };
                changed = true;
            }
            if changed && Screen::is_free() {
                let model = &self.model;
                self.screen.draw(|frame| view::view(model, frame)).map_err(UiError::Terminal)?;
                changed = false;
            }
        }
    }

    fn clock(&self) -> Clock {
        self.clock_at(Instant::now())
    }

    /// The clocks as they stood a moment ago.
    fn clock_at(&self, moment: Instant) -> Clock {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let ago = i64::try_from(moment.elapsed().as_millis()).unwrap_or(0);
        Clock {
            steady_ms: ms(moment.saturating_duration_since(self.began)),
            wall_ms: jiff::Timestamp::now().as_millisecond() - ago,
        }
    }

    fn take(&mut self, message: Message) -> Result<Next, UiError> {
        let now = self.clock();
        self.take_at(message, now)
    }

    fn take_at(&mut self, message: Message, now: Clock) -> Result<Next, UiError> {
        for effect in update::update(&mut self.model, message, now) {
            match effect {
                Effect::Act(action) => self.driver.act(action),
                Effect::ReadLog(_) | Effect::ReadPicture(..) => self.reader.ask(effect),
                Effect::Redraw => self.screen.forget().map_err(UiError::Terminal)?,
                Effect::Suspend => {
                    if self.suspend()?.is_break() {
                        return Ok(Next::Break(()));
                    }
                }
                Effect::Quit => return Ok(Next::Break(())),
            }
        }
        Ok(GO_ON)
    }

    fn typed(&mut self, typed: Option<Typed>) -> Result<Next, UiError> {
        match typed {
            Some(Typed::Key(key, at)) => self.take_at(Message::Key(key), self.clock_at(at)),
            Some(Typed::Paste(at)) => self.take_at(Message::Paste, self.clock_at(at)),
            Some(Typed::Failed(e)) => Err(UiError::Terminal(e)),
            Some(Typed::Gone) => Ok(self.lost()),
            None => Err(defect()),
        }
    }

    fn written(&mut self, result: Option<Written>) -> Result<Next, UiError> {
        match result {
            Some(Ok(())) => Ok(Next::Continue(Change::Nothing)),
            Some(Err(e)) if e.raw_os_error() == Some(nix::errno::Errno::EIO as i32) => Ok(self.lost()),
            Some(Err(e)) => Err(UiError::Terminal(e)),
            None => Err(defect()),
        }
    }

    /// The terminal is gone.
    fn lost(&mut self) -> Next {
        self.gone = true;
        Next::Break(())
    }

    fn resized(&mut self) -> Result<Next, UiError> {
        let Some((columns, rows)) = terminal::size() else { return Ok(GO_ON) };
        self.screen.resized((columns, rows));
        self.take(Message::Resize(columns, rows))
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
            Heard::Leave => Ok(Next::Break(())),
            Heard::Gone => Ok(self.lost()),
            Heard::Fatal(signal) => {
                self.fatal = Some(signal);
                Ok(Next::Break(()))
            }
            Heard::Suspend => self.suspend(),
            Heard::Continued => {
                self.screen.resume().map_err(UiError::Terminal)?;
                self.resized()
            }
            Heard::Resized => self.resized(),
        }
    }

    /// Stops the process, as a shell expects of a program in the foreground; goes on when it is continued.
    fn suspend(&mut self) -> Result<Next, UiError> {
        // Without a shell behind it nobody could continue it.
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            self.model.shared.clock = self.clock();
            self.model.say(notices::no_shell(), Meaning::Warning);
            return Ok(GO_ON);
        }
        terminal::leave();
        let stopped = kill(Pid::from_raw(0), Signal::SIGSTOP);
        self.screen.resume().map_err(UiError::Terminal)?;
        stopped.map_err(|e| UiError::Terminal(e.into()))?;
        self.resized()
    }

    /// Gives the terminal back, then waits for what is under way.
    fn leave(self, result: Result<(), UiError>) -> Result<(), UiError> {
        let Self { output, screen, model, driver, gone, fatal, .. } = self;
        drop(screen);
        if let Some(signal) = fatal {
            // With a core file where the person wants one; comes back only if it cannot be done.
            let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
        }
        memory::note(output, update::visit(&model), PATIENCE);
        let acting = model.is_acting();
        if acting {
            tell!("{}", notices::waiting_for_answer());
        }
        let patience = match (acting, gone) {
            // A submission cut in two would have to be looked up by its token.
            (true, _) => PATIENCE_FOR_ACTIONS,
            (false, false) => PATIENCE_FOR_READINGS,
            // Nobody is left to see it.
            (false, true) => PATIENCE,
        };
        let answered = driver.stop(patience);
        if acting && !answered {
            tell!("{}", notices::not_answered());
        }
        result
    }
}

/// A thread of the screens ended by itself.
fn defect() -> UiError {
    UiError::Defect(terminal::panic_told().unwrap_or_else(|| notices::thread_ended().to_owned()))
}
