//! The terminal in full screen, and back as it was: on leaving, on errors, panics and signals.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute, queue};
use ratatui::{Frame, Terminal};

/// Whether the terminal is in full screen now: what the panic hook has to undo.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// What a panic in another thread said: told when the screens end because of it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// A terminal in full screen; dropped, it is as it was.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

/// Whether a person sits at both ends.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Screen {
    /// Enters full screen.
    pub(super) fn enter() -> io::Result<Self> {
        install_panic_hook();
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| leave())?;
        Ok(Self { terminal })
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|s| (s.width, s.height))
    }

    /// Draws a frame in one go: the terminal shows it only when it is whole.
    pub(super) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(paint)?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the terminal: the next frame is drawn whole.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Comes back after the terminal belonged to others.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        enter()?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide).inspect_err(|_| leave())
}

/// Puts the terminal back as it was; a second time it does nothing. Failures are of no use to anybody here: the
/// terminal is gone.
pub(super) fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = io::stdout().flush();
    }
}

/// A panic of the screens' own thread restores the terminal before it is told; one of another thread is kept until
/// the screens end, which it makes them do.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let screens: ThreadId = std::thread::current().id();
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == screens {
                leave();
                former(info);
            } else if ENTERED.load(Ordering::SeqCst) {
                *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
            } else {
                former(info);
            }
        }));
    });
}

/// What a panic of another thread said.
pub(super) fn panic_told() -> Option<String> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}
