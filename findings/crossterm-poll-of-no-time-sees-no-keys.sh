#!/usr/bin/env bash
# crossterm 0.29.0: a look at the keys that waits for nothing, with and without the feature `use-dev-tty`.
#
# One would expect `poll(Duration::ZERO)` to say whether keys wait, as its documentation and poll(2) have it. With `use-dev-tty` it
# answers false whatever waits, for its loop runs only while time is left: a screen that drains its keys that way never sees one.
# What to do: poll with one millisecond, or let a thread of its own wait.
. "$(dirname "$0")/lib.sh"

program=$(cat <<'RUST'
use std::time::Duration;
use crossterm::event::poll;
fn main() {
    crossterm::terminal::enable_raw_mode().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    // Some sources read only on the second look.
    let none = (0..5).any(|_| poll(Duration::ZERO).unwrap());
    let some = poll(Duration::from_millis(1)).unwrap();
    crossterm::terminal::disable_raw_mode().unwrap();
    println!("no time: {none}, one millisecond: {some}");
}
RUST
)
look() { { sleep 0.2; printf 'abc'; sleep 1; } | on_a_terminal ./program | tr -d '\r' | grep -o 'no time.*'; }

crates 'crossterm = "=0.29.0"' <<<"$program"
same 'with default features, keys waiting' 'no time: true, one millisecond: true' "$(look)"
crates 'crossterm = { version = "=0.29.0", features = ["use-dev-tty"] }' <<<"$program"
same 'with use-dev-tty, keys waiting' 'no time: false, one millisecond: true' "$(look)"
finish
