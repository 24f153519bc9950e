//! The inputs of a campaign: everything that is wrong with them, each with the line of the campaign file that names it.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::Failure;
use crate::campaign::controller::ControlError;
use crate::campaign::inputs as recorded;
use crate::campaign::plan;
use crate::campaign::spec::{Loaded, Spec};
use crate::checkpoint::CampaignDir;
use crate::engine::{Engine, Problem};
use crate::job::request;
use crate::ui::words;

/// Refuses inputs that are not what the sealed tiles of these months' chains were computed from.
pub(super) fn unchanged(loaded: &Loaded, months: &[u8]) -> Result<(), Failure> {
    let campaign = CampaignDir::new(&loaded.spec.output);
    for (chain, of_chain) in loaded.spec.chains() {
        let asked = of_chain.iter().any(|month| months.contains(month));
        let dir = campaign.chain(&chain);
        if asked
            && !(dir.complete().exists() && recorded::is_complete(&dir, recorded::Inputs::first(&dir)?.after))
        {
            let depth = recorded::Depth::Look;
            recorded::check(&campaign, &chain, &loaded.spec, &of_chain, depth).map_err(ControlError::from)?;
        }
    }
    Ok(())
}

/// Verifies every input of these months and the output folder.
pub(super) fn check(loaded: &Loaded, months: &[u8]) -> Result<(), Failure> {
    let mut problems = Engine::check(&request::request(&loaded.spec, months));
    problems.extend(output_problem(&loaded.spec));
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::inputs(problems, |file| {
        line_of(loaded, file).map(|line| format!("{}:{line}", loaded.file.display()))
    }))
}

/// The line of the campaign file, from 1, in which `file` stands, as it is or by its `{month}`.
fn line_of(loaded: &Loaded, file: &Path) -> Option<usize> {
    text_line(&loaded.text, loaded.file.parent()?, file)
}

fn text_line(text: &str, folder: &Path, file: &Path) -> Option<usize> {
    let names = |written: &str| {
        let written = std::path::absolute(folder.join(written)).unwrap_or_default();
        let written = written.to_string_lossy();
        (1..=12).any(|m| Path::new(&written.replace("{month}", &format!("{m:02}"))) == file)
    };
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).any(names);
    text.lines().position(|line| quoted(line.split("//").next().unwrap_or(line))).map(|i| i + 1)
}

/// Why the output folder cannot be made or written, if it cannot.
fn output_problem(spec: &Spec) -> Option<Problem> {
    let existing = nearest_existing(&spec.output)?;
    if !existing.is_dir() {
        let cure = "name a folder in `output`, or move this file away";
        return Some(Problem::new(&existing, "this is a file; maps go to a folder", cure));
    }
    let writable = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    let error = nix::unistd::access(&existing, writable).err()?;
    let what = format!("the output folder cannot be written: {}", error.desc());
    Some(Problem::new(&spec.output, what, "choose another `output`, or have its permissions changed"))
}

/// A warning when the disk of the output folder has less room than the maps take, with the parts they are made from.
pub(super) fn low_disk(spec: &Spec, engine: &Engine) -> Option<String> {
    let tiling = engine.tiling();
    let cells = u64::from(tiling.width) * u64::from(tiling.height);
    // Uncompressed at worst; parts and finished maps stand side by side for a moment.
    // The program is copied beside them, so that a rebuilt one never changes a running chain.
    let program = std::env::current_exe().and_then(std::fs::metadata).map_or(0, |m| m.len());
    let maps = engine.layers().len() as f64 * cells as f64 * plan::most_bytes_per_cell(spec);
    let needed = 2 * maps as u64 + program;
    let status = statvfs(&nearest_existing(&spec.output)?).ok()?;
    let free = status.blocks_available() * status.fragment_size();
    (free < needed).then(|| {
        let (free, needed) = (words::bytes(free), words::bytes(needed));
        format!("warning: {}: {free} free, up to {needed} needed", spec.output.display())
    })
}

/// The path itself or the nearest of its folders that exists.
fn nearest_existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|p| p.exists()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_an_input_is_found_by_its_month_pattern() {
        let text = "(\n  // \"t_06.tif\" is not it\n  dem: \"dem.tif\",\n  file: \"t_{month}.tif\",\n)";
        let line = |file: &str| {
            let folder = Path::new("/somewhere");
            text_line(text, folder, &folder.join(file))
        };
        assert_eq!(line("dem.tif"), Some(3));
        assert_eq!(line("t_06.tif"), Some(4));
        assert_eq!(line("other.tif"), None);
    }
}
