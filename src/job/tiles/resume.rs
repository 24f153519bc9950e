//! Where a link that makes tiles goes on: from what of the newest generation is still what was written.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::look::{Sampling, shown_layer};
use super::{Session, State, blocks_of};
use crate::campaign::inputs::Inputs;
use crate::campaign::spec;
use crate::checkpoint::resume::{self, Resumed};
use crate::checkpoint::shape::Shape;
use crate::checkpoint::{LinkResume, Quicklook};
use crate::durable::sealed;
use crate::engine::{NUMERICS, Tiling};
use crate::job::failure::LinkFailure;
use crate::job::workload::Workload;
use crate::quantity::{Unit, count};

impl Session<'_> {
    /// Verifies the newest good generation and records what was found.
    pub(super) fn resume<'w, W: Workload>(
        &self,
        workload: &'w W,
        pool: &'w rayon::ThreadPool,
        inputs: &Inputs,
    ) -> Result<State<'w, W>, LinkFailure> {
        let tiling = workload.tiling();
        let shape = self.shape(workload)?;
        self.ensure_free(&shape.layers)?;
        let began = Instant::now();
        let stop = || self.shell.must_stop();
        let maps = self.shell.campaign.maps();
        let found = pool.install(|| resume::newest_good(&self.shell.dir, &maps, &shape, &stop))?;
        let record = LinkResume {
            from: found.from.as_ref().map(|g| g.number),
            rejected: found.rejected.clone(),
            lost: found.lost.clone(),
            tiles: found.tiles.len() as u64,
            unit: Unit::Tiles,
            inputs: inputs.short(),
        };
        self.log_resume(&record, shape.blocks.len(), began.elapsed());
        self.shell.ensure_own()?;
        self.shell.record_inputs(inputs)?;
        sealed::replace(&self.shell.dir.link_resume(self.shell.link), &record)?;
        self.shell.remember(record.from, record.tiles);
        self.shell.heart.update(|s| {
            s.total = shape.blocks.len() as u64;
            s.tiles = record.tiles;
            s.sealed_tiles = record.tiles;
            s.generation = record.from;
        });
        let sampling = Sampling::of(tiling);
        let shown = shown_layer(workload.layers());
        let look =
            workload.layers().get(shown).map(|l| painted(&sampling, tiling, sampling.blank(l), &found));
        if let Some(look) = &look {
            self.shell.heart.show(look);
        }
        Ok(State {
            workload,
            pool,
            tiling,
            shape,
            newest: found.rejected.iter().map(|r| r.generation).chain(record.from).max(),
            verified: record.from.into_iter().collect(),
            earlier: found.from.map(|g| g.segments).unwrap_or_default(),
            tiles: found.tiles,
            maps: found.maps,
            writer: None,
            unsealed: true,
            resume: record,
            damaged: BTreeMap::new(),
            sampling,
            shown,
            look,
            computing: Duration::ZERO,
            computed: 0,
        })
    }

    /// What the chain's generations must fit.
    fn shape<W: Workload>(&self, workload: &W) -> Result<Shape, LinkFailure> {
        let tiling = workload.tiling();
        let tiles = (0..tiling.count()).filter_map(|n| tiling.tile(n));
        Ok(Shape {
            spec: self.shell.options.spec_hash.clone(),
            lineage: spec::lineage(self.shell.campaign)?,
            numerics: NUMERICS,
            after: self.shell.after()?,
            layers: workload.layers().iter().map(|l| l.name.clone()).collect(),
            blocks: tiles.map(|tile| blocks_of(tiling, tile)).collect(),
        })
    }

    fn log_resume(&self, record: &LinkResume, total: usize, took: Duration) {
        for rejected in &record.rejected {
            self.shell.log.say(&format!("Generation {} rejected: {}.", rejected.generation, rejected.why));
        }
        self.log_lost(&record.lost);
        let took = took.as_secs_f64();
        match record.from {
            Some(number) => self.shell.log.say(&format!(
                "Resumes generation {number}: {} of {}, verified in {took:.1} s.",
                record.tiles,
                count(total as u64, "tile")
            )),
            None => self.shell.log.say(&format!("Begins anew: {}.", count(total as u64, "tile"))),
        }
    }
}

/// The picture of the tiles that a resume found.
fn painted(sampling: &Sampling, tiling: Tiling, mut look: Quicklook, found: &Resumed) -> Quicklook {
    for (number, held) in &found.tiles {
        if let Some(tile) = tiling.tile(*number) {
            sampling.paint(&mut look, tile, &held.record.samples);
        }
    }
    look
}
