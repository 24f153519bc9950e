use super::*;

fn grid(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Grid {
    let values = (0..width * height).map(|i| value(i % width, i / width)).collect();
    Grid { width, height, values }
}

#[test]
fn palettes_end_where_they_should_and_nodata_has_no_colour() {
    assert_eq!(Palette::Grey.colour(0.0, 0.0, 1.0), Some([0, 0, 0]));
    assert_eq!(Palette::Grey.colour(0.5, 0.0, 1.0), Some([128, 128, 128]));
    assert_eq!(Palette::Grey.colour(9.0, 0.0, 1.0), Some([255, 255, 255]));
    assert_eq!(Palette::Thermal.colour(-60.0, -10.0, 10.0), Some([69, 117, 180]));
    assert_eq!(Palette::Inferno.colour(f32::NAN, 0.0, 1.0), None);
    assert!(Palette::Terrain.colour(3.0, 3.0, 3.0).is_some());
}

#[test]
fn radiation_gets_brighter_with_every_step() {
    let bright = |part: f32| {
        let [red, green, blue] = Palette::Inferno.colour(part, 0.0, 1.0).unwrap().map(f32::from);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    assert!((1..=64).all(|i| bright(i as f32 / 64.0) > bright((i - 1) as f32 / 64.0)));
}

#[test]
fn layers_have_their_palettes() {
    assert_eq!(Palette::for_layer("lst_mean_m01"), Palette::Thermal);
    assert_eq!(Palette::for_layer("svf"), Palette::Grey);
    assert_eq!(Palette::for_layer("total_m06"), Palette::Inferno);
}

#[test]
fn a_stretch_leaves_out_the_extremes_and_nodata() {
    let mut values: Vec<f32> = (0..=100).map(|v| v as f32).collect();
    values.push(f32::NAN);
    assert_eq!(stretch(&values, 0.0), Some((0.0, 100.0)));
    assert_eq!(stretch(&values, 0.05), Some((5.0, 95.0)));
    assert_eq!(stretch(&[f32::NAN], 0.1), None);
    assert_eq!(stretch(&[4.0], 0.5), Some((4.0, 4.0)));
}

#[test]
fn a_grid_of_another_size_has_the_means_of_valid_cells() {
    let ramp = grid(6, 4, |x, y| if (x, y) == (0, 0) { f32::NAN } else { x as f32 });
    let small = resampled(&ramp, 3, 2);
    assert!((small.at(0, 0) - 2.0 / 3.0).abs() < 1e-6);
    assert!((small.at(2, 1) - 4.5).abs() < 1e-6);
    let large = resampled(&ramp, 12, 8);
    assert!(large.at(1, 1).is_nan());
    assert_eq!((large.at(2, 0), large.at(11, 7)), (1.0, 5.0));
    assert!(resampled(&grid(4, 4, |_, _| f32::NAN), 2, 2).values.iter().all(|value| value.is_nan()));
}

#[test]
fn a_scale_bar_stands_for_a_round_length() {
    let told = |longest: f64| length_told(round_length(longest));
    assert_eq!(
        [700.0, 1_000.0, 2_400.0, 4_999.0, 87_000.0].map(told),
        ["500 m", "1 km", "2 km", "2 km", "50 km"]
    );
    assert_eq!([0.6, 0.2].map(told), ["0.5 m", "0.2 m"]);
}

/// A PNG as it is read.
struct Read {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
    texts: Vec<(String, String)>,
}

fn read_png(path: &std::path::Path) -> Read {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let texts = reader.info().utf8_text.iter().map(|t| (t.keyword.clone(), t.get_text().unwrap())).collect();
    let pixels = pixels.chunks(4).map(|p| [p[0], p[1], p[2], p[3]]).collect();
    Read { width: info.width as usize, height: info.height as usize, pixels, texts }
}

const LEGEND: Legend<'_> = Legend { title: "A ramp", unit: "1", cell: 25.0, note: Some("synthetic") };

#[test]
fn a_png_has_whole_pixels_a_cell_and_says_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.png");
    let ramp = grid(120, 40, |x, y| if y == 0 { f32::NAN } else { x as f32 });
    write_png(&path, &ramp, Palette::Grey, &LEGEND).unwrap();
    let Read { width, height, pixels, texts } = read_png(&path);
    let at = |x: usize, y: usize| pixels[y * width + x];
    // 800 / 120: six pixels a cell, and a margin.
    assert_eq!(width, 120 * 6 + 20);
    assert!(height > 40 * 6 + 80, "{height}");
    assert!(texts.contains(&("Title".to_owned(), "A ramp".to_owned())), "{texts:?}");
    let top = (0..height).find(|y| at(10, *y)[3] == 0).expect("nodata is transparent");
    assert!((0..6).all(|y| (0..720).all(|x| at(10 + x, top + y)[3] == 0)));
    let row = top + 6 * 20;
    assert_eq!((at(10, row), at(10 + 719, row)), ([0, 0, 0, 255], [255, 255, 255, 255]));
    for cell in 0..120 {
        let first = at(10 + 6 * cell, row);
        assert!((0..6).all(|x| at(10 + 6 * cell + x, row) == first), "cell {cell}");
    }
    // A third of the map is 1 km: a bar of 40 cells.
    let black = [30, 30, 30, 255];
    let bar = (top + 240..height).map(|y| (0..width).filter(|x| at(*x, y) == black).count()).max();
    assert_eq!(bar, Some(40 * 6));
    let dark = |rows: std::ops::Range<usize>| {
        rows.flat_map(|y| (0..width).map(move |x| (x, y))).any(|(x, y)| at(x, y)[0] < 90)
    };
    assert!(dark(0..top), "the title");
    assert!(dark(height - 50..height - 30) && dark(height - 30..height - 10), "the clipping, the note");
}

#[test]
fn the_legend_of_a_small_picture_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.png");
    let title = "Radiation on the terrain over radiation on level ground, month 12";
    write_png(&path, &grid(2, 30, |_, _| 7.0), Palette::Grey, &Legend { title, ..LEGEND }).unwrap();
    let Read { width, pixels, .. } = read_png(&path);
    let edge = pixels.iter().enumerate().filter(|(i, _)| i % width >= width - 8);
    assert!(edge.into_iter().all(|(_, pixel)| *pixel == [255; 4]), "something reaches the right edge");
}

#[test]
fn a_picture_of_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Grid { width: 0, height: 0, values: Vec::new() };
    assert!(write_png(&folder.path().join("map.png"), &empty, Palette::Grey, &LEGEND).is_err());
    let void = grid(2, 2, |_, _| f32::NAN);
    assert!(write_png(&folder.path().join("void.png"), &void, Palette::Grey, &LEGEND).is_ok());
}
