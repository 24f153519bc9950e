//! Where each field of a campaign file stands, found without understanding its values.
//!
//! `ron` stops at its first error and knows no positions afterwards; this index lets [`super::load()`] go on after an
//! error and put a line to every value.

/// A field, or an entry of a map, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldAt {
    /// Its name with those of the fields around it: `temperature`, `temperature.mean`, `temperature.mean.unit`.
    pub(super) path: String,
    /// Byte where its name begins.
    pub(super) start: usize,
    /// Byte after its value and the comma that follows it.
    pub(super) end: usize,
}

impl FieldAt {
    /// It stands directly in the campaign, not within another field.
    pub(super) fn is_top(&self) -> bool {
        !self.path.contains('.')
    }
}

/// All fields of `text`, outer ones before those within them, and the byte of the bracket that closes the campaign.
/// Damaged text gives the fields up to the damage and no closing bracket.
pub(super) fn index(text: &str) -> (Vec<FieldAt>, Option<usize>) {
    let mut scan = Scan { text, at: 0, fields: Vec::new(), depth: 0 };
    scan.blank();
    scan.word();
    scan.blank();
    let closed = scan.container("").is_some();
    (scan.fields, closed.then(|| scan.at - 1))
}

/// The line, from 1, of a byte.
pub(super) fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

/// The line, from 1, of a campaign file in which this field stands, if it stands there.
#[must_use]
pub fn line_of_field(text: &str, field: &str) -> Option<usize> {
    let (fields, _) = index(text);
    fields.iter().find(|found| found.path == field).map(|found| line_of(text, found.start))
}

/// Deeper nesting is no campaign file.
const MAX_DEPTH: u32 = 32;

struct Scan<'t> {
    text: &'t str,
    at: usize,
    fields: Vec<FieldAt>,
    depth: u32,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    /// Skips white space and comments.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |n| n + 2);
            } else {
                return;
            }
        }
    }

    /// A name or a number.
    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || "_+-.#".contains(c))).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    /// A text in quotes, plain or raw; its content as it stands.
    fn quoted(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let hashes = rest.strip_prefix('r').map(|r| r.len() - r.trim_start_matches('#').len());
        if let Some(hashes) = hashes.filter(|n| rest.get(1 + n..).is_some_and(|r| r.starts_with('"'))) {
            let body = rest.get(hashes + 2..)?;
            let close = format!("\"{}", "#".repeat(hashes));
            let length = body.find(&close)?;
            self.at += hashes + 2 + length + close.len();
            return body.get(..length);
        }
        let body = rest.strip_prefix('"')?;
        let mut escaped = false;
        let length = body.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        self.at += length + 2;
        body.get(..length)
    }

    /// Any value; `None` where the text is damaged.
    fn value(&mut self, path: &str) -> Option<()> {
        if self.quoted().is_some() {
            return Some(());
        }
        let word = self.word();
        let after_word = self.at;
        self.blank();
        match self.peek() {
            Some('(' | '[' | '{') => self.container(path),
            _ if word.is_empty() => None,
            _ => {
                self.at = after_word;
                Some(())
            }
        }
    }

    /// A list, a map or named fields, from its opening bracket to its closing one.
    fn container(&mut self, path: &str) -> Option<()> {
        let close = match self.peek()? {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            _ => return None,
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.at += 1;
        loop {
            self.blank();
            if self.step(close) {
                self.depth -= 1;
                return Some(());
            }
            self.element(path)?;
            self.blank();
            if !self.step(',') && self.peek() != Some(close) {
                return None;
            }
        }
    }

    /// One value of a list, or a name, a colon and a value.
    fn element(&mut self, path: &str) -> Option<()> {
        let start = self.at;
        let name = match self.quoted() {
            Some(text) => text,
            None => self.word(),
        };
        self.blank();
        if name.is_empty() || !self.step(':') {
            self.at = start;
            return self.value(path);
        }
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let index = self.fields.len();
        self.fields.push(FieldAt { path: path.clone(), start, end: self.text.len() });
        self.blank();
        self.value(&path)?;
        let after_value = self.at;
        self.blank();
        let end = if self.step(',') { self.at } else { after_value };
        self.at = after_value;
        if let Some(field) = self.fields.get_mut(index) {
            field.end = end;
        }
        Some(())
    }
}
