//! Observers of one level of the far search: where they stand and what they see.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use super::super::lanes::{LANES, Lanes, Simd};
use super::samples::{Group, LOWEST, NOTHING, NOWHERE, Samples};
use super::sight::{FarSight, LightPath};

/// The inverse distance of what an observer without ground sees.
const BLIND: f32 = -1.0;

/// Groups of observers that look at once: each sample is read once for all of them.
const AT_ONCE: usize = 4;

/// The observers of a level. Sights and heights are kept from direction to direction for their memory.
#[derive(Debug, Default)]
pub(super) struct Observers {
    /// For each strip its groups, and where their sights stand.
    strips: Vec<(Range<usize>, usize)>,
    sights: Vec<FarSight>,
    /// Their heights above the sea.
    heights: Vec<[f32; LANES]>,
}

impl Observers {
    /// Places them at these lines of the groups from the first on, in so many strips. What they see is stale.
    pub(super) fn stand(&mut self, (first, over): (usize, Vec<Range<usize>>), strips: usize) {
        let mut count = 0;
        let groups_of = |strip: usize| {
            let lines = strip * LANES..(strip + 1) * LANES;
            let meets = |over: &Range<usize>| over.start < lines.end && lines.start < over.end;
            let from = over.iter().position(meets);
            let to = over.iter().rposition(meets);
            from.zip(to).map_or(0..0, |(from, to)| first + from..first + to + 1)
        };
        self.strips.clear();
        for strip in 0..strips {
            let groups = groups_of(strip);
            count += groups.len();
            self.strips.push((groups.clone(), count - groups.len()));
        }
        self.sights.resize(count, FarSight { rise: [0.0; LANES], inverse: [BLIND; LANES] });
        self.heights.resize(count, [NOTHING; LANES]);
    }

    /// For each strip its groups, and where their sights stand.
    pub(super) fn strips(&self) -> &[(Range<usize>, usize)] {
        &self.strips
    }

    /// What is seen.
    pub(super) fn sights(&self) -> &[FarSight] {
        &self.sights
    }

    /// Where the sights of a strip and a group stand.
    #[inline(always)]
    fn at(&self, strip: usize, group: usize) -> Option<usize> {
        let (groups, at) = self.strips.get(strip)?;
        groups.contains(&group).then(|| at + group - groups.start)
    }

    /// Lets all look at the groups that lie so many before theirs.
    #[inline(always)]
    pub(super) fn look<C: Simd>(
        &mut self,
        class: C,
        samples: &Samples,
        away: Range<usize>,
        light: &LightPath,
    ) {
        for (strip, (groups, at)) in self.strips.iter().enumerate() {
            let samples = samples.strip(strip);
            for first in groups.clone().step_by(AT_ONCE) {
                let seen = highest(class, samples, first, &away, light);
                for (number, (rise, run)) in seen.into_iter().enumerate() {
                    let group = first + number;
                    if !groups.contains(&group) {
                        break;
                    }
                    let to = at + group - groups.start;
                    let own = own(samples, group);
                    self.heights[to] = sight(class, light, (group, own), (rise, run), &mut self.sights[to]);
                }
            }
        }
    }

    /// Observers without ground take what those beside them see, or those before or behind them: cells beside holes and
    /// the terrain's edge lie between them and observers with ground.
    pub(super) fn heal(&mut self) {
        let is_blind = |sight: &FarSight| sight.inverse.iter().any(|inverse| *inverse <= BLIND);
        let blind: Vec<bool> = self.sights.iter().map(is_blind).collect();
        if !blind.contains(&true) {
            return;
        }
        self.take(&blind, |strip, group, line| {
            let line = strip * LANES + line;
            [line.checked_sub(1), Some(line + 1)]
                .map(|line| line.map(|line| (line / LANES, group, line % LANES)))
        });
        self.take(&blind, |strip, group, line| {
            [group.checked_sub(1), Some(group + 1)].map(|group| group.map(|group| (strip, group, line)))
        });
        // Where nobody around has ground nobody asks.
        for (sight, _) in self.sights.iter_mut().zip(blind).filter(|(_, blind)| *blind) {
            sight.inverse.iter_mut().for_each(|inverse| *inverse = inverse.max(0.0));
        }
    }

