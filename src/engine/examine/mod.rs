//! The look at every cell that the maps depend on, and what is remembered of it.

mod coverage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Problem;
use super::checks::survey::{Rules, Survey, bands_of, survey};
use super::checks::voids::Cell;
use super::checks::{Subject, cells_cover, covers, heights, values};
use super::finding::InputFinding;
use super::geotiff::{Placement, Raster};
use super::halo::halo;
use super::identity::{self, FileIdentity};
use super::inputs::{Clouds, OpenedInputs};
use super::rectangles::{Span, surroundings};
use super::request::MapRequest;
use crate::quantity::count;

pub(super) use coverage::refuse_uncovered;

/// Raised whenever the rules find more or less: what was seen by others does not count.
const RULES: u32 = 1;

/// What a look at every cell of a file has seen. It holds as long as the file is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Seen")]
pub struct FileSurvey {
    /// The file that was looked at.
    file: FileIdentity,
    /// The file that it was compared with.
    beside: Option<FileIdentity>,
    /// The rules, and the part of the file that was looked at.
    what: String,
    survey: Survey,
    /// Cells that lack a value where the terrain has one: how many, and the first.
    uncovered: Option<(u64, Cell)>,
}

/// How closely inputs are looked at.
#[derive(Clone, Copy)]
pub enum CheckDepth<'a> {
    /// Samples of what is large; coarse grids whole.
    Samples,
    /// As was seen before, where a file is still the same; samples of the others.
    Remembered(&'a [FileSurvey]),
    /// Every cell, but for what was seen before of files that are still the same. The function is told the cells looked at
    /// and those to be looked at in all.
    Whole(&'a [FileSurvey], &'a dyn Fn(u64, u64)),
}

/// What a look at the inputs has found.
#[derive(Debug, Default)]
pub struct Examination {
    /// All that is wrong or may be.
    pub findings: Vec<InputFinding>,
    /// What was seen of files whose every cell was looked at, now or before.
    pub seen: Vec<FileSurvey>,
    /// Files of which samples were looked at only.
    pub sampled: Vec<PathBuf>,
    /// Cells of large files that were looked at, now or before.
    pub cells: u64,
    /// Cells of the region without a height, where all were looked at.
    pub missing: u64,
}

impl Examination {
    /// What refuses the inputs.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.findings.iter().cloned().filter_map(InputFinding::refused).collect()
    }
}

/// A file that is read by windows, and the part of it that the maps depend on.
struct SurveyTask<'a> {
    raster: &'a Raster,
    rules: Rules,
    /// What is read, and what of it is mapped, in the file's cells.
    all: Span,
    mapped: Span,
    /// The terrain whose cells it shares, and where its first cell lies there.
    beside: Option<(&'a Raster, (isize, isize))>,
}

/// Identities of files, each taken once, before the first of its cells is looked at.
#[derive(Default)]
struct Identities(BTreeMap<PathBuf, Result<FileIdentity, Problem>>);

impl Identities {
    fn of(&mut self, raster: &Raster) -> Result<FileIdentity, Problem> {
        let path = raster.path();
        self.0.entry(path.to_path_buf()).or_insert_with(|| identity::quick(path)).clone()
    }
}

/// Looks at all inputs; what was opened of them comes with what was found.
pub(super) fn examine(request: &MapRequest, look: CheckDepth<'_>) -> (Examination, Option<OpenedInputs>) {
    let (inputs, findings) = OpenedInputs::gather(request, matches!(look, CheckDepth::Samples));
    let mut examination = Examination { findings, ..Examination::default() };
    if let Some(inputs) = &inputs {
        look_at(request, inputs, look, &mut examination);
    }
    (examination, inputs)
}

