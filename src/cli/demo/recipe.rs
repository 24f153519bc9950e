//! The demo's folder: terrain, climate, campaign file and cluster settings.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{CliError, exit, output, place};
use crate::batch::embedded::{Config, Embedded, Fault, default_config};
use crate::campaign::controller::{ActionKind, Controller};
use crate::campaign::spec::{Loaded, Region};
use crate::clusters::ClusterChoice;
use crate::durable::atomic;
use crate::engine::geotiff::Raster;
use crate::engine::grid::Placement;
use crate::engine::synthetic::{self, SceneExtent};
use crate::grid_file::write_ecrins;

/// Cells across and down of the mapped region: 12.8 km.
const SIZE: u32 = 512;
/// Terrain around it that only casts shadows: 10 km.
const HALO: u32 = 400;
/// The scheduler's seconds in one real second: 3 hours.
const TIME_SCALE: f64 = 10_800.0;
/// The month whose node dies in its second job.
const UNLUCKY: &str = ".m07.";
/// Seconds into that job: after a few tiles and a checkpoint.
const DIES_AFTER: f64 = 7.0;

const CAMPAIGN: &str = "ecrins.ron";
/// Only a folder with this file is ever removed.
const MARKER: &str = ".alpsckpt-demo";
const MARKER_TEXT: &str =
    "A demo of alpsckpt. `alpsckpt demo --fresh` removes this folder and makes a new one.\n";

/// A demo's folder.
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn campaign_file(&self) -> PathBuf {
        self.path.join(CAMPAIGN)
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    /// It is a demo and completely prepared.
    pub(super) fn is_ready(&self) -> bool {
        self.is_demo() && self.campaign_file().is_file()
    }

    fn is_demo(&self) -> bool {
        fs::read_to_string(self.path.join(MARKER)).is_ok_and(|text| text == MARKER_TEXT)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.path).map_or(true, |mut entries| entries.next().is_none())
    }

    /// Ends the demo's jobs and cluster and removes the folder; one that is no demo is left alone.
    pub(super) fn remove(&self) -> Result<(), CliError> {
        if !self.path.exists() {
            return Ok(());
        }
        self.must_be_demo()?;
        self.stop_jobs()?;
        if self.cluster().is_dir() {
            Embedded::new(&self.cluster()).shutdown(true)?;
        }
        fs::remove_dir_all(&self.path)
            .map_err(|e| CliError::output(format!("{}: cannot be removed: {e}", self.path.display())))
    }

    /// At a site nobody else ends them: where that fails, as when another session holds the demo, it is not removed.
    fn stop_jobs(&self) -> Result<(), CliError> {
        let mut controller = match Controller::open(&self.path) {
            Ok(controller) if controller.cluster().is_of_site() => controller,
            _ => return Ok(()),
        };
        for chain in controller.refresh()?.chains.into_iter().filter(|chain| !chain.state.is_settled()) {
            output::note(controller.act(&ActionKind::Stop.on(chain.id))?);
        }
        Ok(())
    }

    fn must_be_demo(&self) -> Result<(), CliError> {
        if self.is_demo() || self.is_empty() {
            return Ok(());
        }
        let what = format!("{}: this folder is not empty and no demo of alpsckpt", self.path.display());
        Err(CliError::new(exit::OUTPUT, what, "name another folder with --dir"))
    }

    /// Makes what is missing of the demo; the campaign file, written last, says that it is all there.
    pub(super) fn prepare(&self, dem: Option<&Path>, jobs: &Jobs) -> Result<(), CliError> {
        self.must_be_demo()?;
        atomic::create_folder(&self.path)?;
        atomic::replace(&self.path.join(MARKER), MARKER_TEXT.as_bytes())?;
        let text = match dem {
            None => self.synthetic(jobs)?,
            Some(dem) => real(dem, jobs)?,
        };
        if matches!(jobs, Jobs::Embedded) {
            Embedded::create(&self.cluster(), &cluster())?;
        }
        atomic::replace(&self.campaign_file(), text.as_bytes())?;
        Ok(())
    }

    /// The campaign over synthetic terrain and climate.
    fn synthetic(&self, jobs: &Jobs) -> Result<String, CliError> {
        output::note(format!("Making the {} …", synthetic::LABEL));
        let inputs = self.path.join("inputs");
        atomic::create_folder(&inputs)?;
        write_ecrins(&inputs, SceneExtent { size: SIZE, halo: HALO })?;
        let terrain = Raster::open(&inputs.join("dem.tif"))?;
        Ok(campaign(&Campaign {
            name: "Parc des Écrins",
            dem: "inputs/dem.tif",
            note: &format!("Some({:?})", synthetic::LABEL),
            region: &centre_box(terrain.placement()),
            climate: CLIMATE,
            products: "[SkyView, Total, Solar, Quotient, Temperature]",
            jobs,
        }))
    }
}