    /// Gives the blind among the marked what the first of two others saw who is not.
    fn take(
        &mut self,
        marked: &[bool],
        others: impl Fn(usize, usize, usize) -> [Option<(usize, usize, usize)>; 2],
    ) {
        let mut taken = Vec::new();
        for (strip, (groups, at)) in self.strips.iter().enumerate() {
            for (group, to) in groups.clone().zip(*at..).filter(|(_, to)| marked[*to]) {
                for line in (0..LANES).filter(|line| self.sights[to].inverse[*line] <= BLIND) {
                    let seen =
                        others(strip, group, line).into_iter().flatten().find_map(|(strip, group, line)| {
                            let sight = &self.sights[self.at(strip, group)?];
                            (sight.inverse[line] > BLIND).then(|| (sight.rise[line], sight.inverse[line]))
                        });
                    taken.extend(seen.map(|seen| (to, line, seen)));
                }
            }
        }
        for (to, line, (rise, inverse)) in taken {
            (self.sights[to].rise[line], self.sights[to].inverse[line]) = (rise, inverse);
        }
    }

    /// Takes over what the observers of the next coarser level see higher.
    #[inline(always)]
    pub(super) fn join<C: Simd>(&mut self, class: C, above: &Self) {
        let blind = Lanes::splat(class, BLIND);
        for strip in 0..self.strips.len() {
            let (groups, at) = self.strips[strip].clone();
            for (group, to) in groups.zip(at..) {
                let far = above.spread(strip, group);
                let sight = &mut self.sights[to];
                let height = Lanes::load(class, &self.heights[to]);
                let (rise, inverse) = (Lanes::load(class, &sight.rise), Lanes::load(class, &sight.inverse));
                let (far_rise, far_inverse) =
                    (Lanes::load(class, &far.rise), Lanes::load(class, &far.inverse));
                let own = rise - height * inverse;
                // The blind stay blind.
                let far = blind.less(inverse).select(far_rise - height * far_inverse, own);
                let higher = own.less(far);
                higher.select(far_rise, rise).store(&mut sight.rise);
                higher.select(far_inverse, inverse).store(&mut sight.inverse);
            }
        }
    }

    /// What is seen at a strip and a group of the next finer level.
    #[inline(always)]
    fn spread(&self, strip: usize, group: usize) -> FarSight {
        let half = strip % 2 * LANES / 2;
        let mut coarse = [[0.0_f32; LANES / 2 + 1]; 2];
        for group in [group / 2, group.div_ceil(2)] {
            let Some(here) = self.at(strip / 2, group).map(|at| &self.sights[at]) else { continue };
            let next = self.at(strip / 2 + 1, group).map_or(here, |at| &self.sights[at]);
            let lists = [(&here.rise, &next.rise), (&here.inverse, &next.inverse)];
            for (to, (here, next)) in coarse.iter_mut().zip(lists) {
                for i in 0..LANES / 2 {
                    to[i] += 0.5 * here[half + i];
                }
                to[LANES / 2] += 0.5 * if half == 0 { here[LANES / 2] } else { next[0] };
            }
        }
        let mut fine = FarSight { rise: [0.0; LANES], inverse: [0.0; LANES] };
        for (to, from) in [&mut fine.rise, &mut fine.inverse].into_iter().zip(&coarse) {
            for i in 0..LANES / 2 {
                to[2 * i] = from[i];
                to[2 * i + 1] = 0.5 * (from[i] + from[i + 1]);
            }
        }
        fine
    }
}