/// Looks at what is read by windows, and at how grids cover the terrain.
fn look_at(request: &MapRequest, inputs: &OpenedInputs, look: CheckDepth<'_>, examination: &mut Examination) {
    let tasks = tasks(request, inputs);
    let (known, progress) = match look {
        CheckDepth::Samples => {
            examination.sampled = tasks.iter().map(|task| task.raster.path().to_path_buf()).collect();
            return;
        }
        CheckDepth::Remembered(known) => {
            let (dem, span) = (&inputs.dem, inputs.span);
            let grids = coverage::coarse_grids(inputs).into_iter();
            let problems = grids.filter_map(|grid| covers(grid, dem, span));
            examination.findings.extend(problems.map(InputFinding::from));
            (known, None)
        }
        CheckDepth::Whole(known, progress) => {
            examination.findings.extend(coverage::uncovered(inputs).into_iter().map(InputFinding::from));
            (known, Some(progress))
        }
    };
    let all = tasks.iter().map(SurveyTask::cells).sum();
    let (mut done, mut identities) = (0, Identities::default());
    for task in &tasks {
        let advance = progress.map(|progress| move |cells: u64| progress(done + cells, all));
        let seen = match (task.recall(known, &mut identities), &advance) {
            (Some(seen), _) => Ok(Some(seen)),
            (None, Some(advance)) => task.look(&mut identities, advance).map(Some),
            (None, None) => Ok(None),
        };
        done += task.cells();
        match seen {
            Ok(Some(seen)) => {
                examination.findings.extend(task.findings(&seen));
                examination.cells += task.cells();
                if task.beside.is_none() {
                    examination.missing = seen.survey.missing;
                }
                examination.seen.push(seen);
            }
            Ok(None) => {
                examination.findings.extend(task.sample().map(InputFinding::from));
                examination.sampled.push(task.raster.path().to_path_buf());
            }
            Err(problem) => examination.findings.push(problem.into()),
        }
    }
}

/// The terrain with all that casts shadows into the region, and the grids on its cells.
fn tasks<'a>(request: &MapRequest, inputs: &'a OpenedInputs) -> Vec<SurveyTask<'a>> {
    let (dem, mapped) = (&inputs.dem, inputs.span);
    let cell = dem.placement().cell_x;
    let all = around(mapped, halo(request, cell), dem.placement());
    let mut tasks = vec![SurveyTask { raster: dem, rules: heights::rules(cell), all, mapped, beside: None }];
    let mut known: Vec<&Path> = Vec::new();
    for clouds in inputs.months.iter().filter_map(|month| month.clouds.as_ref()) {
        let Clouds::Cells { raster, column, row } = clouds else { continue };
        let own = Span { column: mapped.column - column, row: mapped.row - row, ..mapped };
        let (path, corner) = (raster.path(), (*column, *row));
        // One that does not cover the region is refused already.
        if known.contains(&path) || cells_cover(path, raster, corner, mapped).is_some() {
            continue;
        }
        known.push(path);
        let beside = Some((dem.as_ref(), corner));
        tasks.push(SurveyTask { raster, rules: values::CLOUD_COVER, all: own, mapped: own, beside });
    }
    tasks
}

/// The cells of the blocks in which terrain is read for a region with so many cells around it.
fn around(region: Span, halo: usize, dem: &Placement) -> Span {
    let blocks = surroundings(dem, region, halo);
    let inside = |first: isize, size: usize, all: usize| size.min(all - first as usize);
    let width = inside(blocks.column, blocks.width, dem.width);
    Span { width, height: inside(blocks.row, blocks.height, dem.height), ..blocks }
}

