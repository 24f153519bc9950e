//! What a program has made: taken over when it ended well, and recorded as the end of the chain.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::let_go::let_images_go;
use super::{Session, State};
use crate::checkpoint::form::{self, FORM, Formed};
use crate::checkpoint::{Complete, LinkNumber, MapRecord, Phase, Place, image, seal};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::engine::Problem;
use crate::job::failure::LinkFailure;
use crate::job::shell::Done;
use crate::job::verify::verify_bytes;
use crate::quantity::count;

/// The files of a program that has ended well, before they have their final names: from here on the program is not run again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    form: u32,
    written_by: String,
    /// The frozen spec it belongs to.
    spec: String,
    /// The link that started the program.
    started: LinkNumber,
    /// The link in which it ended.
    link: LinkNumber,
    /// What was done, in the chain's unit.
    done: u64,
    /// The files, with lengths and checksums.
    files: Vec<MapRecord>,
}

impl Formed for Made {
    fn form(&self) -> u32 {
        self.form
    }

    fn written_by(&self) -> &str {
        &self.written_by
    }
}

impl Session<'_> {
    /// A chain that is complete already is verified, and nothing is run. `None`: there is work to do.
    pub(super) fn already_complete(&self) -> Result<Option<Done>, LinkFailure> {
        let Some(complete) = self.shell.completed()? else { return Ok(None) };
        let problems: Vec<String> = complete.maps.iter().filter_map(|file| self.problem(file)).collect();
        if self.shell.must_stop() {
            return self.shell.leave("while the results were verified").map(Some);
        }
        if problems.is_empty() {
            self.shell.remember(None, complete.tiles);
            self.shell.heart.update(|s| (s.tiles, s.sealed_tiles) = (complete.tiles, complete.tiles));
            return Ok(Some(Done::Complete(format!(
                "complete already: {} verified",
                count(complete.maps.len() as u64, "file")
            ))));
        }
        for problem in problems {
            self.shell.log.say(&format!("Result rejected: {problem}."));
        }
        self.shell.ensure_own()?;
        sealed::replace(&self.shell.dir.former(), &complete.maps)?;
        for path in [self.shell.dir.complete(), self.shell.dir.made()] {
            match beneath::remove(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DurableError::io(&path, "remove", e).into());
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// What is wrong with a file that has its final name.
    fn problem(&self, file: &MapRecord) -> Option<String> {
        let path = self.shell.campaign.results().join(&file.file);
        let stop = || self.shell.must_stop();
        verify_bytes(&path, file, &[], &stop).err().map(|why| format!("{}: {why}", path.display()))
    }

    /// What the program made, where it ended well before and its files have not all got their names.
    pub(super) fn already_made(&self) -> Result<Option<Made>, LinkFailure> {
        let path = self.shell.dir.made();
        let made: Made = match form::read(&path) {
            Err(e) if e.is_missing() => return Ok(None),
            Err(e @ DurableError::Damaged { .. }) => {
                self.shell.log.say(&format!("{e}: the program is run again from its last generation."));
                return Ok(None);
            }
            other => other?,
        };
        let known = self.shell.is_of_this_campaign(&made.spec)?;
        Ok(Some(made).filter(|made| known && made.link > self.shell.after().unwrap_or(LinkNumber(0))))
    }

    /// Whether all files that the program is to make are there, and not empty; not where it is to make none.
    pub(super) fn has_made_all(state: &State) -> bool {
        let made = |path: &Path| beneath::facts(path).is_ok_and(|f| beneath::is_regular(&f) && f.len() > 0);
        let outputs = &state.resolved.outputs;
        !outputs.is_empty() && outputs.iter().all(|(from, _)| made(from))
    }

    /// Records what the program, which ended well, has made.
    pub(super) fn make(&self, state: &State) -> Result<Made, LinkFailure> {
        self.shell.enter(Phase::Finishing);
        let mut files = Vec::new();
        for (from, to) in &state.resolved.outputs {
            let lacking = |what: &str| {
                LinkFailure::Program(
                    65,
                    format!(
                        "the program ended with exit status 0, but {}: {what} (correct the program, or `outputs` in the campaign file)",
                        from.display()
                    ),
                )
            };
            match beneath::facts(from) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    return Err(lacking("it did not make it"));
                }
                Err(e) => return Err(DurableError::io(from, "examine", e).into()),
                Ok(facts) if !beneath::is_regular(&facts) => return Err(lacking("no regular file")),
                Ok(facts) if facts.len() == 0 => return Err(lacking("empty")),
                Ok(facts) if facts.mode() & 0o400 == 0 => {
                    return Err(lacking(&format!(
                        "its owner may not read it (mode {:03o})",
                        facts.mode() & 0o777
                    )));
                }
                Ok(_) => {}
            }
            let folder = from.parent().unwrap_or(Path::new("."));
            let name = from.file_name().unwrap_or_default().to_string_lossy();
            let sum = image::seal_file(folder, &name)?;
            let results = self.shell.campaign.results();
            let file = to.strip_prefix(&results).unwrap_or(to).to_string_lossy().into_owned();
            files.push(MapRecord {
                file,
                bytes: sum.bytes,
                crc: sum.crc,
                head: 0,
                range: (0.0, 0.0),
                valid: 0,
            });
        }
        let made = Made {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            spec: self.shell.options.spec_hash.clone(),
            started: state.started,
            link: self.shell.link,
            done: self.shell.heart.status().tiles,
            files,
        };
        self.shell.ensure_own()?;
        sealed::replace(&self.shell.dir.made(), &made)?;
        Ok(made)
    }

    /// Gives the files their final names and records the chain as complete.
    pub(super) fn publish(&self, made: &Made) -> Result<String, LinkFailure> {
        self.shell.enter(Phase::Finishing);
        let results = self.shell.campaign.results();
        atomic::create_folder_within(&results)?;
        let output = self.shell.dir.program(made.started).join("output");
        for file in &made.files {
            self.shell.ensure_own()?;
            self.name(&output.join(&file.file), &results.join(&file.file), file)?;
            self.shell.log.say(&format!("Finished {}.", results.join(&file.file).display()));
        }
        let complete = Complete {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            link: self.shell.link,
            spec: self.shell.options.spec_hash.clone(),
            tiles: made.done,
            maps: made.files.clone(),
            blocks: vec![Vec::new(); made.files.len()],
            valid: 0,
            place: Place::Results,
        };
        self.shell.ensure_own()?;
        sealed::replace(&self.shell.dir.complete(), &complete)?;
        let _ = beneath::remove(&self.shell.dir.former());
        self.shell.remember(None, made.done);
        self.remove_all_kept();
        Ok(format!("complete: {} in {}", count(made.files.len() as u64, "file"), results.display()))
    }

    /// Moves one file to its place, unless something else is there.
    fn name(&self, from: &Path, to: &Path, file: &MapRecord) -> Result<(), LinkFailure> {
        let is_it = |path: &Path| verify_bytes(path, file, &[], &|| false).is_ok();
        if !beneath::exists(from) {
            // It was moved before this link began.
            if is_it(to) {
                return Ok(());
            }
            return Err(LinkFailure::Untrusted(format!(
                "{}: what the program has made is not there any more, nor at its place (remove {} to have the program run again, \
                 then resubmit)",
                from.display(),
                self.shell.dir.made().display()
            )));
        }
        if let Some(folder) = to.parent() {
            atomic::create_folder(folder)?;
        }
        if beneath::exists(to) && !is_it(to) {
            match self.former_result(&file.file) {
                None => {
                    return Err(LinkFailure::Input(Problem::new(
                        to,
                        "this file has the name of a result, and this campaign did not make it; it is not overwritten",
                        "move it away, then resubmit",
                    )));
                }
                // What somebody has changed since is theirs.
                Some(former) if verify_bytes(to, &former, &[], &|| false).is_err() => self.put_aside(to)?,
                Some(_) => {}
            }
        }
        if beneath::exists(to) {
            beneath::remove(to).map_err(|e| DurableError::io(to, "remove", e))?;
        }
        match beneath::rename_new(from, to) {
            Err(e) if e.raw_os_error() == Some(nix::errno::Errno::EXDEV as i32) => {
                Err(DurableError::io(to, "move to another disk", e).into())
            }
            moved => moved.map_err(|e| DurableError::io(to, "put in place", e).into()),
        }
    }

    /// The file of this name that the chain had made before, as when it was begun anew.
    fn former_result(&self, name: &str) -> Option<MapRecord> {
        let dir = &self.shell.dir;
        let complete = form::read::<Complete>(&dir.complete()).map(|complete| complete.maps);
        let former = sealed::read::<Vec<MapRecord>>(&dir.former());
        complete.into_iter().chain(former).flatten().find(|file| file.file == name)
    }

    /// Gives a former result that is not what was made a name of its own.
    fn put_aside(&self, path: &Path) -> Result<(), LinkFailure> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".damaged");
        let aside = Path::new(&aside);
        beneath::rename(path, aside).map_err(|e| DurableError::io(path, "put aside", e))?;
        let (path, aside) = (path.display(), aside.display());
        self.shell.log.say(&format!("{path} is not what was made before: put aside as {aside}."));
        Ok(())
    }

    /// A complete chain needs no images; its program's folder goes with them.
    fn remove_all_kept(&self) {
        let dir = &self.shell.dir;
        if seal::ensure_unfenced(dir, self.shell.link).is_err() {
            return;
        }
        let _ = let_images_go(dir, &[]);
        for folder in [dir.images(), dir.programs()] {
            if beneath::exists(&folder)
                && let Err(e) = beneath::remove_folder(&folder)
            {
                self.shell.log.say(&format!("What is no longer needed stays: {}: {e}.", folder.display()));
            }
        }
    }
}