/// Heights of the observers of a group.
#[inline(always)]
fn own(samples: &[Group], group: usize) -> &[f32; LANES] {
    static NONE: [f32; LANES] = [NOTHING; LANES];
    samples.get(group).map_or(&NONE, |group| &group.own)
}

/// The highest points on a strip's lines as observers of [`AT_ONCE`] groups see them: how much higher they stand than the
/// observer, and how many rows away.
#[inline(always)]
fn highest<C: Simd>(
    class: C,
    samples: &[Group],
    first: usize,
    away: &Range<usize>,
    light: &LightPath,
) -> [(Lanes<C>, Lanes<C>); AT_ONCE] {
    let nothing = Lanes::splat(class, NOTHING);
    let mut seen = [(nothing, Lanes::splat(class, -NOWHERE)); AT_ONCE];
    let mut observers = [(nothing, nothing); AT_ONCE];
    for (number, observer) in observers.iter_mut().enumerate() {
        let row = Lanes::splat(class, (first + number) as f32 * light.rows);
        *observer = (Lanes::load(class, own(samples, first + number)), row);
    }
    // The farthest that the first must see to the nearest that it may.
    let farthest = (first + 1).saturating_sub(away.end);
    let nearest = (first + 1).saturating_sub(away.start);
    for group in samples.get(farthest..nearest.min(samples.len())).unwrap_or_default() {
        let (z, place) = (Lanes::load(class, &group.z), Lanes::load(class, &group.row));
        for number in 0..AT_ONCE {
            seen[number] = higher(observers[number], seen[number], z, place);
        }
    }
    // What lies nearer than that to the first, but not to the others.
    for later in 1..AT_ONCE {
        let Some(group) = (first + later).checked_sub(away.start).and_then(|group| samples.get(group)) else {
            continue;
        };
        let (z, place) = (Lanes::load(class, &group.z), Lanes::load(class, &group.row));
        for number in later..AT_ONCE {
            seen[number] = higher(observers[number], seen[number], z, place);
        }
    }
    seen
}

/// The point that an observer sees higher: the one seen before, or another.
#[inline(always)]
fn higher<C: Simd>(
    (own, row): (Lanes<C>, Lanes<C>),
    (rise, run): (Lanes<C>, Lanes<C>),
    z: Lanes<C>,
    place: Lanes<C>,
) -> (Lanes<C>, Lanes<C>) {
    let (up, away) = (z - own, row - place);
    let higher = (rise * away).less(up * run);
    (higher.select(up, rise), higher.select(away, run))
}

/// Makes a sight of the point seen highest; returns the observers' heights above the sea.
#[inline(always)]
fn sight<C: Simd>(
    class: C,
    light: &LightPath,
    (group, own): (usize, &[f32; LANES]),
    (rise, run): (Lanes<C>, Lanes<C>),
    to: &mut FarSight,
) -> [f32; LANES] {
    let splat = |value| Lanes::splat(class, value);
    let (curve, fall) = (splat(light.curve), splat(light.fall));
    let (own, number) = (Lanes::load(class, own), splat(group as f32 * light.rows));
    let row = number - run;
    // From the sweep's plane to the sea.
    let above_sea = |z: Lanes<C>, row: Lanes<C>| z + row * (row * curve - fall);
    let z = above_sea(own + rise, row);
    let inverse = (run * splat(light.step)).inverse();
    let (nothing, lowest) = (splat(0.0), splat(LOWEST));
    // Where nothing is, not even missing terrain, there is no row.
    let ground = splat(NOWHERE / 2.0).less(row).select(z, splat(NOTHING));
    let ground = lowest.less(ground);
    let seen = ground.select((z - run * run * curve) * inverse, nothing);
    let inverse = ground.select(inverse, nothing);
    seen.store(&mut to.rise);
    splat(NOTHING).less(own).select(inverse, splat(BLIND)).store(&mut to.inverse);
    let mut heights = [0.0; LANES];
    above_sea(own, number).store(&mut heights);
    heights
}