impl SurveyTask<'_> {
    fn cells(&self) -> u64 {
        self.all.width as u64 * self.all.height as u64
    }

    /// What a look at it depends on, beside the files.
    fn what(&self) -> String {
        let (nodata, scaling) = (self.raster.nodata(), self.raster.scaling());
        let corner = self.beside.map(|(_, corner)| corner);
        let Self { rules, all, mapped, .. } = self;
        format!("{RULES} {rules:?} {all:?} {mapped:?} {corner:?} {nodata:?} {scaling:?}")
    }

    /// What was seen before, when the files are still the same.
    fn recall(&self, known: &[FileSurvey], identities: &mut Identities) -> Option<FileSurvey> {
        let what = self.what();
        let mut known = known.iter().filter(|seen| seen.what == what).peekable();
        known.peek()?;
        let (file, beside) = self.identities(identities).ok()?;
        let same = |seen: &&FileSurvey| {
            let same_ground = match (&seen.beside, &beside) {
                (Some(then), Some(now)) => is_same(then, now),
                (None, None) => true,
                _ => false,
            };
            same_ground && is_same(&seen.file, &file)
        };
        known.find(same).cloned()
    }

    /// Looks at every cell.
    fn look(&self, identities: &mut Identities, progress: &dyn Fn(u64)) -> Result<FileSurvey, Problem> {
        // What changes meanwhile is another file afterwards.
        let (file, beside) = self.identities(identities)?;
        let done = std::cell::Cell::new(0);
        let advance = |cells: u64| {
            done.set(done.get() + cells);
            progress(done.get());
        };
        let survey = survey(self.raster, (self.all, self.mapped), self.rules, &advance)?;
        let uncovered = if survey.missing > 0 { self.uncovered()? } else { None };
        Ok(FileSurvey { file, beside, what: self.what(), survey, uncovered })
    }

    /// Its file's, and that of the terrain whose cells it shares.
    fn identities(
        &self,
        identities: &mut Identities,
    ) -> Result<(FileIdentity, Option<FileIdentity>), Problem> {
        let file = identities.of(self.raster)?;
        let beside = self.beside.map(|(dem, _)| identities.of(dem)).transpose()?;
        Ok((file, beside))
    }

    /// Cells without a value where the terrain has one.
    fn uncovered(&self) -> Result<Option<(u64, Cell)>, Problem> {
        let Some((dem, (column, row))) = self.beside else { return Ok(None) };
        let mut found = None;
        for band in bands_of(self.raster, self.all, 2) {
            let Span { column: west, row: north, width, height } = band;
            let own = self.raster.window(west, north, width, height)?;
            let ground = dem.window(west + column, north + row, width, height)?;
            for (i, (value, z)) in own.values.iter().zip(&ground.values).enumerate() {
                if value.is_nan() && !z.is_nan() {
                    let at = ((west + (i % width) as isize) as u64, (north + (i / width) as isize) as u64);
                    let (count, first) = found.unwrap_or((0, at));
                    found = Some((count + 1, first));
                }
            }
        }
        Ok(found)
    }

    /// A look at samples.
    fn sample(&self) -> Option<Problem> {
        match self.beside {
            None => heights::sampled_heights(self.raster, self.mapped),
            Some(_) => values::sampled_clouds(self.raster),
        }
    }

    /// What is wrong, or may be.
    fn findings(&self, seen: &FileSurvey) -> Vec<InputFinding> {
        if self.beside.is_none() {
            return heights::findings(self.raster, &seen.survey, self.mapped);
        }
        let subject = Subject::file(self.raster);
        let strays = values::cloud_strays(subject, &seen.survey.strays);
        let unit = seen.survey.range.and_then(|range| values::cloud_values(subject, range));
        let uncovered = seen.uncovered.map(|(number, first)| {
            subject.problem(
                format!(
                    "has no data at {} of the region where the terrain has heights, the first at {}",
                    count(number, "cell"),
                    subject.place(first)
                ),
                "fill them, or make the region smaller: cells without cloud cover have no value in the maps",
            )
        });
        strays.or(unit).into_iter().chain(uncovered).map(InputFinding::from).collect()
    }
}

/// The same content. A file whose identity does not tell all must not have been written since.
fn is_same(then: &FileIdentity, now: &FileIdentity) -> bool {
    then == now && (now.tells_all() || then.stamp == now.stamp)
}

#[cfg(test)]
mod tests;
