#!/usr/bin/env bash
# ratatui 0.30.2 with crossterm 0.29.0: `Terminal::clear` of a full screen.
#
# One would expect it to write a clear and return. It first asks the terminal where its cursor stands (CSI 6 n) and waits up to two
# seconds for the answer, though a full screen has no use for it: where nothing answers, or a thread of the program's own reads the
# terminal, the screen stands still and the call fails.
# What to do: clear through the backend, and have the next frame drawn whole by a resize.
. "$(dirname "$0")/lib.sh"

crates 'ratatui = { version = "=0.30.2", default-features = false, features = ["crossterm"] }' <<'RUST'
use std::io::Write;
use ratatui::backend::CrosstermBackend;
fn main() {
    let mut terminal = ratatui::Terminal::new(CrosstermBackend::new(std::io::stdout())).unwrap();
    ratatui::crossterm::terminal::enable_raw_mode().unwrap();
    let began = std::time::Instant::now();
    let cleared = terminal.clear().is_ok();
    let waited = began.elapsed().as_secs_f64() > 1.0;
    ratatui::crossterm::terminal::disable_raw_mode().unwrap();
    std::io::stdout().flush().unwrap();
    println!("\ncleared: {cleared}, waited: {waited}");
}
RUST
sleep 5 | on_a_terminal ./program | tr -d '\r' >said
same 'asks for the cursor' 1 "$(grep -c $'\e\[6n' said)"
same 'on a terminal that answers nothing' 'cleared: false, waited: true' "$(grep -o 'cleared.*' said)"
finish
