//! Logs and pictures, read in a thread of their own and never whole: a log of any length costs its last 64 KiB.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::SystemTime;

use tokio::sync::mpsc::UnboundedSender;

use super::UiError;
use super::driver::Told;
use super::memory;
use super::message::{Effect, Message};
use super::screens::log::Tail;
use super::screens::map::Picture;
use crate::checkpoint::{ChainId, Quicklook};
use crate::durable::beneath;
use crate::engine::picture::{CLIP, Palette, stretch};

/// Bytes of a log that are read.
const WINDOW: u64 = 64 * 1024;
/// Characters of a line that are kept.
const LONGEST_LINE: usize = 2_000;
/// Steps of a picture's colours: more than an eye tells apart in a terminal.
const COLOURS: u16 = 128;

/// What tells a file from the one read last: length and time of change.
type Mark = (PathBuf, u64, Option<SystemTime>);

/// The thread's handle: it ends when this is dropped.
pub(super) struct Reader {
    orders: Sender<Effect>,
    thread: JoinHandle<()>,
}

impl Reader {
    /// Starts it; the first that it tells is where the last visit to this campaign ended.
    pub(super) fn start(output: &Path, told: UnboundedSender<Told>) -> Result<Self, UiError> {
        let (orders, taken) = channel();
        let output = output.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                if let Some(visit) = memory::recall(&output) {
                    let _ = told.send(Told::Message(Message::Recalled(visit)));
                }
                serve(&taken, &told);
            })
            .map_err(UiError::Terminal)?;
        Ok(Self { orders, thread })
    }

    /// Whether the thread ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Asks for a file.
    pub(super) fn ask(&self, effect: Effect) {
        let _ = self.orders.send(effect);
    }
}

fn serve(orders: &Receiver<Effect>, told: &UnboundedSender<Told>) {
    let (mut log_mark, mut picture_mark) = (None, None);
    while let Ok(first) = orders.recv() {
        // A slow disk must not make a queue: of each kind only the last order counts.
        let (mut log, mut picture) = (None, None);
        for order in std::iter::once(first).chain(orders.try_iter()) {
            match order {
                Effect::ReadLog(path) => log = Some(path),
                Effect::ReadPicture(chain, path) => picture = Some((chain, path)),
                _ => {}
            }
        }
        let mut answers = Vec::new();
        answers.extend(
            log.and_then(|path| read_if_new(&path, &mut log_mark, tail).map(|r| Message::Log(path, r))),
        );
        answers.extend(picture.and_then(|(chain, path)| picture_message(chain, &path, &mut picture_mark)));
        for answer in answers {
            if told.send(Told::Message(answer)).is_err() {
                return;
            }
        }
    }
}

fn picture_message(chain: ChainId, path: &Path, mark: &mut Option<Mark>) -> Option<Message> {
    read_if_new(path, mark, picture).map(|result| Message::Picture(chain, result))
}

/// Reads a file unless it is the one that was read last, unchanged.
fn read_if_new<T>(
    path: &Path,
    mark: &mut Option<Mark>,
    read: impl Fn(&Path) -> Result<T, String>,
) -> Option<Result<T, String>> {
    let now = beneath::facts(path).ok().map(|m| (path.to_path_buf(), m.len(), m.modified().ok()));
    if now.is_some() && *mark == now {
        return None;
    }
    let result = read(path);
    // What could not be read is tried again.
    *mark = if result.is_ok() { now } else { None };
    Some(result)
}

fn picture(path: &Path) -> Result<Picture, String> {
    let look = Quicklook::read(path).map_err(|e| e.to_string())?;
    let range = stretch(&look.values, CLIP);
    let palette = Palette::for_layer(&look.layer);
    let top = f32::from(COLOURS - 1);
    let colours = (0..COLOURS).filter_map(|step| palette.colour(f32::from(step), 0.0, top)).collect();
    Ok(Picture { path: path.to_path_buf(), look, range, colours })
}

fn tail(path: &Path) -> Result<Tail, String> {
    read_tail(path).map_err(|e| format!("{}: cannot read: {e}", path.display()))
}

/// The last lines of a file.
fn read_tail(path: &Path) -> io::Result<Tail> {
    let mut file = beneath::open(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(WINDOW);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(WINDOW).read_to_end(&mut bytes)?;
    Ok(Tail { path: path.to_path_buf(), cut: from > 0, lines: lines_of(&bytes, from) })
}

/// The lines of a window that begins at byte `from` of its file; a first line that was cut is left out.
fn lines_of(bytes: &[u8], from: u64) -> Vec<(u64, String)> {
    let mut lines = Vec::new();
    let mut at = from;
    for piece in bytes.split_inclusive(|b| *b == b'\n') {
        lines.push((at, readable(piece)));
        at += piece.len() as u64;
    }
    if from > 0 && lines.len() > 1 {
        lines.remove(0);
    }
    lines
}

/// A line as it can be shown: escape sequences left out, tabs spread, what a carriage return wrote over left out.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    let last = text.rsplit('\r').next().unwrap_or(text);
    let mut shown = String::new();
    let mut chars = last.chars().take(LONGEST_LINE);
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => shown.push_str("    "),
            c => shown.push(c),
        }
    }
    shown
}

/// Skips a control sequence (`ESC [ … letter`) or a two-character escape.
fn skip_escape(chars: &mut impl Iterator<Item = char>) {
    if chars.next() == Some('[') {
        for c in chars {
            if ('@'..='~').contains(&c) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_the_end_of_a_huge_log_is_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for i in 0..20_000 {
            writeln!(file, "line {i}").unwrap();
        }
        let length = file.as_file().metadata().unwrap().len();
        let tail = read_tail(file.path()).unwrap();
        assert!(tail.cut);
        assert_eq!(tail.lines.last().unwrap().1, "line 19999");
        let (first, text) = &tail.lines[0];
        assert!(text.starts_with("line "), "a cut line is left out: {text}");
        assert!(*first >= length - WINDOW && *first < length);
    }

    #[test]
    fn lines_keep_their_names_while_the_file_grows() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "one\ntwo\n").unwrap();
        let before = read_tail(file.path()).unwrap();
        writeln!(file, "three").unwrap();
        let after = read_tail(file.path()).unwrap();
        assert_eq!(before.lines, [(0, "one".to_owned()), (4, "two".to_owned())]);
        assert_eq!(after.lines[..2], before.lines[..]);
        assert!(!after.cut);
    }

    #[test]
    fn a_file_is_read_again_only_when_it_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "one").unwrap();
        let mut mark = None;
        assert!(read_if_new(file.path(), &mut mark, tail).is_some());
        assert!(read_if_new(file.path(), &mut mark, tail).is_none());
        writeln!(file, "two").unwrap();
        assert!(read_if_new(file.path(), &mut mark, tail).is_some());
        let missing = Path::new("/nonexistent/0001.log");
        assert!(read_if_new(missing, &mut mark, tail).is_some_and(|r| r.is_err()));
        assert!(read_if_new(missing, &mut mark, tail).is_some(), "it may come");
    }

    #[test]
    fn escapes_and_overwritten_text_are_not_shown() {
        assert_eq!(readable(b"\x1b[1;31mred\x1b[0m\tend\n"), "red    end");
        assert_eq!(readable(b"10 %\r20 %\r30 %\n"), "30 %");
        assert_eq!(readable(b"\xff\xfe\n"), "\u{fffd}\u{fffd}");
        assert_eq!(readable(b"\x1b["), "");
        assert_eq!(readable(&vec![b'x'; 10_000]).len(), LONGEST_LINE);
    }
}