/// The campaign over somebody's own terrain: there is no climate for it, so radiation only.
fn real(dem: &Path, jobs: &Jobs) -> Result<String, CliError> {
    output::note(
        "On your own terrain the demo maps radiation; temperatures need climate grids (docs/data.md).",
    );
    let dem = place::absolute(dem)?;
    let terrain = Raster::open(&dem)?;
    Ok(campaign(&Campaign {
        name: "Demo",
        dem: &dem.to_string_lossy(),
        note: "None",
        region: &centre_box(terrain.placement()),
        climate: "",
        products: "[SkyView, Direct, Diffuse, Total]",
        jobs,
    }))
}

/// The square of [`SIZE`] cells in the middle of the terrain, or what there is of it.
fn centre_box(terrain: &Placement) -> String {
    let size = SIZE as usize;
    let (across, down) = (size.min(terrain.width), size.min(terrain.height));
    let left = terrain.west + ((terrain.width - across) / 2) as f64 * terrain.cell_x;
    let top = terrain.north - ((terrain.height - down) / 2) as f64 * terrain.cell_y;
    let (right, bottom) = (left + across as f64 * terrain.cell_x, top - down as f64 * terrain.cell_y);
    format!(
        "Box(crs: \"EPSG:{}\", xmin: {left:?}, ymin: {bottom:?}, xmax: {right:?}, ymax: {top:?})",
        terrain.crs.epsg()
    )
}

/// Three nodes on which 3 hours pass in a second; one of them dies once.
fn cluster() -> Config {
    let fault = Fault { job_name_contains: UNLUCKY.to_owned(), nth: 2, after_seconds: DIES_AFTER };
    Config { time_scale: TIME_SCALE, faults: vec![fault], ..default_config() }
}

const CLIMATE: &str = r#"    temperature: { "mean": (file: "inputs/t_mean_{month}.tif", unit: Celsius) },
    reference_height: "inputs/zref.tif",
    lapse: Constant(0.0065),
    cloud: Grid("inputs/cloud_{month}.tif"),
"#;

struct Campaign<'t> {
    name: &'t str,
    dem: &'t str,
    note: &'t str,
    region: &'t str,
    climate: &'t str,
    products: &'t str,
    jobs: &'t Jobs,
}

/// The jobs that the demo runs as.
pub(super) enum Jobs {
    /// Four months on the embedded cluster, whose clock runs fast.
    Embedded,
    /// Two months at a site.
    OfSite {
        /// Its batch system.
        cluster: ClusterChoice,
        /// What the site wants.
        site: Option<String>,
    },
}

impl Jobs {
    fn months(&self) -> &'static str {
        match self {
            Self::Embedded => "[1, 4, 7, 10]",
            Self::OfSite { .. } => "[1, 7]",
        }
    }

    /// The lines of the campaign file that only they need.
    fn lines(&self) -> String {
        let Self::OfSite { site, .. } = self else { return EMBEDDED_JOBS.to_owned() };
        let site = site.as_ref().map_or(String::new(), |site| format!("    site: Some({site:?}),\n"));
        format!("{SITE_JOBS}{site}")
    }
}

const EMBEDDED_JOBS: &str = r#"    // In the cluster's time, of which 3 hours pass in a second: jobs of 16 s that checkpoint 3.3 s before their end.
    walltime: "48:00:00",
    margin: "10:00:00",
    checkpoint_every: "4s",
    // Slow enough to be watched: it changes no map.
    pace: Some("80 tiles/min"),
"#;

/// Long enough that a batch system resubmits them, asked early enough that it may signal late.
const SITE_JOBS: &str = r#"    // Jobs of about two minutes that are asked to checkpoint after 70 s: three of them a month.
    walltime: "00:02:10",
    margin: "00:01:00",
    checkpoint_every: "20s",
    // Slow enough to be watched: it changes no map.
    pace: Some("20 tiles/min"),
"#;

fn campaign(c: &Campaign) -> String {
    let Campaign { name, dem, note, region, climate, products, jobs } = c;
    let (months, jobs) = (jobs.months(), jobs.lines());
    format!(
        r#"// The demo of alpsckpt. Made by `alpsckpt demo`; every field is explained in docs/campaign-file.md.
(
    version: 1,
    name: {name:?},
    output: ".",
    dem: {dem:?},
    terrain_note: {note},
    region: {region},
    months: {months},
    year: 2018,
{climate}    products: {products},
    threads: Some(1),
    tile: 64,

{jobs})
"#
    )
}

/// Whether the region of a campaign is the demo's: used to tell an own terrain apart when it is reopened.
pub(super) fn uses(loaded: &Loaded, dem: &Path) -> bool {
    matches!(loaded.spec.region, Region::Box { .. })
        && place::absolute(dem).is_ok_and(|d| d == loaded.spec.dem)
}
