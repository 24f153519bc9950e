//! The campaigns that the current folder stands for.

use std::path::{Path, PathBuf};

use crate::campaign::spec;
use crate::checkpoint::{CampaignDir, ChainId};
use crate::shell_words::word;

/// The campaigns that the current folder stands for.
pub(super) enum Here {
    None,
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// The commands whose first word is a chain.
const OF_A_CHAIN: [&str; 6] = ["checkpoint", "hold", "log", "resubmit", "resume", "stop"];

/// A hint whose commands name the campaign, where they would not mean it as they stand.
pub(in crate::cli) fn with_campaign(hint: &str, output: &Path) -> String {
    if matches!(here(), Here::One(of_folder) if of_folder == output) {
        return hint.to_owned();
    }
    let named = |(i, part): (usize, &str)| {
        let mut words = part.split(' ');
        let acts = words.next() == Some("alpsckpt")
            && words.next().is_some_and(|verb| OF_A_CHAIN.contains(&verb))
            && words.next().is_some_and(|word| ChainId::parse(word).is_some());
        // Every other part stands between backticks.
        if i % 2 == 1 && acts && !part.contains("--campaign") {
            format!("{part} --campaign {}", word(output.as_os_str()))
        } else {
            part.to_owned()
        }
    };
    hint.split('`').enumerate().map(named).collect::<Vec<_>>().join("`")
}

/// Longer lists of files are no folder of campaigns.
const MOST_FILES: usize = 200;

/// The campaign in whose output folder we are, or those of the campaign files that lie here.
pub(super) fn here() -> Here {
    let Ok(folder) = std::env::current_dir() else { return Here::None };
    let begun = |output: &Path| CampaignDir::new(output).identity().is_file();
    if let Some(output) = folder.ancestors().find(|folder| begun(folder)) {
        return Here::One(output.to_path_buf());
    }
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "ron"));
    let outputs = files.take(MOST_FILES).filter_map(|file| Some(spec::load(&file).ok()?.spec.output));
    let mut outputs: Vec<PathBuf> = outputs.filter(|output| begun(output)).collect();
    outputs.sort();
    outputs.dedup();
    match outputs.as_slice() {
        [] => Here::None,
        [one] => Here::One(one.clone()),
        _ => Here::Several(outputs),
    }
}
