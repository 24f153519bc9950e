//! `alpsckpt man`: the manual's pages, of the same words as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::{CliError, output};
use crate::durable::atomic;

/// Prints the manual's first page, or writes all pages into a folder, one a command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt man | man -l -
  alpsckpt man ~/.cargo/share/man/man1      then: man alpsckpt-submit

Exit codes: 0 printed or written, 74 the folder cannot be written.")]
pub(super) struct Args {
    /// The folder, made if need be; pages of the same names there are replaced.
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args, command: Command) -> Result<(), CliError> {
    // A page of `help` would say nothing.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.dir else {
        return output::say_bytes(&page(&command).map_err(CliError::defect)?);
    };
    atomic::create_folder(folder)?;
    write(&command, folder)
}

/// Writes the page of a command and those of its subcommands.
fn write(command: &Command, folder: &Path) -> Result<(), CliError> {
    let file = folder.join(format!("{}.1", name(command)));
    atomic::replace(&file, &page(command).map_err(CliError::defect)?)?;
    output::say_path(&file)?;
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).try_for_each(|sub| write(sub, folder))
}

/// `alpsckpt-submit`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let program = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name(command)).source(program);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend(sections(&after).into_bytes());
    Ok(page)
}

/// What stands after the options, paragraph by paragraph: examples as they are typed, exit codes, and the rest.
fn sections(after: &str) -> String {
    let mut page = String::new();
    for paragraph in after.split("\n\n") {
        match paragraph.split_once(":\n") {
            Some((title, lines)) if lines.starts_with("  ") => {
                page.push_str(&format!(".SH {}\n.nf\n{}\n.fi\n", title.to_uppercase(), escaped(lines)));
            }
            _ => match paragraph.strip_prefix("Exit codes: ") {
                Some(codes) => page.push_str(&format!(".SH \"EXIT STATUS\"\n{}\n", escaped(codes))),
                None => page.push_str(&format!(".SH NOTES\n{}\n", escaped(paragraph))),
            },
        }
    }
    page
}

/// A text that no program of the roff family takes for its own orders.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_typed_as_they_stand_and_no_line_is_an_order() {
        let page = sections("Examples:\n  alpsckpt run a.ron\n\nA \\ B\n.so it's\n\nExit codes: 0 good.");
        assert_eq!(
            page,
            ".SH EXAMPLES\n.nf\n  alpsckpt run a.ron\n.fi\n.SH NOTES\nA \\e B\n\\&.so it's\n.SH \"EXIT STATUS\"\n0 good.\n"
        );
    }
}
