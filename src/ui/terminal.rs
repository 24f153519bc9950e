//! The terminal in full screen, and back as it was: on leaving, on errors, panics and signals.
//!
//! Frames are put together in memory and written by a thread of their own: a terminal that does not read (a held line, a
//! stopped emulator) stops the frames, and neither keys nor signals. Nothing is ever asked of the terminal by a sequence,
//! since the answer would come among the keys.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::terminal::{
    self as device, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, queue};
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc::UnboundedSender;

use super::UiError;

/// Whether the terminal is in full screen now: what the panic hook has to undo.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether a frame is being written.
static BUSY: AtomicBool = AtomicBool::new(false);
/// What a panic in another thread said: told when the screens end because of it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);
/// How long leaving waits for a terminal that does not read; then only its modes are put back.
const PATIENCE: Duration = Duration::from_millis(300);

/// A terminal in full screen; dropped, it is as it was.
pub(super) struct Screen {
    terminal: Terminal<Paper>,
    frames: Sender<Vec<u8>>,
}

/// How the writing of a frame ended.
pub(super) type Written = io::Result<()>;

/// Whether a person sits at both ends, before a terminal that can show a screen.
pub(super) fn check() -> Result<(), UiError> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(UiError::NoTerminal);
    }
    let term = std::env::var("TERM").ok();
    if is_dumb(term.as_deref()) {
        let said = term.filter(|t| !t.is_empty()).map_or_else(|| "nothing".to_owned(), |t| format!("`{t}`"));
        return Err(UiError::DumbTerminal(said));
    }
    Ok(())
}

/// Whether the terminal is of a kind that cannot show a screen, by its name in `TERM`.
fn is_dumb(term: Option<&str>) -> bool {
    matches!(term, None | Some("" | "dumb" | "unknown"))
}

/// Columns and rows of the terminal; `None` when it does not say.
pub(super) fn size() -> Option<(u16, u16)> {
    device::window_size().ok().map(|size| (size.columns, size.rows)).filter(|(w, h)| *w > 0 && *h > 0)
}

impl Screen {
    /// Enters full screen. What becomes of each frame is told to `written`.
    pub(super) fn enter(size: (u16, u16), written: UnboundedSender<Written>) -> io::Result<Self> {
        install_panic_hook();
        let (frames, taken) = channel();
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        std::thread::Builder::new().name("output".to_owned()).spawn(move || write(out, &taken, &written))?;
        enter()?;
        let terminal = Terminal::new(Paper::new(size)).inspect_err(|_| leave())?;
        Ok(Self { terminal, frames })
    }

    /// Whether the last frame is out, so that the next can be drawn: a slow line sees the last state, not each.
    pub(super) fn is_free() -> bool {
        !BUSY.load(Ordering::SeqCst)
    }

    /// The terminal has another size.
    pub(super) fn resized(&mut self, (columns, rows): (u16, u16)) {
        self.terminal.backend_mut().size = Size::new(columns, rows);
    }

    /// Draws a frame in one go: the terminal shows it only when it is whole.
    pub(super) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(paint)?;
        let drawn = std::mem::take(&mut self.terminal.backend_mut().bytes);
        let mut frame = Vec::with_capacity(drawn.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.extend(drawn);
        queue!(frame, EndSynchronizedUpdate)?;
        BUSY.store(true, Ordering::SeqCst);
        // A writer that ended has told why.
        let _ = self.frames.send(frame);
        Ok(())
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

/// Writes frames as they come.
fn write(mut out: File, frames: &Receiver<Vec<u8>>, written: &UnboundedSender<Written>) {
    while let Ok(frame) = frames.recv() {
        let result = out.write_all(&frame);
        BUSY.store(false, Ordering::SeqCst);
        if written.send(result).is_err() {
            return;
        }
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    say(&bytes).inspect_err(|_| leave())
}

/// Puts the terminal back as it was; a second time it does nothing. Failures are of no use to anybody here: the
/// terminal is gone.
pub(super) fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        // The rest of a frame must not come after what puts the terminal back.
        let until = Instant::now() + PATIENCE;
        while BUSY.load(Ordering::SeqCst) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut bytes = Vec::new();
        let _ =
            queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = say(&bytes);
        let _ = disable_raw_mode();
    }
}

/// Writes a few bytes past the writer of the frames, as soon as the terminal takes some; not later than [`PATIENCE`].
fn say(bytes: &[u8]) -> io::Result<()> {
    let out = io::stdout();
    let until = Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut watched = [PollFd::new(out.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut watched, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            // So few bytes find room where there is any.
            Ok(_) => return File::from(out.as_fd().try_clone_to_owned()?).write_all(bytes),
        }
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

/// A frame in memory, which knows the size of the terminal and asks it nothing.
struct Paper {
    bytes: Vec<u8>,
    size: Size,
}

impl Paper {
    fn new((columns, rows): (u16, u16)) -> Self {
        Self { bytes: Vec::new(), size: Size::new(columns, rows) }
    }

    fn pen(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl Backend for Paper {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.pen().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.pen().hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.pen().show_cursor()
    }

    /// Where it is does not matter: it is hidden, and each cell is drawn at its place.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.pen().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.pen().clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.pen().clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_name_or_that_only_prints_is_dumb() {
        for term in [None, Some(""), Some("dumb"), Some("unknown")] {
            assert!(is_dumb(term), "{term:?}");
        }
        for term in ["xterm-256color", "screen", "linux", "vt100"] {
            assert!(!is_dumb(Some(term)), "{term}");
        }
    }

    #[test]
    fn a_screen_is_forgotten_without_a_question_to_the_terminal() {
        let mut terminal = Terminal::new(Paper::new((20, 3))).unwrap();
        let draw = |terminal: &mut Terminal<Paper>| {
            terminal
                .draw(|frame| frame.buffer_mut().set_string(0, 0, "word", ratatui::style::Style::new()))
                .unwrap();
            String::from_utf8(std::mem::take(&mut terminal.backend_mut().bytes)).unwrap()
        };
        assert!(draw(&mut terminal).contains("word"));
        assert!(!draw(&mut terminal).contains("word"), "only what changed is drawn");
        terminal.clear().unwrap();
        let again = draw(&mut terminal);
        assert!(again.contains("word") && !again.contains("\u{1b}[6n"), "{again:?}");
        terminal.backend_mut().size = Size::new(10, 2);
        assert!(draw(&mut terminal).contains("word"), "another size is drawn whole");
    }
}
