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
fn light_comes_from_the_north_west() {
    let flat = hillshade(&grid(5, 5, |_, _| 7.0), 25.0);
    assert!((flat.at(2, 2) - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6);
    // Rising to the south-east it faces the light, rising to the north-west it turns away.
    let facing = hillshade(&grid(5, 5, |x, y| 12.0 * (x + y) as f32), 25.0);
    let away = hillshade(&grid(5, 5, |x, y| 500.0 - 12.0 * (x + y) as f32), 25.0);
    assert!(facing.at(2, 2) > flat.at(2, 2) && away.at(2, 2) < flat.at(2, 2));
    let hole = hillshade(&grid(5, 5, |x, y| if (x, y) == (2, 2) { f32::NAN } else { 1.0 }), 25.0);
    assert!(hole.at(2, 2).is_nan() && hole.at(1, 1).is_nan() && !hole.at(0, 0).is_nan());
}

#[test]
fn an_overview_is_the_mean_of_valid_cells() {
    let small = overview(&grid(5, 4, |x, y| if (x, y) == (0, 0) { f32::NAN } else { x as f32 }), 3);
    assert_eq!((small.width, small.height), (3, 2));
    assert!((small.at(0, 0) - 2.0 / 3.0).abs() < 1e-6);
    assert!((small.at(2, 1) - 4.0).abs() < 1e-6);
    assert!(overview(&grid(4, 4, |_, _| f32::NAN), 2).values.iter().all(|value| value.is_nan()));
}

#[test]
fn a_png_has_the_grid_its_holes_and_a_scale() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.png");
    let ramp = grid(300, 40, |x, y| if y == 0 { f32::NAN } else { x as f32 });
    write_png(&path, &ramp, Palette::Grey, "kWh/m2").unwrap();
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (300, 70));
    let at = |x: usize, y: usize| &pixels[4 * (y * 300 + x)..][..4];
    assert_eq!(at(10, 0)[3], 0, "nodata is transparent");
    assert_eq!(at(0, 20), [0, 0, 0, 255]);
    assert_eq!(at(299, 20), [255, 255, 255, 255]);
    assert!((56..70).any(|y| (0..100).any(|x| at(x, y) == [30, 30, 30, 255])), "the low end has its number");
    assert!(
        (56..70).any(|y| (250..300).any(|x| at(x, y) == [30, 30, 30, 255])),
        "the high end has its number"
    );
}

#[test]
fn a_picture_of_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Grid { width: 0, height: 0, values: Vec::new() };
    assert!(write_png(&folder.path().join("map.png"), &empty, Palette::Grey, "").is_err());
    let void = grid(2, 2, |_, _| f32::NAN);
    assert!(write_png(&folder.path().join("void.png"), &void, Palette::Grey, "m").is_ok());
}
