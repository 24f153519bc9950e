//! The synthetic massif as files: what the demo computes from.

use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::synthetic::{EPSG, SceneExtent, terrain};
use alpsckpt::grid_file::write_ecrins;

use crate::support::cells;

#[test]
fn the_written_files_are_the_terrain_and_twelve_months_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let extent = SceneExtent { size: 64, halo: 16 };
    write_ecrins(folder.path(), extent).unwrap();

    let (grid, placement) = terrain(extent).unwrap();
    let dem = Raster::open(&folder.path().join("dem.tif")).unwrap();
    assert_eq!(dem.placement(), &placement);
    assert_eq!(placement.crs.epsg(), EPSG);
    assert_eq!(dem.window(0, 0, 96, 96).unwrap(), grid);

    let names = (1..=12).flat_map(|m| [format!("t_mean_{m:02}.tif"), format!("cloud_{m:02}.tif")]);
    for name in names.chain(["zref.tif".to_owned()]) {
        let raster = Raster::open(&folder.path().join(&name)).unwrap();
        let around = raster.placement();
        assert!(around.west <= placement.west - 8000.0 && around.north >= placement.north + 8000.0, "{name}");
        assert!(cells(&raster).unwrap().values.iter().all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let problem = write_ecrins(&missing, SceneExtent { size: 16, halo: 0 }).unwrap_err();
    assert!(problem.to_string().contains("missing"), "{problem}");
}
